package cuda

// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"ndflow/npy"
)

// Buffer is an array in a device's memory: dtype, shape and memory, always
// row-major. The host cannot read it; [Copy] and [Stream.Copy] bring it over. Its
// dtype and shape never change.
//
// A view ([Buffer.Slice], [Buffer.Reshape], [Buffer.Front]) is a Buffer of its
// own over the same memory. The memory is given back when the Buffer and all its
// views are closed, or found unreachable by the garbage collector, and no hold
// and no copy that is under way is left. The collector does not know how much
// memory a Buffer stands for, so it may come late: close Buffers.
type Buffer struct {
	mem      *memory
	dev      *Device
	addr     uintptr
	dtype    npy.DType
	shape    []int
	n        int
	readOnly bool
	closed   atomic.Bool
	cleanup  runtime.Cleanup
}

// NewBuffer returns a Buffer in new memory of the device, aligned to 256 bytes
// (cuMemAlloc). The memory is not cleared; see [Stream.Zero]. No dimensions
// means a 0-d buffer of one element. Strings have no place on a device.
func (d *Device) NewBuffer(dtype npy.DType, shape ...int) (*Buffer, error) {
	size, err := sizeOf(dtype, shape)
	if err != nil {
		return nil, err
	}
	p, err := d.use()
	if err != nil {
		return nil, err
	}
	defer p.unref()
	addr, err := p.alloc(size)
	if err != nil {
		return nil, fmt.Errorf("cuda: device %d: buffer %v %v of %d bytes: %w", p.ordinal, dtype, shape, size, err)
	}
	var free func()
	if size > 0 {
		objects.Add("buffer", 1)
		free = func() {
			C.ndc_free(p.info.ctx, C.uintptr_t(addr)) // fails only where the context is lost, and the memory with it
			objects.Add("buffer", -1)
		}
	}
	return newBuffer(d, newMemory(p, free), addr, dtype, shape, false), nil
}

// alloc returns new memory, none for a size of 0. What is closed and was waiting
// for copies to be done is given back first where there is not enough.
func (p *primary) alloc(size int) (uintptr, error) {
	if size == 0 {
		return 0, nil
	}
	reap()
	ptr := C.ndc_alloc(p.info.ctx, C.size_t(size))
	err := errorOf(ptr.status)
	if errors.Is(err, OutOfMemory) && drainNow() {
		ptr = C.ndc_alloc(p.info.ctx, C.size_t(size))
		err = errorOf(ptr.status)
	}
	if errors.Is(err, OutOfMemory) {
		if m := C.ndc_memory(p.info.ctx); m.status.code == C.CUDA_SUCCESS {
			err = fmt.Errorf("%d of %d bytes are free: %w", m.free, m.total, err)
		}
	}
	return uintptr(ptr.ptr), err
}

// newBuffer takes over one reference of mem.
func newBuffer(d *Device, mem *memory, addr uintptr, dtype npy.DType, shape []int, readOnly bool) *Buffer {
	n, _ := npy.Count(dtype, shape...) // the caller has checked the shape
	b := &Buffer{mem: mem, dev: d, addr: addr, dtype: dtype, shape: slices.Clone(shape), n: n, readOnly: readOnly}
	b.cleanup = runtime.AddCleanup(b, (*memory).unref, mem)
	return b
}

// sizeOf returns the bytes of an array, or an error where there is no such array
// on a device.
func sizeOf(dtype npy.DType, shape []int) (int, error) {
	n, err := npy.Count(dtype, shape...)
	if err != nil {
		return 0, fmt.Errorf("cuda: %w", err)
	}
	if dtype == npy.String {
		return 0, fmt.Errorf("cuda: %w: strings have no place in a device's memory", npy.ErrDType)
	}
	return n * dtype.Size(), nil
}

// Close ends the Buffer; see [Buffer] for when its memory is given back. It may
// be called more than once.
func (b *Buffer) Close() {
	if b == nil || b.mem == nil || b.closed.Swap(true) {
		return
	}
	b.cleanup.Stop()
	b.mem.unref()
	if b.mem.held() {
		settle()
	}
}

// DType returns the type of the elements.
func (b *Buffer) DType() npy.DType { return b.dtype }

// Shape returns a copy of the dimensions: empty for a 0-d buffer.
func (b *Buffer) Shape() []int { return append([]int{}, b.shape...) }

// NDim returns the number of dimensions.
func (b *Buffer) NDim() int { return len(b.shape) }

// Dim returns the size of one axis. Like an index into Shape, it panics when
// there is no such axis.
func (b *Buffer) Dim(axis int) int { return b.shape[axis] }

// Len returns the number of elements.
func (b *Buffer) Len() int { return b.n }

// Size returns the number of bytes.
func (b *Buffer) Size() int { return b.n * b.dtype.Size() }

// Device returns the device whose memory it is.
func (b *Buffer) Device() *Device { return b.dev }

// Pointer returns the address in the device's memory: 0 for a buffer that is
// closed or has no elements. It is valid while the Buffer is held ([Buffer.Hold])
// or reachable and not closed.
func (b *Buffer) Pointer() uintptr {
	if b.closed.Load() {
		return 0
	}
	return b.addr
}

// ReadOnly reports whether the memory must not be written to.
func (b *Buffer) ReadOnly() bool { return b.readOnly }

// Hold keeps the memory from being given back until [Buffer.Unhold] is called as
// often, as [npy.Array.Hold] does.
func (b *Buffer) Hold() error {
	if !b.hold() {
		return fmt.Errorf("cuda: buffer: %w", ErrClosed)
	}
	return nil
}

// hold is Hold; it is false where the buffer is closed.
func (b *Buffer) hold() bool { return b.mem != nil && !b.closed.Load() && b.mem.ref() }

// Unhold undoes one [Buffer.Hold].
func (b *Buffer) Unhold() { b.mem.unref() }

// String says what the buffer is, not what is in it: "float32 [2 3] on GPU 0".
func (b *Buffer) String() string {
	switch {
	case b == nil || b.mem == nil:
		return "nil buffer"
	case b.closed.Load():
		return fmt.Sprintf("%v %v on GPU %d, closed", b.dtype, b.shape, b.mem.p.ordinal)
	}
	return fmt.Sprintf("%v %v on GPU %d", b.dtype, b.shape, b.mem.p.ordinal)
}
