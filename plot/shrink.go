package plot

import (
	"context"
	"math"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// mosaic is a matrix whose cells each stand for a block of elements: for their mean.
type mosaic struct {
	rows, cols, depth  int // depth is how many values a cell has: the channels of an image
	blockRows, blockCs int // elements that a cell stands for
	values             []float64
	tally              // of the elements
	lo, hi             float64
}

func (m *mosaic) at(row, col, channel int) float64 {
	return m.values[(row*m.cols+col)*m.depth+channel]
}

// shrink makes a mosaic of rows × cols × depth elements of an array, from start on, in
// blocks of the given size, in one pass by all cores.
func shrink(ctx context.Context, a *npy.Blocks, start, rows, cols, depth, blockRows, blockCols int) (*mosaic, error) {
	m := &mosaic{
		rows: (rows + blockRows - 1) / blockRows, cols: (cols + blockCols - 1) / blockCols, depth: depth,
		blockRows: blockRows, blockCs: blockCols,
	}
	m.values = make([]float64, m.rows*m.cols*depth)
	counts := make([]int32, len(m.values))
	tallies := make([]tally, numbers.Workers())
	width, size := cols*depth, a.DType().Size()
	// add adds elements lo to hi, counted from start, to their cells.
	add := func(r *numbers.Reader, worker, lo, hi int) error {
		for lo < hi {
			i, end := lo/width, min((lo/width+1)*width, hi)
			first := i / blockRows * m.cols * depth
			err := r.Pieces(start+lo, start+end, func(values []float64, at int) {
				tallies[worker].add(values)
				m.gather(counts, first, at-start-i*width, values)
			})
			if err != nil {
				return err
			}
			lo = end
		}
		return nil
	}
	// No two cores may have the same cell: they take whole rows of cells, or, where there
	// are few, cells of one row.
	wide := m.rows < 4*numbers.Workers()
	unit := blockRows * width
	if wide {
		unit = blockCols * depth
	}
	err := read(ctx, a, start, start+rows*width, unit, func(r *numbers.Reader) error {
		lo, hi := r.From-start, r.From-start+r.Len
		if !wide {
			return numbers.Span(ctx, lo, hi, unit, size, func(worker, lo, hi int) error {
				if err := add(r, worker, lo, hi); err != nil {
					return err
				}
				return r.Done(start+lo, start+hi)
			})
		}
		for lo < hi {
			row, end := lo/width*width, min((lo/width+1)*width, hi)
			err := numbers.Span(ctx, lo-row, end-row, unit, size, func(worker, lo, hi int) error {
				return add(r, worker, row+lo, row+hi)
			})
			if err != nil {
				return err
			}
			lo = end
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tallies {
		m.tally.join(t)
	}
	m.finish(counts)
	return m, nil
}

// gather adds values, which begin at element at of their row, to the cells of the row
// that begins at first.
func (m *mosaic) gather(counts []int32, first, at int, values []float64) {
	if m.depth == 1 {
		m.gatherRow(m.values[first:], counts[first:], at, values)
		return
	}
	channel, col := at%m.depth, at/m.depth
	cell, within := col/m.blockCs, col%m.blockCs
	for _, v := range values {
		if v == v {
			k := first + cell*m.depth + channel
			m.values[k] += v
			counts[k]++
		}
		if channel++; channel == m.depth {
			channel = 0
			if within++; within == m.blockCs {
				within = 0
				cell++
			}
		}
	}
}

// gatherRow is gather where a cell has one value.
func (m *mosaic) gatherRow(sums []float64, n []int32, at int, values []float64) {
	cell, end := at/m.blockCs, (at/m.blockCs+1)*m.blockCs-at
	for ; len(values) > 0; cell, end = cell+1, m.blockCs {
		block := values[:min(end, len(values))]
		values = values[len(block):]
		sum := 0.0
		for _, v := range block {
			sum += v
		}
		count := len(block)
		if sum != sum { // a NaN is among them, or infinities of both signs
			sum, count = 0, 0
			for _, v := range block {
				if v == v {
					sum += v
					count++
				}
			}
		}
		sums[cell] += sum
		n[cell] += int32(count)
	}
}

// finish turns sums into means, of which those of nothing but NaNs are NaN.
func (m *mosaic) finish(counts []int32) {
	m.lo, m.hi = math.Inf(1), math.Inf(-1)
	for i, n := range counts {
		if n == 0 {
			m.values[i] = math.NaN()
			continue
		}
		if n > 1 {
			m.values[i] /= float64(n)
		}
		if v := m.values[i]; v-v == 0 {
			m.lo, m.hi = min(m.lo, v), max(m.hi, v)
		}
	}
}
