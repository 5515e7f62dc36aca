package npy

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// Blocks is an array that is read some elements at a time, so that one which cannot be
// used as it lies in its file needs no memory for all of it: column-major and
// big-endian files, those whose data begins anywhere, bools, strings of a fixed size,
// and what is in archives. An array that can be used where it lies is a view, and costs
// nothing.
//
//	b, err := npy.OpenBlocks("x.npy")
//	defer b.Release()
//	var room npy.Room
//	for lo := 0; lo < b.Len(); lo += b.Step() {
//		part, err := b.Elements(lo, min(lo+b.Step(), b.Len()), &room)
//		...
//	}
//
// Blocks are safe for concurrent use. What is mapped follows the rules of [Open].
type Blocks struct {
	dtype DType
	shape []int
	n     int
	// One of these has the elements.
	whole  *Array
	stored *stored
	stream *stream

	mu   sync.Mutex // of what Rows keeps of a column-major array
	band Room
	rows [2]int // which the band holds, from and to
}

// blockBytes is how much of a column-major array is read at a time: so much that each
// part of the file which is read brings some rows of each column. Of others less will do.
var (
	blockBytes = 96 << 20
	partBytes  = 8 << 20
)

// OpenBlocks opens the .npy file at path to be read in blocks. Object arrays, and all
// that is not mapped (a pipe, a system without mmap), are read into memory. Errors and
// options are those of [Read]. The caller releases it.
func OpenBlocks(path string, opts ...Option) (*Blocks, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	b, err := fileBlocks(f, optionsOf(opts))
	if err != nil {
		return nil, fileError(path, err)
	}
	return b, nil
}

func fileBlocks(f *os.File, o options) (*Blocks, error) {
	avail := remaining(f)
	h, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	a, err := h.mapped(f, avail, o)
	if err != nil {
		return nil, err
	}
	if a != nil {
		return a.Blocks(), nil
	}
	return h.fileBlocks(f, avail, o)
}

