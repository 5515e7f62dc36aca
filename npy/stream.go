package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// stream is an array in an archive that is read from front to back: its elements stand
// row by row, and may be compressed.
type stream struct {
	layout itemLayout
	size   int // elements
	open   func() (io.ReadCloser, error)

	mu sync.Mutex
	r  io.ReadCloser // nil before the first read and after the last
	at int           // the element that r is at
}

func (s *stream) read(lo, hi int, room *Room) (*Array, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.seek(lo); err != nil {
		return nil, err
	}
	size := (hi - lo) * s.layout.size
	if size > partBytes && (room == nil || size > cap(room.b)) {
		// More is asked for than there may be.
		b, have, err := readGrowing(s.r, size, false)
		if err := s.took(lo, hi, have, err); err != nil {
			return nil, err
		}
		return s.layout.array(b, []int{hi - lo})
	}
	return s.layout.decode(hi-lo, room, func(b []byte) error {
		n, err := io.ReadFull(s.r, b)
		return s.took(lo, hi, n, err)
	})
}

// took goes on from elements lo to hi, of which so many bytes were read.
func (s *stream) took(lo, hi, have int, err error) error {
	if err != nil {
		return s.fail(lo+have/s.layout.size, err)
	}
	s.at = hi
	return s.end()
}

// seek goes to an element, from the beginning if it lies behind.
func (s *stream) seek(at int) error {
	if s.r != nil && at < s.at {
		s.close()
	}
	if s.r == nil {
		r, err := s.open()
		if err != nil {
			return err
		}
		s.r, s.at = r, 0
	}
	n, err := io.CopyN(io.Discard, s.r, int64(at-s.at)*int64(s.layout.size))
	if err != nil {
		return s.fail(s.at+int(n)/s.layout.size, err)
	}
	s.at = at
	return nil
}

// end looks at the archive's checksum, once all elements were read.
func (s *stream) end() error {
	if s.at < s.size {
		return nil
	}
	if _, err := io.Copy(io.Discard, s.r); err != nil {
		return s.fail(s.size, err)
	}
	s.close()
	return nil
}

func (s *stream) fail(at int, err error) error {
	s.close()
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return truncated("the data ends at element %d of %d", at, s.size)
	}
	return err
}

func (s *stream) close() {
	if s.r != nil {
		s.r.Close()
		s.r = nil
	}
}

func (s *stream) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
	s.open = func() (io.ReadCloser, error) { return nil, ErrReleased }
}

// Blocks opens the array of the given name, with or without ".npy", to be read in
// blocks. What is not compressed is read where it lies, after a first look at its
// checksum. What is comes from front to back, and the checksum is looked at when the last
// element is read; but compressed column-major arrays, and objects, are read into memory.
// The archive must stay open as long. Errors are those of [NPZ.Read]. The caller releases
// the blocks.
func (z *NPZ) Blocks(name string, opts ...Option) (*Blocks, error) {
	var b *Blocks
	err := z.entry(name, func(r io.Reader, h *Header, f *zip.File) error {
		l, err := h.sized(optionsOf(opts))
		if err != nil {
			return err
		}
		if l.kind == 'O' || h.Size == 0 || h.Fortran && len(h.Shape) > 1 || z.lies(f) {
			b, err = z.open(r, h, f, l)
			return err
		}
		b = h.blocksOf(l, &Blocks{stream: &stream{layout: l, size: h.Len(), open: z.opener(name, f, h.Shape)}})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// lies says whether an entry's bytes are those of a file of ours.
func (z *NPZ) lies(f *zip.File) bool { return z.file != nil && f.Method == zip.Store }

// open opens an array, whose reader is at its data, to be read in any order.
func (z *NPZ) open(r io.Reader, h *Header, f *zip.File, l itemLayout) (*Blocks, error) {
	if z.lies(f) && h.Size > 0 {
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			return nil, err
		}
		if n < h.Size {
			return nil, h.cut(n)
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		s, err := h.mapStored(z.file, at+h.Offset, l)
		if err != nil {
			return nil, err
		}
		if s != nil {
			return h.blocksOf(l, &Blocks{stored: s}), nil
		}
		again, err := f.Open() // what cannot be mapped is read
		if err != nil {
			return nil, err
		}
		defer again.Close()
		if _, err := io.CopyN(io.Discard, again, h.Offset); err != nil {
			return nil, err
		}
		r = again
	}
	b, err := h.readBlocks(r, -1, l)
	if err == nil {
		_, err = io.Copy(io.Discard, r) // to the archive's checksum
	}
	return b, err
}

// opener returns what opens an entry at its data.
func (z *NPZ) opener(name string, f *zip.File, shape []int) func() (io.ReadCloser, error) {
	_, place := z.find(name)
	explain := func(err error) error {
		if damaged(err) && !errors.Is(err, ErrFormat) {
			err = badFormat("%w", err)
		}
		return fmt.Errorf("%s%s: %w", place, f.Name, err)
	}
	return func() (io.ReadCloser, error) {
		r, err := f.Open()
		if err != nil {
			return nil, explain(err)
		}
		h, err := readHeader(r)
		if err == nil && !slices.Equal(h.Shape, shape) {
			err = badFormat("the entry has changed")
		}
		if err != nil {
			r.Close()
			return nil, explain(err)
		}
		return &explained{r, explain}, nil
	}
}

// explained is an entry whose errors say what is wrong with which archive.
type explained struct {
	io.ReadCloser
	explain func(error) error
}

func (e *explained) Read(b []byte) (int, error) {
	n, err := e.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = e.explain(err)
	}
	return n, err
}
