package npy

import (
	"fmt"
	"io/fs"
	"ndflow/internal/tempfile"
	"os"
	"runtime"
	"slices"
	"sync"
)

// File is a .npy file that is being written through an Array over its memory.
type File struct {
	mu      sync.Mutex
	path    string
	temp    *tempfile.File
	array   *Array
	offset  int64
	mapped  bool  // what is written to array is in the file at once
	closed  bool  // Close has put the file in place
	err     error // why it never will: what Close says from then on
	cleanup runtime.Cleanup
}

// Create begins a .npy file of the given dtype and shape, full of zeros, and
// maps it for writing: what is written to its [File.Array] lands in the file.
// Until [File.Close] the file lies under a temporary name (.npy-*.tmp) in the
// same folder, and what path names is untouched; after [File.Abort], and when
// the File is forgotten, the temporary file is removed. If the process is
// killed, it stays.
//
// All the disk space is taken at once, so a full disk is an error of Create.
// String arrays cannot be mapped: an [ErrDType]; see [WriteFile]. Nor can a
// path that is a device or a pipe.
func Create(path string, dtype DType, shape ...int) (*File, error) {
	n, head, err := plan(path, dtype, shape)
	if err != nil {
		return nil, err
	}
	temp, err := tempfile.Create(path, "", nil)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	f := &File{path: path, temp: temp, offset: int64(len(head))}
	if err := f.begin(head, dtype, shape, n*dtype.Size()); err != nil {
		temp.Discard()
		return nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	f.cleanup = runtime.AddCleanup(f, func(t *tempfile.File) { t.Discard() }, temp)
	return f, nil
}

// plan returns how many elements a file that is to be mapped has, and its header.
func plan(path string, dtype DType, shape []int) (n int, head []byte, err error) {
	if n, err = checkShape(dtype, shape); err != nil {
		return 0, nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	if dtype == String {
		return 0, nil, fmt.Errorf("npy: %s: %w: string arrays cannot be mapped", path, ErrDType)
	}
	if head, err = header(descrOf(dtype), shape); err != nil {
		return 0, nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	return n, head, nil
}

// begin gives the file its size, header and array.
func (f *File) begin(head []byte, dtype DType, shape []int, size int) error {
	if f.temp.Direct() {
		return fmt.Errorf("not a regular file: %w", fs.ErrInvalid)
	}
	whole := len(head) + size
	if err := reserve(f.temp.File, int64(whole)); err != nil {
		return err
	}
	if _, err := f.temp.WriteAt(head, 0); err != nil {
		return err
	}
	return f.mapIn(dtype, shape, len(head), size)
}

// mapIn maps the data, behind a header of so many bytes.
func (f *File) mapIn(dtype DType, shape []int, head, size int) error {
	if size > 0 {
		m, err := mapFile(f.temp.File, head+size, true)
		if err == nil {
			f.mapped = true
			f.array, err = external(dtype, shape, m, head, false)
			return err
		}
		if f.temp.Named() {
			return err // in memory it would not outlive the process
		}
	}
	// Nothing to map, or nothing that can be mapped: Close writes the data.
	var err error
	f.array, err = External(dtype, shape, alignedBytes(size), false, nil)
	return err
}

// Array returns the array over the file's memory. It is released by Close and
// Abort.
func (f *File) Array() *Array { return f.array }

// WriteRows puts rows, an array of shape [n, ...], into the file from row lo on,
// by the system's write instead of through the mapping. For rows that are in a
// small buffer, used again and again, that costs a good deal less: it takes no
// page faults, and no memory stays mapped. It is safe for concurrent use for
// rows that are not the same. [File.Array] shows them.
func (f *File) WriteRows(lo int, rows *Array) error {
	if err := f.array.Hold(); err != nil { // against Close meanwhile
		return err
	}
	defer f.array.Unhold()
	if rows == nil || rows.dtype != f.array.dtype {
		return fmt.Errorf("npy: %s: %w: cannot take such rows into an array of %v", f.path, ErrDType, f.array.dtype)
	}
	if len(f.array.shape) == 0 || len(rows.shape) == 0 || !slices.Equal(rows.shape[1:], f.array.shape[1:]) ||
		lo < 0 || rows.shape[0] > f.array.shape[0]-lo {
		return fmt.Errorf("npy: %s: %w: %v from row %d on do not fit in %v", f.path, ErrShape, rows.shape, lo, f.array.shape)
	}
	if err := rows.Hold(); err != nil {
		return err
	}
	defer rows.Unhold()
	at := lo * (len(f.array.data) / max(f.array.shape[0], 1))
	if !f.mapped {
		copy(f.array.data[at:], rows.data)
		return nil
	}
	if _, err := f.temp.WriteAt(rows.data, f.offset+int64(at)); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// Close releases the array and puts the complete file in place of what path
// names. While a binding holds the array, because C code still writes to it,
// Close is an error and changes nothing. After any other error the unfinished
// file is gone and path is untouched. The second Close says what the first
// did; one after Abort is an error.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	if f.err != nil {
		return f.err
	}
	if !f.array.releaseIfIdle() {
		return fmt.Errorf("npy: %s: the array is still in use", f.path)
	}
	if !f.mapped {
		if _, err := f.temp.WriteAt(f.array.data, f.offset); err != nil {
			f.abort(err)
			return f.err
		}
	}
	if err := f.temp.Commit(); err != nil {
		f.abort(err)
		return f.err
	}
	f.cleanup.Stop()
	f.closed = true
	return nil
}

// Abort releases the array and removes the unfinished file. After Close it
// does nothing, so that it can be deferred.
func (f *File) Abort() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.err != nil {
		return nil
	}
	if err := f.abort(fmt.Errorf("aborted: %w", os.ErrClosed)); err != nil {
		return fmt.Errorf("npy: %s: %w", f.path, err)
	}
	return nil
}

// abort removes the file and keeps the reason.
func (f *File) abort(reason error) error {
	f.err = fmt.Errorf("npy: %s: %w", f.path, reason)
	f.cleanup.Stop()
	f.array.Release()
	return f.temp.Discard()
}

// writeZeros is how disk space is taken where the system has no call for it.
func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, min(size, 1<<20))
	for at := int64(0); at < size; {
		n, err := f.WriteAt(zeros[:min(size-at, int64(len(zeros)))], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}
