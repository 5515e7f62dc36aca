package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unsafe"
)

// firstChunk is what is allocated before any data of a file of unknown length
// has been seen, whatever its header claims.
const firstChunk = 1 << 20

// Read reads one array in the .npy format, into memory as [New] gives it. It
// takes no byte beyond the array's last, so that several arrays can be read one
// after the other; the error is io.EOF, wrapped, when there is none left. Only
// an object array takes all of r, as nothing says where it ends.
//
// Column-major and big-endian files are turned into row-major, native order.
// Memory is allocated as data arrives, not as the header claims. Errors are an
// [ErrFormat] for a bad file, with io.ErrUnexpectedEOF if it ends too early,
// or an [ErrDType] for a dtype that this package has not. Of the options it
// looks at [As].
func Read(r io.Reader, opts ...Option) (*Array, error) {
	a, err := readArray(r, remaining(r), optionsOf(opts))
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return a, nil
}

// ReadFile is [Read] for a file. Like NumPy it ignores what follows the array.
func ReadFile(path string, opts ...Option) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	a, err := readArray(f, remaining(f), optionsOf(opts))
	if err != nil {
		return nil, fileError(path, err)
	}
	return a, nil
}

// remaining returns how many bytes r still has, or -1 where it cannot tell.
func remaining(r io.Reader) int64 {
	switch r := r.(type) {
	case *os.File:
		info, err := r.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return -1
		}
		return info.Size() - at
	case *bytes.Reader:
		return int64(r.Len())
	case *bytes.Buffer:
		return int64(r.Len())
	case *strings.Reader:
		return int64(r.Len())
	}
	return -1
}

// readArray reads a header and its data; avail is what [remaining] says of r.
func readArray(r io.Reader, avail int64, o options) (*Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	return h.readData(r, avail, o)
}

// readData reads what follows the header; avail counts from the header's start.
func (h *Header) readData(r io.Reader, avail int64, o options) (*Array, error) {
	l, err := h.layoutAs(o.as)
	if err != nil {
		return nil, err
	}
	if l.kind == 'O' {
		return h.readObjects(r)
	}
	if err := h.checkSize(avail); err != nil {
		return nil, err
	}
	if l.size == 0 && h.Len() > 0 {
		// There would be no data to hold against the number of elements.
		return nil, badFormat("have %q for %v, want elements of at least one byte", h.Descr, h.Shape)
	}
	b, err := h.readBytes(r, avail >= 0)
	if err != nil {
		return nil, err
	}
	a := &Array{dtype: l.dtype, shape: h.Shape}
	if l.dtype == String {
		a.strs, err = decodeStrings(b, l)
		if err == nil && h.Fortran {
			strs := make([]string, len(a.strs))
			rowMajor(strs, a.strs, h.Shape)
			a.strs = strs
		}
		return a, err
	}
	if l.bigEndian != hostBigEndian {
		swapBytes(b, wordSize(l.dtype))
	}
	if h.Fortran && len(h.Shape) > 1 {
		b = rowMajorBytes(b, l.size, h.Shape)
	}
	if l.dtype == Bool {
		// A Go bool that is neither 0 nor 1 would break the program's logic.
		for i, v := range b {
			if v > 1 {
				b[i] = 1
			}
		}
	}
	a.data = b
	return a, nil
}

// readBytes reads h.Size bytes. Unless they are known to be there, it grows
// the memory as they arrive.
func (h *Header) readBytes(r io.Reader, known bool) ([]byte, error) {
	size := int(h.Size)
	if !known {
		size = min(size, firstChunk)
	}
	b, have := alignedBytes(size), 0
	for {
		n, err := io.ReadFull(r, b[have:])
		have += n
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, h.cut(int64(have))
		}
		if err != nil {
			return nil, fmt.Errorf("reading the data: %w", err)
		}
		if have == int(h.Size) {
			return b, nil
		}
		grown := alignedBytes(have + min(have, int(h.Size)-have))
		copy(grown, b)
		b = grown
	}
}

// readObjects reads a pickled array of strings, which takes the rest of r.
func (h *Header) readObjects(r io.Reader) (*Array, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading the data: %w", err)
	}
	strs, err := unpickleStrings(unsafe.String(unsafe.SliceData(b), len(b))) // nobody writes to b again
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, truncated("the pickle ends at byte %d", len(b))
	}
	if err != nil {
		return nil, err
	}
	if len(strs) != h.Len() {
		return nil, badFormat("%w: have %d pickled elements, want %d for %v", ErrShape, len(strs), h.Len(), h.Shape)
	}
	// fortran_order says nothing here: a pickle lists its elements row by row.
	return &Array{dtype: String, shape: h.Shape, strs: strs}, nil
}
