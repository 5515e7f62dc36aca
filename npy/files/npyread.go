package files

import (
	"errors"
	"fmt"
	"io"
	"os"

	"ndflow/npy"
	"ndflow/npy/table"
)

// rows is a table of arrays that are read row by row.
type rows struct {
	path    string
	columns []table.Column
	readers []*npy.RowReader
	count   int
	closers []io.Closer
}

func openNPY(path string, o Options) (table.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	r := &rows{path: path, closers: []io.Closer{f}}
	rr, err := npy.NewRows(f)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: an empty file", npy.ErrFormat)
	}
	if err == nil {
		err = r.add("", rr)
	}
	if err == nil && len(o.Columns) > 0 && (len(o.Columns) > 1 || o.Columns[0] != Base(path)) {
		err = fmt.Errorf("no array %q, there is %q", o.Columns, Base(path))
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("files: %s: %w", path, err)
	}
	return r, nil
}

func openNPZ(path string, o Options) (table.Reader, error) {
	z, err := npy.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	r := &rows{path: path, closers: []io.Closer{z}}
	names := o.Columns
	if len(names) == 0 {
		names = z.Names()
	}
	for _, name := range names {
		rr, err := z.Rows(name)
		if err == nil {
			r.closers = append(r.closers, rr)
			err = r.add(name, rr)
		}
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("files: %s: %q: %w", path, name, err)
		}
	}
	if len(r.columns) == 0 {
		r.Close()
		return nil, fmt.Errorf("files: %s: %w: no arrays in it", path, npy.ErrFormat)
	}
	return r, nil
}

func (r *rows) add(name string, rr *npy.RowReader) error {
	h := rr.Header()
	if len(r.columns) > 0 && h.Shape[0] != r.count {
		return fmt.Errorf("%w: have %d rows, want %d as %q has", npy.ErrShape, h.Shape[0], r.count, r.columns[0].Name)
	}
	r.count = h.Shape[0]
	dtype := h.DType
	if h.DType == npy.Invalid {
		return fmt.Errorf("%w: %s", npy.ErrDType, h.Descr)
	}
	r.columns = append(r.columns, table.Column{Name: name, DType: dtype, Shape: h.Shape[1:]})
	r.readers = append(r.readers, rr)
	return nil
}

func (r *rows) Columns() []table.Column { return r.columns }
func (r *rows) Rows() int64             { return int64(r.count) }

func (r *rows) Next(n int) ([]*npy.Array, error) {
	batch := make([]*npy.Array, len(r.readers))
	for i, rr := range r.readers {
		a, err := rr.Next(n)
		if err == io.EOF && i+1 < len(r.readers) {
			continue // the others end too, and their checksums are looked at
		}
		if err == io.EOF {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("files: %s: %w", r.path, err)
		}
		batch[i] = a
	}
	return batch, nil
}

func (r *rows) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	r.closers = nil
	return errors.Join(errs...)
}
