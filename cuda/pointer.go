package cuda

// #include "driver.h"
import "C"

import (
	"fmt"

	"ndflow/npy"
)

// OrdinalOf returns the number of the device whose memory ptr points to
// (cuPointerGetAttributes). Memory of the host, pinned or not, is an error.
func OrdinalOf(ptr uintptr) (int, error) {
	if err := Available(); err != nil {
		return 0, err
	}
	p := anyPrimary()
	if p != nil {
		defer p.unref()
	}
	r, err := p.rangeOf(ptr)
	if err != nil {
		return 0, err
	}
	return int(r.ordinal), nil
}

// rangeOf asks the driver what ptr points to; p may be nil.
func (p *primary) rangeOf(ptr uintptr) (C.ndc_range, error) {
	var ctx C.CUcontext
	if p != nil {
		ctx = p.info.ctx
	}
	r := C.ndc_range_of(ctx, C.uintptr_t(ptr))
	if err := errorOf(r.status); err != nil {
		return r, fmt.Errorf("cuda: pointer %#x: %w", ptr, err)
	}
	if r.ordinal < 0 {
		return r, fmt.Errorf("cuda: %w: pointer %#x is not of a device's memory", ErrDevice, ptr)
	}
	return r, nil
}

// checkRange returns an error where size bytes at ptr are not the device's.
func (p *primary) checkRange(ptr uintptr, size int) error {
	if size == 0 {
		return nil
	}
	r, err := p.rangeOf(ptr)
	if err != nil {
		return err
	}
	if int(r.ordinal) != p.ordinal {
		return fmt.Errorf("cuda: %w: pointer %#x is of device %d, want device %d", ErrDevice, ptr, int(r.ordinal), p.ordinal)
	}
	if left := uintptr(r.start) + uintptr(r.size) - ptr; uintptr(size) > left {
		return fmt.Errorf("cuda: %w: pointer %#x has %d bytes behind it, want %d", npy.ErrShape, ptr, left, size)
	}
	return nil
}

// Wrap returns a Buffer over memory of the device that another library has
// allocated: TensorFlow, or one that has lent it by DLPack. That ptr points to
// so many bytes of this device is checked. free, if not nil, is called once when
// the memory is no longer used, on any goroutine; it must not refer to the
// Buffer. On an error it is not called and the memory stays the caller's.
func (d *Device) Wrap(ptr uintptr, dtype npy.DType, shape []int, free func()) (*Buffer, error) {
	size, err := sizeOf(dtype, shape)
	if err != nil {
		return nil, err
	}
	p, err := d.use()
	if err != nil {
		return nil, err
	}
	defer p.unref()
	if err := p.checkRange(ptr, size); err != nil {
		return nil, err
	}
	if size := uintptr(dtype.Size()); ptr%size != 0 {
		return nil, fmt.Errorf("cuda: pointer %#x is not aligned to %v, %d bytes", ptr, dtype, size)
	}
	return newBuffer(d, newMemory(p, free), ptr, dtype, shape, false), nil
}
