package eager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// Caller is a prepared call of a model's signature. Once it is set up, RunInto is
// one C call and allocates nothing.
//
// A Caller is for one goroutine at a time; any number of them can run on one Model
// at once.
type Caller struct {
	model *Model
	sig   *signature
	op    *Op
	set   []bool       // by input: it has a tensor
	own   []*Tensor    // by input: the tensor of an array that was fed, for Close
	into  []*npy.Array // by output: where it lands
}

// Caller prepares a signature; the empty name is the default one. The caller
// closes it.
func (m *Model) Caller(signature string, opts ...FunctionOption) (*Caller, error) {
	s, err := m.signature(signature)
	if err != nil {
		return nil, err
	}
	return m.caller(s, opts...)
}

func (m *Model) caller(s *signature, opts ...FunctionOption) (*Caller, error) {
	f := *s.f
	f.options = slices.Concat(f.options, opts)
	c := &Caller{model: m, sig: s}
	c.set, c.own = make([]bool, len(f.inputs)), make([]*Tensor, len(f.inputs))
	c.into = make([]*npy.Array, len(f.outputs))
	inputs := make([]*Tensor, len(f.inputs))
	for i := range inputs {
		inputs[i], c.set[i] = c.unsetInput(i), s.defaults[i] != nil
	}
	c.op = f.Op(inputs...)
	return c, nil
}

// unsetInput is the tensor of an input that is given none.
func (c *Caller) unsetInput(i int) *Tensor {
	if t := c.sig.defaults[i]; t != nil {
		return t
	}
	return c.model.res.empty
}

// Inputs describes what can be given, in alphabetical order.
func (c *Caller) Inputs() []graph.Spec { return slices.Clone(c.sig.spec.Inputs) }

// Outputs describes what a call makes, in alphabetical order.
func (c *Caller) Outputs() []graph.Spec { return slices.Clone(c.sig.outputs) }

func find(kind string, specs []graph.Spec, name string) (int, error) {
	e := &graph.NameError{Package: "eager", Kind: kind, Name: name}
	for i, s := range specs {
		if s.Name == name {
			return i, nil
		}
		e.Have = append(e.Have, s.Name)
	}
	return 0, e
}

// findOutput is find for the outputs that a call makes.
func (c *Caller) findOutput(name string) (int, error) {
	for _, s := range c.sig.spec.Outputs {
		if s.Name == name && s.Problem != "" {
			return 0, fmt.Errorf("eager: output %q is %w: %s", name, ErrUnavailable, s.Problem)
		}
	}
	return find("output", c.sig.outputs, name)
}

// Input gives a tensor to an input, for the calls from now on. It must be of the
// input's dtype and shape, and must not be closed before the last of them.
func (c *Caller) Input(name string, t *Tensor) error {
	i, err := find("input", c.sig.spec.Inputs, name)
	if err != nil {
		return err
	}
	if err := c.model.ctx.accepts(c.sig.spec.Inputs[i], t); err != nil {
		return err
	}
	return c.setInput(i, t, nil)
}

// Feed gives an array to an input, for the calls from now on: a tensor of it,
// which the Caller closes. See [Context.Tensor] about the array's memory.
func (c *Caller) Feed(name string, a *npy.Array) error {
	i, err := find("input", c.sig.spec.Inputs, name)
	if err != nil {
		return err
	}
	spec := c.sig.spec.Inputs[i]
	if err := accepts("input", spec, a); err != nil {
		return err
	}
	t, err := c.model.ctx.tensorAs(spec.Type, a)
	if err != nil {
		return fmt.Errorf("eager: input %q: %w", name, bare(err))
	}
	return c.setInput(i, t, t)
}

func (c *Caller) setInput(i int, t, own *Tensor) error {
	if err := c.op.SetInput(i, t); err != nil {
		return err
	}
	if c.own[i] != nil {
		c.own[i].Close()
	}
	c.set[i], c.own[i] = true, own
	return nil
}

// accepts checks a tensor against an input. The shape of one that is still being
// computed is left to TensorFlow.
func (c *Context) accepts(spec graph.Spec, t *Tensor) error {
	if err := c.check(t); err != nil {
		return fmt.Errorf("eager: input %q: %w", spec.Name, err)
	}
	dt, err := t.h.DataType()
	if err != nil {
		return fmt.Errorf("eager: input %q: %w", spec.Name, err)
	}
	var shape []int
	if !c.c.Async() {
		if shape, err = t.Shape(); err != nil {
			return err
		}
		shape = append([]int{}, shape...) // a scalar's is known too
	}
	dtype := dt.DType()
	if dt.String() != spec.Type { // a quantized type, or a plain one, of the same dtype
		dtype = npy.Invalid
	}
	have := "a tensor of " + dt.String()
	if shape != nil {
		have = fmt.Sprintf("%s %v", have, shape)
	}
	return mismatch(spec.Check("input", dtype, shape), have)
}

