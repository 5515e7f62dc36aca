package inspect

import (
	"context"
	"fmt"
	"math/cmplx"
	"runtime"

	"ndflow/npy"
	"ndflow/npy/stat"
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
	case npy.Complex64:
		return complexes(ctx, a, func(z complex64) complex128 { return complex128(z) })
	case npy.Complex128:
		return complexes(ctx, a, func(z complex128) complex128 { return z })
	}
	found, err := stat.OfContext(ctx, a)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Min: Number(found.Least()), Max: Number(found.Greatest()), NaN: int(found.NaNs)}
	if found.NaNs < found.Count {
		s.Mean = rounded(found.Mean)
	}
	return s, nil
}

// chunk is how many complex numbers are looked at between two looks at the ctx. Each
// chunk has its own sum, which also keeps small elements from being lost in
// the sum of very many.
const chunk = 1 << 16

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
