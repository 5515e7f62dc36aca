package npy

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// Errors that callers can test for with errors.Is. The error itself says what
// was given and what was expected.
var (
	ErrShape    = errors.New("shape does not fit")
	ErrDType    = errors.New("wrong dtype")
	ErrRange    = errors.New("index out of range")
	ErrReleased = errors.New("array was released")
	ErrFormat   = errors.New("not a valid file")
)

var errNil = errors.New("npy: nil array")

// Align is the alignment in bytes of the memory that [New] gives. TensorFlow
// uses a buffer in place only if it is aligned so.
const Align = 64

// Array is an n-dimensional array: dtype, shape and memory, always
// C-contiguous (row-major). The memory is in the Go heap, unless the Array
// came from [External], [Open] or [Create]. An Array's dtype and shape never
// change.
//
// Arrays are not safe for concurrent use while one goroutine writes elements.
type Array struct {
	dtype DType
	shape []int
	data  []byte   // the elements; nil for String
	strs  []string // the elements of a String array
	mem   *memory  // who owns data, when it is not the Go heap
}

// New returns an array of zeros (or empty strings) in the Go heap, aligned to
// [Align] bytes. No dimensions means a 0-d array of one element. More memory than the
// process may have is an [ErrMemory].
func New(dtype DType, shape ...int) (*Array, error) {
	n, err := checkShape(dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	a := &Array{dtype: dtype, shape: slices.Clone(shape)}
	if dtype == String {
		a.strs = make([]string, n)
		return a, nil
	}
	if a.data, err = allocate(n * dtype.Size()); err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return a, nil
}

// From returns an array over the caller's slice: no copy, the memory is
// shared. No shape means one dimension of len(s).
func From[T Element](s []T, shape ...int) (*Array, error) {
	dtype := TypeOf[T]()
	if shape == nil {
		shape = []int{len(s)}
	}
	n, err := checkShape(dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if n != len(s) {
		return nil, fmt.Errorf("npy: %w: have %d values, want %d for shape %v", ErrShape, len(s), n, shape)
	}
	a := &Array{dtype: dtype, shape: slices.Clone(shape)}
	if dtype == String {
		a.strs = any(s).([]string)
		return a, nil
	}
	a.data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), n*dtype.Size())
	return a, nil
}

// Scalar returns a 0-d array that holds v.
func Scalar[T Element](v T) *Array {
	a, err := New(TypeOf[T]())
	if err != nil {
		panic(err) // a 0-d array of a valid dtype always fits
	}
	s, _ := Values[T](a)
	s[0] = v
	return a
}

// Values returns the elements as a slice over the array's own memory, in
// row-major order. T must be the dtype's element type: float32 for Float32,
// [F16] for Float16, string for String.
//
// For an array from [External], [Open] or [Create] the slice is valid only
// while the Array is reachable and not released: memory outside the Go heap
// is not kept alive by a slice. Use runtime.KeepAlive(a) after the last use.
func Values[T Element](a *Array) ([]T, error) {
	if a == nil {
		return nil, errNil
	}
	if want := TypeOf[T](); a.dtype != want {
		return nil, fmt.Errorf("npy: %w: have %v, want %v", ErrDType, a.dtype, want)
	}
	if a.released() {
		return nil, fmt.Errorf("npy: %w", ErrReleased)
	}
	if a.dtype == String {
		return any(a.strs).([]T), nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(a.data))), len(a.data)/a.dtype.Size()), nil
}

// DType returns the type of the elements.
func (a *Array) DType() DType { return a.dtype }

// Shape returns a copy of the dimensions: empty for a 0-d array, never nil, which
// stands for a shape that is not known elsewhere.
func (a *Array) Shape() []int { return append([]int{}, a.shape...) }

// NDim returns the number of dimensions.
func (a *Array) NDim() int { return len(a.shape) }

// Dim returns the size of one axis. Like an index into Shape, it panics when
// there is no such axis.
func (a *Array) Dim(axis int) int { return a.shape[axis] }

// Len returns the number of elements.
func (a *Array) Len() int {
	if a.dtype == String {
		return len(a.strs)
	}
	return len(a.data) / a.dtype.Size()
}

// Bytes returns the array's memory, in the machine's byte order; nil for
// String arrays and for arrays that were released. The rules of [Values] for
// memory outside the Go heap hold for it too.
func (a *Array) Bytes() []byte {
	if a.released() {
		return nil
	}
	return a.data
}

