package eager

import (
	"errors"
	"fmt"
	"strings"

	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// Run executes the op and returns the tensors that it makes, lists flattened, for
// the caller to close.
func (o *Op) Run() ([]*Tensor, error) {
	handles, err := o.run()
	if err != nil {
		return nil, err
	}
	ts := make([]*Tensor, len(handles))
	for i, h := range handles {
		ts[i] = &Tensor{ctx: o.ctx, h: h}
	}
	return ts, nil
}

// run executes what is prepared, or else borrows something that was prepared for
// another call of the same kind.
func (o *Op) run() ([]*tfc.Handle, error) {
	for {
		if err := o.begin(); err != nil {
			return nil, err
		}
		op, k, err := o.take()
		if err != nil {
			return nil, err
		}
		handles, err := op.Run(o.until)
		o.give(op, k, err)
		if err == nil {
			return handles, nil
		}
		if err = o.failed(err); err != nil {
			return nil, err
		}
	}
}

// take returns what is prepared, or else something borrowed, of a kind.
func (o *Op) take() (*tfc.EagerOp, *kind, error) {
	if o.op != nil {
		return o.op, nil, nil
	}
	if err := o.ready(); err != nil {
		return nil, nil, err
	}
	return o.borrow()
}

// give is for what take has returned, after a run.
func (o *Op) give(op *tfc.EagerOp, k *kind, err error) {
	if k == nil {
		o.ended(err)
		return
	}
	if err == nil || !o.partWith(op) {
		o.ctx.pool.give(k, op, err == nil)
	}
}

// Output is Run for an op that makes one tensor.
func (o *Op) Output() (*Tensor, error) {
	ts, err := o.Run()
	if err != nil {
		return nil, err
	}
	if len(ts) != 1 {
		closeAll(ts)
		return nil, fmt.Errorf("eager: %s: it makes %d tensors, not one; Run returns them all", o.label(), len(ts))
	}
	return ts[0], nil
}

// RunTo executes the op and puts what it makes into dst, one tensor for each
// output, in place of what those held ([Context.Empty] makes one that holds
// nothing). Once the op is prepared it allocates nothing. A tensor that is just
// being used by another goroutine is not replaced: that is [ErrBusy].
func (o *Op) RunTo(dst ...*Tensor) error {
	for {
		if err := o.begin(); err != nil {
			return err
		}
		if err := o.prepare(); err != nil {
			return err
		}
		err := o.runTo(dst)
		if err == nil {
			return nil
		}
		if err = o.failed(err); err != nil {
			return err
		}
	}
}

func (o *Op) runTo(dst []*Tensor) error {
	if len(dst) != o.op.NumOutputs() {
		return fmt.Errorf("have %d tensors to run to, want %d", len(dst), o.op.NumOutputs())
	}
	for i, t := range dst {
		if err := o.ctx.check(t); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
		if err := o.op.SetTarget(i, t.h); err != nil {
			return err
		}
	}
	err := o.op.RunTo(o.until)
	o.ended(err)
	return err
}

// RunInto executes the op and lands what it makes in dst, one array for each
// output, as [Tensor.Into] would: with no copy where TensorFlow's kernel can write
// it there, which needs memory aligned to [npy.Align] bytes and a context that is
// not [Async], else with one. A nil array leaves its output out. Once the op is
// prepared and dst the same as before it allocates nothing. The arrays stay held
// until others take their place or the op is closed; between runs they can be read
// and written. After an error they are as they were, unless the error is
// [graph.ErrPartial].
func (o *Op) RunInto(dst ...*npy.Array) error {
	for {
		if err := o.begin(); err != nil {
			return err
		}
		if err := o.prepare(); err != nil {
			return err
		}
		err := o.op.RunInto(o.until, dst)
		if err == nil {
			return nil
		}
		o.ended(err)
		if err = o.failed(err); err != nil {
			return err
		}
	}
}

// Landed returns the part of the array that output number i has landed in, in the
// last RunInto, in the result's shape.
func (o *Op) Landed(i int) (*npy.Array, error) {
	if o.op == nil || i < 0 || i >= o.op.NumOutputs() {
		return nil, fmt.Errorf("eager: %s: no output %d has landed", o.label(), i)
	}
	return o.op.Landed(i)
}

// LandStats says how an output of an op has come out of RunInto.
type LandStats struct {
	Placed uint64 // runs in which TensorFlow has written it where it landed
	Copied uint64 // runs in which it was copied there
	Why    string // why the last one was copied; empty if it was placed
}

// Stats says how output number i has come out so far.
func (o *Op) Stats(i int) LandStats {
	if o.op == nil || i < 0 || i >= o.op.NumOutputs() {
		return LandStats{}
	}
	s := o.op.Stats(i)
	return LandStats{Placed: s.Placed, Copied: s.Copied, Why: s.Why}
}

// output names an output for errors.
func (o *Op) output(i int) string {
	if o.function != nil && o.function.label != "" {
		return fmt.Sprintf("%s: output %q", o.label(), o.function.outputs[i].Name)
	}
	return fmt.Sprintf("%s: output %d", o.call.Op, i)
}

// explain says in this package's words why the op has failed.
func (o *Op) explain(err error) error {
	if err == nil {
		return nil
	}
	if strings.HasPrefix(err.Error(), "eager: ") {
		return err // of a mistake that was found before the op ran, and that says all
	}
	var partial *tfc.PartialError
	if errors.As(err, &partial) {
		return fmt.Errorf("%w; the arrays of outputs %v were %w", o.explain(partial.Err), partial.Fetches, ErrPartial)
	}
	var dtype *tfc.DTypeError
	var fit *tfc.FitError
	var kept *tfc.KeptError
	switch {
	case errors.As(err, &dtype):
		return landing(o.output(dtype.Fetch), err)
	case errors.As(err, &fit):
		return landing(o.output(fit.Fetch), err)
	case errors.As(err, &kept):
		return fmt.Errorf("eager: %s: %w: TensorFlow keeps the result itself, in a variable say; let it land in another array", o.output(kept.Fetch), ErrInUse)
	}
	return fmt.Errorf("eager: %s: %w", o.label(), err)
}

// Apply runs a call of package ops; it makes a Context an ops.Backend.
func (c *Context) Apply(call *ops.Call[*Tensor]) ([]*Tensor, error) {
	o := c.Op(call.Op).Device(call.Device).Attr(call.Attrs...)
	for i := range call.Inputs {
		in := &call.Inputs[i]
		ts := make([]*Tensor, in.Len())
		for k := range ts {
			ts[k] = in.At(k)
		}
		if in.IsList() {
			o.InputList(ts...)
		} else {
			o.Input(ts...)
		}
	}
	return o.Run()
}
