package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/internal/memory"
	"ndflow/internal/scripttest"
	"ndflow/npy"
)

func array[T npy.Element](t *testing.T, values []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func compare(t *testing.T, a, b *npy.Array, o Options) *Result {
	t.Helper()
	r, err := Arrays(t.Context(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// numpyDiff has NumPy say the same of the files.
const numpyDiff = `
import json, sys, numpy as np
a, b = np.load(sys.argv[1]), np.load(sys.argv[2])
tol, rtol = float(sys.argv[3]), float(sys.argv[4])
wide = np.complex128 if a.dtype.kind == 'c' else np.float64
with np.errstate(all='ignore'):
    x, y = a.astype(wide).ravel(), b.astype(wide).ravel()
    close = np.isclose(x, y, rtol=rtol, atol=tol, equal_nan=True)
    equal = (x == y) | (np.isnan(x) & np.isnan(y))
    d = np.where(x == y, 0, np.abs(x - y))
    ok = ~np.isnan(d)
    fin = np.isfinite(d)
    rel = d[fin & (y != 0)] / np.abs(y[fin & (y != 0)])
    out = dict(different=int((~equal).sum()), beyond=int((~close).sum()), max=str(float(d[ok].max())), at=int(np.argmax(np.where(ok, d, -1))),
        mean=float(d[fin].mean()), rel=float(rel.max()), meanrel=float(rel.mean()), one=int((np.isnan(x) ^ np.isnan(y)).sum()), both=int((np.isnan(x) & np.isnan(y)).sum()))
    out['ulps'] = -1
    if a.dtype == b.dtype and a.dtype.kind == 'f':
        n = a.dtype.itemsize
        def order(v):
            i = v.ravel().view('i%d' % n).astype(object)
            return np.array([k if k >= 0 else -(k + 2 ** (8 * n - 1)) for k in i], dtype=object)
        u = np.abs(order(a) - order(b))[np.isfinite(d)]
        out['ulps'] = int(u.max())
        out['one_ulp'] = int((u == 1).sum())
        out['three_four'] = int(((u == 3) | (u == 4)).sum())
print(json.dumps(out))
`

type numpyAnswer struct {
	Different, Beyond, One, Both int64
	Max                          string
	At                           int
	Mean, Rel, MeanRel           float64
	ULPs                         int64
	OneULP                       int64 `json:"one_ulp"`
	ThreeFour                    int64 `json:"three_four"`
}

func TestAsNumPy(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 7))
	const n = 20_000
	nan, inf := math.NaN(), math.Inf(1)
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
		y[i] = x[i] + r.NormFloat64()*math.Pow(10, -float64(r.IntN(12)))*float64(r.IntN(2))
	}
	x[5], y[6], x[7], y[7] = nan, nan, nan, nan
	x[8], y[8] = inf, inf
	x[9], y[9] = 0, math.Copysign(0, -1)
	x32 := make([]float32, n)
	y32 := make([]float32, n)
	for i := range x {
		x32[i] = float32(x[i])
		y32[i] = x32[i]
		for range r.IntN(7) {
			y32[i] = math.Nextafter32(y32[i], 100)
		}
	}
	half := func(v []float64) []npy.F16 {
		h := make([]npy.F16, len(v))
		for i := range v {
			h[i] = npy.F16FromFloat32(float32(v[i]))
		}
		return h
	}
	withInf := slices.Clone(y)
	withInf[11], withInf[12] = inf, -inf
	whole := func(scale float64, v []float64) []int32 {
		w := make([]int32, len(v))
		for i := range v {
			if v[i]-v[i] == 0 {
				w[i] = int32(v[i] * scale)
			}
		}
		return w
	}
	z, w := make([]complex64, n), make([]complex64, n)
	for i := range z {
		z[i], w[i] = complex(x32[i], y32[i]), complex(y32[i], y32[i])
	}
	for name, c := range map[string]struct {
		a, b *npy.Array
		o    Options
	}{
		"float64":              {array(t, x), array(t, y), Options{}},
		"float64, shaped":      {array(t, x, 100, 20, 10), array(t, y, 100, 20, 10), Options{Abs: 1e-6}},
		"relative":             {array(t, x), array(t, y), Options{Rel: 1e-5}},
		"both":                 {array(t, x), array(t, y), Options{Abs: 1e-8, Rel: 1e-5}},
		"infinite":             {array(t, x), array(t, withInf), Options{Abs: 1, Rel: 1}},
		"infinite at the left": {array(t, withInf), array(t, x), Options{Abs: 1}},
		"float32":              {array(t, x32), array(t, y32), Options{}},
		"float16":              {array(t, half(x)), array(t, half(y)), Options{Rel: 1e-3}},
		"float32 with float64": {array(t, x32), array(t, x), Options{}},
		"int32":                {array(t, whole(1e6, x)), array(t, whole(1e6, y)), Options{Abs: 10}},
		"int32 with float32":   {array(t, whole(10, x)), array(t, y32), Options{}},
		"complex64":            {array(t, z), array(t, w), Options{Abs: 1e-7}},
	} {
		t.Run(name, func(t *testing.T) {
			have := compare(t, c.a, c.b, c.o)
			want := askNumPy(t, c.a, c.b, c.o)
			if have.Different != want.Different || have.Beyond != want.Beyond || have.OneNaN != want.One || have.BothNaN != want.Both {
				t.Errorf("have different %d, beyond %d, NaN %d and %d, want %+v", have.Different, have.Beyond, have.OneNaN, have.BothNaN, want)
			}
			near := func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*math.Abs(b) }
			wantMax := math.Inf(1)
			fmt.Sscan(want.Max, &wantMax)
			if !near(have.Max, wantMax) || !near(have.Mean, want.Mean) || !near(have.Relative, want.Rel) || !near(have.MeanRel, want.MeanRel) {
				t.Errorf("have max %v, mean %v, relative %v, %v, want %+v", have.Max, have.Mean, have.Relative, have.MeanRel, want)
			}
			if have.Max > 0 && flat(have.MaxAt.Index, have.Shape) != want.At {
				t.Errorf("have the largest at %v, want it at %d", have.MaxAt, want.At)
			}
			if (have.ULPs != nil) != (want.ULPs >= 0) && c.a.DType() != npy.Complex64 {
				t.Fatalf("have ULPs %v, want %d", have.ULPs, want.ULPs)
			}
			if want.ULPs >= 0 && (have.ULPs.Max != uint64(want.ULPs) || have.ULPs.Counts[1] != want.OneULP || have.ULPs.Counts[3] != want.ThreeFour) {
				t.Errorf("have ULPs %d, %v, want %+v", have.ULPs.Max, have.ULPs.Counts, want)
			}
			var sum int64
			for _, k := range have.Decades {
				sum += k
			}
			if all := sum + have.Infinite + have.Equal + have.OneNaN + have.BothNaN; all != have.Elements {
				t.Errorf("have %d pairs in the histogram, want %d", all, have.Elements)
			}
		})
	}
}

