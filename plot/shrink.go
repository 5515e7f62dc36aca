package plot

import (
	"context"
	"math"

	"ndflow/internal/numbers"
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

// shrink makes a mosaic of rows × cols × depth elements of r, from start on, in
// blocks of the given size, in one pass by all cores.
func shrink(ctx context.Context, r *numbers.Reader, start, rows, cols, depth, blockRows, blockCols int) (*mosaic, error) {
	m := &mosaic{
		rows: (rows + blockRows - 1) / blockRows, cols: (cols + blockCols - 1) / blockCols, depth: depth,
		blockRows: blockRows, blockCs: blockCols,
	}
	m.values = make([]float64, m.rows*m.cols*depth)
	counts := make([]int32, len(m.values))
	tallies := make([]tally, numbers.Workers())
	width := cols * depth
	// row adds elements lo to hi of a row to its cells.
	row := func(worker, i, lo, hi int) error {
		first := i / blockRows * m.cols * depth
		return r.Pieces(start+i*width+lo, start+i*width+hi, func(values []float64, at int) {
			tallies[worker].add(values)
			m.gather(counts, first, at-start-i*width, values)
		})
	}
	var err error
	size := r.Array.DType().Size()
	if m.rows >= 4*numbers.Workers() {
		err = numbers.Each(ctx, m.rows, 1, blockRows*width*size, func(worker, lo, hi int) error {
			lo, hi = lo*blockRows, min(hi*blockRows, rows)
			for i := lo; i < hi; i++ {
				if err := row(worker, i, 0, width); err != nil {
					return err
				}
			}
			return r.Done(start+lo*width, start+hi*width)
		})
	} else {
		for i := 0; i < rows && err == nil; i++ {
			err = numbers.Each(ctx, width, blockCols*depth, size, func(worker, lo, hi int) error { return row(worker, i, lo, hi) })
		}
	}
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
