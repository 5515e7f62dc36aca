package tfc

import (
	"strings"
	"testing"
	"unsafe"

	"ndflow/internal/interleave"
	"ndflow/npy"
)

// BenchmarkStrings compares 100,000 strings of 20 bytes into and out of a
// tensor with a copy of their bytes that looks at each header once.
func BenchmarkStrings(b *testing.B) {
	const count, size = 100_000, 20
	text := strings.Repeat("0123456789", count*size/10)
	list := make([]string, count)
	for i := range list {
		list[i] = text[i*size : (i+1)*size]
	}
	block := make([]byte, count*size)
	copyAll := interleave.Peer{Name: "copy", Run: func(n int) {
		for range n {
			at := 0
			for _, s := range list {
				at += copy(block[at:], s)
			}
		}
	}}
	b.Run("in", func(b *testing.B) {
		a, err := npy.From(list)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(count * size)
		interleave.Benchmark(b, copyAll, interleave.Peer{Name: "tensor", Run: func(n int) {
			for range n {
				t, err := NewTensor(a)
				if err != nil {
					b.Fatal(err)
				}
				t.Close()
			}
		}})
	})
	b.Run("out", func(b *testing.B) {
		words := make([]tstring, count) // as they lie in a tensor
		for i, s := range list {
			w := (*[tstringSize]byte)(unsafe.Pointer(&words[i]))
			w[0] = byte(size << 2)
			copy(w[1:], s)
		}
		dst := make([]string, count)
		b.SetBytes(count * size)
		interleave.Benchmark(b, copyAll, interleave.Peer{Name: "tensor", Run: func(n int) {
			for range n {
				if err := readStrings(dst, unsafe.Pointer(unsafe.SliceData(words))); err != nil {
					b.Fatal(err)
				}
			}
		}})
	})
}
