package tfc

// #cgo nocallback ndf_op_run_at
// #include <stdlib.h>
// #include "eagerop.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"ndflow/npy"
)

// ErrBusy says that what is for one goroutine at a time is used by two, or that
// a tensor which is to be replaced is just being used.
var ErrBusy = errors.New("already in use by another goroutine")

// EagerOp is a prepared TFE_Op: an op or a function of an eager context with its
// attributes, its device and its inputs. Executing it is one C call (TFE_Execute
// and what is around it) that allocates nothing in Go.
//
// An EagerOp is for one goroutine at a time.
type EagerOp struct {
	res     *eagerOpResource
	inputs  []*Handle
	targets []*Handle
	cleanup runtime.Cleanup
}

// eagerOpResource is what an EagerOp gives back. What each run looks at comes
// first: an op of two microseconds pushes everything else out of the caches.
type eagerOpResource struct {
	mu      sync.Mutex // held while it runs
	plain   bool       // nothing is closed, and the only output lands in only, no strings
	only    *npy.Array
	c       *C.ndf_op // nil once closed
	ended   bool      // the context was closed
	ctx     *contextResource
	fetches []planFetch
	left    chan struct{} // of an op that was left behind: closed when it is over
}

// EagerCall says what an [EagerOp] is: the op's name, the device it is to run on
// (a full name, or empty for any), its attributes as serialized AttrValues, and how
// many tensors it takes and makes. The attributes of an op with a list among its
// inputs must all be there, also those that follow from the inputs: TensorFlow does
// not see where a list ends.
type EagerCall struct {
	Op      string
	Device  string
	Attrs   []AttrValue
	Inputs  int
	Outputs int
	Copy    bool // copy all results that land, even those that could be placed
}

// NewOp prepares an op, whose inputs are set afterwards (TFE_NewOp).
func (c *EagerContext) NewOp(call EagerCall) (op *EagerOp, err error) {
	err = c.use(func(ctx *C.TFE_Context) error {
		op, err = newEagerOp(c.res, call)
		return err
	})
	return op, err
}

