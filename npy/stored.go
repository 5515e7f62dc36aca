package npy

import "os"

// stored is an array of elements of a fixed size as a file has them, in its byte order
// and its order of axes. They are in memory or mapped.
type stored struct {
	layout  itemLayout
	shape   []int
	fortran bool
	raw     *Array // Uint8
}

// storedOf reads the layout of a header. The caller has checked that the elements have
// a size.
func (h *Header) storedOf(l itemLayout, raw *Array) *stored {
	return &stored{layout: l, shape: h.Shape, fortran: h.Fortran && len(h.Shape) > 1, raw: raw}
}

// mapStored maps the data of the array that h describes, which lies at an offset in the
// file, or returns nil where it has to be read.
func (h *Header) mapStored(f *os.File, offset int64, l itemLayout) (*stored, error) {
	if h.Size <= 0 {
		return nil, nil
	}
	page := int64(os.Getpagesize())
	begin := offset / page * page
	end := offset + h.Size
	if end-begin != int64(int(end-begin)) {
		return nil, nil
	}
	m, err := mapPart(f, begin, int(end-begin))
	if err != nil {
		return nil, nil // a file system that maps nothing can still be read
	}
	raw, err := external(Uint8, []int{int(h.Size)}, m, int(offset-begin), true)
	if err != nil {
		unmap(m)
		return nil, err
	}
	return h.storedOf(l, raw), nil
}

// read returns elements lo to hi in row-major order, in the machine's form, as an array
// of one dimension whose memory room gives.
func (s *stored) read(lo, hi int, room *Room) (*Array, error) {
	if err := s.raw.Hold(); err != nil {
		return nil, err
	}
	defer s.raw.Unhold()
	return s.layout.decode(hi-lo, room, func(b []byte) error {
		s.fill(b, lo, hi)
		return nil
	})
}

// fill copies elements lo to hi as they are, in row-major order.
func (s *stored) fill(dst []byte, lo, hi int) {
	if len(dst) == 0 {
		return
	}
	src, size := s.raw.data, s.layout.size
	done := s.passed
	if s.raw.mem == nil || len(src) <= span {
		done = nil
	}
	if s.fortran {
		gatherRange(dst, src, size, s.shape, lo, hi, done)
		return
	}
	src = src[lo*size : hi*size]
	const each = 1 << 20
	inParallel((len(dst)+each-1)/each, hi-lo, func(i int) {
		copy(dst[i*each:min((i+1)*each, len(dst))], src[i*each:])
	})
	if done != nil {
		done(lo*size, hi*size)
	}
}

// passed gives back the memory of bytes of a mapped file.
func (s *stored) passed(lo, hi int) {
	if pages := pagesOver(s.raw.data, lo, hi); len(pages) > 0 {
		dropPages(pages) // advice: what is not taken costs memory, and nothing else
	}
}

// decode makes an array of one dimension of n elements that fill writes as they are in
// the file.
func (l itemLayout) decode(n int, room *Room, fill func(b []byte) error) (*Array, error) {
	if l.dtype == String {
		room = nil // the strings may stay in it
	}
	b, mem, err := room.bytes(n * l.size)
	if err != nil {
		return nil, err
	}
	if err := fill(b); err != nil {
		return nil, err
	}
	a, err := l.array(b, []int{n})
	if err == nil && l.dtype != String {
		a.mem = mem
	}
	return a, err
}

// array makes an array of elements in row-major order that are as in the file. It has
// their memory.
func (l itemLayout) array(b []byte, shape []int) (*Array, error) {
	if l.dtype == String {
		strs, err := decodeStrings(b, l)
		return &Array{dtype: String, shape: shape, strs: strs}, err
	}
	l.settle(b)
	return &Array{dtype: l.dtype, shape: shape, data: b}, nil
}

// settle turns elements as a file has them into those of this machine.
func (l itemLayout) settle(b []byte) {
	word := wordSize(l.dtype)
	if l.dtype != Bool && (l.bigEndian == hostBigEndian || word == 1) {
		return
	}
	const each = 1 << 20
	inParallel((len(b)+each-1)/each, len(b), func(i int) {
		part := b[i*each : min((i+1)*each, len(b))]
		if l.dtype != Bool {
			swapBytes(part, word)
			return
		}
		// A Go bool that is neither 0 nor 1 would break the program's logic.
		for i, v := range part {
			if v > 1 {
				part[i] = 1
			}
		}
	})
}
