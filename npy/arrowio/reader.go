package arrowio

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"ndflow/npy"
	"ndflow/npy/table"
)

var errClosed = fmt.Errorf("arrowio: %w", os.ErrClosed)

// Reader reads the columns of an Arrow or a Parquet file, as a [table.Reader]. A
// call of Next gives rows of one batch of the file, or of one row group: fewer
// than it was asked for where that ends.
type Reader struct {
	path    string
	src     source
	schema  *schema
	picked  []int
	columns []table.Column
	settled bool // the columns' shapes are known: those of lists come from the first rows
	conv    converter
	batch   []*npy.Array // what is left of the last one
	count   int64
	notes   []string
	err     error // why there is no more
}

var (
	_ table.Reader = (*Reader)(nil)
	_ table.Noter  = (*Reader)(nil)
)

// source is where record batches come from: with all of a schema's columns, or
// only those that were picked.
type source interface {
	schema() *arrow.Schema
	// open is told which columns are wanted.
	open(picked []int) error
	// next gives the next batch, whose columns are those that were picked if
	// narrow is true; the caller releases it. The end is io.EOF.
	next() (batch arrow.RecordBatch, narrow bool, err error)
	rows() int64
	close() error
}

// newReader takes over src, and closes it on an error.
func newReader(path string, src source, o options, whole *npy.Array) (r *Reader, err error) {
	defer func() {
		if err != nil {
			src.close()
		}
	}()
	defer name(path, &err)
	defer guard(&err)
	r = &Reader{path: path, src: src, schema: schemaOf(src.schema()), conv: converter{options: o, whole: whole}}
	if r.picked, err = r.schema.pick(o.columns); err != nil {
		return nil, err
	}
	if len(r.picked) == 0 {
		return nil, fmt.Errorf("%w: a table with no columns", npy.ErrFormat)
	}
	if err := src.open(r.picked); err != nil {
		return nil, err
	}
	r.count, r.settled = src.rows(), true
	for _, i := range r.picked {
		r.columns = append(r.columns, r.schema.columns[i])
		r.settled = r.settled && !r.schema.open[i]
	}
	for !r.settled {
		if err := r.load(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		if r.batch[0].Dim(0) > 0 {
			r.settled = true
			for k, a := range r.batch {
				r.columns[k].Shape = a.Shape()[1:]
			}
		}
	}
	return r, nil
}

// Columns are those that were picked.
func (r *Reader) Columns() []table.Column { return slices.Clone(r.columns) }

// Rows is how many the file has; -1 for a stream, which does not say it.
func (r *Reader) Rows() int64 { return r.count }

// Notes says how many nulls became NaN, and of a stream that it has no end marker.
func (r *Reader) Notes() []string {
	notes := slices.Clone(r.notes)
	if r.conv.nulls > 0 {
		notes = append(notes, fmt.Sprintf("%d nulls were read as NaN", r.conv.nulls))
	}
	return notes
}

// Next gives up to n rows. Of a mapped file, numbers are read-only views of the
// file, each with a lifetime of its own; the rest is in memory.
func (r *Reader) Next(n int) ([]*npy.Array, error) {
	if n < 1 {
		return nil, fmt.Errorf("arrowio: have %d rows to read, want at least 1", n)
	}
	if r.err != nil {
		return nil, r.err
	}
	for r.batch == nil || r.batch[0].Dim(0) == 0 {
		if err := r.load(); err != nil {
			if s, ok := r.src.(interface{ note() string }); ok && err == io.EOF && s.note() != "" {
				r.notes = append(r.notes, s.note())
			}
			name(r.path, &err)
			r.err = err
			return nil, err
		}
	}
	rows := r.batch[0].Dim(0)
	if n >= rows {
		batch := r.batch
		r.batch = nil
		return batch, nil
	}
	batch := make([]*npy.Array, len(r.batch))
	for k, a := range r.batch {
		head, err := a.Slice(0, n)
		if err != nil {
			return nil, err
		}
		if batch[k], err = own(head); err != nil {
			return nil, err
		}
		if r.batch[k], err = a.Slice(n, rows); err != nil {
			return nil, err
		}
	}
	return batch, nil
}

// own gives a view of the batch a life of its own, so that a Release of it does
// not end the rest of the batch.
func own(view *npy.Array) (*npy.Array, error) {
	if view.DType() == npy.String || view.DType() == npy.Bool || !view.ReadOnly() {
		return view, nil // in the Go heap
	}
	return view.Part(view.DType(), view.Shape(), 0)
}

// load gets the next batch and checks it against the columns. A reader whose
// lists' length is not known yet takes it from this one.
func (r *Reader) load() (err error) {
	defer guard(&err)
	for _, a := range r.batch {
		a.Release()
	}
	r.batch = nil
	record, narrow, err := r.src.next()
	if err != nil {
		return err
	}
	defer record.Release()
	batch := make([]*npy.Array, 0, len(r.picked))
	defer func() {
		if r.batch == nil {
			for _, a := range batch {
				a.Release()
			}
		}
	}()
	for k, i := range r.picked {
		c := r.columns[k]
		col := i
		if narrow {
			col = k
		}
		if col >= int(record.NumCols()) || record.ColumnName(col) != c.Name {
			return fmt.Errorf("column %q: %w: it is not in this batch", c.Name, npy.ErrFormat)
		}
		a, err := r.conv.convert(record.Column(col).Data(), r.schema.tensors[i])
		if err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
		batch = append(batch, a)
		if a.DType() != c.DType {
			return fmt.Errorf("column %q: %w: %v in this batch, and %v before", c.Name, npy.ErrDType, a.DType(), c.DType)
		}
		shape := a.Shape()
		if !slices.Equal(shape[1:], c.Shape) && shape[0] > 0 && r.settled {
			return fmt.Errorf("column %q: %w: rows of shape %v in this batch, and %v before", c.Name, npy.ErrShape, shape[1:], c.Shape)
		}
		if int64(shape[0]) != record.NumRows() {
			return fmt.Errorf("column %q: %w: %d rows in a batch of %d", c.Name, npy.ErrFormat, shape[0], record.NumRows())
		}
	}
	r.batch = batch
	return nil
}

// Close gives up the file. Arrays that Next gave stay as they are.
func (r *Reader) Close() error {
	for _, a := range r.batch {
		a.Release()
	}
	if r.batch, r.err = nil, errClosed; r.src == nil {
		return nil
	}
	err := r.src.close()
	r.src = nil
	name(r.path, &err)
	return err
}
