package quant_test

import (
	"math"
	"slices"
	"testing"

	"ndflow/npy"
	"ndflow/npy/quant"
)

// Arrays that come one after the other make the range that they make in one.
func TestObserverOfParts(t *testing.T) {
	r := random(t)
	for _, method := range []quant.Method{quant.MinMax, quant.Percentile, quant.MinError} {
		for _, scheme := range []quant.Scheme{quant.Symmetric, quant.Affine} {
			for _, c := range []quant.Config{{}, {PerChannel: true, Axis: 1}} {
				c.Method, c.Scheme, c.Percent = method, scheme, 99
				x := get(npy.New(npy.Float32, 3000, 5))(t)
				for i := range values[float32](t, x) {
					values[float32](t, x)[i] = float32(r.NormFloat64() * math.Exp(float64(i)/15000*6)) // grows
				}
				whole, parts := get(quant.NewObserver(c))(t), get(quant.NewObserver(c))(t)
				if err := whole.Observe(x); err != nil {
					t.Fatal(err)
				}
				for i := 0; i < 3000; i += 100 {
					if err := parts.Observe(get(x.Slice(i, i+100))(t)); err != nil {
						t.Fatal(err)
					}
				}
				a, b := get(whole.Params())(t), get(parts.Params())(t)
				if !slices.Equal(a.Scale(), b.Scale()) || !slices.Equal(a.ZeroPoint(), b.ZeroPoint()) {
					t.Errorf("%+v: whole has %v, parts have %v", c, a.Scale(), b.Scale())
				}
			}
		}
	}
	o := get(quant.NewObserver(quant.Config{PerChannel: true}))(t)
	if err := o.Observe(get(npy.New(npy.Float32, 3, 2))(t)); err != nil {
		t.Fatal(err)
	}
	wantError(t, o.Observe(get(npy.New(npy.Float32, 2, 2))(t)), npy.ErrShape, "2 channels along axis 0, want 3 as before")
}

// The percentile is that of the sorted elements, to within a bin.
func TestPercentile(t *testing.T) {
	r := random(t)
	n := 200_000
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64() + 0.5)
	}
	v[7], v[8] = 90, -70
	x := from(t, slices.Clone(v))
	sizes := make([]float32, n)
	for i, x := range v {
		sizes[i] = float32(math.Abs(float64(x)))
	}
	slices.Sort(v)
	slices.Sort(sizes)
	const bin = 2 * 128.0 / 2048
	for _, percent := range []float64{50, 99, 99.9, 99.99, 100} {
		c := quant.Config{Method: quant.Percentile, Percent: percent}
		o := get(quant.NewObserver(c))(t)
		if err := o.Observe(x); err != nil {
			t.Fatal(err)
		}
		lo, hi := o.Range(0)
		want := sizes[n-1-int(float64(n)*(1-percent/100))]
		if e := float64(hi - want); e < 0 || e > bin || percent < 100 && lo != -hi {
			t.Errorf("%v %%: the range is %v to %v, want %v", percent, lo, hi, want)
		}
		c.Scheme = quant.Affine
		o = get(quant.NewObserver(c))(t)
		if err := o.Observe(x); err != nil {
			t.Fatal(err)
		}
		lo, hi = o.Range(0)
		out := int(float64(n) * (1 - percent/100) / 2)
		least, most := v[out], v[n-1-out]
		if percent == 50 { // a quartile above 0 leaves 0 as the least
			least = min(least, 0)
		}
		if float64(most-hi) > 0 || float64(hi-most) > bin || lo > least || float64(least-lo) > bin {
			t.Errorf("affine, %v %%: the range is %v to %v, want %v to %v", percent, lo, hi, least, most)
		}
		if q := get(quant.Quantize(x, c))(t); percent < 100 {
			if r := get(q.Report(x))(t); r.Saturated == 0 || r.Saturated > 1-percent/100 {
				t.Errorf("%v %%: saturated are %v", percent, r.Saturated)
			}
		}
	}
}

// The range of least error is as good as the best of many that are tried with the
// elements themselves, and better than the whole one where a few lie far out.
func TestMinError(t *testing.T) {
	r := random(t)
	for name, c := range map[string]struct {
		draw func(i int) float64
		most float64 // so much must be won, in dB
	}{
		"normal":         {func(int) float64 { return r.NormFloat64() }, 0},
		"uniform":        {func(int) float64 { return 2*r.Float64() - 1 }, 0},
		"long tails":     {func(int) float64 { return math.Pow(r.NormFloat64(), 5) }, 0},
		"one far out":    {func(i int) float64 { return r.NormFloat64() + 300*float64(i/49_999) }, 0.2},
		"to one side":    {func(int) float64 { return math.Abs(r.NormFloat64()) }, 0},
		"three integers": {func(int) float64 { return float64(r.IntN(3) - 1) }, 0},
	} {
		for _, scheme := range []quant.Scheme{quant.Symmetric, quant.Affine} {
			v := make([]float32, 50_000)
			for i := range v {
				v[i] = float32(c.draw(i))
			}
			x := from(t, v)
			noise := func(q *quant.Array) float64 { return -get(q.Report(x))(t).SNR }
			least := noise(get(quant.Quantize(x, quant.Config{Scheme: scheme, Method: quant.MinError}))(t))
			whole := noise(get(quant.Quantize(x, quant.Config{Scheme: scheme}))(t))
			lo, hi := slices.Min(v), slices.Max(v)
			best := math.Inf(1)
			for i := 1; i <= 60; i++ {
				part := float32(i) / 60
				p := get(quant.Config{Scheme: scheme}.Range([]float32{min(0, lo) * part}, []float32{hi * part}))(t)
				best = min(best, noise(get(p.Quantize(x))(t)))
			}
			t.Logf("%s, %v: %.2f dB, whole range %.2f, best of many %.2f", name, scheme, -least, -whole, -best)
			if name == "three integers" {
				if -least < 45 {
					t.Errorf("%s: have %.1f dB", name, -least)
				}
				continue
			}
			if least > best+0.15 || least > whole-c.most+0.05 { // the range is found in a histogram
				t.Errorf("%s, %v: have %.2f dB, the whole range %.2f, the best of many %.2f", name, scheme, -least, -whole, -best)
			}
		}
	}
}
