package text

import (
	"fmt"
	"io"
	"runtime"

	"ndflow/internal/tempfile"
	"ndflow/npy"
	"ndflow/npy/table"
)

// out is text on its way out. Without a Writer it stays in buf.
type out struct {
	w   io.Writer
	buf []byte
}

func (o *out) add(s string) { o.buf = append(o.buf, s...) }

// drain writes what is there if it is worth it.
func (o *out) drain() error {
	if len(o.buf) < bufferSize || o.w == nil {
		return nil
	}
	return o.flush()
}

func (o *out) flush() error {
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

// writeNested writes an array as lists in lists.
func writeNested(o *out, a *npy.Array, s style) error {
	r, err := runOf(a, s)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(a)
	return nested(o, r, s.sep, a.Shape(), 0, a.Len())
}

// nested writes the part of an array that has a shape: size elements, from at on.
func nested(o *out, r run, sep string, shape []int, at, size int) (err error) {
	if len(shape) == 0 {
		o.buf, err = r(o.buf, at, at+1)
		return err
	}
	o.buf = append(o.buf, '[')
	if err := items(o, r, sep, shape, at, size); err != nil {
		return err
	}
	o.buf = append(o.buf, ']')
	return nil
}

// items is nested without the outermost brackets.
func items(o *out, r run, sep string, shape []int, at, size int) (err error) {
	if len(shape) == 1 {
		const piece = 1024 // of what could be all there is
		for lo := at; lo < at+size; lo += piece {
			if lo > at {
				o.buf = append(o.buf, sep...)
			}
			if o.buf, err = r(o.buf, lo, min(lo+piece, at+size)); err != nil {
				return err
			}
			if err := o.drain(); err != nil {
				return err
			}
		}
		return nil
	}
	if shape[0] == 0 {
		return nil
	}
	part := size / shape[0]
	for i := range shape[0] {
		if i > 0 {
			o.buf = append(o.buf, sep...)
		}
		if err := nested(o, r, sep, shape[1:], at+i*part, part); err != nil {
			return err
		}
	}
	return nil
}

// file is what the Writers of tables write to: a file that gets its name at last, or
// a Writer of the caller's.
type file struct {
	out
	path    string
	temp    *tempfile.File
	err     error // what broke it
	done    bool
	cleanup runtime.Cleanup
}

// begin begins a table in f, which is a new file where it has no Writer.
func begin(f *file, columns []table.Column, opts []Option, start func(*file, []table.Column, *options) (table.Writer, error)) (table.Writer, error) {
	if err := checkAll(columns); err != nil {
		return nil, f.explain(err)
	}
	if f.w == nil {
		if err := f.create(); err != nil {
			return nil, err
		}
	}
	w, err := start(f, columns, optionsOf(opts))
	if err != nil {
		f.Close()
		return nil, f.explain(err)
	}
	return w, nil
}

func (f *file) create() error {
	temp, err := tempfile.Create(f.path, "", nil)
	if err != nil {
		return fmt.Errorf("text: %w", err)
	}
	f.w, f.temp = temp.File, temp
	f.cleanup = runtime.AddCleanup(f, func(t *tempfile.File) { t.Discard() }, temp)
	return nil
}

// checkAll says whether text can have such columns.
func checkAll(columns []table.Column) error {
	for _, c := range columns {
		if err := check(c.DType); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return nil
}

// explain puts the package and the file in front of an error.
func (f *file) explain(err error) error {
	if f.path != "" {
		return fmt.Errorf("text: %s: %w", f.path, err)
	}
	return fmt.Errorf("text: %w", err)
}

// broken keeps an error for Commit.
func (f *file) broken(err error) error {
	f.err = f.explain(err)
	return f.err
}

// commit writes what is left and gives the file its name.
func (f *file) commit() error {
	if f.done || f.err != nil {
		return f.err
	}
	f.done = true
	err := f.flush()
	if f.temp != nil {
		f.cleanup.Stop()
		if err == nil {
			err = f.temp.Commit()
		} else {
			f.temp.Discard()
		}
	}
	if err != nil {
		return f.broken(err)
	}
	return nil
}

// Close removes the file, unless it was committed.
func (f *file) Close() error {
	if f.done {
		return nil
	}
	f.done = true
	if f.err == nil {
		f.err = f.explain(io.ErrClosedPipe)
	}
	if f.temp == nil {
		return nil
	}
	f.cleanup.Stop()
	if err := f.temp.Discard(); err != nil {
		return f.explain(err)
	}
	return nil
}

// rows writes a table row by row.
type rows struct {
	*file
	noter
	columns []table.Column
	style   style
	row     func(runs []run, widths []int, row int) error
}

func (w *rows) Write(batch []*npy.Array) error {
	if w.err != nil || w.done {
		return w.err
	}
	n, err := table.Check(w.columns, batch)
	if err != nil {
		return w.explain(err)
	}
	runs, widths := make([]run, len(batch)), make([]int, len(batch))
	for i, a := range batch {
		if runs[i], err = runOf(a, w.style); err != nil {
			return w.explain(fmt.Errorf("column %q: %w", w.columns[i].Name, err))
		}
		widths[i] = a.Len() / max(n, 1)
	}
	defer runtime.KeepAlive(batch)
	for row := range n {
		err := w.row(runs, widths, row)
		if err == nil {
			err = w.drain()
		}
		if err != nil {
			return w.broken(err)
		}
	}
	return nil
}

func (w *rows) Commit() error { return w.commit() }