// accepts checks an array against an input or a variable.
func accepts(kind string, spec graph.Spec, a *npy.Array) error {
	if a == nil {
		return mismatch(spec.Check(kind, npy.Invalid, nil), "a nil array")
	}
	return mismatch(spec.Check(kind, a.DType(), a.Shape()), "")
}

// mismatch makes a *graph.MismatchError one of this package's. It says what there
// is of no dtype in the given words.
func mismatch(err error, have string) error {
	var m *graph.MismatchError
	if !errors.As(err, &m) {
		return err
	}
	m.Package = "eager"
	if have != "" && errors.Is(m, npy.ErrDType) {
		m.Have = have
	}
	return m
}

// tensorAs returns a's elements as a tensor of TensorFlow's type, which can be a
// quantized one: arrays hold those as plain integers.
func (c *Context) tensorAs(typeName string, a *npy.Array) (*Tensor, error) {
	t, err := c.Tensor(a)
	if err != nil {
		return nil, err
	}
	if plain, err := tfc.DataTypeOf(a.DType()); err == nil && plain.String() == typeName {
		return t, nil
	}
	defer t.Close()
	return c.Op("Bitcast").Input(t).Attr(ops.TypeNamed("type", typeName)).Output()
}

// Into makes an output land in dst in the RunIntos from now on; nil leaves the
// output out. dst is of the output's dtype; it is flat, or equals the result
// beyond axis 0, and may be longer.
func (c *Caller) Into(name string, dst *npy.Array) error {
	i, err := c.findOutput(name)
	if err != nil {
		return err
	}
	spec := c.sig.outputs[i]
	if dst != nil {
		if err := mismatch(spec.Check("output", dst.DType(), nil), fmt.Sprintf("%v %v", dst.DType(), dst.Shape())); err != nil {
			return err
		}
	}
	c.into[i] = dst
	return nil
}

// ready checks that there is all that a call takes.
func (c *Caller) ready(ctx context.Context) error {
	for i, set := range c.set {
		if !set {
			spec := c.sig.spec.Inputs[i]
			return fmt.Errorf("eager: %s: input %q (%v) is %w", c.sig.label, spec.Name, spec, graph.ErrNotFed)
		}
	}
	c.op.left = nil
	if err := c.op.WithContext(ctx).begin(); err != nil {
		return err
	}
	return c.op.prepare()
}

// Run calls the signature and returns what it makes, for the caller to close. When ctx
// ends Run returns its error at once; see the package comment for what becomes of the
// call.
func (c *Caller) Run(ctx context.Context) (map[string]*Tensor, error) {
	ts, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Tensor, len(ts))
	for i, t := range ts {
		out[c.sig.outputs[i].Name] = t
	}
	return out, nil
}

// run returns the outputs in the order of the specs.
func (c *Caller) run(ctx context.Context) ([]*Tensor, error) {
	if err := c.model.begin(); err != nil {
		return nil, err
	}
	defer c.end()
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	return c.op.Run()
}

// RunInto calls the signature and lands its outputs where [Caller.Into] has said,
// as [Op.RunInto] does. When ctx ends it returns its error at once, and writes to no
// array afterwards.
func (c *Caller) RunInto(ctx context.Context) error {
	if err := c.model.begin(); err != nil {
		return err
	}
	defer c.end()
	if err := c.ready(ctx); err != nil {
		return err
	}
	return c.op.RunInto(c.into...)
}

// end lets the model be closed again: where the call was left behind, when it is over.
func (c *Caller) end() {
	if over := c.op.left; over != nil {
		go func() {
			<-over
			c.model.end()
		}()
		return
	}
	c.model.end()
}

// Landed returns the part of the array that an output has landed in, in the last
// RunInto, in the result's shape.
func (c *Caller) Landed(name string) (*npy.Array, error) {
	i, err := c.findOutput(name)
	if err != nil {
		return nil, err
	}
	return c.op.Landed(i)
}

// Close gives the Caller back, and the tensors of arrays that it was fed.
func (c *Caller) Close() {
	c.op.Close()
	closeAll(c.own)
}

// unset lets all that was given go and keeps what is prepared.
func (c *Caller) unset() error {
	for i := range c.set {
		if err := c.setInput(i, c.unsetInput(i), nil); err != nil {
			return err
		}
		c.set[i] = c.sig.defaults[i] != nil
	}
	return nil
}

// give puts the Caller back into its signature's pool.
func (c *Caller) give() {
	if err := c.unset(); err != nil || !c.sig.pool.give(c) {
		c.Close()
	}
}
