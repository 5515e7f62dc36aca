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

// Holder owns memory that TensorFlow reads in place: an [npy.Array], or memory of a
// device. Hold keeps the memory from being given back until Unhold is called as
// often. Unhold may wait for the device, where the Holder is not an Array.
type Holder interface {
	Hold() error
	Unhold()
}

// hold keeps memory where it is and alive while TensorFlow has it: pinned in the Go
// heap, or held against being given back outside it.
//
// TensorFlow says in a deallocator, on any of its threads, that it is done.
// That one only counts, in C memory. Calling into Go from there would cost
// more than a step; the count is looked at whenever holds are made or asked
// about.
type hold struct {
	owner  Holder
	lo, hi uintptr // the memory
	pinner runtime.Pinner
	c      *C.ndf_hold // nil once TensorFlow is done
	over   chan struct{}
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
	c := C.ndf_hold_new(-1)
	if c == nil {
		a.Unhold()
		return nil, ResourceExhausted
	}
	return holdArray(a, c), nil
}

// adoptHold is newHold for an array that is held already, and that TensorFlow
// has had since before this call.
func adoptHold(a *npy.Array, c *C.ndf_hold) *hold {
	_ = a.Hold() // of what is held already it cannot fail
	return holdArray(a, c)
}

func holdArray(a *npy.Array, c *C.ndf_hold) *hold {
	h := &hold{owner: a, c: c}
	if b := a.Bytes(); len(b) > 0 {
		h.pinner.Pin(unsafe.SliceData(b))
	}
	h.lo, h.hi = extent(a.Bytes())
	h.register()
	return h
}

// newDeviceHold is newHold for memory of a device. What becomes of it is not left to
// whoever comes by next, since such memory is scarce: a pipe tells that TensorFlow
// is done.
func newDeviceHold(owner Holder, lo, hi uintptr) (*hold, error) {
	wake, err := wakeReaper()
	if err != nil {
		return nil, err
	}
	if err := owner.Hold(); err != nil {
		return nil, err
	}
	c := C.ndf_hold_new(C.int(wake))
	if c == nil {
		owner.Unhold()
		return nil, ResourceExhausted
	}
	h := &hold{owner: owner, lo: lo, hi: hi, c: c, over: make(chan struct{})}
	h.register()
	return h, nil
}

func (h *hold) register() {
	holds.Lock()
	defer holds.Unlock()
	if holds.all == nil {
		holds.all, holds.dropped = map[*hold]struct{}{}, map[*hold]struct{}{}
	}
	holds.all[h] = struct{}{}
	objects.Add("hold", 1)
	reapHolds()
}

// busy reports whether TensorFlow still reads the memory.
func (h *hold) busy() bool { return h.c != nil && bool(C.ndf_hold_busy(h.c)) }

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
		C.free(unsafe.Pointer(h.c))
		h.c = nil
		if h.over != nil {
			go h.endOnDevice()
			continue
		}
		delete(holds.all, h)
		h.pinner.Unpin()
		h.owner.Unhold()
		objects.Add("hold", -1)
	}
}

// endOnDevice ends a hold whose owner may wait for the device.
func (h *hold) endOnDevice() {
	h.owner.Unhold()
	holds.Lock()
	defer holds.Unlock()
	delete(holds.all, h)
	close(h.over)
	objects.Add("hold", -1)
}

// InUse reports whether TensorFlow still reads memory that a shares: a step
// that was left behind runs on it, or the graph has stored it in a variable or
// a queue. Such memory must not be written to.
func InUse(a *npy.Array) bool { return inUse(extent(a.Bytes())) }

// InUseAt is InUse for so many bytes at an address, of the host or of a device. It
// waits for memory of a device that TensorFlow has just let go, until the device is
// done with it.
func InUseAt(address uintptr, size int) bool { return inUse(address, address+uintptr(size)) }

func inUse(lo, hi uintptr) bool {
	if lo == hi {
		return false
	}
	for {
		ending, busy := held(lo, hi)
		if ending == nil {
			return busy
		}
		<-ending
	}
}

// held looks for holds on memory: one that TensorFlow needs, or else one that is
// about to end.
func held(lo, hi uintptr) (ending chan struct{}, busy bool) {
	holds.Lock()
	defer holds.Unlock()
	reapHolds()
	for h := range holds.all {
		if h.lo >= hi || lo >= h.hi {
			continue
		}
		if h.busy() {
			return nil, true
		}
		if h.c == nil {
			ending = h.over
		}
	}
	return ending, false
}

// extent is where memory begins and ends.
func extent(b []byte) (lo, hi uintptr) {
	lo = uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return lo, lo + uintptr(len(b))
}

// overlap reports whether two pieces of memory share a byte.
func overlap(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	alo, ahi := extent(a)
	blo, bhi := extent(b)
	return alo < bhi && blo < ahi
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
