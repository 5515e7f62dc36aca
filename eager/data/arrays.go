package data

import (
	"errors"
	"fmt"
	"slices"

	"ndflow/eager"
	"ndflow/npy"
	"ndflow/ops"
)

// FromArrays is a dataset of the rows of arrays, what lies along axis 0: its
// elements have a component for each array, and there are as many as each array
// has rows.
//
// Arrays are read where they lie, mapped files (npy.Open) too, if their memory is
// aligned to [npy.Align] bytes; others, and strings, are copied when a loop
// begins. They must not be written to while a loop is on, and so long TensorFlow
// has them ([eager.ErrInUse]).
func FromArrays(c *eager.Context, as ...*npy.Array) Dataset {
	return source(c, "FromArrays", func(n *node) error {
		if len(as) == 0 {
			return errors.New("no arrays")
		}
		for i, a := range as {
			if err := checkRows(a, as[0]); err != nil {
				return fmt.Errorf("array %d: %w", i, err)
			}
			spec, err := specOf(a.DType(), a.Shape()[1:]...)
			if err != nil {
				return fmt.Errorf("array %d: %w", i, err)
			}
			n.elem = append(n.elem, spec)
		}
		n.rows = slices.Clone(as)
		n.count = as[0].Dim(0)
		n.walks = []reading{{arrays: n.rows, rows: 1}}
		n.call = slicesOf(n, n.rows)
		return nil
	})
}

// checkRows returns an error unless a has rows, as many as first.
func checkRows(a, first *npy.Array) error {
	if a == nil {
		return errors.New("it is nil")
	}
	if err := a.Hold(); err != nil {
		return err
	}
	a.Unhold()
	switch {
	case a.NDim() == 0:
		return fmt.Errorf("%w: have %v [], want one with rows; Reshape(1) makes a row of it", npy.ErrShape, a.DType())
	case a.Dim(0) != first.Dim(0):
		return fmt.Errorf("%w: have %d rows, %v %v; want %d, as array 0 has", npy.ErrShape, a.Dim(0), a.DType(), a.Shape(), first.Dim(0))
	}
	return nil
}

// slicesOf makes a dataset of rows.
func slicesOf(n *node, rows []*npy.Array) call {
	return call{op: "TensorSliceDataset", inputs: []input{arrays(rows)}, attrs: []ops.Attr{shapes("output_shapes", n.elem)}}
}

// batchRows makes out batches of rows: rows of the same arrays, seen in another
// shape. So a batch is a part of each array, and TensorFlow does not gather it row
// by row.
func batchRows(in, out *node, size int, dropRest bool) error {
	whole, rest := in.count/size, in.count%size
	switch {
	case rest == 0 || dropRest:
		return groups(in, out, 0, whole, size)
	case whole == 0:
		return groups(in, out, 0, 1, rest)
	}
	full, last := *out, *out
	if err := groups(in, &full, 0, whole, size); err != nil {
		return err
	}
	if err := groups(in, &last, whole*size, 1, rest); err != nil {
		return err
	}
	out.call = call{op: "ConcatenateDataset", inputs: []input{of(&full), of(&last)}, attrs: elements(out.elem)}
	return nil
}

// groups makes out count batches of so many rows each, from row lo on.
func groups(in, out *node, lo, count, rows int) error {
	out.elem = batched(in.elem, rows)
	list := make([]*npy.Array, len(in.rows))
	for i, a := range in.rows {
		part, err := a.Slice(lo, lo+count*rows)
		if err == nil {
			list[i], err = part.Reshape(slices.Concat([]int{count, rows}, a.Shape()[1:])...)
		}
		if err != nil {
			return err
		}
	}
	out.call = slicesOf(out, list)
	return nil
}
