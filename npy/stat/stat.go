package stat

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// Summary says what is in an array's elements.
//
// NaNs are counted, and left out of the rest. Infinities are not: with them Min, Max
// and Mean can be infinite and Std is NaN, as NumPy has it. Where no element is left,
// these four are NaN.
type Summary struct {
	Count int64 // all elements, NaNs and infinities with them
	Zeros int64 // elements that are 0, or -0
	NaNs  int64
	Infs  int64 // of both signs

	Min, Max float64 // rounded, of 64-bit integers beyond 2^53: see [Summary.Least]
	Mean     float64
	Std      float64 // of the elements as they are, as numpy.std has it: divided by their number

	dtype npy.DType
	exact extremes // of 64-bit integers
}

// extremes are the bits of the least and the greatest element.
type extremes struct{ least, greatest uint64 }

// Of looks at every element of a once. Strings and complex numbers, which have no
// order, are an [npy.ErrDType].
func Of(a *npy.Array) (Summary, error) { return OfContext(context.Background(), a) }

// OfContext is [Of] that stops, with the ctx's error, when the ctx ends.
func OfContext(ctx context.Context, a *npy.Array) (Summary, error) {
	if a == nil {
		return Summary{}, fmt.Errorf("stat: nil array: %w", npy.ErrReleased)
	}
	return OfBlocks(ctx, a.Blocks())
}

// OfBlocks is [OfContext] for an array that is read in blocks: what comes out is the
// same. The memory of a mapped file that was looked at is given back.
func OfBlocks(ctx context.Context, b *npy.Blocks) (Summary, error) {
	size := chunkSize(b.Len())
	chunks := make([]part, (b.Len()+size-1)/size)
	if empty, err := npy.New(b.DType(), 0); err != nil {
		return Summary{}, fmt.Errorf("stat: %w", err)
	} else if _, err := looker(empty); err != nil {
		return Summary{}, fmt.Errorf("stat: %w", err)
	}
	err := numbers.Walk(ctx, 0, b.Len(), size, func(at int, parts []*npy.Array) error {
		look, err := looker(parts[0])
		if err != nil {
			return err
		}
		n := parts[0].Len()
		// Chunks are put together in the order of memory, whoever has looked at them.
		first := at / size
		return numbers.Each(ctx, n, size, b.DType().Size(), func(_, lo, hi int) error {
			for at := lo; at < hi; at += size {
				chunks[first+at/size] = look(at, min(at+size, hi))
			}
			return numbers.Done(parts[0], lo, hi)
		})
	}, b)
	if err != nil && ctx.Err() == nil {
		return Summary{}, fmt.Errorf("stat: %w", err)
	}
	if err != nil {
		return Summary{}, err
	}
	all := part{}
	for _, c := range chunks {
		all.add(c)
	}
	return all.summary(b.DType()), nil
}

// block is how many elements are gone through twice: of float64 they fill half of a
// first cache.
const block = 2048

// A chunk is what one core takes at a time. There are no more than so many, so that
// what is kept of each does not add up.
const (
	leastChunk = 64 * block
	mostChunks = 4096
)

func chunkSize(n int) int {
	size := max(leastChunk, (n+mostChunks-1)/mostChunks)
	return (size + block - 1) / block * block
}

// Least is Min with all digits of the dtype: "-9223372036854775808", "0.1"; empty
// where there is none.
func (s Summary) Least() string { return s.digits(s.Min, s.exact.least) }

// Greatest is Max with all digits of the dtype.
func (s Summary) Greatest() string { return s.digits(s.Max, s.exact.greatest) }

func (s Summary) digits(x float64, bits uint64) string {
	switch {
	case math.IsNaN(x):
		return ""
	case s.dtype == npy.Int64:
		return strconv.FormatInt(int64(bits), 10)
	case s.dtype == npy.Uint64:
		return strconv.FormatUint(bits, 10)
	case s.dtype == npy.Float64 || s.dtype == npy.Invalid:
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	// All else is exact as a float32 or an integer of 32 bits.
	if x == math.Trunc(x) && numbers.Whole(s.dtype) {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 32)
}