func flat(index, shape []int) (at int) {
	for i, k := range index {
		at = at*shape[i] + k
	}
	return at
}

func askNumPy(t *testing.T, a, b *npy.Array, o Options) (answer numpyAnswer) {
	t.Helper()
	dir := t.TempDir()
	for name, x := range map[string]*npy.Array{"a.npy": a, "b.npy": b} {
		if err := npy.WriteFile(filepath.Join(dir, name), x); err != nil {
			t.Fatal(err)
		}
	}
	out := scripttest.NumPy.Run(t, "-c", numpyDiff, filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy"), fmt.Sprint(o.Abs), fmt.Sprint(o.Rel))
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return answer
}

// TestLongIntegers compares what float64 does not hold.
func TestLongIntegers(t *testing.T) {
	const big = math.MaxInt64
	for name, c := range map[string]struct {
		a, b *npy.Array
		max  float64
	}{
		"int64":              {array(t, []int64{big, -big}), array(t, []int64{big - 1, -big}), 1},
		"both ends":          {array(t, []int64{math.MinInt64}), array(t, []int64{big}), math.Ldexp(1, 64)},
		"uint64":             {array(t, []uint64{math.MaxUint64}), array(t, []uint64{math.MaxUint64 - 3}), 3},
		"int64 with uint64":  {array(t, []int64{-1}), array(t, []uint64{1}), 2},
		"int64 with uint8":   {array(t, []int64{1 << 53, 1<<53 + 1}), array(t, []uint8{0, 0}), 1<<53 + 2},
		"int64 with bool":    {array(t, []int64{5}), array(t, []bool{true}), 4},
		"uint64, all equal":  {array(t, []uint64{1 << 63}), array(t, []uint64{1 << 63}), 0},
		"int64 with float64": {array(t, []int64{3}), array(t, []float64{2.5}), 0.5},
	} {
		r := compare(t, c.a, c.b, Options{})
		if r.Max != c.max && math.Abs(r.Max-c.max) > 2 || r.Same() != (c.max == 0) {
			t.Errorf("%s: have %v, same %v, want %v", name, r.Max, r.Same(), c.max)
		}
	}
	r := compare(t, array(t, []int64{0, 1<<53 + 1}), array(t, []int64{0, 1 << 53}), Options{})
	if r.Different != 1 || r.MaxAt.String() != "at [1]: 9007199254740993 and 9007199254740992" {
		t.Errorf("have %d, %v", r.Different, r.MaxAt)
	}
}

func TestNaN(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	a := array(t, []float64{nan, nan, 1, inf, -inf, inf, 1})
	b := array(t, []float64{nan, 1, nan, inf, inf, 1, 1}, 7)
	r := compare(t, a, b, Options{Abs: 1e300, Rel: 1})
	if r.BothNaN != 1 || r.OneNaN != 2 || r.Different != 4 || r.Beyond != 4 || r.Infinite != 2 || r.Equal != 2 {
		t.Errorf("have %+v", r)
	}
	if r.FirstNaN.String() != "at [1]: NaN and 1" || r.First.String() != "at [1]: NaN and 1" {
		t.Errorf("have %v, %v", r.FirstNaN, r.First)
	}
	if r := compare(t, a, b, Options{NaNDiffers: true}); r.Different != 5 || r.Beyond != 5 {
		t.Errorf("NaNDiffers: have %d, %d, want 5", r.Different, r.Beyond)
	}
	z := array(t, []complex128{complex(nan, 0), complex(nan, 1), complex(0, nan)})
	w := array(t, []complex128{complex(nan, 0), complex(nan, 2), complex(0, 0)})
	if r := compare(t, z, w, Options{}); r.BothNaN != 1 || r.OneNaN != 2 {
		t.Errorf("complex: have %+v", r)
	}
}

func TestNarrowULPs(t *testing.T) {
	for name, c := range map[string]struct {
		a, b *npy.Array
		want uint64
	}{
		"float8_e4m3fn":   {array(t, []npy.F8E4M3FN{0x01, 0x80}), array(t, []npy.F8E4M3FN{0x81, 0x00}), 2},
		"float8_e5m2fnuz": {array(t, []npy.F8E5M2FNUZ{0x10, 0x80}), array(t, []npy.F8E5M2FNUZ{0x13, 0x80}), 3},
		"float4":          {array(t, []npy.F4E2M1FN{0x1}), array(t, []npy.F4E2M1FN{0x9}), 2},
		"bfloat16":        {array(t, []npy.BF16{0x3f80}), array(t, []npy.BF16{0x3f85}), 5},
		"float64":         {array(t, []float64{-5e-324}), array(t, []float64{5e-324}), 2},
		"complex64":       {array(t, []complex64{complex(1, 1)}), array(t, []complex64{complex(1, math.Nextafter32(1, 2))}), 1},
	} {
		r := compare(t, c.a, c.b, Options{})
		if r.ULPs == nil || r.ULPs.Max != c.want {
			t.Errorf("%s: have %+v, want %d", name, r.ULPs, c.want)
		}
	}
	if r := compare(t, array(t, []float32{1}), array(t, []float64{1}), Options{}); r.ULPs != nil {
		t.Errorf("have ULPs of two dtypes: %+v", r.ULPs)
	}
}

func TestDecades(t *testing.T) {
	for e := -323; e <= 308; e++ {
		x := math.Pow(10, float64(e))
		if have := decade(x); have != e {
			t.Errorf("%g: have %d, want %d", x, have, e)
		}
		if below := math.Nextafter(x, 0); below > 0 && decade(below) != e-1 && e > -307 {
			t.Errorf("below %g: have %d, want %d", x, decade(below), e-1)
		}
	}
	if have := decade(5e-324); have != -324 {
		t.Errorf("have %d, want -324", have)
	}
	for _, x := range []float64{math.MaxFloat64, 1, 9.99, 0.5} {
		if have, want := decade(x), int(math.Floor(math.Log10(x))); have != want {
			t.Errorf("%g: have %d, want %d", x, have, want)
		}
	}
}

func TestBadInput(t *testing.T) {
	a := array(t, []float32{1, 2})
	for name, c := range map[string]struct {
		a, b *npy.Array
		o    Options
		is   error
		word string
	}{
		"nil":                {nil, a, Options{}, npy.ErrReleased, "nil array"},
		"shapes":             {a, array(t, []float32{1}), Options{}, npy.ErrShape, "float32 [2] and float32 [1]"},
		"strings":            {a, array(t, []string{"a", "b"}), Options{}, npy.ErrDType, "float32 and string"},
		"negative tolerance": {a, a, Options{Abs: -1}, nil, "tolerance -1"},
		"NaN tolerance":      {a, a, Options{Rel: math.NaN()}, nil, "NaN"},
	} {
		_, err := Arrays(t.Context(), c.a, c.b, c.o)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.word) || !strings.HasPrefix(err.Error(), "diff: ") {
			t.Errorf("%s: have %v", name, err)
		}
	}
}

