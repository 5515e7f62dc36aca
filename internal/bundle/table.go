package bundle

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// An index is a table in LevelDB's format: blocks of sorted keys and values, a block that
// lists the blocks, and a footer that says where that is. Each block ends in a checksum.
// TensorFlow writes indexes without compression.
const (
	tableMagic  = 0xdb4775248b80fb57
	footerSize  = 48
	trailerSize = 5 // a byte for the compression, four for the checksum
)

var (
	errNoTable  = errors.New("it is no table: cut off, or another kind of file")
	errChecksum = errors.New("the bytes differ from their checksum")
	errBlock    = errors.New("a block of the table makes no sense")
)

// readTable calls use for all keys and values, in the order of the keys. They are valid
// during the call.
func readTable(r io.ReaderAt, size int64, use func(key, value []byte) error) error {
	if size < footerSize {
		return errNoTable
	}
	footer := make([]byte, footerSize)
	if _, err := r.ReadAt(footer, size-footerSize); err != nil {
		return err
	}
	if binary.LittleEndian.Uint64(footer[footerSize-8:]) != tableMagic {
		return errNoTable
	}
	about, rest, ok := parseHandle(footer) // a block about the table, which is empty
	if !ok {
		return errNoTable
	}
	at, _, ok := parseHandle(rest)
	if !ok {
		return errNoTable
	}
	t := table{r: r, size: size - footerSize}
	if err := t.block(about, func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	return t.block(at, func(_, value []byte) error {
		at, _, ok := parseHandle(value)
		if !ok {
			return errBlock
		}
		return t.block(at, use)
	})
}

// handle says where a block is.
type handle struct{ offset, size uint64 }

func parseHandle(b []byte) (h handle, rest []byte, ok bool) {
	var n, m int
	if h.offset, n = binary.Uvarint(b); n <= 0 {
		return h, nil, false
	}
	if h.size, m = binary.Uvarint(b[n:]); m <= 0 {
		return h, nil, false
	}
	return h, b[n+m:], true
}

type table struct {
	r    io.ReaderAt
	size int64 // without the footer
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is how LevelDB stores a checksum of bytes that may have checksums in them.
func masked(crc uint32) uint32 { return (crc>>15 | crc<<17) + 0xa282ead8 }

// block calls use for all that is in a block.
func (t table) block(h handle, use func(key, value []byte) error) error {
	size := uint64(t.size)
	if h.size > size || h.offset > size || h.offset+h.size+trailerSize > size {
		return errBlock
	}
	b := make([]byte, h.size+trailerSize)
	if _, err := t.r.ReadAt(b, int64(h.offset)); err != nil {
		return err
	}
	content, trailer := b[:h.size], b[h.size:]
	if masked(crc32.Checksum(b[:h.size+1], castagnoli)) != binary.LittleEndian.Uint32(trailer[1:]) {
		return errChecksum
	}
	if trailer[0] != 0 {
		return errors.New("it is compressed, as TensorFlow does not write it")
	}
	if len(content) < 4 {
		return errBlock
	}
	// The end lists keys that are stored whole, for searching.
	restarts := uint64(binary.LittleEndian.Uint32(content[len(content)-4:]))
	if 4*(restarts+1) > uint64(len(content)) {
		return errBlock
	}
	return entries(content[:uint64(len(content))-4*(restarts+1)], use)
}

// entries calls use for the entries of a block. Each key begins with a part of the one
// before.
func entries(b []byte, use func(key, value []byte) error) error {
	var key []byte
	for len(b) > 0 {
		var lengths [3]uint64 // shared with the key before, not shared, of the value
		for i := range lengths {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return errBlock
			}
			lengths[i], b = v, b[n:]
		}
		shared, own, value := lengths[0], lengths[1], lengths[2]
		left := uint64(len(b))
		if shared > uint64(len(key)) || own > left || value > left-own {
			return errBlock
		}
		key = append(key[:shared], b[:own]...)
		if err := use(key, b[own:own+value]); err != nil {
			return err
		}
		b = b[own+value:]
	}
	return nil
}
