package eager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"ndflow/graph"
	"ndflow/internal/pins"
	"ndflow/ops"
)

// Function is a part of a graph that the context can call like an op. What it
// makes stays on the device where it was made. It is safe for concurrent use.
type Function struct {
	ctx     *Context
	name    string // in the context
	inputs  []graph.Spec
	outputs []graph.Spec
	options []FunctionOption

	captures []*Tensor // that every call takes after its inputs, such as handles of variables
	model    *Model    // whose function it is, or nil
	label    string    // what errors call it, if not by its name
}

// FunctionOption says how a function is called.
type FunctionOption func(*Op)

// SingleThread makes calls of the function run its ops one after the other, in an
// order made beforehand, on one of the context's threads: calls of small functions
// cost less. Compare graph.WithSingleThread. TensorFlow has no way to run a function
// on the calling thread, so its results are copied when they land, not placed.
func SingleThread() FunctionOption {
	return func(o *Op) { o.String(executorType, "SINGLE_THREADED_EXECUTOR") }
}

// On makes calls of the function run on a device, GPU:1 say; what the device cannot do
// is done on the CPU. Inputs are brought there, and outputs stay where they are made.
// The empty name is any device.
func On(device string) FunctionOption { return func(o *Op) { o.Device(device) } }

// Attributes that any function can be called with.
const (
	executorType = "executor_type"
	configProto  = "config_proto"
)

// Function makes the operations of g that the named outputs need into a function
// of the context, with the named inputs: see [graph.Graph.Function]. The graph is
// copied, and may be closed or changed afterwards. The name is made unique. The
// caller closes the function.
func (c *Context) Function(g *graph.Graph, inputs, outputs []string, opts ...FunctionOption) (*Function, error) {
	f, err := g.Function(c.uniqueName("function"), inputs, outputs)
	if err != nil {
		return nil, fmt.Errorf("eager: %w", err)
	}
	return c.AddFunction(f, opts...)
}

// AddFunction takes in a function, with those that it calls. Operations that ask for a
// device which the context does not have run elsewhere: see [WithStrictPlacement].
func (c *Context) AddFunction(f *graph.Function, opts ...FunctionOption) (*Function, error) {
	for i, def := range f.Defs {
		def, _, err := c.settle(def, pins.Function)
		if err == nil {
			err = c.c.AddFunctionDef(def)
		}
		if err != nil {
			return nil, fmt.Errorf("eager: function %q (definition %d): %w", f.Name, i, err)
		}
	}
	return &Function{ctx: c, name: f.Name, inputs: f.Inputs, outputs: f.Outputs, options: opts}, nil
}

// uniqueName returns a name that no other function of this context has.
func (c *Context) uniqueName(stem string) string {
	return fmt.Sprintf("ndflow_%s_%d", stem, c.functions.Add(1))
}

// Name returns the name that the function has in its context, for [ops.Func] and
// [Context.Op].
func (f *Function) Name() string { return f.name }

// Context returns the context that the function belongs to.
func (f *Function) Context() *Context { return f.ctx }

// Captured returns the tensors that every call takes behind its inputs, such as the
// handles of a model's variables. They stay the function's.
func (f *Function) Captured() []*Tensor { return slices.Clone(f.captures) }

// Inputs describes what the function takes, in order.
func (f *Function) Inputs() []graph.Spec { return slices.Clone(f.inputs) }

// Outputs describes what it makes, in order.
func (f *Function) Outputs() []graph.Spec { return slices.Clone(f.outputs) }

// Op begins a call of the function with the given inputs, to be run once or often:
// [Op.RunTo] and [Op.RunInto] allocate nothing once it is prepared.
func (f *Function) Op(inputs ...*Tensor) *Op {
	o := f.ctx.Op(f.name)
	o.function = f
	for _, set := range f.options {
		set(o)
	}
	// TensorFlow optimizes a function as it does a session's graph only where it
	// is given a configuration for that; some versions look at one of the two and
	// some at the other.
	for _, attr := range [...][2]string{{executorType, ""}, {configProto, f.ctx.callConfig}} {
		if !slices.ContainsFunc(o.call.Attrs, func(a ops.Attr) bool { return a.Name() == attr[0] }) {
			o.String(attr[0], attr[1])
		}
	}
	if len(inputs) != len(f.inputs) {
		return o.fail(fmt.Errorf("have %d inputs, want %d", len(inputs), len(f.inputs)))
	}
	return o.Input(inputs...).Input(f.captures...)
}

// Call calls the function. When ctx ends Call returns its error at once; see the package
// comment for what becomes of the call. The caller closes the tensors that it makes.
func (f *Function) Call(ctx context.Context, inputs ...*Tensor) ([]*Tensor, error) {
	for i, t := range inputs {
		if i < len(f.inputs) {
			if err := f.check(i, t); err != nil {
				return nil, err
			}
		}
	}
	o := f.Op(inputs...).WithContext(ctx)
	defer o.Close()
	return o.Run()
}

// check compares a tensor with an input.
func (f *Function) check(i int, t *Tensor) error {
	if err := f.ctx.check(t); err != nil {
		return fmt.Errorf("eager: function %s: input %d: %w", f.name, i, err)
	}
	dtype, err := t.DType()
	if err != nil {
		return err
	}
	err = f.inputs[i].Check("input", dtype, nil)
	var mismatch *graph.MismatchError
	if errors.As(err, &mismatch) {
		return fmt.Errorf("eager: function %s: %w", f.name, err)
	}
	return err
}

// Close takes the function out of its context, unless it is a model's. Those that
// it calls stay.
func (f *Function) Close() {
	if f.model != nil {
		return
	}
	// An error says that it is gone already.
	_ = f.ctx.c.RemoveFunction(f.name)
	f.ctx.pool.forget() // what was prepared for it would still call it
}

// functionDef returns the definition of a function of the context, as that of an
// op that is called like it.
func (c *Context) functionDef(name string) (*ops.Def, error) {
	raw, err := c.c.FunctionDef(name)
	if err != nil {
		return nil, fmt.Errorf("eager: function %q: %w", name, err)
	}
	signature, err := signatureOf(raw)
	if err != nil {
		return nil, fmt.Errorf("eager: function %q: %w", name, err)
	}
	def, err := ops.ParseDef(signature)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{executorType, configProto} {
		def.Attrs = append(def.Attrs, ops.AttrDef{Name: name, Kind: "string"}.WithDefault(ops.String(name, "")))
	}
	return def, nil
}

// signatureOf returns the OpDef in a serialized FunctionDef.
func signatureOf(def []byte) ([]byte, error) {
	const signature = 1 // field number
	for len(def) > 0 {
		field, wire, n := protowire.ConsumeTag(def)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		def = def[n:]
		if field == signature && wire == protowire.BytesType {
			b, n := protowire.ConsumeBytes(def)
			return b, protowire.ParseError(n)
		}
		if n = protowire.ConsumeFieldValue(field, wire, def); n < 0 {
			return nil, protowire.ParseError(n)
		}
		def = def[n:]
	}
	return nil, fmt.Errorf("a FunctionDef without a signature")
}
