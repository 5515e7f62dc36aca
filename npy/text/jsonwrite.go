package text

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"ndflow/npy"
	"ndflow/npy/table"
)

// CreateJSONLines begins a file of one JSON object a line: {"x":1.5,"label":"a"}. It
// looks at [NonFinite]. A column of complex numbers is an npy.ErrDType.
func CreateJSONLines(path string, columns []table.Column, opts ...Option) (table.Writer, error) {
	return begin(&file{path: path}, columns, opts, newLines)
}

// NewJSONLinesWriter is [CreateJSONLines] to a Writer; Commit writes what is left.
func NewJSONLinesWriter(w io.Writer, columns []table.Column, opts ...Option) (table.Writer, error) {
	return begin(&file{out: out{w: w}}, columns, opts, newLines)
}

type linesWriter struct {
	rows
	heads []string // what stands before each value
}

func newLines(f *file, columns []table.Column, o *options) (table.Writer, error) {
	w := &linesWriter{rows: rows{file: f, columns: columns, style: jsonStyle(o)}}
	w.row = w.writeRow
	w.widened(columns)
	for i, c := range columns {
		head, err := appendQuoted([]byte{"{,"[min(i, 1)]}, c.Name)
		if err != nil {
			return nil, fmt.Errorf("a column's name: %w", err)
		}
		w.heads = append(w.heads, string(head)+":")
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("no columns")
	}
	return w, nil
}

func (w *linesWriter) writeRow(runs []run, widths []int, row int) error {
	for i, r := range runs {
		w.add(w.heads[i])
		if err := nested(&w.out, r, w.style.sep, w.columns[i].Shape, row*widths[i], widths[i]); err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
	}
	w.add("}\n")
	return nil
}

// CreateJSON begins a JSON file of columns, each of which is nested lists:
// {"x":[1.5,2.5],"label":["a","b"]}. A single column whose name is empty is the
// list alone. All columns but the first wait in temporary files beside it until
// Commit. It looks at [NonFinite].
func CreateJSON(path string, columns []table.Column, opts ...Option) (table.Writer, error) {
	return begin(&file{path: path}, columns, opts, newJSON)
}

func newJSON(f *file, columns []table.Column, o *options) (table.Writer, error) {
	if len(columns) == 0 {
		return nil, fmt.Errorf("no columns")
	}
	w := &jsonWriter{file: f, columns: columns, style: jsonStyle(o), bare: len(columns) == 1 && columns[0].Name == ""}
	w.widened(columns)
	if err := w.begin(); err != nil {
		w.clear()
		return nil, err
	}
	return w, nil
}

type jsonWriter struct {
	*file
	noter
	columns []table.Column
	style   style
	bare    bool
	parts   []*part // of each column
	rows    int
}

// part is a column's text; that of the first goes into the file at once.
type part struct {
	*out
	wait *os.File
}

func (w *jsonWriter) begin() error {
	for i, c := range w.columns {
		p := &part{out: &w.out}
		if i > 0 {
			// Where the file goes, there is room for it too.
			wait, err := os.CreateTemp(filepath.Dir(w.path), ".json-*.tmp")
			if err != nil {
				return err
			}
			os.Remove(wait.Name()) // it lives as long as it is open; where it cannot, Close removes it
			p = &part{&out{w: wait}, wait}
		}
		w.parts = append(w.parts, p)
		if !w.bare {
			p.add("{,"[min(i, 1):][:1])
			var err error
			if p.buf, err = appendQuoted(p.buf, c.Name); err != nil {
				return fmt.Errorf("a column's name: %w", err)
			}
			p.add(":")
		}
		p.add("[")
	}
	return nil
}

func (w *jsonWriter) Write(batch []*npy.Array) error {
	if w.err != nil || w.done {
		return w.err
	}
	rows, err := table.Check(w.columns, batch)
	if err != nil {
		return w.explain(err)
	}
	if rows == 0 {
		return nil
	}
	defer runtime.KeepAlive(batch)
	for i, a := range batch {
		r, err := runOf(a, w.style)
		if err == nil {
			if w.rows > 0 {
				w.parts[i].add(w.style.sep)
			}
			err = items(w.parts[i].out, r, w.style.sep, a.Shape(), 0, a.Len())
		}
		if err == nil {
			err = w.parts[i].drain()
		}
		if err != nil {
			return w.broken(fmt.Errorf("column %q: %w", w.columns[i].Name, err))
		}
	}
	w.rows += rows
	return nil
}

func (w *jsonWriter) Commit() error {
	if w.done || w.err != nil {
		return w.err
	}
	err := w.gather()
	w.clear()
	if err != nil {
		w.broken(err)
		w.file.Close()
		return w.err
	}
	return w.commit()
}

// gather puts the columns that wait behind the first.
func (w *jsonWriter) gather() error {
	for i, p := range w.parts {
		p.add("]")
		if i == 0 {
			continue
		}
		if err := errors.Join(p.flush(), w.flush()); err != nil {
			return err
		}
		if _, err := p.wait.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(w.temp.File, p.wait); err != nil {
			return err
		}
	}
	if !w.bare {
		w.add("}")
	}
	w.add("\n")
	return nil
}

// clear gives up the files of columns that waited.
func (w *jsonWriter) clear() {
	for _, p := range w.parts {
		if p.wait != nil {
			p.wait.Close()
			os.Remove(p.wait.Name()) // where it could not be removed while it was open
		}
	}
	w.parts = nil
}

func (w *jsonWriter) Close() error {
	w.clear()
	return w.file.Close()
}
