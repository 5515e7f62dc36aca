package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"ndflow/npy"
	"ndflow/npy/table"
)

// npyWriter writes the one column of a .npy file.
type npyWriter struct {
	columns []table.Column
	rows    *npy.RowWriter
}

func createNPY(path string, columns []table.Column) (table.Writer, error) {
	if len(columns) != 1 {
		return nil, fmt.Errorf("files: %s: have %d columns, want one, or a .npz file for all of them; there are %q", path, len(columns), namesOf(columns))
	}
	w, err := npy.CreateRows(path, columns[0].DType, columns[0].Shape)
	if err != nil {
		return nil, err
	}
	return &npyWriter{columns, w}, nil
}

func namesOf(columns []table.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

func (w *npyWriter) Write(batch []*npy.Array) error {
	if _, err := table.Check(w.columns, batch); err != nil {
		return err
	}
	return w.rows.Write(batch[0])
}

func (w *npyWriter) Commit() error { return w.rows.Close() }
func (w *npyWriter) Close() error  { return w.rows.Abort() }

// npzWriter writes the columns of a .npz file, in which arrays stand one behind the
// other: each waits in a file of its own.
type npzWriter struct {
	path    string
	columns []table.Column
	rows    []*npy.RowWriter
	wait    string // the folder that they wait in
	options Options
	done    bool
	err     error
	cleanup runtime.Cleanup
}

func createNPZ(path string, columns []table.Column, o Options) (table.Writer, error) {
	seen := map[string]bool{}
	for _, c := range columns {
		if c.Name == "" || seen[c.Name] {
			return nil, fmt.Errorf("files: %s: want a name of its own for each array, have %q", path, namesOf(columns))
		}
		seen[c.Name] = true
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("files: %s: no columns", path)
	}
	// Where the file goes, there is room for what waits too.
	wait, err := os.MkdirTemp(filepath.Dir(path), ".npz-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	w := &npzWriter{path: path, columns: columns, wait: wait, options: o}
	w.cleanup = runtime.AddCleanup(w, func(wait string) { os.RemoveAll(wait) }, wait)
	for i, c := range columns {
		rows, err := npy.CreateRows(w.place(i), c.DType, c.Shape)
		if err != nil {
			w.Close()
			return nil, err
		}
		w.rows = append(w.rows, rows)
	}
	return w, nil
}

func (w *npzWriter) place(i int) string { return filepath.Join(w.wait, fmt.Sprintf("%d.npy", i)) }

func (w *npzWriter) Write(batch []*npy.Array) error {
	if w.err != nil {
		return w.err
	}
	if _, err := table.Check(w.columns, batch); err != nil {
		return err
	}
	for i, a := range batch {
		if err := w.rows[i].Write(a); err != nil {
			w.err = w.explain(err)
			return w.err
		}
	}
	return nil
}

// explain makes an error speak of the file, and not of one that waits.
func (w *npzWriter) explain(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("files: %s: %w", w.path, err)
}

func (w *npzWriter) Commit() error {
	if w.done || w.err != nil {
		return w.err
	}
	w.err = w.complete()
	return errors.Join(w.err, w.clear())
}

func (w *npzWriter) complete() error {
	for _, r := range w.rows {
		if err := r.Close(); err != nil {
			return w.explain(err)
		}
	}
	z, err := createArchive(w.path, w.options)
	if err != nil {
		return err
	}
	defer z.Abort()
	for i, c := range w.columns {
		a, err := npy.Open(w.place(i))
		if err != nil {
			return w.explain(err)
		}
		err = z.Write(c.Name, a)
		a.Release()
		if err != nil {
			return err
		}
		os.Remove(w.place(i)) // to need no more room than it must
	}
	return z.Close()
}

func createArchive(path string, o Options) (*npy.NPZWriter, error) {
	if o.Compress {
		return npy.CreateNPZ(path, npy.Compress())
	}
	return npy.CreateNPZ(path)
}

func (w *npzWriter) Close() error {
	if w.done {
		return nil
	}
	if w.err == nil {
		w.err = fmt.Errorf("files: %s: %w", w.path, os.ErrClosed)
	}
	return w.clear()
}

// clear removes what waits.
func (w *npzWriter) clear() error {
	w.done = true
	w.cleanup.Stop()
	for _, r := range w.rows {
		r.Abort()
	}
	if err := os.RemoveAll(w.wait); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return nil
}
