package tfc

// #cgo nocallback ndf_handle_dtype
// #cgo noescape ndf_handle_describe
// #cgo nocallback ndf_handle_describe
// #cgo noescape ndf_handle_into
// #cgo nocallback ndf_handle_into
// #include <stdlib.h>
// #include "handle.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"ndflow/npy"
)

// Handle is a TFE_TensorHandle: a tensor of an eager context, on one of its
// devices, perhaps still being computed. It is safe for concurrent use.
type Handle struct {
	res     *handleResource
	cleanup runtime.Cleanup
}

// handleResource is what a Handle gives back.
type handleResource struct {
	c      *C.ndf_handle
	ctx    *contextResource
	size   int64 // what it weighs
	closed atomic.Bool

	settled atomic.Bool // the executor has been waited for after the tensor has failed
}

// ownHandle returns a Handle that deletes c, which may be NULL for an empty one.
func ownHandle(ctx *contextResource, c *C.TFE_TensorHandle, size int64) (*Handle, error) {
	cell := C.ndf_handle_new(c)
	if cell == nil {
		if c != nil {
			C.TFE_DeleteTensorHandle(c)
		}
		return nil, outOfMemory(int(unsafe.Sizeof(*cell)))
	}
	ctx.enter()
	res := &handleResource{c: cell, ctx: ctx, size: size}
	h := &Handle{res: res}
	h.cleanup = runtime.AddCleanup(h, (*handleResource).free, res)
	objects.Add("handle", 1)
	weigh(size)
	return h, nil
}

// close ends the tensor. The cell stays, since ops may look at it.
func (r *handleResource) close() {
	if r.closed.CompareAndSwap(false, true) {
		C.ndf_handle_close(r.c)
		unweigh(r.size)
		r.ctx.leave()
	}
}

// free is for when neither the Handle nor an op can reach the cell any more.
func (r *handleResource) free() {
	r.close()
	C.free(unsafe.Pointer(r.c))
	objects.Add("handle", -1)
}

// NewHandle returns a handle to a's elements on the CPU (TFE_NewTensorHandle),
// which are used in place as in [NewTensor].
func (c *EagerContext) NewHandle(a *npy.Array) (h *Handle, err error) {
	t, err := NewTensor(a)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	err = c.use(func(*C.TFE_Context) error {
		var th *C.TFE_TensorHandle
		if err := status(func(s *C.TF_Status) { th = C.TFE_NewTensorHandle(t.c, s) }); err != nil {
			return err
		}
		h, err = ownHandle(c.res, th, t.res.size)
		return err
	})
	return h, err
}

// NewHandleOn returns a handle to a's elements as memory of a device, used in place
// (TFE_NewTensorHandleFromDeviceMemory). The device, by its full name, must be one
// whose memory is the host's; see [EagerContext.NewHandleFromDevice] for others.
func (c *EagerContext) NewHandleOn(device string, a *npy.Array) (*Handle, error) {
	if a == nil {
		return nil, fmt.Errorf("tfc: tensor of a nil array")
	}
	lo, hi := extent(a.Bytes())
	m := DeviceMemory{Device: device, DType: a.DType(), Shape: a.Shape(), Address: lo, Size: int(hi - lo), Owner: a}
	return c.newHandleAt(m, func() (*hold, error) { return newHold(a) })
}

// EmptyHandle returns a handle to no tensor, for [EagerOp.RunTo] to fill.
func (c *EagerContext) EmptyHandle() (h *Handle, err error) {
	err = c.use(func(*C.TFE_Context) error {
		h, err = ownHandle(c.res, nil, 0)
		return err
	})
	return h, err
}

// Close gives the handle back (TFE_DeleteTensorHandle). An op that is using it
// goes on.
func (h *Handle) Close() { h.res.close() }

// HandleInfo is what a handle's tensor is.
type HandleInfo struct {
	DataType DataType
	Shape    []int
}

// failed is the error of a C call on the handle: of a closed one, or what the op
// that was to make the tensor has failed with.
func (h *Handle) failed(closed bool, s *C.TF_Status) error {
	if closed {
		return fmt.Errorf("tfc: tensor: %w", ErrClosed)
	}
	err := statusError(s)
	if h.res.ctx.async && h.res.settled.CompareAndSwap(false, true) {
		h.res.ctx.settle()
	}
	return err
}

// DataType returns TensorFlow's type of the elements
// (TFE_TensorHandleDataType). It does not wait.
func (h *Handle) DataType() (DataType, error) {
	dt := DataType(C.ndf_handle_dtype(h.res.c))
	runtime.KeepAlive(h)
	if dt == 0 {
		return 0, fmt.Errorf("tfc: tensor: %w", ErrClosed)
	}
	return dt, nil
}

// Describe tells dtype and shape. It waits where the tensor is still being
// computed, and returns the error of an op that has failed to.
func (h *Handle) Describe() (HandleInfo, error) {
	s := C.TF_NewStatus()
	defer C.TF_DeleteStatus(s)
	var info C.ndf_handle_info
	var closed C.bool
	ok := C.ndf_handle_describe(h.res.c, &info, &closed, s)
	runtime.KeepAlive(h)
	if !ok {
		return HandleInfo{}, h.failed(bool(closed), s)
	}
	return HandleInfo{DataType: DataType(info.dtype), Shape: infoShape(&info)}, nil
}

