package tfc

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"ndflow/internal/interleave"
)

// aligned returns n bytes whose address is a multiple of 64.
func aligned(n int) []byte {
	b := make([]byte, n+64)
	at := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % 64)
	return b[at : at+n : at+n]
}

// No byte but those copied changes, wherever they begin and however many.
func TestCopyOfAnyAlignment(t *testing.T) {
	const most = 400
	src, dst, want := aligned(most+64), aligned(most+192), aligned(most+192)
	for i := range src {
		src[i] = byte(i*7 + 1)
	}
	for name, do := range map[string]func(dst, src []byte){"copy": copyBytes, "stream": streamBytes} {
		for from := range 64 {
			for to := range 64 {
				for _, n := range []int{0, 1, 15, 63, 64, 65, 127, 128, 200, most} {
					for i := range dst {
						dst[i], want[i] = 0xee, 0xee
					}
					do(dst[64+to:][:n], src[from:][:n])
					copy(want[64+to:], src[from:][:n])
					if !bytes.Equal(dst, want) {
						t.Fatalf("%s of %d bytes from %d to %d: have %x, want %x", name, n, from, to, dst, want)
					}
				}
			}
		}
	}
}

// The largest cache decides, so that is a size worth a look.
func TestCopyAroundTheStreamSize(t *testing.T) {
	size := streamSize()
	if size == math.MaxUint {
		size = 24 << 20 // nothing is streamed on this machine
	}
	if size < 1<<20 || size > 1<<30 {
		t.Fatalf("copies of %d bytes are streamed: no cache is of such a size", size)
	}
	t.Logf("streamed from %d MiB", size>>20)
	src, dst := make([]byte, size+65), make([]byte, size+67)
	for i := range src {
		src[i] = byte(i * 31 >> 8)
	}
	for _, n := range []int{int(size) - 1, int(size), int(size) + 65} {
		clear(dst)
		copyBytes(dst[1:][:n], src[:n])
		if !bytes.Equal(dst[1:][:n], src[:n]) || dst[0] != 0 || dst[n+1] != 0 {
			t.Errorf("%d bytes: the copy differs", n)
		}
	}
}

// BenchmarkCopy compares the ways to copy what a kernel has just written, to
// memory that is read next: each turn writes, copies and reads. "no-copy" is
// what it takes to write and read alone.
func BenchmarkCopy(b *testing.B) {
	for size := 4 << 10; size <= 256<<20; size *= 4 {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			src, dst := aligned(size), aligned(size)
			words := unsafe.Slice((*uint64)(start(src)), size/8)
			peer := func(name string, do func(dst, src []byte)) interleave.Peer {
				return interleave.Peer{Name: name, Run: func(n int) {
					for range n {
						write(words)
						do(dst, src)
						if bytes.IndexByte(dst, 2) >= 0 {
							b.Fatal("a wrong byte")
						}
					}
				}}
			}
			interleave.Benchmark(b,
				peer("ndf_copy", copyBytes),
				peer("memcpy", memcpyBytes),
				peer("go", func(dst, src []byte) { copy(dst, src) }),
				peer("no-copy", func(dst, src []byte) {}))
		})
	}
}

// write is one function for all, or the compiler makes of it several that are
// not equally fast.
//
//go:noinline
func write(words []uint64) {
	for i := range words {
		words[i] = 1 << 40
	}
}
