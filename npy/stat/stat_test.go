package stat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"ndflow/internal/scripttest"
	"ndflow/npy"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// numPy has NumPy say what is in arrays.
func numPy(t *testing.T, arrays map[string]*npy.Array) map[string]struct {
	Count, Zeros, NaNs, Infs int64
	Numbers                  [4]string
} {
	t.Helper()
	dir := t.TempDir()
	for name, a := range arrays {
		if err := npy.WriteFile(filepath.Join(dir, name+".npy"), a); err != nil {
			t.Fatal(err)
		}
	}
	out := scripttest.NumPy.Run(t, "testdata/numpy_stat.py", dir)
	var said map[string]struct {
		Count, Zeros, NaNs, Infs int64
		Numbers                  [4]string
	}
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// random fills an array of any dtype with bits, as far as they are elements.
func random(r *rand.Rand, d npy.DType, n int) *npy.Array {
	a := must(npy.New(d, n))
	b := a.Bytes()
	for i := range b {
		b[i] = byte(r.Uint32())
		switch d {
		case npy.Bool:
			b[i] &= 1
		case npy.Uint4, npy.Float4E2M1FN:
			b[i] &= 15
		case npy.Int4:
			b[i] = byte(int8(b[i]<<4) >> 4)
		case npy.Uint2:
			b[i] &= 3
		case npy.Int2:
			b[i] = byte(int8(b[i]<<6) >> 6)
		}
	}
	if v, err := npy.Values[float64](a); err == nil {
		for i := range v {
			v[i] = r.NormFloat64() // the squares of random bits do not fit
		}
	}
	return a
}

func TestOfIsWhatNumPySays(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	arrays := map[string]*npy.Array{}
	for d := npy.Bool; d.Valid(); d++ {
		if d == npy.String || d == npy.Complex64 || d == npy.Complex128 {
			continue
		}
		for _, n := range []int{0, 1, 5, block + 1, 3*leastChunk + 7} {
			arrays[fmt.Sprintf("%v-%d", d, n)] = random(r, d, n)
		}
		arrays[fmt.Sprintf("%v-zeros", d)] = must(npy.New(d, 3, 4))
		arrays[fmt.Sprintf("%v-scalar", d)] = must(npy.New(d))
	}
	nan, inf := math.NaN(), math.Inf(1)
	for name, v := range map[string][]float64{
		"nans": {nan, nan}, "infs": {inf, -inf, 1}, "inf": {inf, 1, 0}, "only-inf": {-inf, -inf},
		"nan-and-inf": {nan, -inf, 0}, "tiny": {1e-150, 0, -1e-150}, "far": {1e15, 1e15 + 1, 1e15 + 2},
		"outlier": append(make([]float64, 100), 1e12),
	} {
		arrays["float64-"+name] = must(npy.From(v))
		narrow := make([]float32, len(v))
		for i, x := range v {
			narrow[i] = float32(x)
		}
		arrays["float32-"+name] = must(npy.From(narrow))
	}
	for name, want := range numPy(t, arrays) {
		have, err := Of(arrays[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if have.Count != want.Count || have.Zeros != want.Zeros || have.NaNs != want.NaNs || have.Infs != want.Infs {
			t.Errorf("%s: have %+v, want %+v", name, have, want)
		}
		for i, x := range []float64{have.Min, have.Max, have.Mean, have.Std} {
			y, err := strconv.ParseFloat(want.Numbers[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			// The mean of numbers of both signs is near to 0 by chance.
			within := 1e-14 * max(math.Abs(y), math.Abs(have.Max)*1e-2)
			if i < 2 {
				within = 0
			}
			if x != y && !(math.Abs(x-y) <= within) && !(x != x && y != y) {
				t.Errorf("%s: number %d of min, max, mean, std: have %v, want %v", name, i, x, y)
			}
		}
	}
}

// TestFarFromZero: what a plain sum of squares, or a sum of float32, loses.
func TestFarFromZero(t *testing.T) {
	const n = 4_000_000
	v := make([]float32, n)
	for i := range v {
		v[i] = 1e8 + 8*float32(i%4) // float32 have steps of 8 there
	}
	s, err := Of(must(npy.From(v)))
	if err != nil || s.Mean != 1e8+12 || math.Abs(s.Std-8*math.Sqrt(1.25)) > 1e-12 {
		t.Errorf("have mean %v and std %v (%v), want %v and %v", s.Mean, s.Std, err, 1e8+12.0, 8*math.Sqrt(1.25))
	}
	w := make([]float64, n)
	for i := range w {
		w[i] = 1e8 + float64(i%4)/1024
	}
	s, err = Of(must(npy.From(w)))
	if want := 1e8 + 1.5/1024; err != nil || s.Mean != want || math.Abs(s.Std*1024/math.Sqrt(1.25)-1) > 1e-12 {
		t.Errorf("have mean %v and std %v (%v), want %v and %v", s.Mean, s.Std, err, want, math.Sqrt(1.25)/1024)
	}
}

// TestSameOnAnyNumberOfCores: sums are put together in the order of memory.
func TestSameOnAnyNumberOfCores(t *testing.T) {
	a := random(rand.New(rand.NewPCG(1, 2)), npy.Float64, 9*leastChunk+5)
	want := must(Of(a))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for n := 1; n <= 4; n++ {
		runtime.GOMAXPROCS(n)
		if have := must(Of(a)); have != want {
			t.Errorf("%d cores: have %+v, want %+v", n, have, want)
		}
	}
}

func TestDigits(t *testing.T) {
	for _, c := range []struct {
		a           *npy.Array
		least, most string
	}{
		{must(npy.From([]int64{math.MaxInt64, math.MinInt64, 0})), "-9223372036854775808", "9223372036854775807"},
		{must(npy.From([]uint64{math.MaxUint64, math.MaxUint64 - 1})), "18446744073709551614", "18446744073709551615"},
		{must(npy.From([]int32{-3, 100000000})), "-3", "100000000"},
		{must(npy.From([]float32{0.1, 1e30})), "0.1", "1e+30"},
		{must(npy.From([]float64{0.1, math.Inf(1)})), "0.1", "+Inf"},
		{must(npy.From([]bool{true})), "1", "1"},
		{must(npy.From([]float32{float32(math.NaN())})), "", ""},
		{must(npy.New(npy.Int64, 0)), "", ""},
	} {
		if s := must(Of(c.a)); s.Least() != c.least || s.Greatest() != c.most {
			t.Errorf("%v: have %q and %q, want %q and %q", c.a, s.Least(), s.Greatest(), c.least, c.most)
		}
	}
}

func TestWhatHasNoOrder(t *testing.T) {
	for _, d := range []npy.DType{npy.String, npy.Complex64, npy.Complex128} {
		if _, err := Of(must(npy.New(d, 2))); !errors.Is(err, npy.ErrDType) || !strings.Contains(err.Error(), d.String()) {
			t.Errorf("%v: have %v", d, err)
		}
	}
	if _, err := Of(nil); err == nil {
		t.Error("a nil array has a summary")
	}
	for _, d := range []npy.DType{npy.Float32, npy.Uint8} {
		a := must(npy.External(d, []int{1}, make([]byte, 64)[:d.Size()], true, func() {}))
		a.Release()
		if _, err := Of(a); !errors.Is(err, npy.ErrReleased) {
			t.Errorf("released %v: have %v", d, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OfContext(ctx, must(npy.New(npy.Float32, 5))); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v, want %v", err, context.Canceled)
	}
}

// TestSumsThatOverflow: as in NumPy, infinite, and not NaN.
func TestSumsThatOverflow(t *testing.T) {
	s := must(Of(must(npy.From([]float64{1e308, 1e308, 1e308}))))
	if s.Infs != 0 || s.Max != 1e308 || !math.IsInf(s.Mean, 1) || !math.IsInf(s.Std, 1) {
		t.Errorf("have %+v", s)
	}
}

func BenchmarkOf(b *testing.B) {
	for _, d := range []npy.DType{npy.Float32, npy.Float64, npy.Float16, npy.BFloat16, npy.Int8, npy.Int64} {
		a := random(rand.New(rand.NewPCG(1, 2)), d, 1<<24)
		b16, _ := a.View(npy.Uint16)
		if v, err := npy.Values[float32](a); err == nil {
			for i := range v {
				v[i] = float32(i % 1000)
			}
		} else if d.Size() == 2 {
			v, _ := npy.Values[uint16](b16)
			for i := range v {
				v[i] &= 0xbfff // no NaNs, which weights seldom have
			}
		}
		b.Run(d.String(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(a.Bytes())))
			for b.Loop() {
				if _, err := Of(a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