func infoShape(i *C.ndf_handle_info) []int {
	shape := make([]int, max(i.num_dims, 0))
	for d := range shape {
		shape[d] = int(i.dims[d])
	}
	return shape
}

// take calls f with the C handle while it cannot be deleted.
func (h *Handle) take(f func(*C.TFE_TensorHandle) error) error {
	defer runtime.KeepAlive(h)
	c := C.ndf_handle_take(h.res.c)
	if c == nil {
		return fmt.Errorf("tfc: tensor: %w", ErrClosed)
	}
	defer C.ndf_handle_give(h.res.c)
	return f(c)
}

// Device returns the full name of the device that the op which made the tensor
// ran on (TFE_TensorHandleDeviceName).
func (h *Handle) Device() (name string, err error) {
	err = h.take(func(c *C.TFE_TensorHandle) error {
		return status(func(s *C.TF_Status) { name = C.GoString(C.TFE_TensorHandleDeviceName(c, s)) })
	})
	return name, err
}

// BackingDevice returns the full name of the device whose memory the tensor is in
// (TFE_TensorHandleBackingDeviceName). Ops on a GPU have some small tensors in
// the host's.
func (h *Handle) BackingDevice() (name string, err error) {
	err = h.take(func(c *C.TFE_TensorHandle) error {
		return status(func(s *C.TF_Status) { name = C.GoString(C.TFE_TensorHandleBackingDeviceName(c, s)) })
	})
	return name, err
}

// CopyTo returns the tensor on a device (TFE_TensorHandleCopyToDevice). On the
// same device, and between CPU devices, it shares memory.
func (h *Handle) CopyTo(ctx *EagerContext, device string) (out *Handle, err error) {
	cdevice, err := cName(device)
	if err != nil {
		return nil, err
	}
	defer freeName(cdevice)
	err = ctx.use(func(cc *C.TFE_Context) error {
		return h.take(func(c *C.TFE_TensorHandle) error {
			var copied *C.TFE_TensorHandle
			if err := status(func(s *C.TF_Status) { copied = C.TFE_TensorHandleCopyToDevice(c, cc, cdevice, s) }); err != nil {
				return err
			}
			out, err = ownHandle(ctx.res, copied, h.res.size)
			return err
		})
	})
	return out, err
}

// Resolve returns the tensor on the host (TFE_TensorHandleResolve): on the CPU it
// shares the handle's memory.
func (h *Handle) Resolve() (*Tensor, error) {
	s := C.TF_NewStatus()
	defer C.TF_DeleteStatus(s)
	var closed C.bool
	t := C.ndf_handle_resolve(h.res.c, &closed, s)
	runtime.KeepAlive(h)
	if t == nil {
		return nil, h.failed(bool(closed), s)
	}
	return ownTensor(t, nil), nil
}

// Into copies the tensor to the front of dst, which is flat or equals it beyond
// axis 0. dst must not be strings. The error is, or wraps, an [*Error], a
// [*FitError], a [*DTypeError] or [ErrClosed].
func (h *Handle) Into(dst *npy.Array) error {
	dt, err := checkInto(dst)
	if err != nil {
		return err
	}
	if err := dst.Hold(); err != nil {
		return fmt.Errorf("tfc: %w", err)
	}
	defer dst.Unhold()
	s := C.TF_NewStatus()
	defer C.TF_DeleteStatus(s)
	var info C.ndf_handle_info
	var dims [C.NDF_MAX_DIMS]C.int64_t
	for d := range dst.NDim() {
		dims[d] = C.int64_t(dst.Dim(d))
	}
	b := dst.Bytes()
	r := C.ndf_handle_into(h.res.c, &info, C.TF_DataType(dt), unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)),
		&dims[0], C.int(dst.NDim()), s)
	runtime.KeepAlive(h)
	switch r {
	case C.NDF_DONE:
		return nil
	case C.NDF_CLOSED:
		return h.failed(true, s)
	case C.NDF_STATUS:
		return h.failed(false, s)
	case C.NDF_WRONG_DTYPE:
		return &DTypeError{Have: DataType(info.dtype), Want: dst.DType()}
	}
	want := infoShape(&info)
	return &FitError{Have: dst.Shape(), HaveSize: len(b), Want: want, WantSize: product(want) * dst.DType().Size()}
}

// checkInto says which type of tensor may land in dst.
func checkInto(dst *npy.Array) (DataType, error) {
	switch {
	case dst == nil:
		return 0, fmt.Errorf("tfc: array is nil")
	case dst.ReadOnly():
		return 0, fmt.Errorf("tfc: array is read-only")
	case dst.NDim() > C.NDF_MAX_DIMS:
		return 0, fmt.Errorf("tfc: %w: %d dimensions, TensorFlow has up to %d", npy.ErrShape, dst.NDim(), C.NDF_MAX_DIMS)
	case InUse(dst):
		return 0, fmt.Errorf("tfc: %w", ErrInUse)
	}
	return DataTypeOf(dst.DType())
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// DTypeError says that a tensor is not of the dtype of the array that it was to
// land in. It is [npy.ErrDType].
type DTypeError struct {
	Fetch int // the number of the result
	Have  DataType
	Want  npy.DType
}

func (e *DTypeError) Error() string {
	return fmt.Sprintf("tfc: result %d: %v: the tensor is of %v, the array of %v", e.Fetch, npy.ErrDType, e.Have, e.Want)
}

// Unwrap returns npy.ErrDType.
func (e *DTypeError) Unwrap() error { return npy.ErrDType }
