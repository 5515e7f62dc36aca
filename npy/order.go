package npy

import (
	"encoding/binary"
	"slices"
	"unsafe"
)

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

// rowMajorBytes returns the elements of a column-major array in row-major
// order. b is aligned as [New] aligns.
func rowMajorBytes(b []byte, size int, shape []int) []byte {
	dst := alignedBytes(len(b))
	switch size {
	case 1:
		rowMajor(dst, b, shape)
	case 2:
		rowMajor(words[uint16](dst, size), words[uint16](b, size), shape)
	case 4:
		rowMajor(words[uint32](dst, size), words[uint32](b, size), shape)
	case 8:
		rowMajor(words[uint64](dst, size), words[uint64](b, size), shape)
	case 16:
		rowMajor(words[[2]uint64](dst, size), words[[2]uint64](b, size), shape)
	}
	return dst
}

func words[T any](b []byte, size int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size)
}

// rowMajor copies a column-major array into row-major order. Of the first axis
// (contiguous in src) and the last (contiguous in dst) it does one small tile
// after the other, so that both stay in the cache.
func rowMajor[T any](dst, src []T, shape []int) {
	if len(dst) == 0 {
		return
	}
	if len(shape) < 2 {
		copy(dst, src)
		return
	}
	const tile = 32
	rows, cols := shape[0], shape[len(shape)-1]
	middle := shape[1 : len(shape)-1]
	dstRow, srcCol := len(dst)/rows, len(dst)/cols
	index := make([]int, len(middle))
	for {
		// The offsets of this place on the middle axes.
		d, s := 0, 0
		for i := range middle {
			d = d*middle[i] + index[i]
		}
		d *= cols
		for i := len(middle) - 1; i >= 0; i-- {
			s = s*middle[i] + index[i]
		}
		s *= rows
		for r0 := 0; r0 < rows; r0 += tile {
			for c0 := 0; c0 < cols; c0 += tile {
				for r := r0; r < min(r0+tile, rows); r++ {
					for c := c0; c < min(c0+tile, cols); c++ {
						dst[d+r*dstRow+c] = src[s+c*srcCol+r]
					}
				}
			}
		}
		if !advance(index, middle) {
			return
		}
	}
}

// advance steps index to the next place in row-major order; false at the end.
func advance(index, shape []int) bool {
	for i := range slices.Backward(shape) {
		if index[i]++; index[i] < shape[i] {
			return true
		}
		index[i] = 0
	}
	return false
}
