package tfc

// #cgo noescape ndf_handle_in_place
// #cgo nocallback ndf_handle_in_place
// #include <stdlib.h>
// #include "handle.h"
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"

	"ndflow/npy"
)

// DeviceMemory is memory of a device that becomes a tensor.
type DeviceMemory struct {
	Device  string // its full name
	DType   npy.DType
	Shape   []int
	Address uintptr // aligned to npy.Align bytes
	Size    int     // bytes, as many as DType and Shape take
	Owner   Holder  // holds the memory until TensorFlow is done with it
}

// NewHandleFromDevice returns a handle to memory of a device, used in place
// (TFE_NewTensorHandleFromDeviceMemory). The memory is held until TensorFlow has let
// it go, which is when the handle and all tensors that share with it are closed. By
// then the device may still have work before it that reads the memory: the owner's
// Unhold waits for that, on a goroutine of its own.
//
// TensorFlow checks nothing of what it is given, and ends the process where memory
// is misaligned, so all but the address itself is checked here.
func (c *EagerContext) NewHandleFromDevice(m DeviceMemory) (*Handle, error) {
	if m.Owner == nil {
		return nil, fmt.Errorf("tfc: device memory without an owner")
	}
	return c.newHandleAt(m, func() (*hold, error) {
		return newDeviceHold(m.Owner, m.Address, m.Address+uintptr(m.Size))
	})
}

func (c *EagerContext) newHandleAt(m DeviceMemory, newHold func() (*hold, error)) (h *Handle, err error) {
	dt, err := m.check()
	if err != nil {
		return nil, err
	}
	device, err := cName(m.Device)
	if err != nil {
		return nil, err
	}
	defer freeName(device)
	dims := cDims(m.Shape)
	err = c.use(func(ctx *C.TFE_Context) error {
		held, err := newHold()
		if err != nil {
			return fmt.Errorf("tfc: %w", err)
		}
		defer held.drop() // which lasts until TensorFlow has let the memory go
		var th *C.TFE_TensorHandle
		err = status(func(s *C.TF_Status) {
			th = C.ndf_hold_handle(held.c, ctx, device, C.TF_DataType(dt), ptr(dims), C.int(len(dims)), C.uintptr_t(m.Address), C.size_t(m.Size), s)
		})
		if err != nil {
			return err
		}
		h, err = ownHandle(c.res, th, int64(m.Size))
		return err
	})
	return h, err
}

// check does what TensorFlow does not.
func (m *DeviceMemory) check() (DataType, error) {
	if m.DType == npy.String {
		return 0, fmt.Errorf("tfc: %w: strings have no memory that a device could use in place", npy.ErrDType)
	}
	dt, err := DataTypeOf(m.DType)
	if err != nil {
		return 0, err
	}
	if len(m.Shape) > C.NDF_MAX_DIMS {
		return 0, fmt.Errorf("tfc: %w: %d dimensions, TensorFlow takes up to %d", npy.ErrShape, len(m.Shape), C.NDF_MAX_DIMS)
	}
	size, err := bytesOf(m.DType, m.Shape)
	if err != nil {
		return 0, err
	}
	if size != m.Size {
		return 0, fmt.Errorf("tfc: %w: have %d bytes, want %d for %v of %v", npy.ErrShape, m.Size, size, m.Shape, m.DType)
	}
	if size > 0 && m.Address%npy.Align != 0 {
		return 0, fmt.Errorf("tfc: array %v %v: %w", m.DType, m.Shape, ErrAligned)
	}
	if size > 0 && (m.Address == 0 || m.Address > math.MaxUint-uintptr(size)) {
		return 0, fmt.Errorf("tfc: no device has %d bytes at address %#x", size, m.Address)
	}
	return dt, nil
}

// bytesOf is how many bytes an array takes.
func bytesOf(dtype npy.DType, shape []int) (int, error) {
	size, empty := dtype.Size(), false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("tfc: %w: negative dimension in %v", npy.ErrShape, shape)
		case d == 0:
			empty = true
		case size > math.MaxInt/d:
			return 0, fmt.Errorf("tfc: %w: %v of %v has more bytes than fit", npy.ErrShape, shape, dtype)
		default:
			size *= d
		}
	}
	if empty {
		return 0, nil
	}
	return size, nil
}

// InPlace is a tensor where it lies, in the memory of its device. The memory stays
// TensorFlow's, and is not to be written to; it is kept from being given back, or
// used for something else, until Close, also where the Handle is closed or another
// tensor put in its place. It is a [Holder] for those who need it beyond Close.
type InPlace struct {
	Device   string // the full name of the device whose memory it is
	DataType DataType
	Shape    []int
	Address  uintptr // what the host may do with it the device decides
	Size     int     // bytes

	res     *inPlaceResource
	cleanup runtime.Cleanup
	closed  atomic.Bool // Close was called
}

type inPlaceResource struct {
	c     *C.TFE_TensorHandle
	ctx   *contextResource
	size  int64
	users atomic.Int64 // the InPlace, and holds
}

// InPlace returns where the tensor lies. It waits for one that is still being
// computed and then for the device that computes it, so that what is at the address
// can be read at once, on any stream. A tensor of strings, or of what arrays cannot
// hold, is in no such memory: that is [npy.ErrDType].
func (h *Handle) InPlace() (*InPlace, error) {
	s := C.TF_NewStatus()
	defer C.TF_DeleteStatus(s)
	var m C.ndf_in_place
	r := C.ndf_handle_in_place(h.res.c, &m, s)
	runtime.KeepAlive(h)
	switch r {
	case C.NDF_CLOSED:
		return nil, h.failed(true, s)
	case C.NDF_STATUS:
		return nil, h.failed(false, s)
	case C.NDF_WRONG_DTYPE:
		return nil, fmt.Errorf("tfc: %w: a tensor of %v is in no memory that can be copied", npy.ErrDType, DataType(m.info.dtype))
	}
	h.res.ctx.enter()
	res := &inPlaceResource{c: m.handle, ctx: h.res.ctx, size: int64(m.size)}
	res.users.Store(1)
	p := &InPlace{
		Device: C.GoString(m.device), DataType: DataType(m.info.dtype), Shape: infoShape(&m.info),
		Address: uintptr(m.address), Size: int(m.size), res: res,
	}
	p.cleanup = runtime.AddCleanup(p, (*inPlaceResource).leave, res)
	objects.Add("tensor in place", 1)
	weigh(res.size)
	return p, nil
}

func (r *inPlaceResource) leave() {
	if r.users.Add(-1) > 0 {
		return
	}
	C.TFE_DeleteTensorHandle(r.c)
	unweigh(r.size)
	r.ctx.leave()
	objects.Add("tensor in place", -1)
}

// Hold keeps the memory until Unhold is called as often. It fails after Close.
func (p *InPlace) Hold() error {
	for !p.closed.Load() {
		n := p.res.users.Load()
		if n > 0 && p.res.users.CompareAndSwap(n, n+1) {
			return nil
		}
	}
	return fmt.Errorf("tfc: tensor: %w", ErrClosed)
}

// Unhold undoes one Hold.
func (p *InPlace) Unhold() { p.res.leave() }

// Close lets the memory go (TFE_DeleteTensorHandle), once nobody holds it.
func (p *InPlace) Close() {
	if p.closed.CompareAndSwap(false, true) {
		p.cleanup.Stop()
		p.res.leave()
	}
}
