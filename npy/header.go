package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"unicode/utf8"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 20 // a header that is longer describes nothing we can read
	maxDims   = 64      // NumPy's own limit
)

// Header is what a .npy file says about its data, found without reading it.
type Header struct {
	Major, Minor int    // the format's version: 1.0, 2.0 or 3.0
	Descr        string // the dtype as it stands in the file: "<f4", or Python's text for a structured one
	DType        DType  // Invalid where Descr is nothing that this package reads
	Shape        []int
	Fortran      bool  // the elements stand in column-major order
	BigEndian    bool  // each element's highest byte comes first
	Offset       int64 // where the data begins, counted from the start of the header
	Size         int64 // bytes of data; -1 where the header does not tell (objects, structured dtypes)

	item itemLayout
	bad  error // why DType is Invalid
}

// Len returns the number of elements.
func (h *Header) Len() int {
	n, err := checkShape(Uint8, h.Shape)
	if err != nil {
		return 0 // not for a Header that this package read
	}
	return n
}

// ReadHeader reads the header of a .npy file, of version 1.0, 2.0 or 3.0, and
// leaves r at the first byte of the data. A dtype that this package does not
// read is no error here. The error is io.EOF itself, wrapped, when r is at its
// end, and an [ErrFormat] for everything that is wrong with the header.
func ReadHeader(r io.Reader) (*Header, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return h, nil
}

// Stat reads the header of the .npy file at path, and checks that the file is
// as long as its header says.
func Stat(path string) (*Header, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	avail := remaining(f)
	h, err := readHeader(f)
	if err == nil {
		err = h.checkSize(avail)
	}
	if err != nil {
		return nil, fileError(path, err)
	}
	return h, nil
}

// fileError puts the file's name in front of an error about its content.
func fileError(path string, err error) error {
	if errors.Is(err, io.EOF) {
		err = truncated("an empty file")
	}
	return fmt.Errorf("npy: %s: %w", path, err)
}

// badFormat returns an ErrFormat.
func badFormat(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

// truncated returns an error for a file that ends too early.
func truncated(format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrFormat, fmt.Sprintf(format, args...), io.ErrUnexpectedEOF)
}

// readHeader reads up to the first byte of data. Its errors, as those of all
// functions that do not know the file's name, have no "npy: " in front.
func readHeader(r io.Reader) (*Header, error) {
	var b [12]byte
	if n, err := io.ReadFull(r, b[:8]); err != nil {
		if n == 0 {
			return nil, err // io.EOF, for those who read one array after the other
		}
		return nil, headerCut(err, n, 8)
	}
	if string(b[:6]) != magic {
		return nil, badFormat("have %q at the start, want %q", b[:6], magic)
	}
	h := &Header{Major: int(b[6]), Minor: int(b[7])}
	if h.Major < 1 || h.Major > 3 || h.Minor != 0 {
		return nil, badFormat("have format version %d.%d, want 1.0, 2.0 or 3.0", h.Major, h.Minor)
	}
	lenSize := 2
	if h.Major > 1 {
		lenSize = 4
	}
	if n, err := io.ReadFull(r, b[8:8+lenSize]); err != nil {
		return nil, headerCut(err, 8+n, 8+lenSize)
	}
	size := binary.LittleEndian.Uint32(b[8:])
	if size > maxHeader {
		return nil, badFormat("have a header of %d bytes, want at most %d", size, maxHeader)
	}
	text := make([]byte, size)
	h.Offset = int64(8 + lenSize + len(text))
	if n, err := io.ReadFull(r, text); err != nil {
		return nil, headerCut(err, 8+lenSize+n, int(h.Offset))
	}
	if h.Major == 3 && !utf8.Valid(text) {
		return nil, badFormat("the header is not UTF-8")
	}
	return h, h.parse(string(text))
}

// headerCut describes a header that ends early, or passes on a read error.
func headerCut(err error, have, want int) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return truncated("the header ends at byte %d of %d", have, want)
	}
	return err
}

// parse fills h from the Python dictionary in text.
func (h *Header) parse(text string) error {
	d, err := parseDict(text)
	if err != nil {
		return badFormat("header: %w", err)
	}
	h.Descr, h.Shape, h.Fortran = d.descr, d.shape, d.fortran
	h.Size = -1
	if d.structured {
		h.bad = fmt.Errorf("%w: structured dtype %s", ErrDType, shorten(d.descr))
	} else {
		h.item, h.bad = parseDescr(d.descr)
		h.DType, h.BigEndian = h.item.dtype, h.item.bigEndian
	}
	n, err := checkShape(Uint8, h.Shape)
	if err != nil {
		return badFormat("header: %w", err)
	}
	if h.item.kind == 'O' || h.item.size < 0 || d.structured {
		return nil
	}
	// The shape alone may fit where its bytes do not; a zero does not excuse
	// the other dimensions, as in NumPy.
	full := uint64(1)
	for _, dim := range h.Shape {
		full *= uint64(max(dim, 1)) // checkShape has found that this fits
	}
	if hi, lo := bits.Mul64(full, uint64(max(h.item.size, 1))); hi != 0 || lo > math.MaxInt-Align {
		return badFormat("header: %w: %v of %s has more bytes than fit", ErrShape, h.Shape, h.Descr)
	}
	h.Size = int64(n) * int64(h.item.size)
	return nil
}

// checkSize says whether a file of avail bytes, header included, can hold the
// data. A negative avail means that this is not known.
func (h *Header) checkSize(avail int64) error {
	if avail < 0 || h.Size < 0 || avail-h.Offset >= h.Size {
		return nil
	}
	return h.cut(avail - h.Offset)
}

// cut is the error for a file with fewer bytes of data than its header says.
func (h *Header) cut(have int64) error {
	return truncated("have %d bytes of data, want %d for %s %v", max(have, 0), h.Size, h.Descr, h.Shape)
}

// shorten keeps text from a file at a length that fits a message.
func shorten(s string) string {
	if len(s) > 100 {
		return s[:100] + "..."
	}
	return s
}
