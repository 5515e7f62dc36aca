package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"ndflow/npy"
)

// BatchRows returns how many rows make a batch of about 4 MB, for a [Copy] of
// such columns. A string counts as 32 bytes.
func BatchRows(columns []Column) int {
	const batch = 4 << 20
	row := 0
	for _, c := range columns {
		size := c.DType.Size()
		if c.DType == npy.String {
			size = 32
		}
		for _, d := range c.Shape {
			size *= d
		}
		row += size
	}
	return min(max(batch/max(row, 1), 1), 1<<16)
}

// Copy moves all rows from r to w, batch by batch, and neither commits nor
// closes. done, if not nil, is told after each batch how many rows there have
// been. A ctx that is cancelled ends it between two batches.
func Copy(ctx context.Context, w Writer, r Reader, done func(rows int64)) error {
	n, rows := BatchRows(r.Columns()), int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch, err := r.Next(n)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.Write(batch); err != nil {
			return err
		}
		if len(batch) > 0 {
			rows += int64(batch[0].Dim(0))
		}
		if done != nil {
			done(rows)
		}
	}
}

// ReadAll returns the rows that are left, an array for each column, in memory.
func ReadAll(r Reader) ([]*npy.Array, error) {
	columns := r.Columns()
	parts := make([][]*npy.Array, len(columns))
	for {
		batch, err := r.Next(BatchRows(columns))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i, a := range batch {
			parts[i] = append(parts[i], a)
		}
	}
	all := make([]*npy.Array, len(columns))
	for i, c := range columns {
		var err error
		if all[i], err = concat(c, parts[i]); err != nil {
			return nil, fmt.Errorf("table: column %q: %w", c.Name, err)
		}
		parts[i] = nil // so that no more than one column is there twice
	}
	return all, nil
}

// concat puts the parts of a column one behind the other.
func concat(c Column, parts []*npy.Array) (*npy.Array, error) {
	if len(parts) == 1 {
		return parts[0], nil
	}
	rows := 0
	for _, p := range parts {
		rows += p.Dim(0)
	}
	whole, err := npy.New(c.DType, append([]int{rows}, c.Shape...)...)
	if err != nil {
		return nil, err
	}
	at := 0
	for _, p := range parts {
		place, err := whole.Slice(at, at+p.Dim(0))
		if err != nil {
			return nil, err
		}
		if _, err := place.Land(p); err != nil {
			return nil, err
		}
		at += p.Dim(0)
	}
	return whole, nil
}

// Of returns a Reader of arrays that have the same number of rows: the column
// of that name is the array, and each batch is a view of it. Close leaves the
// arrays alone.
func Of(names []string, arrays []*npy.Array) (Reader, error) {
	if len(names) != len(arrays) {
		return nil, fmt.Errorf("table: %w: have %d names for %d arrays", npy.ErrShape, len(names), len(arrays))
	}
	r := &arrayReader{arrays: slices.Clone(arrays)}
	for i, a := range arrays {
		if a == nil {
			return nil, fmt.Errorf("table: column %q: nil array", names[i])
		}
		if a.NDim() == 0 {
			return nil, fmt.Errorf("table: column %q: %w: have a 0-d array, want rows", names[i], npy.ErrShape)
		}
		r.columns = append(r.columns, Column{Name: names[i], DType: a.DType(), Shape: a.Shape()[1:]})
	}
	rows, err := Check(r.columns, arrays)
	r.rows = rows
	return r, err
}

type arrayReader struct {
	columns  []Column
	arrays   []*npy.Array
	rows, at int
}

func (r *arrayReader) Columns() []Column { return r.columns }
func (r *arrayReader) Rows() int64       { return int64(r.rows) }
func (r *arrayReader) Close() error      { return nil }

func (r *arrayReader) Next(n int) ([]*npy.Array, error) {
	if n < 1 {
		return nil, fmt.Errorf("table: have %d rows to read, want at least 1", n)
	}
	if r.at == r.rows {
		return nil, io.EOF
	}
	end := min(r.at+n, r.rows)
	batch := make([]*npy.Array, len(r.arrays))
	for i, a := range r.arrays {
		var err error
		if batch[i], err = a.Slice(r.at, end); err != nil {
			return nil, fmt.Errorf("table: column %q: %w", r.columns[i].Name, err)
		}
	}
	r.at = end
	return batch, nil
}
