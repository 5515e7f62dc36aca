package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"ndflow/internal/tempfile"
	"os"
	"runtime"
	"strings"
	"time"
)

// NPZWriter writes a .npz file, one array after the other, in constant memory.
// It is for one goroutine at a time.
type NPZWriter struct {
	unfinished
	zip   *zip.Writer
	names map[string]bool
	opts  options
}

// CreateNPZ begins a .npz file. As with [Create] it gets its name when
// [NPZWriter.Close] has completed it, and is removed by [NPZWriter.Abort] or
// when it is forgotten. It looks at the options [Compress] and [Strings].
func CreateNPZ(path string, opts ...Option) (*NPZWriter, error) {
	temp, err := tempfile.Create(path, "", nil)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	w := &NPZWriter{unfinished: unfinished{path: path, temp: temp}, zip: zip.NewWriter(temp.File), names: map[string]bool{}, opts: optionsOf(opts)}
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return newDeflater(out), nil })
	w.cleanup = runtime.AddCleanup(w, func(t *tempfile.File) { t.Discard() }, temp)
	return w, nil
}

// Write adds an array; ".npy" is added to the name, unless it is there. A name
// that is empty (fs.ErrInvalid) or taken (fs.ErrExist), and an array that is nil
// or released, leave the archive as it was. After any other error the archive is
// broken, and Close will say so.
func (w *NPZWriter) Write(name string, a *Array) error {
	if a == nil {
		return w.WriteBlocks(name, nil)
	}
	return w.WriteBlocks(name, a.Blocks())
}

// WriteBlocks is [NPZWriter.Write] for an array that is read in blocks: one that is
// larger than memory, if it is not of strings.
func (w *NPZWriter) WriteBlocks(name string, b *Blocks) error {
	name = strings.TrimSuffix(name, ".npy")
	if w.closed {
		return fmt.Errorf("npy: %s: %w", w.path, os.ErrClosed)
	}
	if w.err != nil {
		return w.err
	}
	if name == "" {
		return fmt.Errorf("npy: %s: an array without a name: %w", w.path, fs.ErrInvalid)
	}
	if w.names[name] {
		return fmt.Errorf("npy: %s: a second array %q: %w", w.path, name, fs.ErrExist)
	}
	if b == nil || b.whole != nil && b.whole.released() {
		return fmt.Errorf("npy: %s: %s: nil or released array: %w", w.path, name, ErrReleased)
	}
	if err := w.write(name, b); err != nil {
		w.err = fmt.Errorf("npy: %s: %s: %w", w.path, name, err)
		return w.err
	}
	w.names[name] = true
	return nil
}

func (w *NPZWriter) write(name string, b *Blocks) error {
	method := zip.Store
	if w.opts.compress {
		method = zip.Deflate
	} else if err := w.room(b.fileSize()); err != nil {
		return err
	}
	entry, err := w.zip.CreateHeader(&zip.FileHeader{
		Name:   name + ".npy",
		Method: method,
		// NumPy's own date: the same arrays make the same file.
		Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		return err
	}
	return writeBlocks(entry, b, w.opts)
}

// room takes the disk space for an array of so many bytes, which go behind what is
// there already and what the archive has not written yet. Small arrays are not worth
// the calls.
func (w *NPZWriter) room(size int) error {
	if size < 64<<10 || w.temp.Direct() {
		return nil
	}
	if err := w.zip.Flush(); err != nil {
		return err
	}
	at, err := w.temp.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	return room(w.temp.File, at, int64(size))
}

// Close completes the archive and puts it in place of what path names. If a
// Write has failed, or completing it does, the unfinished file is removed and
// path is untouched. The second Close says what the first did; one after Abort
// is an error.
func (w *NPZWriter) Close() error { return w.close(w.complete) }

func (w *NPZWriter) complete() error {
	err := w.zip.Close()
	if err == nil {
		err = w.temp.Commit()
	}
	if err != nil {
		return fmt.Errorf("npy: %s: %w", w.path, err)
	}
	return nil
}

// Abort removes the unfinished file. After Close it does nothing, so that it
// can be deferred.
func (w *NPZWriter) Abort() error { return w.abort() }
