package inspect

import (
	"cmp"
	"context"
	"fmt"
	"math/cmplx"
	"runtime"

	"ndflow/npy"
)

// Summary says what is in an array's elements. NaNs are counted, and left out
// of the rest.
type Summary struct {
	Min     Number `json:"min,omitempty"` // none for complex numbers and strings
	Max     Number `json:"max,omitempty"`
	Mean    Number `json:"mean,omitempty"`
	NaN     int    `json:"nan,omitempty"`
	Longest *int   `json:"longest,omitempty"` // string, in bytes
}

// Summarize looks at every element once, in the order of memory, so that a
// mapped file streams by.
func Summarize(ctx context.Context, a *npy.Array) (Summary, error) {
	defer runtime.KeepAlive(a)
	switch a.DType() {
	case npy.String:
		return summarizeStrings(a)
	case npy.Bool:
		return summarize(ctx, a.Bytes(), integer[uint8])
	case npy.Int8:
		return integers[int8](ctx, a)
	case npy.Int16:
		return integers[int16](ctx, a)
	case npy.Int32:
		return integers[int32](ctx, a)
	case npy.Int64:
		return integers[int64](ctx, a)
	case npy.Int4:
		return integers[npy.I4](ctx, a)
	case npy.Uint8:
		return integers[uint8](ctx, a)
	case npy.Uint16:
		return integers[uint16](ctx, a)
	case npy.Uint32:
		return integers[uint32](ctx, a)
	case npy.Uint64:
		return integers[uint64](ctx, a)
	case npy.Uint4:
		return integers[npy.U4](ctx, a)
	case npy.Int2:
		return integers[npy.I2](ctx, a)
	case npy.Uint2:
		return integers[npy.U2](ctx, a)
	case npy.Float64:
		return floats(ctx, a, func(x float64) float64 { return x }, 64)
	case npy.Float32:
		return floats(ctx, a, func(x float32) float64 { return float64(x) }, 32)
	case npy.Float16:
		return narrow[npy.F16](ctx, a)
	case npy.BFloat16:
		return narrow[npy.BF16](ctx, a)
	case npy.Float8E4M3FN:
		return narrow[npy.F8E4M3FN](ctx, a)
	case npy.Float8E5M2:
		return narrow[npy.F8E5M2](ctx, a)
	case npy.Float8E4M3FNUZ:
		return narrow[npy.F8E4M3FNUZ](ctx, a)
	case npy.Float8E4M3B11FNUZ:
		return narrow[npy.F8E4M3B11FNUZ](ctx, a)
	case npy.Float8E5M2FNUZ:
		return narrow[npy.F8E5M2FNUZ](ctx, a)
	case npy.Float4E2M1FN:
		return narrow[npy.F4E2M1FN](ctx, a)
	case npy.Complex64:
		return complexes(ctx, a, func(z complex64) complex128 { return complex128(z) })
	case npy.Complex128:
		return complexes(ctx, a, func(z complex128) complex128 { return z })
	}
	return Summary{}, fmt.Errorf("no summary for %v", a.DType())
}

// chunk is how many elements are looked at between two looks at the ctx. Each
// chunk has its own sum, which also keeps small elements from being lost in
// the sum of very many.
const chunk = 1 << 16

type ints interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | npy.I4 | npy.U4 | npy.I2 | npy.U2
}

// kind is how elements of type T are seen.
type kind[T any] struct {
	less func(a, b T) bool
	of   func(T) float64
	show func(T) Number
}

func integer[T ints]() kind[T] {
	return kind[T]{
		less: cmp.Less[T],
		of:   func(x T) float64 { return float64(x) },
		show: func(x T) Number { return Number(fmt.Sprint(x)) },
	}
}

func integers[T interface {
	ints
	npy.Element
}](ctx context.Context, a *npy.Array) (Summary, error) {
	values, err := npy.Values[T](a)
	if err != nil {
		return Summary{}, err
	}
	return summarize(ctx, values, integer[T])
}

// narrow is for floats that are kept as their bits.
func narrow[T interface {
	npy.Element
	Float32() float32
}](ctx context.Context, a *npy.Array) (Summary, error) {
	return floats(ctx, a, func(x T) float64 { return float64(x.Float32()) }, 32)
}

func floats[T npy.Element](ctx context.Context, a *npy.Array, of func(T) float64, bits int) (Summary, error) {
	values, err := npy.Values[T](a)
	if err != nil {
		return Summary{}, err
	}
	return summarize(ctx, values, func() kind[T] {
		return kind[T]{
			less: func(a, b T) bool { return of(a) < of(b) },
			of:   of,
			show: func(x T) Number { return exact(of(x), bits) },
		}
	})
}

func summarize[T any](ctx context.Context, values []T, as func() kind[T]) (Summary, error) {
	var (
		s           Summary
		k           = as()
		least, most T
		seen        int
		total       float64
	)
	for len(values) > 0 {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		part := values[:min(chunk, len(values))]
		values = values[len(part):]
		sum := 0.0
		for _, x := range part {
			f := k.of(x)
			if f != f {
				s.NaN++
				continue
			}
			if seen == 0 || k.less(x, least) {
				least = x
			}
			if seen == 0 || k.less(most, x) {
				most = x
			}
			seen++
			sum += f
		}
		total += sum
	}
	if seen > 0 {
		s.Min, s.Max, s.Mean = k.show(least), k.show(most), rounded(total/float64(seen))
	}
	return s, nil
}

func complexes[T npy.Element](ctx context.Context, a *npy.Array, of func(T) complex128) (Summary, error) {
	values, err := npy.Values[T](a)
	if err != nil {
		return Summary{}, err
	}
	var s Summary
	var total complex128
	for len(values) > 0 {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		part := values[:min(chunk, len(values))]
		values = values[len(part):]
		var sum complex128
		for _, x := range part {
			if z := of(x); cmplx.IsNaN(z) {
				s.NaN++
			} else {
				sum += z
			}
		}
		total += sum
	}
	if n := a.Len() - s.NaN; n > 0 {
		mean := total / complex(float64(n), 0)
		s.Mean = Number(fmt.Sprintf("%.6g", mean))
	}
	return s, nil
}

func summarizeStrings(a *npy.Array) (Summary, error) {
	values, err := npy.Values[string](a)
	if err != nil {
		return Summary{}, err
	}
	longest := 0
	for _, s := range values {
		longest = max(longest, len(s))
	}
	return Summary{Longest: &longest}, nil
}
