package numbers

import (
	"fmt"

	"ndflow/npy"
)

// Whole says whether the elements of a dtype are integers, or bools.
func Whole(d npy.DType) bool {
	switch d {
	case npy.Bool, npy.Int8, npy.Int16, npy.Int32, npy.Int64, npy.Uint8, npy.Uint16, npy.Uint32, npy.Uint64,
		npy.Int4, npy.Uint4, npy.Int2, npy.Uint2:
		return true
	}
	return false
}

// OfBytes returns the numbers that the bytes of a dtype stand for, one byte for each
// element. Every other dtype is an [npy.ErrDType].
func OfBytes(d npy.DType) (*[256]float64, error) {
	switch d {
	case npy.Bool, npy.Uint8, npy.Uint4, npy.Uint2:
		return table(func(b byte) float64 { return float64(b) }), nil
	case npy.Int8, npy.Int4, npy.Int2:
		return table(func(b byte) float64 { return float64(int8(b)) }), nil
	case npy.Float8E4M3FN:
		return narrow[npy.F8E4M3FN](), nil
	case npy.Float8E5M2:
		return narrow[npy.F8E5M2](), nil
	case npy.Float8E4M3FNUZ:
		return narrow[npy.F8E4M3FNUZ](), nil
	case npy.Float8E4M3B11FNUZ:
		return narrow[npy.F8E4M3B11FNUZ](), nil
	case npy.Float8E5M2FNUZ:
		return narrow[npy.F8E5M2FNUZ](), nil
	case npy.Float4E2M1FN:
		return narrow[npy.F4E2M1FN](), nil
	}
	return nil, fmt.Errorf("%w: have %v, want numbers that have an order", npy.ErrDType, d)
}

func narrow[T interface {
	~uint8
	Float32() float32
}]() *[256]float64 {
	return table(func(b byte) float64 { return float64(T(b).Float32()) })
}

func table(of func(byte) float64) *[256]float64 {
	var t [256]float64
	for i := range t {
		t[i] = of(byte(i))
	}
	return &t
}
