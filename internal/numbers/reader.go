// Package numbers reads arrays of any dtype of numbers as float64, a piece at a time
// and on all cores, so that large ones need no copy of that type.
package numbers

import (
	"fmt"
	"runtime"

	"ndflow/npy"
)

// Reader gives the elements of an array, in row-major order, as float64: those of
// 64-bit integers rounded, all others exactly.
type Reader struct {
	Array *npy.Array
	Len   int
	From  int // the number of the first element, where the array is a part of a larger one
	read  func(dst []float64, at int)
}

// Read fills dst with the elements from at on. It can be called by several
// goroutines, while the array is reachable and not released.
func (r *Reader) Read(dst []float64, at int) { r.read(dst, at-r.From) }

// Of returns the reader of an array. Strings and complex numbers are an
// [npy.ErrDType].
func Of(a *npy.Array) (*Reader, error) {
	if a == nil {
		return nil, fmt.Errorf("nil array: %w", npy.ErrReleased)
	}
	read, err := reader(a)
	if err != nil {
		return nil, err
	}
	return &Reader{Array: a, Len: a.Len(), read: read}, nil
}

// Float64s returns the elements of an array: its own memory where they are float64, else
// as [Reader] gives them.
func Float64s(a *npy.Array) ([]float64, error) {
	r, err := Of(a)
	if err != nil {
		return nil, err
	}
	if a.DType() == npy.Float64 {
		return npy.Values[float64](a)
	}
	defer runtime.KeepAlive(a)
	values := make([]float64, r.Len)
	r.Read(values, 0)
	return values, nil
}

func reader(a *npy.Array) (func([]float64, int), error) {
	switch a.DType() {
	case npy.Int16:
		return plain[int16](a)
	case npy.Int32:
		return plain[int32](a)
	case npy.Int64:
		return plain[int64](a)
	case npy.Uint16:
		return plain[uint16](a)
	case npy.Uint32:
		return plain[uint32](a)
	case npy.Uint64:
		return plain[uint64](a)
	case npy.Float32:
		return plain[float32](a)
	case npy.Float64:
		return plain[float64](a)
	case npy.Float16:
		return halves[npy.F16](a)
	case npy.BFloat16:
		return halves[npy.BF16](a)
	}
	return bytes(a)
}

func plain[T interface {
	npy.Element
	int16 | int32 | int64 | uint16 | uint32 | uint64 | float32 | float64
}](a *npy.Array) (func([]float64, int), error) {
	v, err := npy.Values[T](a)
	return func(dst []float64, at int) {
		for i, x := range v[at : at+len(dst)] {
			dst[i] = float64(x)
		}
	}, err
}

func halves[T interface {
	npy.F16 | npy.BF16
	Float32() float32
}](a *npy.Array) (func([]float64, int), error) {
	v, err := npy.Values[T](a)
	return func(dst []float64, at int) {
		for i, x := range v[at : at+len(dst)] {
			dst[i] = float64(x.Float32())
		}
	}, err
}

// bytes reads elements of one byte.
func bytes(a *npy.Array) (func([]float64, int), error) {
	table, err := OfBytes(a.DType())
	if err != nil {
		return nil, err
	}
	v := a.Bytes()
	if v == nil && a.Len() > 0 {
		return nil, npy.ErrReleased
	}
	return func(dst []float64, at int) {
		for i, x := range v[at : at+len(dst)] {
			dst[i] = table[x]
		}
	}, nil
}
