package arrowio

import (
	"encoding/binary"
	"unsafe"
)

// packBits puts a bool into each bit, from the lowest up, as Arrow has them.
func packBits(dst []byte, src []bool) {
	b := boolBytes(src)
	for ; len(b) >= 8; b, dst = b[8:], dst[1:] {
		// Each of the eight bytes is 0 or 1: the product gathers them in the top
		// byte, the first one lowest.
		dst[0] = byte(binary.LittleEndian.Uint64(b) * 0x0102040810204080 >> 56)
	}
	for i, v := range b {
		dst[0] |= v << i
	}
}

// unpackBits reads len(dst) bits, from the bit at on.
func unpackBits(dst []bool, src []byte, at int) {
	b := boolBytes(dst)
	for ; len(b) > 0 && at%8 != 0; b, at = b[1:], at+1 {
		b[0] = src[at/8] >> (at % 8) & 1
	}
	src = src[at/8:]
	for ; len(b) >= 8; b, src = b[8:], src[1:] {
		// A copy of the byte in each of eight, of which each keeps its own bit.
		v := uint64(src[0]) * 0x0101010101010101 & 0x8040201008040201
		binary.LittleEndian.PutUint64(b, (v+0x7f7f7f7f7f7f7f7f)>>7&0x0101010101010101)
	}
	for i := range b {
		b[i] = src[0] >> i & 1
	}
}

// boolBytes is the memory of bools, of which each is a byte that is 0 or 1.
func boolBytes(v []bool) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}
