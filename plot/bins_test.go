package plot

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"ndflow/npy"
)

// numpyBins has NumPy count in the edges that Bin has found.
const numpyBins = `
import json, sys, numpy as np
out = []
for path in sys.argv[2:]:
    a = np.load(path).astype(np.float64).ravel()
    f = a[np.isfinite(a)]
    edges = np.array(json.loads(sys.argv[1] if sys.argv[1] != '-' else '[]'))
    out.append(dict(counts=np.histogram(f, edges)[0].tolist() if len(edges) else [], mean=float(f.mean()), std=float(f.std()),
        min=float(f.min()), max=float(f.max()), nan=int(np.isnan(a).sum()), inf=int(np.isinf(a).sum()),
        zeros=int((a == 0).sum()), n=int(a.size)))
print(json.dumps(out))
`

type numpyAnswer struct {
	Counts              []int64
	Mean, Std, Min, Max float64
	NaN, Inf, Zeros, N  int64
}

func TestBinAsNumPy(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	const n = 100_000
	odd := func(i int, x float64) float64 {
		switch i % 9973 {
		case 1:
			return math.NaN()
		case 2:
			return math.Inf(i%2*2 - 1)
		}
		return x
	}
	normal := made(n, func(i int) float64 { return odd(i, r.NormFloat64()) })
	narrow := made(n, func(i int) float32 { return float32(odd(i, 1000+r.Float64()*1e-2)) })
	for name, c := range map[string]struct {
		arrays []*npy.Array
		bins   int
	}{
		"float64":        {[]*npy.Array{array(t, normal, 100, 1000)}, 64},
		"few bins":       {[]*npy.Array{array(t, normal)}, 3},
		"one bin":        {[]*npy.Array{array(t, normal)}, 1},
		"many bins":      {[]*npy.Array{array(t, normal)}, 4096},
		"float32, small": {[]*npy.Array{array(t, narrow)}, 50},
		"float16":        {[]*npy.Array{array(t, made(n, func(i int) npy.F16 { return npy.F16FromFloat32(float32(normal[i])) }))}, 64},
		"heavy tails":    {[]*npy.Array{array(t, made(n, func(i int) float64 { return math.Exp(20 * r.NormFloat64()) }))}, 64},
		"int8":           {[]*npy.Array{array(t, made(n, func(i int) int8 { return int8(r.IntN(256) - 128) }))}, 64},
		"uint8":          {[]*npy.Array{array(t, made(n, func(i int) uint8 { return uint8(r.IntN(10)) }))}, 64},
		"int64":          {[]*npy.Array{array(t, made(n, func(i int) int64 { return r.Int64N(1e12) - 5e11 }))}, 33},
		"bool":           {[]*npy.Array{array(t, made(n, func(i int) bool { return i%3 == 0 }))}, 64},
		"all the same":   {[]*npy.Array{array(t, made(100, func(i int) float32 { return 0.1 }))}, 64},
		"all zero":       {[]*npy.Array{array(t, make([]float64, 100))}, 64},
		"one":            {[]*npy.Array{array(t, []float64{-3.5}, []int{}...)}, 64},
		"several": {[]*npy.Array{array(t, normal), array(t, narrow), array(t, made(n, func(i int) int32 { return int32(r.IntN(300)) })),
			array(t, make([]float32, 5))}, 64},
	} {
		t.Run(name, func(t *testing.T) {
			have, err := Bin(t.Context(), c.bins, c.arrays...)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(have[0].Counts); n > c.bins || n < 1 {
				t.Errorf("have %d bins, want 1 to %d", n, c.bins)
			}
			edges, err := json.Marshal(have[0].Edges)
			if err != nil {
				t.Fatal(err)
			}
			var want []numpyAnswer
			askNumPyWith(t, numpyBins, string(edges), &want, c.arrays...)
			for i, b := range have {
				checkBins(t, b, want[i])
			}
		})
	}
}

func checkBins(t *testing.T, have Bins, want numpyAnswer) {
	t.Helper()
	if !slices.Equal(have.Counts, want.Counts) {
		t.Errorf("have counts %v, want %v", have.Counts, want.Counts)
	}
	if have.Elements != want.N || have.NaNs != want.NaN || have.Infs != want.Inf || have.Zeros != want.Zeros || have.Min != want.Min || have.Max != want.Max {
		t.Errorf("have %+v, want %+v", have, want)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-10*(math.Abs(b)+want.Std) }
	if !near(have.Mean, want.Mean) || !near(have.Std, want.Std) {
		t.Errorf("have mean %v, std %v, want %v, %v", have.Mean, have.Std, want.Mean, want.Std)
	}
	var sum int64
	for _, n := range have.Counts {
		sum += n
	}
	if sum != have.Finite {
		t.Errorf("have %d elements in bins, want %d", sum, have.Finite)
	}
}

// TestBinAnyOrder counts the same in whatever order the elements come, as their order
// decides when cells are joined, and however many cores there are.
func TestBinAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	values := made(200_000, func(i int) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(60)-40) })
	values[0], values[1] = 0, 5e-324
	want, err := Bin(t.Context(), 100, array(t, slices.Clone(values)))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		r.Shuffle(len(values), func(i, k int) { values[i], values[k] = values[k], values[i] })
		before := runtime.GOMAXPROCS(1 + r.IntN(7))
		have, err := Bin(t.Context(), 100, array(t, values))
		runtime.GOMAXPROCS(before)
		if err != nil || !slices.Equal(have[0].Counts, want[0].Counts) || !slices.Equal(have[0].Edges, want[0].Edges) {
			t.Fatalf("have %v, %v, want %v", have, err, want)
		}
	}
}

func TestZeroIsAnEdge(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		shift, scale := r.NormFloat64(), math.Exp(r.NormFloat64()*5)
		b, err := Bin(t.Context(), 2+r.IntN(100), array(t, made(1000, func(int) float64 { return scale * (shift + r.NormFloat64()) })))
		if err != nil {
			t.Fatal(err)
		}
		if b[0].Min < 0 && b[0].Max > 0 && !slices.Contains(b[0].Edges, 0) {
			t.Errorf("have edges %v, want 0 among them", b[0].Edges)
		}
	}
}

func TestBinBadInput(t *testing.T) {
	a := array(t, []float32{1})
	for _, n := range []int{0, -1, 5000} {
		if _, err := Bin(t.Context(), n, a); err == nil {
			t.Errorf("%d bins: have no error", n)
		}
	}
	for _, a := range []*npy.Array{nil, array(t, []string{"a"}), array(t, []complex64{1})} {
		if _, err := Bin(t.Context(), 64, a); err == nil {
			t.Errorf("%v: have no error", a)
		}
	}
}
