package dlpack

// #cgo CFLAGS: -std=gnu11 -O2 -Wall -Wextra
// #include "managed.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"

	"ndflow/cuda"
	"ndflow/npy"
)

// lent is memory that another library has.
type lent struct {
	memory cuda.Memory
	pinner runtime.Pinner
}

// out counts what is lent and has not come back.
var out atomic.Int64

// Out returns how many tensors that were lent have not been given back.
func Out() int { return int(out.Load()) }

// Lend returns a DLManagedTensorVersioned of DLPack 1 over m's memory, which is held
// until its deleter is called. Read-only memory is marked as such.
func Lend(m cuda.Memory) (unsafe.Pointer, error) {
	t, err := describe(m)
	if err != nil {
		return nil, err
	}
	var flags C.uint64_t
	if m.ReadOnly() {
		flags |= C.DLPACK_FLAG_BITMASK_READ_ONLY
	}
	if t.dtype.bits < 8 {
		flags |= C.DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED
	}
	return lend(m, t, func(t *C.DLTensor, shape *C.int64_t, h cgo.Handle) unsafe.Pointer {
		return unsafe.Pointer(C.ndf_lend(t, shape, flags, C.uintptr_t(h)))
	})
}

// LendUnversioned returns a DLManagedTensor, the structure from before DLPack 1. It
// cannot say that memory is read-only or that types of less than eight bits are
// padded, so those are refused.
func LendUnversioned(m cuda.Memory) (unsafe.Pointer, error) {
	t, err := describe(m)
	switch {
	case err != nil:
		return nil, err
	case m.ReadOnly():
		return nil, fmt.Errorf("dlpack: lend: %w, which only DLPack 1 can say", cuda.ErrReadOnly)
	case t.dtype.bits < 8:
		return nil, fmt.Errorf("dlpack: lend: %w: a byte for each %v is something that only DLPack 1 can say", npy.ErrDType, m.DType())
	}
	return lend(m, t, func(t *C.DLTensor, shape *C.int64_t, h cgo.Handle) unsafe.Pointer {
		return unsafe.Pointer(C.ndf_lend_unversioned(t, shape, C.uintptr_t(h)))
	})
}

// lend holds m while the tensor that make returns is out.
func lend(m cuda.Memory, t C.DLTensor, make func(*C.DLTensor, *C.int64_t, cgo.Handle) unsafe.Pointer) (unsafe.Pointer, error) {
	if err := m.Hold(); err != nil {
		return nil, fmt.Errorf("dlpack: lend: %w", err)
	}
	l := &lent{memory: m}
	switch m := m.(type) {
	case *cuda.Buffer:
		t.data = devicePointer(m.Pointer())
	case *npy.Array:
		t.data = l.pin(m)
	case *cuda.HostBuffer:
		t.data = l.pin(m.Array)
	}
	shape := dims(m.Shape())
	h := cgo.NewHandle(l)
	p := make(&t, unsafe.SliceData(shape), h)
	if p == nil {
		h.Delete()
		l.end()
		return nil, errors.New("dlpack: lend: no memory is left")
	}
	out.Add(1)
	return p, nil
}

// pin returns the address of an array's elements, which stays.
func (l *lent) pin(a *npy.Array) unsafe.Pointer {
	b := a.Bytes()
	if len(b) == 0 {
		return nil
	}
	l.pinner.Pin(unsafe.SliceData(b))
	return unsafe.Pointer(unsafe.SliceData(b))
}

func (l *lent) end() {
	l.pinner.Unpin()
	l.memory.Unhold()
}

// ndfDLPackReturned is called by the deleter, on any thread.
//
//export ndfDLPackReturned
func ndfDLPackReturned(handle C.uintptr_t) {
	h := cgo.Handle(handle)
	l := h.Value().(*lent)
	h.Delete()
	l.end()
	out.Add(-1)
}

// describe is a tensor of m but for its address and shape.
func describe(m cuda.Memory) (t C.DLTensor, err error) {
	t.device.device_type = C.kDLCPU
	nothing := false
	switch m := m.(type) {
	case nil:
		nothing = true
	case *cuda.Buffer:
		if nothing = m == nil; !nothing {
			t.device.device_type = C.kDLCUDA
			t.device.device_id = C.int32_t(m.Device().Ordinal())
		}
	case *cuda.HostBuffer:
		nothing = m == nil
		t.device.device_type = C.kDLCUDAHost
	case *npy.Array:
		nothing = m == nil
	default:
		return t, fmt.Errorf("dlpack: lend: have a %T, want an *npy.Array, *cuda.HostBuffer or *cuda.Buffer", m)
	}
	if nothing {
		return t, errors.New("dlpack: lend: the array is nil")
	}
	kind, ok := kinds[m.DType()]
	if !ok {
		return t, fmt.Errorf("dlpack: lend: %w: %v has no type in DLPack", npy.ErrDType, m.DType())
	}
	t.dtype = C.DLDataType{code: C.uint8_t(kind.code), bits: C.uint8_t(kind.bits), lanes: 1}
	t.ndim = C.int32_t(m.NDim())
	return t, nil
}

func dims(shape []int) []C.int64_t {
	d := make([]C.int64_t, len(shape))
	for i, n := range shape {
		d[i] = C.int64_t(n)
	}
	return d
}
