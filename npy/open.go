package npy

import (
	"fmt"
	"os"
)

// Open maps the .npy file at path, read-only: nothing is read before it is
// used, and TensorFlow can be fed from the system's page cache with no copy. It
// takes the same time for every size. [Array.Release], or the garbage
// collector, ends the mapping; the file can be renamed or removed meanwhile,
// but must not be written to or cut short: then the array changes under its
// user's hands, or reading it kills the program (SIGBUS).
//
// What cannot be used as it lies in the file is read into memory, as by
// [ReadFile]: strings, column-major arrays, foreign byte order, data that does
// not begin at a multiple of [Align] (NumPy's does since its version 1.14),
// bools (their bytes have to be looked at, as only 0 and 1 are Go bools), and
// everything on systems with no mmap. ReadOnly says which of the two it was, and
// [OpenBlocks] reads such a file in constant memory.
//
// Errors and options are those of [Read].
func Open(path string, opts ...Option) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	avail := remaining(f)
	h, err := readHeader(f)
	if err != nil {
		return nil, fileError(path, err)
	}
	o := optionsOf(opts)
	a, err := h.mapped(f, avail, o)
	if err == nil && a == nil {
		a, err = h.readFile(f, avail, o)
	}
	if err != nil {
		return nil, fileError(path, err)
	}
	return a, nil
}

// mapped maps the array that h describes, or returns nil where it has to be
// read.
func (h *Header) mapped(f *os.File, avail int64, o options) (*Array, error) {
	l, err := h.layoutAs(o.as)
	if err != nil {
		return nil, err
	}
	if avail < 0 || l.dtype == String || l.dtype == Bool || h.Size == 0 ||
		h.Fortran && len(h.Shape) > 1 ||
		l.bigEndian != hostBigEndian && wordSize(l.dtype) > 1 ||
		h.Offset%Align != 0 {
		return nil, nil
	}
	if err := h.checkSize(avail); err != nil {
		return nil, err
	}
	// The map begins with the header, as it has to begin with a page.
	m, err := mapFile(f, int(h.Offset+h.Size), false)
	if err != nil {
		return nil, nil // a file system that maps nothing can still be read
	}
	return external(l.dtype, h.Shape, m, int(h.Offset), true)
}
