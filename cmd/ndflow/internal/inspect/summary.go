package inspect

import (
	"context"
	"fmt"
	"math/cmplx"

	"ndflow/internal/numbers"
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

// Summarize looks at every element once, row by row, so that a file streams by.
func Summarize(ctx context.Context, b *npy.Blocks) (Summary, error) {
	switch b.DType() {
	case npy.String:
		return summarizeStrings(ctx, b)
	case npy.Complex64:
		return complexes(ctx, b, func(z complex64) complex128 { return complex128(z) })
	case npy.Complex128:
		return complexes(ctx, b, func(z complex128) complex128 { return z })
	}
	found, err := stat.OfBlocks(ctx, b)
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

func complexes[T npy.Element](ctx context.Context, b *npy.Blocks, of func(T) complex128) (Summary, error) {
	var s Summary
	var total complex128
	err := numbers.Walk(ctx, 0, b.Len(), chunk, func(_ int, parts []*npy.Array) error {
		values, err := npy.Values[T](parts[0])
		for len(values) > 0 && err == nil {
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
			err = ctx.Err()
		}
		return err
	}, b)
	if n := b.Len() - s.NaN; n > 0 {
		mean := total / complex(float64(n), 0)
		s.Mean = Number(fmt.Sprintf("%.6g", mean))
	}
	return s, err
}

func summarizeStrings(ctx context.Context, b *npy.Blocks) (Summary, error) {
	longest := 0
	err := numbers.Walk(ctx, 0, b.Len(), 1, func(_ int, parts []*npy.Array) error {
		values, err := npy.Values[string](parts[0])
		for _, s := range values {
			longest = max(longest, len(s))
		}
		return err
	}, b)
	return Summary{Longest: &longest}, err
}
