package tfc

// #include "capi.h"
// #include "hold.h"
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"unsafe"

	"ndflow/npy"
)

// Tensor is a TF_Tensor: a dtype, a shape and memory that TensorFlow shares.
// It is safe for concurrent use.
type Tensor struct {
	mu      sync.Mutex
	c       *C.TF_Tensor // nil once closed
	cleanup runtime.Cleanup
	res     *tensorResource
	ours    bool // made by AllocateTensor: no one else knows the memory yet
}

// tensorResource is what a Tensor gives back: by Close, or by the garbage
// collector.
type tensorResource struct {
	c    *C.TF_Tensor
	hold *hold // of the array whose memory this is, if it is one
	size int64
}

// own counts the tensor, from when it is Go's to free.
func (r *tensorResource) own() {
	objects.Add("tensor", 1)
	weigh(r.size)
}

func (r *tensorResource) free() {
	C.TF_DeleteTensor(r.c)
	if r.hold != nil {
		r.hold.drop()
	}
	unweigh(r.size)
	objects.Add("tensor", -1)
}

// NewTensor returns a tensor of a's elements. Memory that is aligned to
// [npy.Align] bytes is used in place: a is held, see [InUse], until TensorFlow
// is done with it, which may be later than Close. Other memory and strings are
// copied.
func NewTensor(a *npy.Array) (*Tensor, error) {
	if err := ensure(); err != nil {
		return nil, err
	}
	if a == nil {
		return nil, fmt.Errorf("tfc: tensor of a nil array")
	}
	if a.DType() == npy.String {
		c, err := newStrings(a)
		if err != nil {
			return nil, err
		}
		return ownTensor(c, nil), nil
	}
	dt, err := DataTypeOf(a.DType())
	if err != nil {
		return nil, err
	}
	h, err := newHold(a)
	if err != nil {
		return nil, fmt.Errorf("tfc: %w", err)
	}
	dims, b := cDims(a.Shape()), a.Bytes()
	c := C.ndf_hold_tensor(h.c, C.TF_DataType(dt), ptr(dims), C.int(len(dims)), unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)))
	if c == nil {
		h.drop()
		return nil, outOfMemory(len(b))
	}
	return ownTensor(c, h), nil
}

// AllocateTensor returns a tensor of TensorFlow's own memory, not initialised,
// for dtypes of a fixed size. [Tensor.View] gives the memory.
func AllocateTensor(dt DataType, shape ...int) (*Tensor, error) {
	if err := ensure(); err != nil {
		return nil, err
	}
	size := dt.DType().Size()
	if size == 0 {
		return nil, fmt.Errorf("tfc: cannot allocate a tensor of %v", dt)
	}
	for _, d := range shape {
		if d < 0 || (d > 0 && size > math.MaxInt/d) {
			return nil, fmt.Errorf("tfc: cannot allocate a tensor of %v with shape %v", dt, shape)
		}
		size *= d
	}
	dims := cDims(shape)
	c := C.TF_AllocateTensor(C.TF_DataType(dt), ptr(dims), C.int(len(dims)), C.size_t(size))
	if c == nil {
		return nil, outOfMemory(size)
	}
	t := ownTensor(c, nil)
	t.ours = true
	return t, nil
}

// ownTensor returns a Tensor that frees c.
func ownTensor(c *C.TF_Tensor, h *hold) *Tensor {
	res := &tensorResource{c: c, hold: h, size: int64(C.TF_TensorByteSize(c))}
	t := &Tensor{c: c, res: res}
	t.cleanup = runtime.AddCleanup(t, (*tensorResource).free, res)
	res.own()
	return t
}

// Close gives the tensor back. Views of it must have been released.
func (t *Tensor) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.c != nil {
		t.cleanup.Stop()
		t.res.free()
		t.c = nil
	}
}

// DataType returns TensorFlow's type of the elements.
func (t *Tensor) DataType() (DataType, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.c == nil {
		return 0, fmt.Errorf("tfc: tensor: %w", ErrClosed)
	}
	return DataType(C.TF_TensorType(t.c)), nil
}

// Shape returns the dimensions.
func (t *Tensor) Shape() ([]int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.c == nil {
		return nil, fmt.Errorf("tfc: tensor: %w", ErrClosed)
	}
	return tensorShape(t.c), nil
}

// View turns the tensor into an array over TensorFlow's own memory, without a
// copy, and closes the tensor: the array owns the memory from then on and
// gives it back by Release or when it is collected. Strings are copied. The
// array is read-only unless the memory was made by [AllocateTensor], since
// TensorFlow may share it.
func (t *Tensor) View() (*npy.Array, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.c == nil {
		return nil, fmt.Errorf("tfc: tensor: %w", ErrClosed)
	}
	a, err := viewTensor(t.c, !t.ours, t.res.free)
	if err != nil {
		return nil, err
	}
	t.cleanup.Stop()
	t.c = nil
	return a, nil
}

// viewTensor returns the array over c's memory; free is called when it ends,
// or at once where the elements were copied. On error c is not freed.
func viewTensor(c *C.TF_Tensor, readOnly bool, free func()) (*npy.Array, error) {
	dt, shape := DataType(C.TF_TensorType(c)), tensorShape(c)
	dtype, data, size := dt.DType(), C.TF_TensorData(c), int(C.TF_TensorByteSize(c))
	if dtype == npy.Invalid {
		return nil, fmt.Errorf("tfc: a tensor of %v has no array form", dt)
	}
	if dtype == npy.String {
		a, err := npy.New(npy.String, shape...)
		if err != nil {
			return nil, fmt.Errorf("tfc: %w", err)
		}
		values, _ := npy.Values[string](a) // it was made as strings above
		if err := readStrings(values, data); err != nil {
			return nil, err
		}
		free()
		return a, nil
	}
	return npy.External(dtype, shape, unsafe.Slice((*byte)(data), size), readOnly, free)
}

func tensorShape(c *C.TF_Tensor) []int {
	shape := make([]int, C.TF_NumDims(c))
	for i := range shape {
		shape[i] = int(C.TF_Dim(c, C.int(i)))
	}
	return shape
}

func cDims(shape []int) []C.int64_t {
	dims := make([]C.int64_t, len(shape))
	for i, d := range shape {
		dims[i] = C.int64_t(d)
	}
	return dims
}

// ptr is &s[0], and nil for an empty slice.
func ptr[T any](s []T) *T { return unsafe.SliceData(s) }

func outOfMemory(size int) error {
	return fmt.Errorf("tfc: %w: no memory for %d bytes", ResourceExhausted, size)
}