// fileBlocks is for what cannot be used as it lies in the file, which is at its data.
func (h *Header) fileBlocks(f *os.File, avail int64, o options) (*Blocks, error) {
	l, err := h.sized(o)
	if err != nil {
		return nil, err
	}
	if avail >= 0 && l.kind != 'O' {
		if err := h.checkSize(avail); err != nil {
			return nil, err
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		s, err := h.mapStored(f, at, l)
		if err != nil {
			return nil, err
		}
		if s != nil {
			return h.blocksOf(l, &Blocks{stored: s}), nil
		}
	}
	return h.readBlocks(f, avail, l)
}

// readBlocks reads what follows the header into memory, as it is.
func (h *Header) readBlocks(r io.Reader, avail int64, l itemLayout) (*Blocks, error) {
	if l.kind == 'O' {
		a, err := h.readObjects(r)
		if err != nil {
			return nil, err
		}
		return a.Blocks(), nil
	}
	if err := h.checkSize(avail); err != nil {
		return nil, err
	}
	b, err := h.readBytes(r, avail >= 0)
	if err != nil {
		return nil, err
	}
	raw := &Array{dtype: Uint8, shape: []int{len(b)}, data: b}
	return h.blocksOf(l, &Blocks{stored: h.storedOf(l, raw)}), nil
}

func (h *Header) blocksOf(l itemLayout, b *Blocks) *Blocks {
	b.dtype, b.shape, b.n = l.dtype, slices.Clone(h.Shape), h.Len()
	return b
}

// Blocks returns an array in memory, or a mapped one, as blocks: those are views of it,
// and to release them releases the array.
func (a *Array) Blocks() *Blocks {
	return &Blocks{dtype: a.dtype, shape: a.Shape(), n: a.Len(), whole: a}
}

// DType returns the type of the elements.
func (b *Blocks) DType() DType { return b.dtype }

// Shape returns a copy of the dimensions; see [Array.Shape].
func (b *Blocks) Shape() []int { return append([]int{}, b.shape...) }

// Len returns the number of elements.
func (b *Blocks) Len() int { return b.n }

// View reports whether Elements gives views of an array that is there already, rather
// than reading.
func (b *Blocks) View() bool { return b.whole != nil }

// Random reports whether elements can be read in any order at the same cost: all but
// those of compressed archives can.
func (b *Blocks) Random() bool { return b.stream == nil }

// Step returns how many elements are best read at a time: all of them where that
// takes no memory.
func (b *Blocks) Step() int {
	switch {
	case b.whole != nil:
		return max(b.n, 1)
	case b.stored != nil:
		size := max(b.stored.layout.size, 1)
		if b.stored.fortran {
			return max(1, min(b.n, blockBytes/size))
		}
		return max(1, min(b.n, partBytes/size))
	}
	return max(1, min(b.n, partBytes/b.stream.layout.size))
}

// Elements returns the elements from lo up to hi, counted row by row, as an array of one
// dimension: a view, or in the memory of room, whose next use overwrites it. With a nil
// room it is the caller's to keep. Archives that are compressed are read from front to
// back: to go back begins anew.
func (b *Blocks) Elements(lo, hi int, room *Room) (*Array, error) {
	if lo < 0 || hi < lo || hi > b.n {
		return nil, fmt.Errorf("npy: %w: elements %d to %d of %d", ErrRange, lo, hi, b.n)
	}
	a, err := b.elements(lo, hi, room)
	if err != nil {
		return nil, blocksError(err)
	}
	return a, nil
}

// elements is Elements whose errors have no "npy: " in front.
func (b *Blocks) elements(lo, hi int, room *Room) (*Array, error) {
	switch {
	case b.stored != nil:
		return b.stored.read(lo, hi, room)
	case b.stream != nil:
		return b.stream.read(lo, hi, room)
	case b.whole.released():
		return nil, ErrReleased
	}
	v := *b.whole
	v.shape = []int{b.n}
	return v.Slice(lo, hi)
}

// Rows returns rows lo to hi of axis 0, an array of shape [hi-lo, ...]: a view, or the
// caller's to keep.
func (b *Blocks) Rows(lo, hi int) (*Array, error) {
	a, err := b.someRows(lo, hi)
	if err != nil {
		return nil, blocksError(err)
	}
	return a, nil
}

// someRows is Rows whose errors have no "npy: " in front.
func (b *Blocks) someRows(lo, hi int) (*Array, error) {
	if len(b.shape) == 0 || lo < 0 || hi < lo || hi > b.shape[0] {
		return nil, fmt.Errorf("%w: rows %d to %d of an array %v", ErrRange, lo, hi, b.shape)
	}
	row := b.n / max(b.shape[0], 1)
	var a *Array
	var err error
	if b.stored != nil && b.stored.fortran && b.dtype != String && hi > lo && row > 0 {
		a, err = b.bandRows(lo, hi, row)
	} else {
		a, err = b.elements(lo*row, hi*row, nil)
	}
	if err != nil {
		return nil, err
	}
	a.shape = slices.Concat([]int{hi - lo}, b.shape[1:])
	return a, nil
}

// bandRows copies rows out of a band of them that it keeps: to read few rows of many
// columns is slow, and the next call is likely to want the rows that follow.
func (b *Blocks) bandRows(lo, hi, row int) (*Array, error) {
	most := max(b.Step()/row, 1)
	if hi-lo >= most {
		return b.elements(lo*row, hi*row, nil)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stored.raw.released() {
		return nil, ErrReleased
	}
	if lo < b.rows[0] || hi > b.rows[1] {
		end := min(lo+most, b.shape[0])
		b.rows = [2]int{}
		if _, err := b.stored.read(lo*row, end*row, &b.band); err != nil {
			return nil, err
		}
		b.rows = [2]int{lo, end}
	}
	size := row * b.dtype.Size()
	from := (lo - b.rows[0]) * size
	return &Array{dtype: b.dtype, data: alignedCopy(b.band.b[from : from+(hi-lo)*size])}, nil
}

// Into reads all elements into dst, which has the array's dtype and shape.
func (b *Blocks) Into(dst *Array) error {
	switch {
	case dst == nil:
		return errNil
	case dst.dtype != b.dtype:
		return fmt.Errorf("npy: %w: have %v, want %v", ErrDType, dst.dtype, b.dtype)
	case !slices.Equal(dst.shape, b.shape):
		return fmt.Errorf("npy: %w: have %v, want %v", ErrShape, dst.shape, b.shape)
	case b.whole != nil:
		_, err := dst.Land(b.whole)
		return err
	case dst.ReadOnly():
		return fmt.Errorf("npy: the array is read-only")
	}
	if err := dst.Hold(); err != nil {
		return err
	}
	defer dst.Unhold()
	if err := b.fill(dst); err != nil {
		return blocksError(err)
	}
	return nil
}

// Array returns all elements as an array: the one that is there, or one in new memory,
// the caller's to keep. More memory than the process may have is an [ErrMemory].
func (b *Blocks) Array() (*Array, error) {
	if b.whole != nil {
		return b.whole, nil
	}
	a, err := b.read()
	if err != nil {
		return nil, blocksError(err)
	}
	return a, nil
}

// read reads all elements into new memory.
func (b *Blocks) read() (*Array, error) {
	if b.stream != nil {
		a, err := b.stream.read(0, b.n, nil)
		if err != nil {
			return nil, err
		}
		a.shape = slices.Clone(b.shape)
		return a, nil
	}
	a := &Array{dtype: b.dtype, shape: slices.Clone(b.shape)}
	if b.dtype == String {
		a.strs = make([]string, b.n)
	} else {
		var err error
		if a.data, err = allocate(b.n * b.dtype.Size()); err != nil {
			return nil, err
		}
	}
	if err := b.fill(a); err != nil {
		return nil, err
	}
	return a, nil
}

// fill reads all elements into an array that they fit.
func (b *Blocks) fill(dst *Array) error {
	for lo, step := 0, b.Step(); lo < b.n; lo += step {
		hi := min(lo+step, b.n)
		if b.dtype == String {
			part, err := b.elements(lo, hi, nil)
			if err != nil {
				return err
			}
			copy(dst.strs[lo:], part.strs)
			continue
		}
		size := b.dtype.Size()
		room := Room{b: dst.data[lo*size : hi*size : hi*size]} // it is read to where it stays
		if _, err := b.elements(lo, hi, &room); err != nil {
			return err
		}
	}
	return nil
}

// Hold keeps the elements from being given back, as [Array.Hold] does.
func (b *Blocks) Hold() error {
	if a := b.array(); a != nil {
		return a.Hold()
	}
	return nil
}

// Unhold undoes one [Blocks.Hold].
func (b *Blocks) Unhold() {
	if a := b.array(); a != nil {
		a.Unhold()
	}
}

// array is what holds the memory, or nil.
func (b *Blocks) array() *Array {
	switch {
	case b.whole != nil:
		return b.whole
	case b.stored != nil:
		return b.stored.raw
	}
	return nil
}

// Release gives back the file, and the array of [Array.Blocks]. What was read stays.
func (b *Blocks) Release() {
	if a := b.array(); a != nil {
		a.Release()
	}
	if b.stream != nil {
		b.stream.release()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	(&Array{mem: b.band.mem}).Release()
	b.band, b.rows = Room{}, [2]int{}
}

// blocksError puts "npy: " in front of an error that has none.
func blocksError(err error) error { return fmt.Errorf("npy: %w", err) }
