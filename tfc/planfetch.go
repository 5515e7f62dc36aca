package tfc

// #include "plan.h"
// #include "tstring.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"ndflow/npy"
)

// planFetch is one fetched tensor of a plan.
type planFetch struct {
	c      *C.ndf_fetch
	dt     DataType
	dst    *npy.Array
	pinner runtime.Pinner
	held   *hold      // of dst, which TensorFlow has kept
	landed *npy.Array // the part of dst that was asked for last
}

// Into sets the array in whose front the result of fetch i lands from now on;
// with nil the result is kept for [Plan.Take]. The array stays held until it
// is replaced or the plan is closed.
func (p *Plan) Into(i int, dst *npy.Array) error {
	if p.res.closed {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	f := &p.res.fetches[i]
	if (dst == nil) != (f.dst == nil) {
		C.ndf_place_forget(&p.res.c.out)
	}
	if dst == nil {
		f.release()
		return nil
	}
	if dst.DType() != f.dt.DType() {
		return fmt.Errorf("tfc: fetch %d: %w: have %v, want %v", i, npy.ErrDType, dst.DType(), f.dt)
	}
	if dst.NDim() > C.NDF_MAX_DIMS {
		return fmt.Errorf("tfc: fetch %d: %w: %d dimensions, TensorFlow has up to %d", i, npy.ErrShape, dst.NDim(), C.NDF_MAX_DIMS)
	}
	if dst.ReadOnly() {
		return fmt.Errorf("tfc: fetch %d: array is read-only", i)
	}
	if InUse(dst) {
		return fmt.Errorf("tfc: fetch %d: %w", i, ErrInUse)
	}
	if err := f.into(dst); err != nil {
		return fmt.Errorf("tfc: fetch %d: %w", i, err)
	}
	return nil
}

// into makes results land in dst, which was checked.
func (f *planFetch) into(dst *npy.Array) error {
	if err := dst.Hold(); err != nil {
		return err
	}
	f.release()
	f.dst = dst
	c := f.c
	c.lands = true
	c.dst_num_dims = C.int(dst.NDim())
	for d := range dst.NDim() {
		c.dst_dims[d] = C.int64_t(dst.Dim(d))
	}
	if dst.DType() == npy.String {
		c.dst_size = C.size_t(dst.Len() * tstringSize)
		return nil
	}
	if b := dst.Bytes(); len(b) > 0 {
		f.pinner.Pin(unsafe.SliceData(b))
		c.dst = unsafe.Pointer(unsafe.SliceData(b))
		c.dst_size = C.size_t(len(b))
	}
	return nil
}

// release lets the landing array go.
func (f *planFetch) release() {
	f.landed = nil
	if f.dst != nil {
		f.c.lands, f.c.dst, f.c.dst_size = false, nil, 0
		f.pinner.Unpin()
		f.dst.Unhold()
		f.dst = nil
	}
	if f.held != nil {
		f.held.drop()
		f.held, f.c.escaped = nil, nil
	}
}

// adoptHold takes over the hold of an array that TensorFlow has kept.
func (f *planFetch) adoptHold() {
	if f.c.escaped != nil && f.held == nil {
		f.held = adoptHold(f.dst, f.c.escaped)
	}
}

// landStrings reads the results that were kept since strings have no memory to
// land in.
func landStrings(fetches []planFetch) error {
	for i := range fetches {
		f := &fetches[i]
		if f.dst == nil || f.dst.DType() != npy.String {
			continue
		}
		dst, err := npy.Values[string](f.dst)
		if err != nil {
			return fmt.Errorf("tfc: fetch %d: %w", i, err)
		}
		t := f.c.kept
		if err := readStrings(dst[:int(f.c.size)/tstringSize], C.TF_TensorData(t)); err != nil {
			return fmt.Errorf("tfc: fetch %d: %w", i, err)
		}
		C.TF_DeleteTensor(t)
		f.c.kept = nil
	}
	return nil
}

// fitError says that the result, number i, does not fit its array.
func (f *planFetch) fitError(i int) error {
	e := &FitError{Fetch: i, Have: f.dst.Shape(), HaveSize: int(f.c.dst_size), Want: f.shape(), WantSize: int(f.c.size)}
	if f.dst.DType() == npy.String {
		e.HaveSize /= tstringSize
		e.WantSize /= tstringSize
	}
	return e
}

func (f *planFetch) shape() []int {
	shape := make([]int, f.c.num_dims)
	for d := range shape {
		shape[d] = int(f.c.dims[d])
	}
	return shape
}

func (f *planFetch) hasShapeOf(a *npy.Array) bool {
	if a.NDim() != int(f.c.num_dims) {
		return false
	}
	for d := range a.NDim() {
		if a.Dim(d) != int(f.c.dims[d]) {
			return false
		}
	}
	return true
}

// Shape returns the shape of fetch i's result in the last step that ran.
func (p *Plan) Shape(i int) []int { return p.res.fetches[i].shape() }

// Take returns the kept result of fetch i as an array over TensorFlow's own
// memory, read-only, which the caller owns from then on; strings are copied.
// The second Take of one step's result is an error.
func (p *Plan) Take(i int) (*npy.Array, error) {
	if p.res.closed {
		return nil, fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	c := p.res.fetches[i].c
	if c.kept == nil {
		return nil, fmt.Errorf("tfc: fetch %d: no result is kept", i)
	}
	t := &tensorResource{c: c.kept, size: int64(c.size)}
	a, err := viewTensor(t.c, true, t.free)
	if err != nil {
		return nil, err
	}
	c.kept = nil
	t.own()
	return a, nil
}
