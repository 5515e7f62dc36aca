package tfc

// #include "plan.h"
import "C"

import (
	"fmt"
	"unsafe"

	"ndflow/npy"
)

// inPlaceMin is the size in bytes from which an aligned array is given to
// TensorFlow as it is. Making and deleting a tensor around foreign memory costs
// about as much as copying this much into one that is used again.
const inPlaceMin = 4 << 10

// planFeed is one fed tensor of a plan.
type planFeed struct {
	c     *C.ndf_feed
	dt    DataType
	array *npy.Array
	hold  *hold // nil for strings, which are copied for each step
}

// Feed sets the array that feed i takes from now on. Its elements are read at
// each Run. It must have the dtype of the tensor; TensorFlow checks the shape.
func (p *Plan) Feed(i int, a *npy.Array) error {
	if p.res.closed {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	if a == nil {
		return fmt.Errorf("tfc: feed %d: array is nil", i)
	}
	f := &p.res.feeds[i]
	if a.DType() != f.dt.DType() {
		return fmt.Errorf("tfc: feed %d: %w: have %v, want %v", i, npy.ErrDType, a.DType(), f.dt)
	}
	if f.array == a {
		return nil
	}
	if a.DType() == npy.String {
		p.res.fed(f, a)
		return nil
	}
	if a.NDim() > C.NDF_MAX_DIMS {
		return fmt.Errorf("tfc: feed %d: %w: %d dimensions, TensorFlow takes up to %d", i, npy.ErrShape, a.NDim(), C.NDF_MAX_DIMS)
	}
	h, err := newHold(a)
	if err != nil {
		return fmt.Errorf("tfc: feed %d: %w", i, err)
	}
	if f.hold != nil {
		f.hold.drop()
	}
	f.hold = h
	f.set(a, h)
	p.res.fed(f, a)
	return nil
}

// Unfeed lets the array of feed i go. Run fails until another is fed.
func (p *Plan) Unfeed(i int) {
	f := &p.res.feeds[i]
	if p.res.closed || f.array == nil {
		return
	}
	if f.hold != nil {
		f.hold.drop()
	}
	f.c.data, f.c.hold = nil, nil
	f.array, f.hold = nil, nil
	p.res.unfed++
	p.res.plain = false
}

func (r *planResource) fed(f *planFeed, a *npy.Array) {
	if f.array == nil {
		r.unfed--
	}
	f.array = a
}

// set puts the array into the plan's C memory.
func (f *planFeed) set(a *npy.Array, h *hold) {
	c, b := f.c, a.Bytes()
	same := int(c.num_dims) == a.NDim() && int(c.size) == len(b)
	for d := range a.NDim() {
		same = same && int(c.dims[d]) == a.Dim(d)
		c.dims[d] = C.int64_t(a.Dim(d))
	}
	c.num_dims = C.int(a.NDim())
	c.data = unsafe.Pointer(unsafe.SliceData(b)) // pinned, or not Go's
	c.size = C.size_t(len(b))
	c.hold = h.c
	c.read_only = C.bool(a.ReadOnly())
	aligned := uintptr(c.data)%npy.Align == 0
	c.in_place = C.bool(aligned && len(b) >= inPlaceMin)
	if c.copy != nil && !same {
		C.TF_DeleteTensor(c.copy)
		c.copy = nil
	}
}

func (r *planResource) feedStrings() error {
	for i := range r.feeds {
		f := &r.feeds[i]
		if f.array == nil || f.array.DType() != npy.String {
			continue
		}
		t, err := newStrings(f.array)
		if err != nil {
			return fmt.Errorf("tfc: feed %d: %w", i, err)
		}
		if f.c.copy != nil { // of a step that failed before it began
			C.TF_DeleteTensor(f.c.copy)
		}
		f.c.copy = t
	}
	return nil
}
