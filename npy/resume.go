package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"ndflow/internal/tempfile"
	"os"
	"runtime"
)

// Resume is [Create] whose unfinished file lies at partial, a path in the same
// folder, and outlives the process that writes it: if such a file is there, of
// this dtype and shape, it is gone on with, and found is true. Which of its
// elements were written is for the caller to know; after [File.Sync] they are
// there even if the machine has stopped. A file at partial that is something
// else is an [ErrShape], and stays as it is.
//
// [File.Keep] leaves the unfinished file for another time, [File.Abort] removes
// it. Two processes must not write one file at once.
func Resume(path, partial string, dtype DType, shape ...int) (f *File, found bool, err error) {
	n, head, err := plan(path, dtype, shape)
	if err != nil {
		return nil, false, err
	}
	file, err := os.OpenFile(partial, os.O_RDWR, 0)
	switch {
	case err == nil:
		found = true
	case !errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("npy: %w", err)
	}
	temp, err := tempfile.Create(path, partial, file)
	if err != nil {
		if found {
			file.Close()
		}
		return nil, false, fmt.Errorf("npy: %w", err)
	}
	if found && temp.File != file { // path is a device or a pipe
		file.Close()
		temp.Keep()
		return nil, false, fmt.Errorf("npy: %s: not a regular file: %w", path, fs.ErrInvalid)
	}
	f = &File{path: path, temp: temp, offset: int64(len(head))}
	if found {
		err = f.goOn(head, dtype, shape, n*dtype.Size())
	} else if err = f.begin(head, dtype, shape, n*dtype.Size()); err != nil {
		temp.Discard()
	}
	if err != nil {
		temp.Keep()
		return nil, false, fmt.Errorf("npy: %s: %w", partial, err)
	}
	f.cleanup = runtime.AddCleanup(f, func(t *tempfile.File) { t.Keep() }, temp)
	return f, found, nil
}

// goOn maps the file that is there already.
func (f *File) goOn(head []byte, dtype DType, shape []int, size int) error {
	have := make([]byte, len(head))
	if _, err := f.temp.ReadAt(have, 0); err != nil || !bytes.Equal(have, head) {
		return fmt.Errorf("%w: it is not the beginning of a file of %v %v", ErrShape, dtype, shape)
	}
	info, err := f.temp.Stat()
	if err != nil {
		return err
	}
	whole := len(head) + size
	if info.Size() != int64(whole) {
		return fmt.Errorf("%w: it has %d bytes, a file of %v %v has %d", ErrShape, info.Size(), dtype, shape, whole)
	}
	return f.mapIn(dtype, shape, len(head), size)
}

// Sync waits until what was written so far is on the disk.
func (f *File) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.err != nil {
		return fmt.Errorf("npy: %s: %w", f.path, os.ErrClosed)
	}
	if err := f.temp.Sync(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// Keep releases the array and leaves the unfinished file where it is, for
// [Resume]. After Close or Abort it does nothing. Files of [Create] cannot be
// kept.
func (f *File) Keep() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.err != nil {
		return nil
	}
	if !f.temp.Named() {
		return fmt.Errorf("npy: %s: its unfinished file has no name to find it by", f.path)
	}
	f.err = fmt.Errorf("npy: %s: kept unfinished: %w", f.path, os.ErrClosed)
	f.cleanup.Stop()
	f.array.Release()
	return f.temp.Keep()
}