func TestStringsAndEmpty(t *testing.T) {
	r := compare(t, array(t, []string{"a", "b", "c", "d"}, 2, 2), array(t, []string{"a", "x", "c", "y"}, 2, 2), Options{})
	if r.Different != 2 || r.Same() || r.First.String() != `at [0 1]: "b" and "x"` {
		t.Errorf("have %+v", r)
	}
	empty, err := npy.New(npy.Float32, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	if r := compare(t, empty, empty, Options{}); !r.Same() || r.Elements != 0 || r.MaxAt.Index != nil {
		t.Errorf("have %+v", r)
	}
}

// TestConstantMemory compares two files of 256 MB.
func TestConstantMemory(t *testing.T) {
	var arrays [2]*npy.Array
	for i := range arrays {
		path := filepath.Join(t.TempDir(), "large.npy")
		f, err := npy.Create(path, npy.Float32, 1<<13, 1<<13)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Abort()
		v, err := npy.Values[float32](f.Array())
		if err != nil {
			t.Fatal(err)
		}
		v[1<<25] = float32(i)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if arrays[i], err = npy.Open(path); err != nil {
			t.Fatal(err)
		}
		defer arrays[i].Release()
	}
	rise := memory.Watch(t, memory.All)
	r := compare(t, arrays[0], arrays[1], Options{})
	if have := rise(); have > memory.Bound(100<<20) {
		t.Errorf("memory rose by %d MiB, want at most 100", have>>20)
	}
	if r.Different != 1 || !slices.Equal(r.MaxAt.Index, []int{1 << 12, 0}) {
		t.Errorf("have %d, %v", r.Different, r.MaxAt)
	}
}

func TestText(t *testing.T) {
	a := array(t, []float32{0, 1, 2, 3, float32(math.NaN()), 7}, 2, 3)
	b := array(t, []float32{0, 1, 2.5, 3, 5, math.Nextafter32(7, 8)}, 2, 3)
	var text strings.Builder
	o := Options{Abs: 0.1}
	if err := compare(t, a, b, o).Write(&text, Text{Width: 40, Options: o}); err != nil {
		t.Fatal(err)
	}
	const want = `float32 [2 3]: 3 of 6 elements differ, 2 of them past |a-b| <= 0.1 + 0*|b|
1 NaN on one side only, the first at [1 1]: NaN and 5
the first past the tolerance is at [0 2]: 2 and 2.5

largest difference  0.5          at [0 2]: 2 and 2.5
mean difference     0.1
largest relative    0.2          at [0 2]: 2 and 2.5
mean relative       0.05
most ULPs           2,097,152    at [0 2]: 2 and 2.5

differences
        0 |########################## 3
from 1e-7 |#########                  1
from 1e-6 |                           0
      ...
from 1e-2 |                           0
from 1e-1 |#########                  1

ULPs
      0 |############################ 3
      1 |#########                    1
      2 |                             0
    ...
to 2^20 |                             0
to 2^21 |#########                    1
`
	if text.String() != want {
		t.Errorf("have\n%s\nwant\n%s", text.String(), want)
	}
}
