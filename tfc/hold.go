package tfc

// #include <stdlib.h>
// #include "hold.h"
import "C"

import (
	"runtime"
	"sync"
	"unsafe"

	"ndflow/npy"
)

// hold keeps an array where it is and alive while TensorFlow has its memory:
// pinned in the Go heap, or held against Release outside it.
//
// TensorFlow says in a deallocator, on any of its threads, that it is done.
// That one only counts, in C memory. Calling into Go from there would cost
// more than a step; the count is looked at whenever holds are made or asked
// about.
type hold struct {
	array  *npy.Array
	pinner runtime.Pinner
	c      *C.ndf_hold
}

// holds are all that exist. The dropped ones wait for TensorFlow.
var holds struct {
	sync.Mutex
	all     map[*hold]struct{}
	dropped map[*hold]struct{}
}

func newHold(a *npy.Array) (*hold, error) {
	if err := a.Hold(); err != nil {
		return nil, err
	}
	c := C.ndf_hold_new()
	if c == nil {
		a.Unhold()
		return nil, ResourceExhausted
	}
	return register(a, c), nil
}

// adoptHold is newHold for an array that is held already, and that TensorFlow
// has had since before this call.
func adoptHold(a *npy.Array, c *C.ndf_hold) *hold {
	_ = a.Hold() // of what is held already it cannot fail
	return register(a, c)
}

func register(a *npy.Array, c *C.ndf_hold) *hold {
	h := &hold{array: a, c: c}
	if b := a.Bytes(); len(b) > 0 {
		h.pinner.Pin(unsafe.SliceData(b))
	}
	holds.Lock()
	defer holds.Unlock()
	if holds.all == nil {
		holds.all, holds.dropped = map[*hold]struct{}{}, map[*hold]struct{}{}
	}
	holds.all[h] = struct{}{}
	live.add("hold", 1)
	reapHolds()
	return h
}

// busy reports whether TensorFlow still reads the memory.
func (h *hold) busy() bool { return bool(C.ndf_hold_busy(h.c)) }

// drop ends the hold as soon as TensorFlow is done with the memory.
func (h *hold) drop() {
	holds.Lock()
	defer holds.Unlock()
	holds.dropped[h] = struct{}{}
	reapHolds()
}

// reapHolds ends the dropped holds that TensorFlow is done with. The caller
// has locked holds.
func reapHolds() {
	for h := range holds.dropped {
		if h.busy() {
			continue
		}
		delete(holds.dropped, h)
		delete(holds.all, h)
		h.pinner.Unpin()
		h.array.Unhold()
		C.free(unsafe.Pointer(h.c))
		live.add("hold", -1)
	}
}

// InUse reports whether TensorFlow still reads memory that a shares: a step
// that was left behind runs on it, or the graph has stored it in a variable or
// a queue. Such memory must not be written to.
func InUse(a *npy.Array) bool {
	b := a.Bytes()
	if len(b) == 0 {
		return false
	}
	holds.Lock()
	defer holds.Unlock()
	reapHolds()
	for h := range holds.all {
		if overlap(b, h.array.Bytes()) && h.busy() {
			return true
		}
	}
	return false
}

// overlap reports whether two pieces of memory share a byte.
func overlap(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	pa, pb := uintptr(unsafe.Pointer(unsafe.SliceData(a))), uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return pa < pb+uintptr(len(b)) && pb < pa+uintptr(len(a))
}

// Overlap reports whether two arrays share memory.
func Overlap(a, b *npy.Array) bool {
	if a.DType() == npy.String || b.DType() == npy.String {
		as, _ := npy.Values[string](a) // nil for other dtypes
		bs, _ := npy.Values[string](b)
		return overlap(asBytes(as), asBytes(bs))
	}
	return overlap(a.Bytes(), b.Bytes())
}

// asBytes is the memory of the string headers.
func asBytes(s []string) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof("")))
}
