package npy

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf8"
)

// pickleStrings writes an object array of str, or of bytes where some element
// is no text, as NumPy does: protocol 4, and module names that NumPy 1 and 2
// both know.
func pickleStrings(w io.Writer, strs []string, shape []int) error {
	var b bytes.Buffer
	str := func(s string) {
		b.WriteByte(0x8c)
		b.WriteByte(byte(len(s)))
		b.WriteString(s)
	}
	number := func(n int) {
		b.WriteByte(0x8a) // LONG1
		b.WriteByte(8)
		b.Write(binary.LittleEndian.AppendUint64(b.AvailableBuffer(), uint64(n)))
	}
	b.WriteString("\x80\x04")
	str("numpy.core.multiarray")
	str("_reconstruct")
	b.WriteByte(0x93)
	str("numpy")
	str("ndarray")
	b.WriteString("\x93K\x00\x85C\x01b\x87R(K\x01(")
	for _, d := range shape {
		number(d)
	}
	b.WriteByte('t')
	str("numpy")
	str("dtype")
	b.WriteByte(0x93)
	str("O8")
	b.WriteString("\x89\x88\x87R(K\x03")
	str("|")
	b.WriteString("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89](")
	short, long, longest := byte(0x8c), byte('X'), byte(0x8d)
	if slices.ContainsFunc(strs, func(s string) bool { return !utf8.ValidString(s) }) {
		short, long, longest = 'C', 'B', 0x8e
	}
	for _, s := range strs {
		size := b.AvailableBuffer()
		switch n := uint64(len(s)); {
		case n < 1<<8:
			size = append(size, short, byte(n))
		case n < 1<<32:
			size = binary.LittleEndian.AppendUint32(append(size, long), uint32(n))
		default:
			size = binary.LittleEndian.AppendUint64(append(size, longest), n)
		}
		b.Write(size)
		b.WriteString(s)
		if b.Len() >= 1<<16 {
			if _, err := b.WriteTo(w); err != nil {
				return err
			}
		}
	}
	b.WriteString("etb.")
	_, err := b.WriteTo(w)
	return err
}
