package files

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"ndflow/npy"
	"ndflow/npy/table"
)

// tables are tables that follow each other.
type tables struct {
	readers []table.Reader
	paths   []string
	at      int
}

// alike says whether all have the same columns.
func (t *tables) alike() error {
	want := t.readers[0].Columns()
	for i, r := range t.readers[1:] {
		have := r.Columns()
		if len(have) != len(want) {
			return fmt.Errorf("files: %s: %w: have the columns %q, want those of %s, %q", t.paths[i+1], npy.ErrShape, namesOf(have), t.paths[0], namesOf(want))
		}
		for k, c := range have {
			w := want[k]
			if c.Name != w.Name || c.DType != w.DType || !slices.Equal(c.Shape, w.Shape) {
				kind := npy.ErrShape
				if c.DType != w.DType {
					kind = npy.ErrDType
				}
				return fmt.Errorf("files: %s: %w: have the column %v, want %v as in %s", t.paths[i+1], kind, c, w, t.paths[0])
			}
		}
	}
	return nil
}

func (t *tables) Columns() []table.Column { return t.readers[0].Columns() }

func (t *tables) Rows() int64 {
	all := int64(0)
	for _, r := range t.readers {
		n := r.Rows()
		if n < 0 {
			return -1
		}
		all += n
	}
	return all
}

func (t *tables) Next(n int) ([]*npy.Array, error) {
	for t.at < len(t.readers) {
		batch, err := t.readers[t.at].Next(n)
		if !errors.Is(err, io.EOF) {
			return batch, err
		}
		t.at++
	}
	return nil, io.EOF
}

func (t *tables) Notes() []string {
	var notes []string
	for i, r := range t.readers {
		for _, note := range table.Notes(r) {
			notes = append(notes, t.paths[i]+": "+note)
		}
	}
	return notes
}

func (t *tables) Close() error {
	var errs []error
	for _, r := range t.readers {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// besides are tables that lie side by side.
type besides struct {
	*tables
	columns []table.Column
	picked  []int
}

func beside(t *tables, names []string) (table.Reader, error) {
	var all []table.Column
	seen := map[string]bool{}
	for i, r := range t.readers {
		if r.Rows() != t.readers[0].Rows() {
			return nil, fmt.Errorf("files: %s: %w: have %d rows, want %d as in %s", t.paths[i], npy.ErrShape, r.Rows(), t.readers[0].Rows(), t.paths[0])
		}
		for _, c := range r.Columns() {
			if c.Name == "" {
				c.Name = Base(t.paths[i])
			}
			if seen[c.Name] {
				return nil, fmt.Errorf("files: %s: a second array %q", t.paths[i], c.Name)
			}
			seen[c.Name] = true
			all = append(all, c)
		}
	}
	picked, err := table.Pick(all, names)
	if err != nil {
		return nil, err
	}
	b := &besides{tables: t, picked: picked}
	for _, i := range picked {
		b.columns = append(b.columns, all[i])
	}
	return b, nil
}

func (b *besides) Columns() []table.Column { return b.columns }
func (b *besides) Rows() int64             { return b.readers[0].Rows() }

func (b *besides) Next(n int) ([]*npy.Array, error) {
	var all []*npy.Array
	var end error
	for _, r := range b.readers {
		batch, err := r.Next(n)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil {
			end = err
		}
		all = append(all, batch...)
	}
	if end != nil {
		return nil, io.EOF
	}
	batch := make([]*npy.Array, len(b.picked))
	for i, k := range b.picked {
		batch[i] = all[k]
	}
	return batch, nil
}
