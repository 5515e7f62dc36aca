package eager

import (
	"context"
	"fmt"
	"slices"

	"ndflow/ops"
	"ndflow/tfc"
)

// Op is one op, or a function of the context, with its inputs and attributes. Its
// methods put it together and can be chained; the first mistake is kept, and
// returned when it is to run. It is prepared the first time it runs, and can be
// run again, with the tensors that its inputs hold then.
//
// An Op is for one goroutine at a time. One that is dropped is closed after the
// garbage collector has found it.
type Op struct {
	op     *tfc.EagerOp    // nil until it is prepared
	until  context.Context // nil for one that cannot end
	left   <-chan struct{} // closed when the last run is over, which was left behind; nil where none was
	ctx    *Context
	err    error
	closed bool
	call   ops.Call[*Tensor]

	lists    bool      // what was prepared has an input that is a list
	fallBack bool      // where XLA cannot compile it
	copies   bool      // results that land, though they might be placed
	function *Function // that it calls, or nil
}

// Op begins an op of the given name: one of TensorFlow's, or a function that was
// added to the context.
func (c *Context) Op(name string) *Op {
	return &Op{ctx: c, call: ops.Call[*Tensor]{Op: name}}
}

// fail keeps the first mistake.
func (o *Op) fail(err error) *Op {
	if o.err == nil {
		o.err = fmt.Errorf("eager: %s: %w", o.label(), err)
	}
	return o.change()
}

// label is what errors call the op.
func (o *Op) label() string {
	if o.function != nil && o.function.label != "" {
		return o.function.label
	}
	return o.call.Op
}

// change says that the op is no longer what was prepared.
func (o *Op) change() *Op {
	if o.op != nil {
		o.op.Close()
		o.op = nil
	}
	return o
}

// Input adds inputs, each a single tensor, in the order of the op's signature.
func (o *Op) Input(ts ...*Tensor) *Op {
	for _, t := range ts {
		if err := o.ctx.check(t); err != nil {
			return o.fail(fmt.Errorf("input %d: %w", len(o.call.Inputs), err))
		}
		o.call.Inputs = append(o.call.Inputs, ops.One(t))
	}
	return o.change()
}

// InputList adds one input that is a list of tensors.
func (o *Op) InputList(ts ...*Tensor) *Op {
	for i, t := range ts {
		if err := o.ctx.check(t); err != nil {
			return o.fail(fmt.Errorf("input %d, number %d: %w", len(o.call.Inputs), i, err))
		}
	}
	o.call.Inputs = append(o.call.Inputs, ops.List(ts...))
	return o.change()
}

// Attr sets an attribute; those that are not set have their default, or follow
// from the inputs.
func (o *Op) Attr(attrs ...ops.Attr) *Op {
	o.call.Attrs = append(o.call.Attrs, attrs...)
	return o.change()
}

// Bool sets an attribute that is a bool.
func (o *Op) Bool(name string, v bool) *Op { return o.Attr(ops.Bool(name, v)) }

// Int sets an attribute that is an int.
func (o *Op) Int(name string, v int64) *Op { return o.Attr(ops.Int(name, v)) }

// Float sets an attribute that is a float.
func (o *Op) Float(name string, v float32) *Op { return o.Attr(ops.Float(name, v)) }

// String sets an attribute that is a string.
func (o *Op) String(name, v string) *Op { return o.Attr(ops.String(name, v)) }

// Type sets an attribute that is a type: an [npy.DType], or an [ops.TypeName].
func (o *Op) Type(name string, v ops.DataType) *Op { return o.Attr(ops.Type(name, v)) }

// Shape sets an attribute that is a shape: -1 for a dimension that is not known,
// nil for a shape of which not even the rank is.
func (o *Op) Shape(name string, v []int) *Op { return o.Attr(ops.Shape(name, v)) }

// Func sets an attribute that is a function of the context, by its name.
func (o *Op) Func(name, function string) *Op { return o.Attr(ops.Func(name, function)) }

// Device sets the device that the op runs on; empty for any, which is the default.
func (o *Op) Device(name string) *Op {
	full, err := o.ctx.device(name)
	if err != nil {
		o.change()
		if o.err == nil {
			o.err = fmt.Errorf("%w (for op %s)", err, o.call.Op)
		}
		return o
	}
	o.call.Device = full
	return o.change()
}

// WithContext lets the end of ctx end runs of the op: they return ctx's error at once,
// and touch no array and no tensor afterwards. See the package comment for what becomes
// of the op.
func (o *Op) WithContext(ctx context.Context) *Op {
	o.until = nil
	if ctx != nil && ctx.Done() != nil {
		o.until = ctx
	}
	return o
}

