package dlpack

// #include "managed.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"ndflow/cuda"
	"ndflow/npy"
)

// maxDims bounds the dimensions that are believed.
const maxDims = 64

// Borrow returns the array of a DLManagedTensorVersioned, with no copy: an *npy.Array
// of memory of the host, pinned or not, or a *cuda.Buffer. The tensor is its from then
// on; see the package comment. Its error is npy.ErrDType or npy.ErrShape where there is
// no such array, or what [cuda.Open] and [cuda.Device.Wrap] return.
func Borrow(p unsafe.Pointer) (cuda.Memory, error) {
	if p == nil {
		return nil, errors.New("dlpack: borrow: the tensor is nil")
	}
	m := (*C.DLManagedTensorVersioned)(p)
	if m.version.major != 1 {
		return nil, fmt.Errorf("dlpack: borrow: the tensor is of DLPack %d.%d, want 1", m.version.major, m.version.minor)
	}
	padded := m.flags&C.DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED != 0
	readOnly := m.flags&C.DLPACK_FLAG_BITMASK_READ_ONLY != 0
	return borrow(&m.dl_tensor, padded, readOnly, func() { C.ndf_give_back(m) })
}

// BorrowUnversioned is [Borrow] for a DLManagedTensor, the structure from before
// DLPack 1.
func BorrowUnversioned(p unsafe.Pointer) (cuda.Memory, error) {
	if p == nil {
		return nil, errors.New("dlpack: borrow: the tensor is nil")
	}
	m := (*C.DLManagedTensor)(p)
	return borrow(&m.dl_tensor, false, false, func() { C.ndf_give_back_unversioned(m) })
}

// Return calls the deleter of a DLManagedTensorVersioned that has found no consumer.
func Return(p unsafe.Pointer) { C.ndf_give_back((*C.DLManagedTensorVersioned)(p)) }

// ReturnUnversioned calls the deleter of a DLManagedTensor that has found no consumer.
func ReturnUnversioned(p unsafe.Pointer) { C.ndf_give_back_unversioned((*C.DLManagedTensor)(p)) }

func borrow(t *C.DLTensor, padded, readOnly bool, free func()) (cuda.Memory, error) {
	shape, err := shapeOf(t)
	if err != nil {
		return nil, fmt.Errorf("dlpack: borrow: %w", err)
	}
	dtype, err := dtypeOf(t, padded)
	if err != nil {
		return nil, fmt.Errorf("dlpack: borrow: %w", err)
	}
	n, err := npy.Count(dtype, shape...)
	if err != nil {
		return nil, fmt.Errorf("dlpack: borrow: %w", err)
	}
	size := n * dtype.Size()
	address := uintptr(t.data) + uintptr(t.byte_offset)
	if size > 0 {
		if align := uintptr(min(dtype.Size(), 8)); t.data == nil || address%align != 0 {
			return nil, fmt.Errorf("dlpack: borrow: the elements, %v, are at address %#x, want one that %d divides", dtype, address, align)
		}
	}
	var m cuda.Memory
	switch t.device.device_type {
	case C.kDLCPU, C.kDLCUDAHost:
		var data []byte
		if size > 0 {
			data = unsafe.Slice((*byte)(unsafe.Add(t.data, t.byte_offset)), size)
		}
		m, err = npy.External(dtype, shape, data, readOnly, free)
	case C.kDLCUDA:
		m, err = wrap(int(t.device.device_id), address, dtype, shape, readOnly, free)
	default:
		err = fmt.Errorf("the memory is of DLPack's device type %d, want %d (CPU), %d (CUDA) or %d (pinned)",
			t.device.device_type, C.kDLCPU, C.kDLCUDA, C.kDLCUDAHost)
	}
	if err != nil {
		return nil, fmt.Errorf("dlpack: borrow: %w", err)
	}
	return m, nil
}

// wrap returns the Buffer of a device's memory.
func wrap(ordinal int, address uintptr, dtype npy.DType, shape []int, readOnly bool, free func()) (cuda.Memory, error) {
	d, err := cuda.Open(ordinal)
	if err != nil {
		return nil, err
	}
	defer d.Close() // the Buffer keeps what it needs
	b, err := d.Wrap(address, dtype, shape, free)
	if err != nil || !readOnly {
		return b, err
	}
	defer b.Close() // the view keeps the memory
	return b.AsReadOnly()
}

// shapeOf reads the shape of a tensor whose elements are row-major.
func shapeOf(t *C.DLTensor) ([]int, error) {
	n := int(t.ndim)
	switch {
	case n < 0 || n > maxDims:
		return nil, fmt.Errorf("%w: %d dimensions, want up to %d", npy.ErrShape, n, maxDims)
	case n == 0:
		return []int{}, nil
	case t.shape == nil:
		return nil, fmt.Errorf("%w: %d dimensions and no shape", npy.ErrShape, n)
	}
	shape := make([]int, n)
	empty := false
	for i, d := range unsafe.Slice(t.shape, n) {
		shape[i] = int(d)
		empty = empty || d == 0
	}
	if t.strides == nil || empty {
		return shape, nil
	}
	strides := unsafe.Slice(t.strides, n)
	want := C.int64_t(1)
	for i := n - 1; i >= 0; i-- {
		if shape[i] != 1 && strides[i] != want {
			return nil, fmt.Errorf("%w: shape %v with strides %v is not row-major; copy it first", npy.ErrShape, shape, strides)
		}
		want *= C.int64_t(shape[i])
	}
	return shape, nil
}

func dtypeOf(t *C.DLTensor, padded bool) (npy.DType, error) {
	dtype, ok := dtypes[kind{uint8(t.dtype.code), uint8(t.dtype.bits)}]
	switch {
	case !ok || t.dtype.lanes != 1:
		return npy.Invalid, fmt.Errorf("%w: DLPack's type code %d with %d bits and %d lanes", npy.ErrDType, t.dtype.code, t.dtype.bits, t.dtype.lanes)
	case t.dtype.bits < 8 && !padded:
		return npy.Invalid, fmt.Errorf("%w: %v in packed form; want a byte for each element", npy.ErrDType, dtype)
	}
	return dtype, nil
}

// devicePointer is an address of a device's memory, as C has it.
func devicePointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
