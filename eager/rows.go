package eager

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"ndflow/cuda"
	"ndflow/npy"
	"ndflow/tfc"
)

// IntoRows lands tensors behind one another in the rows of dst, all at once: the
// parts of one result along axis 0, say, that several GPUs have made. They have the
// same dtype and the same shape beyond axis 0, and dst is as for [Tensor.Into] of all
// of them together. Nothing is written unless all of them fit. Where a transfer fails
// others may have landed; the error is [ErrPartial] then.
func IntoRows(dst Target, ts ...*Tensor) error {
	rows, err := rowsOf(dst, ts)
	if err != nil {
		return landing("into rows", err)
	}
	defer rows.close()
	errs := make([]error, len(ts))
	var wg sync.WaitGroup
	for i, t := range ts {
		wg.Go(func() { errs[i] = t.Into(rows[i]) })
	}
	wg.Wait()
	err = errors.Join(errs...)
	if err != nil && !errors.Is(err, ErrPartial) && slices.Contains(errs, nil) {
		return fmt.Errorf("%w (%w)", err, ErrPartial)
	}
	return err
}

// targets are the rows of one that tensors land in.
type targets []Target

// close ends the views that buffers are; arrays need none.
func (rows targets) close() {
	for _, r := range rows {
		if b, ok := r.(*cuda.Buffer); ok {
			b.Close()
		}
	}
}

// rowsOf parts dst for the tensors, which are checked first.
func rowsOf(dst Target, ts []*Tensor) (rows targets, err error) {
	if isNil(dst) {
		return nil, errNoTarget
	}
	shapes, whole, err := shapesOf(dst, ts)
	if err != nil {
		return nil, err
	}
	if err := fits(dst, whole, product(whole)); err != nil {
		return nil, err
	}
	if err := inUse(dst); err != nil {
		return nil, err
	}
	front, err := frontOf(dst, whole)
	if err != nil {
		return nil, err
	}
	defer targets{front}.close()
	defer func() {
		if err != nil {
			rows.close()
		}
	}()
	lo := 0
	for _, shape := range shapes {
		row, err := sliceOf(front, lo, lo+shape[0])
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
		lo += shape[0]
	}
	return rows, nil
}

// shapesOf returns the tensors' shapes, and that of all of them together.
func shapesOf(dst Target, ts []*Tensor) (shapes [][]int, whole []int, err error) {
	if len(ts) == 0 {
		return nil, nil, errors.New("there are no tensors to land")
	}
	for i, t := range ts {
		if t == nil {
			return nil, nil, fmt.Errorf("tensor %d is nil", i)
		}
		dt, err := t.h.DataType()
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %d: %w", i, err)
		}
		if dt.DType() != dst.DType() {
			return nil, nil, &tfc.DTypeError{Have: dt, Want: dst.DType()}
		}
		info, err := t.h.Describe()
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %d: %w", i, err)
		}
		shape := info.Shape
		switch {
		case len(shape) == 0:
			return nil, nil, fmt.Errorf("%w: tensor %d is a scalar, which has no rows", npy.ErrShape, i)
		case i == 0:
			whole = slices.Clone(shape)
		case !slices.Equal(shape[1:], whole[1:]):
			return nil, nil, fmt.Errorf("%w: tensor %d is %v and tensor 0 is %v, which differ beyond axis 0", npy.ErrShape, i, shape, shapes[0])
		default:
			whole[0] += shape[0]
		}
		shapes = append(shapes, shape)
	}
	return shapes, whole, nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func frontOf(dst Target, shape []int) (Target, error) {
	if b, ok := dst.(*cuda.Buffer); ok {
		return b.Front(shape...)
	}
	return arrayOf(dst).Front(shape...)
}

func sliceOf(dst Target, lo, hi int) (Target, error) {
	if b, ok := dst.(*cuda.Buffer); ok {
		return b.Slice(lo, hi)
	}
	return arrayOf(dst).Slice(lo, hi)
}
