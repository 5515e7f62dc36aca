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
	a, err := readFile(f, optionsOf(opts))
	if err != nil {
		return nil, fileError(path, err)
	}
	return a, nil
}

func readFile(f *os.File, o options) (*Array, error) {
	avail := remaining(f)
	h, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	return h.readFile(f, avail, o)
}

// readFile is readData for a file. A column-major array is turned as it is read, so that
// it is in memory once.
func (h *Header) readFile(f *os.File, avail int64, o options) (*Array, error) {
	if h.Fortran && len(h.Shape) > 1 && h.item.kind != 'O' {
		b, err := h.fileBlocks(f, avail, o)
		if err != nil {
			return nil, err
		}
		defer b.Release()
		return b.read()
	}
	return h.readData(f, avail, o)
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
	l, err := h.sized(o)
	if err != nil {
		return nil, err
	}
	if l.kind == 'O' {
		return h.readObjects(r)
	}
	if err := h.checkSize(avail); err != nil {
		return nil, err
	}
	b, err := h.readBytes(r, avail >= 0)
	if err != nil {
		return nil, err
	}
	if h.Fortran && len(h.Shape) > 1 {
		turned, err := allocate(len(b))
		if err != nil {
			return nil, err
		}
		h.storedOf(l, &Array{dtype: Uint8, shape: []int{len(b)}, data: b}).fill(turned, 0, h.Len())
		b = turned
	}
	return l.array(b, h.Shape)
}

// sized returns how to read the elements, which have a size, if they are not objects.
func (h *Header) sized(o options) (itemLayout, error) {
	l, err := h.layoutAs(o.as)
	if err != nil {
		return l, err
	}
	if l.kind != 'O' && l.size == 0 && h.Len() > 0 {
		// There would be no data to hold against the number of elements.
		return l, badFormat("have %q for %v, want elements of at least one byte", h.Descr, h.Shape)
	}
	return l, nil
}

// readBytes reads h.Size bytes; see [readGrowing].
func (h *Header) readBytes(r io.Reader, known bool) ([]byte, error) {
	b, have, err := readGrowing(r, int(h.Size), known)
	if err == io.ErrUnexpectedEOF {
		return nil, h.cut(int64(have))
	}
	return b, err
}

// readGrowing reads so many bytes. Unless they are known to be there, it grows the
// memory as they arrive. The error is io.ErrUnexpectedEOF itself if there are fewer.
func readGrowing(r io.Reader, want int, known bool) (b []byte, have int, err error) {
	size := want
	if !known {
		size = min(size, firstChunk)
	}
	if b, err = allocate(size); err != nil {
		return nil, 0, err
	}
	for {
		n, err := io.ReadFull(r, b[have:])
		have += n
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, have, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, have, fmt.Errorf("reading the data: %w", err)
		}
		if have == want {
			return b, have, nil
		}
		grown, err := allocate(have + min(have, want-have))
		if err != nil {
			return nil, have, err
		}
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
