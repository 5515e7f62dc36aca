package cuda

// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"ndflow/npy"
)

// HostBuffer is an [npy.Array] in pinned memory of the host, which devices read
// and write by themselves: copies from and to it are one transfer, and run while
// the program goes on. It is used as any Array; a slice of it is an Array that
// keeps the memory alive. Pinned memory is taken from the whole machine: close
// HostBuffers. Should another library end the device's context, the driver takes
// the memory away with it.
type HostBuffer struct {
	*npy.Array
}

// NewHostBuffer returns an array in new pinned memory (cuMemHostAlloc), pinned for
// all devices. The memory is not cleared.
func (d *Device) NewHostBuffer(dtype npy.DType, shape ...int) (*HostBuffer, error) {
	size, err := sizeOf(dtype, shape)
	if err != nil {
		return nil, err
	}
	p, err := d.use()
	if err != nil {
		return nil, err
	}
	defer p.unref()
	if size == 0 {
		return pinned(dtype, shape, []byte{}, false, nil)
	}
	ptr := C.ndc_host_alloc(p.info.ctx, C.size_t(size))
	if err := errorOf(ptr.status); err != nil {
		return nil, fmt.Errorf("cuda: device %d: pinned array %v %v of %d bytes: %w", p.ordinal, dtype, shape, size, err)
	}
	p.ref()
	objects.Add("pinned", 1)
	addr := ptr.ptr
	return pinned(dtype, shape, bytesAt(uintptr(addr), size), false, func() {
		C.ndc_host_free(p.info.ctx, addr) // fails only where the context is lost
		objects.Add("pinned", -1)
		p.unref()
	})
}

// Register pins the memory of an array for all devices where it lies
// (cuMemHostRegister), in the Go heap, in a mapped file or elsewhere, and returns
// the same elements as a HostBuffer. a is held until that is closed. Pages are
// pinned as a whole: of two arrays that share one, the driver may refuse the
// second.
func (d *Device) Register(a *npy.Array) (*HostBuffer, error) {
	if a == nil {
		return nil, errors.New("cuda: register: nil array")
	}
	if _, err := sizeOf(a.DType(), a.Shape()); err != nil {
		return nil, err
	}
	p, err := d.use()
	if err != nil {
		return nil, err
	}
	defer p.unref()
	if err := a.Hold(); err != nil {
		return nil, fmt.Errorf("cuda: register: %w", err)
	}
	b := a.Bytes()
	if len(b) == 0 {
		return pinned(a.DType(), a.Shape(), b, a.ReadOnly(), a.Unhold)
	}
	pin := new(runtime.Pinner)
	pin.Pin(unsafe.SliceData(b))
	addr := C.uintptr_t(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	if err := errorOf(C.ndc_host_register(p.info.ctx, addr, C.size_t(len(b)), C.bool(a.ReadOnly()))); err != nil {
		pin.Unpin()
		a.Unhold()
		return nil, fmt.Errorf("cuda: device %d: register array %v %v of %d bytes: %w", p.ordinal, a.DType(), a.Shape(), len(b), err)
	}
	p.ref()
	objects.Add("registered", 1)
	return pinned(a.DType(), a.Shape(), b, a.ReadOnly(), func() {
		// Copies of the array itself may be under way, which do not hold this one.
		drainNow()
		C.ndc_host_unregister(p.info.ctx, addr) // fails only where the context is lost
		objects.Add("registered", -1)
		pin.Unpin()
		a.Unhold()
		p.unref()
	})
}

// pinned is the array over pinned memory. It cannot fail: dtype, shape and size
// were checked.
func pinned(dtype npy.DType, shape []int, b []byte, readOnly bool, free func()) (*HostBuffer, error) {
	a, err := npy.External(dtype, shape, b, readOnly, free)
	if err != nil {
		if free != nil {
			free()
		}
		return nil, fmt.Errorf("cuda: %w", err)
	}
	return &HostBuffer{Array: a}, nil
}

// bytesAt is the host's memory at an address outside the Go heap.
func bytesAt(addr uintptr, n int) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), n)
}

// Close gives the memory back when no copy that is under way needs it any longer;
// the array and all slices of it are unusable from then on, as after
// [npy.Array.Release]. It may be called more than once.
func (h *HostBuffer) Close() {
	if h == nil || h.Array == nil {
		return
	}
	h.Array.Release()
	settle()
}
