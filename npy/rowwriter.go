package npy

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"ndflow/internal/tempfile"
)

// RowWriter writes a .npy file row by row whose number of rows is known when it is
// complete. It is for one goroutine at a time.
type RowWriter struct {
	unfinished
	dtype DType
	row   []int
	rows  int
	strs  []string // of a String array, whose layout its longest decides
	opts  options
}

// CreateRows begins a .npy file of the given dtype, of which each row has the given
// shape: an array of shape [rows, row...]. As with [Create] it gets its name when
// [RowWriter.Close] has completed it, and is removed by [RowWriter.Abort] or when it
// is forgotten. Strings are kept in memory until then; it looks at the option
// [Strings]. A path that is a device or a pipe is an error.
func CreateRows(path string, dtype DType, row []int, opts ...Option) (*RowWriter, error) {
	w := &RowWriter{unfinished: unfinished{path: path}, dtype: dtype, row: slices.Clone(row), opts: optionsOf(opts)}
	if _, err := checkShape(dtype, w.shape()); err != nil {
		return nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	temp, err := tempfile.Create(path, "", nil)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	w.temp = temp
	err = fmt.Errorf("npy: %s: not a regular file: %w", path, os.ErrInvalid)
	if !temp.Direct() {
		err = w.head()
	}
	if err != nil {
		temp.Discard()
		return nil, err
	}
	w.cleanup = runtime.AddCleanup(w, func(t *tempfile.File) { t.Discard() }, temp)
	return w, nil
}

func (w *RowWriter) shape() []int { return append([]int{w.rows}, w.row...) }

// head writes the header at the front. It has the same length for every number of
// rows.
func (w *RowWriter) head() error {
	if w.dtype == String {
		return nil
	}
	b, err := header(descrOf(w.dtype), w.shape())
	if err == nil {
		_, err = w.temp.WriteAt(b, 0)
	}
	if err == nil && w.rows == 0 {
		_, err = w.temp.Seek(int64(len(b)), io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("npy: %s: %w", w.path, err)
	}
	return nil
}

// Write adds rows: an array of shape [n, row...]. One that does not fit leaves the
// file as it was; after any other error the file is broken, and Close will say so.
func (w *RowWriter) Write(rows *Array) error {
	switch {
	case w.closed:
		return fmt.Errorf("npy: %s: %w", w.path, os.ErrClosed)
	case w.err != nil:
		return w.err
	case rows == nil || rows.released():
		return fmt.Errorf("npy: %s: nil or released array: %w", w.path, ErrReleased)
	case rows.dtype != w.dtype:
		return fmt.Errorf("npy: %s: %w: have %v, want %v", w.path, ErrDType, rows.dtype, w.dtype)
	case len(rows.shape) == 0 || !slices.Equal(rows.shape[1:], w.row):
		return fmt.Errorf("npy: %s: %w: have %v, want rows of %v", w.path, ErrShape, rows.shape, w.row)
	}
	if _, err := checkShape(w.dtype, append([]int{w.rows + rows.shape[0]}, w.row...)); err != nil || w.rows+rows.shape[0] < 0 {
		return fmt.Errorf("npy: %s: %w: more rows than fit", w.path, ErrShape)
	}
	if w.dtype == String {
		w.strs = append(w.strs, rows.strs...)
	} else if _, err := w.temp.Write(rows.data); err != nil {
		w.err = fmt.Errorf("npy: %s: %w", w.path, err)
		return w.err
	}
	keepAlive(rows)
	w.rows += rows.shape[0]
	return nil
}

// Close completes the file and puts it in place of what path names. If a Write has
// failed, or completing it does, the unfinished file is removed and path is
// untouched. The second Close says what the first did; one after Abort is an error.
func (w *RowWriter) Close() error { return w.close(w.complete) }

func (w *RowWriter) complete() error {
	if w.dtype != String {
		if err := w.head(); err != nil {
			return err
		}
	} else {
		a := &Array{dtype: String, shape: w.shape(), strs: w.strs}
		if err := writeArray(w.temp.File, a, w.opts); err != nil {
			return fmt.Errorf("npy: %s: %w", w.path, err)
		}
	}
	if err := w.temp.Commit(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// Abort removes the unfinished file. After Close it does nothing, so that it can be
// deferred.
func (w *RowWriter) Abort() error { return w.abort() }
