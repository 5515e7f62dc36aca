package npy

import "encoding/binary"

var hostBigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// swapBytes turns the byte order of each word of the given size.
func swapBytes(b []byte, size int) {
	switch size {
	case 2:
		for ; len(b) >= 2; b = b[2:] {
			b[0], b[1] = b[1], b[0]
		}
	case 4:
		for ; len(b) >= 4; b = b[4:] {
			binary.BigEndian.PutUint32(b, binary.LittleEndian.Uint32(b))
		}
	case 8:
		for ; len(b) >= 8; b = b[8:] {
			binary.BigEndian.PutUint64(b, binary.LittleEndian.Uint64(b))
		}
	}
}

// wordSize is the size that byte order applies to: half a complex number.
func wordSize(d DType) int {
	if d == Complex64 || d == Complex128 {
		return d.Size() / 2
	}
	return d.Size()
}
