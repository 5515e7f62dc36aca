package plot

import (
	"context"
	"fmt"
	"math"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// Bins says how the elements of an array are spread.
type Bins struct {
	// Edges part the bins: bin i counts the elements from Edges[i] up to, and not
	// with, Edges[i+1]. They are the same for all arrays of one call of [Bin].
	Edges  []float64
	Counts []int64

	Elements, Zeros  int64
	NaNs, Infs       int64   // which are in no bin
	Min, Max         float64 // of the finite elements, as are the next two
	Mean, Std        float64
	Whole            bool // all elements are whole numbers, by their dtype
	Negative, Finite int64
}

// Bin counts the elements of arrays in n bins or less, of equal width, the same for
// all arrays. Each array is gone through once, by all cores. The width of a bin is a
// whole multiple of a power of two, and 0 is an edge: that is what allows for one pass.
// Those of whole numbers begin and end half-way between two; where all elements are one
// number there are empty bins beside it.
func Bin(ctx context.Context, n int, arrays ...*npy.Array) ([]Bins, error) {
	if err := countable(n); err != nil {
		return nil, err
	}
	if len(arrays) == 0 {
		return nil, nil
	}
	list := make([]*npy.Blocks, len(arrays))
	for i, a := range arrays {
		if a == nil {
			return nil, fmt.Errorf("plot: nil array: %w", npy.ErrReleased)
		}
		list[i] = a.Blocks()
	}
	return binBlocks(ctx, n, list...)
}

func countable(n int) error {
	if n < 1 || n > window/2 {
		return fmt.Errorf("plot: %d bins: want 1 to %d", n, window/2)
	}
	return nil
}

func binBlocks(ctx context.Context, n int, list ...*npy.Blocks) ([]Bins, error) {
	all := make([]*spread, len(list))
	whole := true
	for _, b := range list {
		whole = whole && numbers.Whole(b.DType())
	}
	for i, b := range list {
		var err error
		if all[i], err = spreadOf(ctx, b, whole); err != nil {
			return nil, err
		}
	}
	return common(all, n, whole), nil
}

// spread is what one pass over an array finds.
type spread struct {
	tally
	cells *cells
}

func spreadOf(ctx context.Context, b *npy.Blocks, whole bool) (*spread, error) {
	parts := make([]*spread, numbers.Workers())
	err := read(ctx, b, 0, b.Len(), 1, func(r *numbers.Reader) error {
		return numbers.Span(ctx, r.From, r.From+r.Len, 1, b.DType().Size(), func(worker, lo, hi int) error {
			p := parts[worker]
			if p == nil {
				p = &spread{cells: newCells(whole)}
				parts[worker] = p
			}
			return r.Pieces(lo, hi, func(values []float64, _ int) { p.look(values) })
		})
	})
	if err != nil {
		return nil, err
	}
	all := &spread{cells: newCells(whole)}
	for _, p := range parts {
		if p != nil {
			all.join(p)
		}
	}
	return all, nil
}

// read goes through elements of an array, block by block.
func read(ctx context.Context, b *npy.Blocks, lo, hi, unit int, work func(r *numbers.Reader) error) error {
	if _, err := numbers.OfDType(b.DType()); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	return said(ctx, numbers.Read(ctx, b, lo, hi, unit, work))
}

// said puts the package's name in front of an error that is not the ctx's own.
func said(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("plot: %w", err)
}

func (s *spread) look(values []float64) {
	s.add(values)
	s.cells.addAll(values)
}

func (s *spread) join(p *spread) {
	s.tally.join(p.tally)
	s.cells.meet(p.cells)
	for i, n := range p.cells.counts {
		s.cells.counts[i] += n
	}
}

// common brings all to the same cells and puts those together in at most n bins.
func common(all []*spread, n int, whole bool) []Bins {
	first := all[0].cells
	for range 2 { // the second time brings to the first what the last has done to it
		for _, s := range all[1:] {
			first.meet(s.cells)
		}
	}
	per, lo, hi := 1.0, first.lo, first.hi
	if first.used && !whole && lo == hi && n >= 5 {
		lo, hi = middle(all)
	} else if first.used {
		per = max(1, math.Floor((first.hi-first.lo)/float64(n)))
		for lo = floorTo(first.lo, per); first.hi-lo >= float64(n)*per; lo = floorTo(first.lo, per) {
			if first.lo < 0 && first.hi >= 0 && n == 1 {
				lo, per = first.lo, first.hi-first.lo+1
				break
			}
			per++
		}
	}
	list := make([]Bins, len(all))
	for i, s := range all {
		b := s.bins()
		b.Whole = whole
		if s.cells.used {
			half := 0.0
			if whole {
				half = 0.5
			}
			for at := lo; at <= hi; at += per {
				var count int64
				for k := at; k < at+per; k++ {
					count += s.cells.count(k)
				}
				b.Edges, b.Counts = append(b.Edges, at*first.width()-half), append(b.Counts, count)
			}
			b.Edges = append(b.Edges, (lo+per*float64(len(b.Counts)))*first.width()-half)
		}
		list[i] = b
	}
	return list
}

// middle makes room beside the only cell, for it to be seen as a bar among bins of a
// width that can be read: all elements are the same number.
func middle(all []*spread) (lo, hi float64) {
	exp := 0
	for _, s := range all {
		if s.finite > 0 && s.min != 0 {
			_, exp = math.Frexp(s.min)
		}
	}
	for _, s := range all {
		c := s.cells
		lo, hi := c.lo, c.hi
		joins := max(0, exp-6-c.exp)
		for range joins {
			c.join()
		}
		c.fold(lo, hi, joins)
	}
	at := all[0].cells.lo
	return at - 2, at + 2
}

func floorTo(x, unit float64) float64 { return math.Floor(x/unit) * unit }
