package quant

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The vectors do what the plain loops do, for every length and beginning.
func TestVectorsAreThePlainLoops(t *testing.T) {
	const n = 5*lanes + 7
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]float32, n)
	tab := table{factor: make([]float32, n), zero: make([]int32, n)}
	for _, unsigned := range []bool{false, true} {
		for i := range n {
			src[i] = []float32{float32(40 * r.NormFloat64()), float32(r.IntN(100)) + 0.5, math.Nextafter32(0.5, 0), float32(math.Inf(r.IntN(2) - 1)), -1e30}[r.IntN(5)]
			zero := int32(r.IntN(256))
			tab.factor[i], tab.zero[i] = []float32{1, 3, -1.7}[r.IntN(3)], zero-128
			tab.least, tab.flip = -127, 0
			if unsigned {
				tab.least, tab.flip = -128, 0x80
			}
		}
		have, want := make([]byte, n), make([]byte, n)
		for at := range lanes + 1 {
			x, part := src[at:], tab.from(at)
			done, nan := quantizeVectors(have, x, &part, true, false)
			quantizeEven(want[:done], x[:done], &part)
			if nan || !slices.Equal(have[:done], want[:done]) {
				t.Fatalf("from %d on, half to even: have %v, want %v", at, have[:done], want[:done])
			}
			done, nan = quantizeVectors(have, x, &part, true, true)
			quantizeAway(want[:done], x[:done], &part)
			if nan || !slices.Equal(have[:done], want[:done]) {
				t.Fatalf("from %d on, half away from zero: have %v, want %v", at, have[:done], want[:done])
			}
		}
	}
	for at := range n {
		x := slices.Clone(src)
		x[at] = float32(math.NaN())
		for _, away := range []bool{false, true} {
			if !quantizeLoop(make([]byte, n), x, tab, true, away) || quantizeLoop(make([]byte, n), src, tab, true, away) {
				t.Errorf("a NaN at %d is not found, or one where there is none", at)
			}
		}
		if !boundsLoop(make([]float32, n), make([]float32, n), x, true) || !boundsLoop(make([]float32, lanes), make([]float32, lanes), x, false) {
			t.Errorf("the bounds do not tell of a NaN at %d", at)
		}
	}
}
