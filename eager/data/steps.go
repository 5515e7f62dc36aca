package data

import (
	"errors"
	"fmt"
	"sync/atomic"

	"ndflow/eager"
	"ndflow/npy"
)

// Shuffle gives the elements in another order: it fills a buffer with so many
// elements and takes each next one out of it at random. A buffer as large as the
// dataset shuffles it evenly; a smaller one leaves what was far apart far apart.
//
// The order follows from the seed, which may be any number, and from how many loops
// have gone through this step: each has another order, and a program that runs
// again has the same ones.
func (d Dataset) Shuffle(buffer int, seed int64) Dataset {
	return d.then("Shuffle", func(in, out *node) error {
		if err := atLeast(1, buffer, "buffer"); err != nil {
			return err
		}
		loops := new(atomic.Int64)
		// Two seeds of 0 would be random ones.
		loop := one(func(o *opening) (*eager.Tensor, error) { return o.own(o.c.Tensor(npy.Scalar(loops.Add(1)))) })
		out.walks = mixed(in.walks)
		out.call = call{op: "ShuffleDatasetV3", attrs: elements(in.elem),
			inputs: []input{of(in), number(buffer), constant(seed), loop, made("DummySeedGenerator")}}
		return nil
	})
}

// Prefetch keeps so many elements ready, or [AutoTune], which other threads make
// while the loop works on one.
func (d Dataset) Prefetch(buffer int) Dataset {
	return d.then("Prefetch", func(in, out *node) error {
		if err := out.size(buffer, "buffer"); err != nil {
			return err
		}
		out.call = call{op: "PrefetchDataset", inputs: []input{of(in), number(buffer)}, attrs: elements(in.elem)}
		return nil
	})
}

// Repeat gives all elements so many times, or [Forever].
func (d Dataset) Repeat(count int) Dataset {
	return d.then("Repeat", func(in, out *node) error {
		if count != Forever && count < 1 {
			return fmt.Errorf("count of %d, want at least 1, or Forever", count)
		}
		out.count = times(in.count, count)
		out.walks = again(in.walks, in.count)
		out.call = call{op: "RepeatDataset", inputs: []input{of(in), number(count)}, attrs: elements(in.elem)}
		return nil
	})
}

// Take gives the first n elements, or all where there are fewer.
func (d Dataset) Take(n int) Dataset {
	return d.then("Take", func(in, out *node) error {
		if err := atLeast(0, n, "count"); err != nil {
			return err
		}
		if in.count == forever || in.count > n || n == 0 {
			out.count = n
		}
		out.call = call{op: "TakeDataset", inputs: []input{of(in), number(n)}, attrs: elements(in.elem)}
		return nil
	})
}

// Skip leaves out the first n elements.
func (d Dataset) Skip(n int) Dataset {
	return d.then("Skip", func(in, out *node) error {
		if err := atLeast(0, n, "count"); err != nil {
			return err
		}
		if in.count >= 0 {
			out.count = max(in.count-n, 0)
		}
		out.walks = ahead(in.walks, n)
		out.call = call{op: "SkipDataset", inputs: []input{of(in), number(n)}, attrs: elements(in.elem)}
		return nil
	})
}

// Zip is a dataset whose elements have the components of one element of each
// dataset, in order. It ends with the shortest.
func Zip(ds ...Dataset) Dataset {
	return join("Zip", ds, func(out *node) error {
		if len(ds) == 0 {
			return errors.New("no datasets")
		}
		out.elem, out.walks = nil, nil
		var inputs []input
		for i, d := range ds {
			out.elem = append(out.elem, d.n.elem...)
			out.walks = append(out.walks, d.n.walks...)
			inputs = append(inputs, of(d.n))
			if i > 0 {
				out.count = shorter(out.count, d.n.count)
			}
		}
		out.call = call{op: "ZipDataset", attrs: elements(out.elem), inputs: []input{gathered(inputs...)}}
		return nil
	})
}

func shorter(a, b int) int {
	switch {
	case a == forever:
		return b
	case b == forever:
		return a
	case a == unknown || b == unknown:
		return unknown
	}
	return min(a, b)
}
