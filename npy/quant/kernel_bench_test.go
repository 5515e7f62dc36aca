package quant

import (
	"math/rand/v2"
	"testing"

	"ndflow/internal/interleave"
)

func normal(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func same(n int, v float32) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func BenchmarkKernel(b *testing.B) {
	n := 64 << 20
	src := make([]float32, n)
	copy(src, normal(1<<20))
	for i := 1 << 20; i < n; i += 1 << 20 {
		copy(src[i:], src[:1<<20])
	}
	dst := make([]byte, n)
	other := make([]float32, n)
	c := 1024
	t := table{same(c, 127./5), same(c, -128), same(c, 127), make([]int32, c), 0}
	with := func(f func(dst []byte, src []float32)) func(n int) {
		return func(k int) {
			for range k {
				parallel(n, func(lo, hi int) { f(dst[lo:hi], src[lo:hi]) })
			}
		}
	}
	interleave.Benchmark(b,
		interleave.Peer{Name: "copy", Run: func(k int) {
			for range k {
				parallel(n, func(lo, hi int) { copy(other[lo:hi], src[lo:hi]) })
			}
		}},
		interleave.Peer{Name: "even", Run: with(func(dst []byte, src []float32) { quantizeLoop(dst, src, t, false, false) })},
		interleave.Peer{Name: "away", Run: with(func(dst []byte, src []float32) { quantizeLoop(dst, src, t, false, true) })},
		interleave.Peer{Name: "stripes", Run: with(func(dst []byte, src []float32) {
			for i := 0; i < len(src); i += 1024 {
				quantizeLoop(dst[i:i+1024], src[i:i+1024], t, true, false)
			}
		})},
		interleave.Peer{Name: "bounds", Run: with(func(dst []byte, src []float32) { boundsLoop(make([]float32, 32), make([]float32, 32), src, false) })},
		interleave.Peer{Name: "go", Run: with(func(dst []byte, src []float32) {
			for i := 0; i < len(src); i += 1024 {
				quantizeEven(dst[i:i+1024], src[i:i+1024], &t)
			}
		})},
	)
}