// Slice returns rows lo to hi (not included) of axis 0, sharing memory with a.
func (a *Array) Slice(lo, hi int) (*Array, error) {
	if len(a.shape) == 0 {
		return nil, fmt.Errorf("npy: %w: cannot slice a 0-d array", ErrRange)
	}
	if lo < 0 || hi < lo || hi > a.shape[0] {
		return nil, fmt.Errorf("npy: %w: rows %d to %d of %d", ErrRange, lo, hi, a.shape[0])
	}
	v := *a
	v.shape = slices.Clone(a.shape)
	v.shape[0] = hi - lo
	row := 1
	for _, d := range a.shape[1:] {
		row *= d
	}
	if a.dtype == String {
		v.strs = a.strs[lo*row : hi*row : hi*row]
	} else {
		size := row * a.dtype.Size()
		v.data = a.data[lo*size : hi*size : hi*size]
	}
	return &v, nil
}

// Reshape returns the same elements in another shape, sharing memory with a.
// One dimension may be -1: it takes what the others leave.
func (a *Array) Reshape(shape ...int) (*Array, error) {
	shape = slices.Clone(shape)
	if i := slices.Index(shape, -1); i >= 0 {
		rest := slices.Concat(shape[:i], shape[i+1:])
		n, err := checkShape(a.dtype, rest)
		if err != nil {
			return nil, fmt.Errorf("npy: %w", err)
		}
		if n == 0 || a.Len()%n != 0 {
			return nil, fmt.Errorf("npy: %w: cannot reshape %v (%d elements) to %v", ErrShape, a.shape, a.Len(), shape)
		}
		shape[i] = a.Len() / n
	}
	n, err := checkShape(a.dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if n != a.Len() {
		return nil, fmt.Errorf("npy: %w: cannot reshape %v (%d elements) to %v", ErrShape, a.shape, a.Len(), shape)
	}
	v := *a
	v.shape = shape
	return &v, nil
}

// Clone returns a copy in Go memory, aligned to [Align] bytes.
func (a *Array) Clone() (*Array, error) {
	if a.released() {
		return nil, fmt.Errorf("npy: clone: %w", ErrReleased)
	}
	defer keepAlive(a)
	c := &Array{dtype: a.dtype, shape: slices.Clone(a.shape)}
	if a.dtype == String {
		c.strs = append([]string{}, a.strs...)
	} else {
		c.data = alignedCopy(a.data)
	}
	return c, nil
}

// checkShape returns the number of elements, or an error where a dimension is
// negative or the bytes do not fit an int. The error has no "npy: " in front,
// so that callers can put a file's name there.
func checkShape(dtype DType, shape []int) (int, error) {
	if !dtype.Valid() {
		return 0, fmt.Errorf("%w: %v", ErrDType, dtype)
	}
	n, zero := uint(1), false
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("%w: negative dimension in %v", ErrShape, shape)
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul(n, uint(d))
		if hi != 0 || lo > math.MaxInt {
			return 0, fmt.Errorf("%w: %v has more elements than fit", ErrShape, shape)
		}
		n = lo
	}
	size := uint(max(dtype.Size(), 1))
	if dtype == String {
		size = uint(unsafe.Sizeof(""))
	}
	if hi, lo := bits.Mul(n, size); hi != 0 || lo > math.MaxInt-Align {
		return 0, fmt.Errorf("%w: %v of %v has more bytes than fit", ErrShape, shape, dtype)
	}
	if zero {
		return 0, nil
	}
	return int(n), nil
}

// alignedBytes returns n zeroed bytes of the Go heap at a multiple of Align.
func alignedBytes(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	b := make([]byte, n+Align-1)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (Align - 1))
	return b[off : off+n : off+n]
}

// alignedCopy returns a copy of src in memory as alignedBytes gives it.
func alignedCopy(src []byte) []byte {
	// What append allocates is not cleared before it is overwritten, which would
	// take as long as two copies. Its large objects begin at a page.
	const large = 32 << 10
	if len(src) > large {
		b := append([]byte(nil), src...)
		if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%Align == 0 {
			return b[:len(src):len(src)]
		}
	}
	b := alignedBytes(len(src))
	copy(b, src)
	return b
}