func newEagerOp(ctx *contextResource, call EagerCall) (*EagerOp, error) {
	for _, name := range []string{call.Op, call.Device} {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	o := C.ndf_op_new(C.int(call.Inputs), C.int(call.Outputs))
	if o == nil {
		return nil, outOfMemory(int(unsafe.Sizeof(*o)))
	}
	o.ctx, o.async_context, o.name = ctx.c, C.bool(ctx.async), C.CString(call.Op)
	if call.Device != "" {
		o.device = C.CString(call.Device)
	}
	o.out.placing.wanted = C.bool(ctx.places && !call.Copy)
	if err := openEagerOp(o, call.Attrs); err != nil {
		C.ndf_op_free(o)
		return nil, err
	}
	res := &eagerOpResource{c: o, ctx: ctx, fetches: make([]planFetch, call.Outputs)}
	ctx.enter()
	ctx.mu.Lock()
	ctx.ops[res] = struct{}{}
	res.ended = ctx.closed.Load() // since Close has looked
	ctx.mu.Unlock()
	for i := range res.fetches {
		res.fetches[i].c = &unsafe.Slice(o.out.fetches, call.Outputs)[i]
	}
	op := &EagerOp{res: res, inputs: make([]*Handle, call.Inputs), targets: make([]*Handle, call.Outputs)}
	op.cleanup = runtime.AddCleanup(op, (*eagerOpResource).free, res)
	objects.Add("eager op", 1)
	return op, nil
}

func openEagerOp(o *C.ndf_op, attrs []AttrValue) error {
	if !C.ndf_op_open(o, C.bool(len(attrs) > 0)) {
		return statusError(o.out.status)
	}
	for _, a := range attrs {
		name, err := cName(a.Name)
		if err != nil {
			return err
		}
		C.TFE_OpSetAttrValueProto(o.attrs, name, unsafe.Pointer(unsafe.SliceData(a.Value)), C.size_t(len(a.Value)), o.out.status)
		freeName(name)
		if err := statusError(o.out.status); err != nil {
			return fmt.Errorf("attribute %q: %w", a.Name, err)
		}
	}
	return nil
}

func (r *eagerOpResource) free() {
	r.ctx.mu.Lock()
	delete(r.ctx.ops, r)
	r.ctx.mu.Unlock()
	for i := range r.fetches {
		r.fetches[i].release()
	}
	C.ndf_op_free(r.c)
	r.c, r.plain = nil, false
	r.ctx.leave()
	objects.Add("eager op", -1)
}

// Close gives the op back (TFE_DeleteOp). One that was left behind gives itself back.
func (o *EagerOp) Close() {
	o.res.mu.Lock()
	defer o.res.mu.Unlock()
	if o.res.c != nil && o.res.left == nil {
		o.cleanup.Stop()
		o.res.free()
	}
}

// lock guards against a second goroutine.
func (o *EagerOp) lock() error {
	if !o.res.mu.TryLock() {
		return fmt.Errorf("tfc: eager op: %w", ErrBusy)
	}
	if o.res.left != nil {
		o.res.mu.Unlock()
		return fmt.Errorf("tfc: eager op: %w", ErrAbandoned)
	}
	if o.res.c == nil || o.res.ended {
		o.res.mu.Unlock()
		return fmt.Errorf("tfc: eager op or its context: %w", ErrClosed)
	}
	return nil
}

// SetInput sets input number i, counted over all arguments. What h holds when the
// op runs is what it takes.
func (o *EagerOp) SetInput(i int, h *Handle) error {
	if err := o.lock(); err != nil {
		return err
	}
	defer o.res.mu.Unlock()
	unsafe.Slice(o.res.c.inputs, len(o.inputs))[i] = h.res.c
	o.inputs[i] = h
	return nil
}

// Unset lets all inputs go. The op must not run before they are set again.
func (o *EagerOp) Unset() { clear(o.inputs) }

// SetTarget sets the handle that [EagerOp.RunTo] puts output number i into.
func (o *EagerOp) SetTarget(i int, h *Handle) error {
	if o.targets[i] == h {
		return nil
	}
	if err := o.lock(); err != nil {
		return err
	}
	defer o.res.mu.Unlock()
	unsafe.Slice(o.res.c.targets, len(o.targets))[i] = h.res.c
	o.targets[i] = h
	return nil
}

// setInto sets the array in whose front output number i lands.
func (o *EagerOp) setInto(i int, dst *npy.Array) error {
	f := &o.res.fetches[i]
	if (dst == nil) != (f.dst == nil) {
		C.ndf_place_forget(&o.res.c.out)
	}
	if dst == nil {
		f.release()
		return nil
	}
	dt, err := checkInto(dst)
	if err != nil {
		return err
	}
	f.dt, f.c.dtype = dt, C.TF_DataType(dt)
	return f.into(dst)
}

// Run executes the op and returns handles to what it has made. When ctx ends, which may
// be nil, Run returns its error at once and the op is told to end
// (TFE_CancellationManager); see [EagerOp.Left]. Where ops return before they are done,
// the end of ctx only tells them to end.
func (o *EagerOp) Run(ctx context.Context) ([]*Handle, error) {
	if err := o.lock(); err != nil {
		return nil, err
	}
	defer o.res.mu.Unlock()
	if err := o.run(ctx, C.NDF_KEEP); err != nil {
		return nil, err
	}
	outputs := unsafe.Slice(o.res.c.outputs, len(o.targets))
	handles := make([]*Handle, len(outputs))
	for i := range outputs {
		h, err := ownHandle(o.res.ctx, outputs[i], o.weight(outputs[i]))
		outputs[i] = nil
		if err != nil {
			return nil, err
		}
		handles[i] = h
	}
	return handles, nil
}

// asyncWeight is what a tensor weighs whose size is not known yet.
const asyncWeight = 64 << 10

// weight is what a new handle weighs.
func (o *EagerOp) weight(h *C.TFE_TensorHandle) int64 {
	if o.res.c.async {
		return asyncWeight
	}
	return int64(C.ndf_handle_weight(h, o.res.c.scratch))
}

// RunTo executes the op and puts what it makes into the targets, in place of what
// those held.
func (o *EagerOp) RunTo(ctx context.Context) error {
	if err := o.lock(); err != nil {
		return err
	}
	defer o.res.mu.Unlock()
	return o.run(ctx, C.NDF_SWAP)
}

// RunInto executes the op and lands what it makes in dst, one array for each output,
// or nil to leave it out: with no copy where it can be placed, else with one. The
// arrays stay held until others take their place or the op is closed, and over. After an
// error no array was written to but those that a [*PartialError] names.
func (o *EagerOp) RunInto(ctx context.Context, dst []*npy.Array) error {
	r := o.res
	if ctx != nil || len(dst) != 1 || !r.mu.TryLock() {
		return o.runInto(ctx, dst)
	}
	if !r.plain || dst[0] != r.only {
		r.mu.Unlock()
		return o.runInto(ctx, dst)
	}
	C.ndf_op_run_at(C.uintptr_t(uintptr(unsafe.Pointer(r.c))), C.NDF_LAND)
	runtime.KeepAlive(o)
	var err error
	if r.c.result != C.NDF_DONE {
		err = o.explain(ctx, C.NDF_LAND)
	}
	r.mu.Unlock()
	return err
}

// runInto is RunInto where it is not as it was the last time.
func (o *EagerOp) runInto(ctx context.Context, dst []*npy.Array) error {
	if err := o.lock(); err != nil {
		return err
	}
	defer o.res.mu.Unlock()
	r := o.res
	if len(dst) != len(r.fetches) {
		return fmt.Errorf("have %d arrays to land in, want %d", len(dst), len(r.fetches))
	}
	r.plain = false
	for i, a := range dst {
		if r.fetches[i].dst != a {
			if err := o.setInto(i, a); err != nil {
				return fmt.Errorf("output %d: %w", i, err)
			}
		}
	}
	if err := o.run(ctx, C.NDF_LAND); err != nil {
		return err
	}
	if err := landStrings(r.fetches); err != nil {
		return err
	}
	if len(dst) == 1 && dst[0] != nil && dst[0].DType() != npy.String {
		r.plain, r.only = true, dst[0]
	}
	return nil
}

func (o *EagerOp) run(ctx context.Context, fate C.ndf_fate) error {
	if ctx != nil && ctx.Done() != nil {
		return o.runUntil(ctx, fate)
	}
	o.execute(fate)
	return o.outcome(ctx, fate)
}

func (o *EagerOp) execute(fate C.ndf_fate) {
	C.ndf_op_run_at(C.uintptr_t(uintptr(unsafe.Pointer(o.res.c))), C.int(fate))
	runtime.KeepAlive(o)
}

// outcome is what has come of the run.
func (o *EagerOp) outcome(ctx context.Context, fate C.ndf_fate) error {
	if o.res.c.result != C.NDF_DONE {
		return o.explain(ctx, fate)
	}
	return nil
}

// InputClosedError says which input of an op is a closed tensor. It is
// [ErrClosed].
type InputClosedError struct{ Input int }

func (e *InputClosedError) Error() string {
	return fmt.Sprintf("tfc: input %d: the tensor is empty or %v", e.Input, ErrClosed)
}

// Unwrap returns ErrClosed.
func (e *InputClosedError) Unwrap() error { return ErrClosed }

// explain says why the op has failed.
func (o *EagerOp) explain(ctx context.Context, fate C.ndf_fate) error {
	c := o.res.c
	err := o.runError(ctx, fate)
	var partly []int
	for i := range o.res.fetches {
		f := &o.res.fetches[i]
		f.adoptHold()
		if f.c.dirty {
			f.c.dirty = false
			partly = append(partly, i)
		}
	}
	if partly != nil && c.result != C.NDF_CLOSED {
		return &PartialError{Fetches: partly, Err: err}
	}
	return err
}

func (o *EagerOp) runError(ctx context.Context, fate C.ndf_fate) error {
	c := o.res.c
	failed := int(c.out.failed)
	switch c.result {
	case C.NDF_STATUS:
		err := statusError(c.out.status)
		if c.async && fate == C.NDF_LAND {
			o.res.ctx.settle()
		}
		if ctx != nil && ctx.Err() != nil && errors.Is(err, Cancelled) {
			return fmt.Errorf("%w (%w)", ctx.Err(), err)
		}
		return err
	case C.NDF_CLOSED:
		return &InputClosedError{Input: failed}
	case C.NDF_BUSY:
		return fmt.Errorf("tfc: output %d: the tensor is closed, or %w", failed, ErrBusy)
	case C.NDF_KEPT:
		return &KeptError{Fetch: failed}
	case C.NDF_NO_MEMORY:
		return fmt.Errorf("tfc: %w: no memory for the op's tensors", ResourceExhausted)
	}
	f := &o.res.fetches[failed]
	if c.result == C.NDF_WRONG_DTYPE {
		return &DTypeError{Fetch: failed, Have: DataType(c.out.failed_dtype), Want: f.dst.DType()}
	}
	return f.fitError(failed)
}

// NumOutputs returns how many tensors the op makes.
func (o *EagerOp) NumOutputs() int { return len(o.targets) }

// Landed returns the part of the array that result i has landed in, in the last
// RunInto. It is the same one again as long as shape and array are.
func (o *EagerOp) Landed(i int) (*npy.Array, error) {
	f := &o.res.fetches[i]
	if f.dst == nil {
		return nil, fmt.Errorf("tfc: result %d has no array to land in", i)
	}
	if f.landed != nil && f.hasShapeOf(f.landed) {
		return f.landed, nil
	}
	var err error
	f.landed, err = f.dst.Front(f.shape()...)
	return f.landed, err
}

// Stats says how the results of output i have come out of RunInto so far.
func (o *EagerOp) Stats(i int) FetchStats {
	if o.res.c == nil {
		return FetchStats{}
	}
	return o.res.fetches[i].stats()
}
