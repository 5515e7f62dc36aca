package npy

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// RowReader reads an array of a .npy file some rows at a time, so that one larger
// than memory can be read where it cannot be mapped: from a pipe, or out of an
// archive ([NPZ.Rows]).
type RowReader struct {
	h     *Header
	r     io.Reader
	close func() error
	// columns opens a column-major array of an archive.
	columns func(l itemLayout) (*Blocks, error)

	end   func() error // looks at what follows the last row; nil once it did
	o     options
	at    int
	known bool    // that all of the data is there
	whole *Blocks // where the rows do not come one behind the other
	err   error
}

// NewRows reads the header of an array that has at least one dimension. Object and
// column-major arrays do not come in rows, and are read into memory at the first
// [RowReader.Next]; column-major ones only if r is no file that can be mapped (see
// [OpenBlocks]). It looks at the option [As]; errors are those of [Read].
func NewRows(r io.Reader, opts ...Option) (*RowReader, error) {
	avail := remaining(r)
	h, err := readHeader(r)
	if err == nil {
		err = h.checkSize(avail)
	}
	if err == nil {
		var rows *RowReader
		if rows, err = newRows(h, r, optionsOf(opts)); err == nil {
			rows.known = avail >= 0
			return rows, nil
		}
	}
	return nil, fmt.Errorf("npy: %w", err)
}

func newRows(h *Header, r io.Reader, o options) (*RowReader, error) {
	if _, err := h.sized(o); err != nil {
		return nil, err
	}
	if len(h.Shape) == 0 {
		return nil, fmt.Errorf("%w: a 0-d array has no rows", ErrShape)
	}
	return &RowReader{h: h, r: r, o: o}, nil
}

// Header is what the file says of the array.
func (r *RowReader) Header() *Header { return r.h }

// Next returns the next rows, at least one and at most n; io.EOF itself at the end.
// Errors are those of [Read].
func (r *RowReader) Next(n int) (*Array, error) {
	if r.err != nil {
		return nil, r.err
	}
	a, err := r.next(n)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("npy: %w", err)
	}
	r.err = err
	return a, err
}

func (r *RowReader) next(n int) (*Array, error) {
	if n < 1 {
		return nil, fmt.Errorf("%w: %d rows", ErrRange, n)
	}
	n = min(n, r.h.Shape[0]-r.at)
	if n == 0 {
		if r.end != nil {
			if err := r.end(); err != nil {
				return nil, err
			}
		}
		return nil, io.EOF
	}
	if r.whole == nil && (r.h.item.kind == 'O' || r.h.Fortran && len(r.h.Shape) > 1) {
		var err error
		if r.whole, err = r.open(); err != nil {
			return nil, err
		}
	}
	at := r.at
	r.at += n
	if r.whole != nil {
		return r.whole.someRows(at, r.at)
	}
	part := *r.h
	part.Shape = slices.Clone(r.h.Shape)
	part.Shape[0] = n
	part.Size = r.h.Size / int64(r.h.Shape[0]) * int64(n)
	avail := int64(-1)
	if r.known {
		avail = math.MaxInt64
	}
	a, err := part.readData(r.r, avail, r.o)
	if errors.Is(err, io.ErrUnexpectedEOF) && r.h.item.kind != 'O' {
		err = truncated("the data ends in rows %d to %d of %d", at, r.at, r.h.Shape[0])
	}
	return a, err
}

// open makes blocks of an array whose rows do not come one behind the other.
func (r *RowReader) open() (*Blocks, error) {
	if f, ok := r.r.(*os.File); ok && r.known {
		return r.h.fileBlocks(f, r.h.Offset+r.h.Size, r.o)
	}
	l, err := r.h.sized(r.o)
	if err != nil {
		return nil, err
	}
	if r.columns != nil && l.kind != 'O' {
		return r.columns(l)
	}
	return r.h.readBlocks(r.r, -1, l)
}

// Close closes the entry of an archive. For a RowReader of [NewRows] it does nothing.
func (r *RowReader) Close() error {
	if r.err == nil {
		r.err = fmt.Errorf("npy: the rows were closed")
	}
	if r.whole != nil {
		r.whole.Release() // what was read stays
	}
	if r.close == nil {
		return nil
	}
	err := r.close()
	r.close = nil
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// Rows is [NewRows] for the array of the given name, with or without ".npy". The
// archive's checksum is looked at when the last row was read. The caller must call
// Close.
func (z *NPZ) Rows(name string, opts ...Option) (*RowReader, error) {
	f, place := z.find(name)
	if f == nil {
		return nil, z.missing(name)
	}
	entry, err := f.Open()
	var r *RowReader
	if err == nil {
		var h *Header
		if h, err = readHeader(entry); err == nil {
			r, err = newRows(h, damageReader{entry}, optionsOf(opts))
		}
		if err == io.EOF {
			err = truncated("an empty entry")
		}
		if err != nil {
			entry.Close()
		}
	}
	if damaged(err) && !errors.Is(err, ErrFormat) {
		err = badFormat("%w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("npy: %s%s: %w", place, f.Name, err)
	}
	r.close = entry.Close
	r.columns = func(l itemLayout) (*Blocks, error) { return z.open(r.r, r.h, f, l) }
	r.end = func() error {
		_, err := io.Copy(io.Discard, r.r)
		return err
	}
	return r, nil
}

// damageReader tells what is wrong with an archive as an ErrFormat.
type damageReader struct{ r io.Reader }

func (d damageReader) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	if err != nil && err != io.EOF && damaged(err) {
		err = badFormat("%w", err)
	}
	return n, err
}
