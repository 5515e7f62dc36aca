package arrowio

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBits(t *testing.T) {
	for range 500 {
		bits := make([]bool, rand.IntN(100))
		for i := range bits {
			bits[i] = rand.IntN(2) == 1
		}
		packed := make([]byte, (len(bits)+7)/8)
		packBits(packed, bits)
		for i, v := range bits {
			if v != (packed[i/8]>>(i%8)&1 == 1) {
				t.Fatalf("%v became %08b", bits, packed)
			}
		}
		lo := rand.IntN(len(bits) + 1)
		back := make([]bool, rand.IntN(len(bits)-lo+1))
		if unpackBits(back, packed, lo); !slices.Equal(back, bits[lo:lo+len(back)]) {
			t.Fatalf("bits %d and on of %v: have %v", lo, bits, back)
		}
	}
}