// WithPlacement says whether [Op.RunInto] may let TensorFlow write results straight
// into the arrays where they land. It may unless the context has forbidden it
// ([WithPlacement]); it must not for an op that gives now what it has made in an
// earlier run, as an iterator that shuffles does.
func (o *Op) WithPlacement(on bool) *Op {
	o.copies = !on
	return o.change()
}

// SetInput puts another tensor in the place of input number i, counted over all
// inputs and the tensors of lists. What was prepared stays so.
func (o *Op) SetInput(i int, t *Tensor) error {
	if err := o.ctx.check(t); err != nil {
		return fmt.Errorf("eager: %s: input %d: %w", o.label(), i, err)
	}
	n := i
	for k := 0; i >= 0 && k < len(o.call.Inputs); k++ {
		in := &o.call.Inputs[k]
		if n >= in.Len() {
			n -= in.Len()
			continue
		}
		if o.lists && typeOf(in.At(n)) != typeOf(t) {
			o.change() // the types of lists are among what was prepared
		}
		in.Set(n, t)
		if o.op == nil {
			return nil
		}
		return o.explain(o.op.SetInput(i, t.h))
	}
	return fmt.Errorf("eager: %s: there is no input %d", o.label(), i)
}

// Close gives back what was prepared.
func (o *Op) Close() {
	o.change()
	o.closed = true
}

// Prepare checks the op and makes what its runs have in common, for an op that
// [Op.Run] runs often: Run prepares nothing itself, as most ops run once, but looks
// for what was prepared for others of the same kind. RunTo and RunInto prepare the
// op when they run first.
func (o *Op) Prepare() error { return o.prepare() }

// prepare makes what runs, if that was not done yet.
func (o *Op) prepare() error {
	if o.op != nil {
		return nil
	}
	if err := o.ready(); err != nil {
		return err
	}
	outputs, err := o.check()
	if err != nil {
		return err
	}
	op, err := o.make(outputs)
	if err != nil {
		return o.explain(err)
	}
	o.op = op
	return nil
}

// ready looks for mistakes that were made before.
func (o *Op) ready() error {
	if o.err != nil {
		return o.err
	}
	if o.closed || o.ctx.c.Closed() {
		return fmt.Errorf("eager: %s: op or context: %w", o.label(), ErrClosed)
	}
	return nil
}

// check compares the op with its definition, and says how many tensors it makes.
func (o *Op) check() (outputs int, err error) {
	def, err := o.ctx.def(o.call.Op)
	if err != nil {
		return 0, err
	}
	if err := o.checkOpen(); err != nil {
		return 0, err
	}
	outputs, err = def.CheckOutputs(o.call.Arities(typeOf), o.call.Attrs)
	if err != nil {
		return 0, fmt.Errorf("eager: %w", err)
	}
	return outputs, nil
}

// make makes what runs.
func (o *Op) make(outputs int) (*tfc.EagerOp, error) {
	call := tfc.EagerCall{Op: o.call.Op, Device: o.call.Device, Outputs: outputs, Copy: o.copies}
	arities, attrs := o.call.Arities(typeOf), o.call.Attrs
	o.lists = false
	for _, in := range arities {
		o.lists = o.lists || in.List
		call.Inputs += in.Len
	}
	if o.lists {
		def, err := o.ctx.def(o.call.Op)
		if err != nil {
			return nil, err
		}
		attrs = slices.Concat(attrs, def.Infer(arities, attrs))
	}
	for _, a := range attrs {
		call.Attrs = append(call.Attrs, tfc.AttrValue{Name: a.Name(), Value: a.Encode()})
	}
	op, err := o.ctx.c.NewOp(call)
	if err != nil {
		return nil, err
	}
	if err := o.setInputs(op); err != nil {
		op.Close()
		return nil, err
	}
	return op, nil
}

func (o *Op) setInputs(op *tfc.EagerOp) error {
	n := 0
	for i := range o.call.Inputs {
		in := &o.call.Inputs[i]
		for k := range in.Len() {
			if err := op.SetInput(n, in.At(k).h); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// checkOpen looks for inputs that are closed or empty tensors.
func (o *Op) checkOpen() error {
	n := 0
	for i := range o.call.Inputs {
		in := &o.call.Inputs[i]
		for k := range in.Len() {
			if _, err := in.At(k).h.DataType(); err != nil {
				return o.explain(&tfc.InputClosedError{Input: n})
			}
			n++
		}
	}
	return nil
}

// typeOf is TensorFlow's name of a tensor's type.
func typeOf(t *Tensor) string {
	dt, _ := t.h.DataType() // checkOpen was there; one that is closed since fails when the op runs
	return dt.String()
}

// Signature returns the op's signature, as errors print it.
func (o *Op) Signature() (string, error) {
	def, err := o.ctx.def(o.call.Op)
	if err != nil {
		return "", err
	}
	return def.String(), nil
}
