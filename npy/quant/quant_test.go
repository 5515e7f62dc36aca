package quant_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"ndflow/internal/errtest"
	"ndflow/npy"
	"ndflow/npy/quant"
)

// Half a step is the most that an element within the range can be off.
func TestRoundTrip(t *testing.T) {
	r := random(t)
	for _, dtype := range []npy.DType{npy.Int8, npy.Uint8} {
		for _, scheme := range []quant.Scheme{quant.Symmetric, quant.Affine} {
			for axis, shape := range [][]int{{300, 33}, {4, 700}, {2, 3, 5, 7}, {70000}, {}, {0}, {3, 0}, {1, 1}, {5, 1}} {
				for _, perChannel := range []bool{false, true} {
					if perChannel && len(shape) == 0 {
						continue
					}
					c := quant.Config{DType: dtype, Scheme: scheme, PerChannel: perChannel, Axis: axis % max(1, len(shape)), Narrow: axis%2 == 0}
					x := get(npy.New(npy.Float32, shape...))(t)
					v := values[float32](t, x)
					for i := range v {
						if v[i] = float32(r.NormFloat64()); dtype == npy.Uint8 && scheme == quant.Symmetric {
							v[i] = float32(math.Abs(float64(v[i])))
						}
					}
					q := get(quant.Quantize(x, c))(t)
					if have := q.Values.Shape(); !slices.Equal(have, shape) || q.Values.DType() != dtype {
						t.Errorf("have %v %v, want %v %v", q.Values.DType(), have, dtype, shape)
					}
					back := values[float32](t, get(q.Dequantize())(t))
					inner, channels := 1, 1
					if perChannel {
						channels = shape[c.Axis]
						for _, d := range shape[c.Axis+1:] {
							inner *= d
						}
					}
					scale := q.Scale()
					for i := range v {
						channel := 0
						if perChannel {
							channel = i / inner % channels
						}
						// An affine range is moved by up to half a step more.
						if e := math.Abs(float64(v[i] - back[i])); e > 1.001*float64(scale[channel]) {
							t.Fatalf("%+v: element %d, %v, is %v after quantization in steps of %v", c, i, v[i], back[i], scale[channel])
						}
					}
					report := get(q.Report(x))(t)
					if report.Elements != len(v) || len(v) > 100*channels && (report.SNR < 30 || report.SNR > 80) {
						t.Errorf("%+v of %v: have %+v", c, shape, report)
					}
				}
			}
		}
	}
}

// What the vectors do must be what the plain loops do: elements are looked at one by
// one here.
func TestEveryElementIsQuantizedAlike(t *testing.T) {
	r := random(t)
	for _, c := range []quant.Config{
		{}, {Rounding: quant.HalfAwayFromZero}, {DType: npy.Uint8, Scheme: quant.Affine}, {Scheme: quant.Affine, Rounding: quant.HalfAwayFromZero},
		{PerChannel: true}, {PerChannel: true, Axis: 1}, {PerChannel: true, Axis: -1, Scheme: quant.Affine, DType: npy.Uint8, Rounding: quant.HalfAwayFromZero},
	} {
		rows, columns := 37, 131
		x := from(t, floats(r, rows*columns), rows, columns)
		channels, axis := 1, -1
		if c.PerChannel {
			axis = (c.Axis + 2) % 2
			channels = x.Dim(axis)
		}
		lo, hi := ranges(r.IntN, channels)
		q := get(get(c.Range(lo, hi))(t).Quantize(x))(t)
		for i, v := range values[float32](t, x) {
			channel := 0
			if c.PerChannel {
				channel = [2]int{i / columns, i % columns}[axis]
			}
			one := c
			one.PerChannel = false
			want := get(get(one.Range(lo[channel:channel+1], hi[channel:channel+1]))(t).Quantize(from(t, []float32{v})))(t)
			if have, want := q.Values.Bytes()[i], want.Values.Bytes()[0]; have != want {
				t.Fatalf("%+v: element %d, %v, is %d, and %d on its own", c, i, v, have, want)
			}
		}
	}
}

func TestOtherFloats(t *testing.T) {
	r := random(t)
	x := from(t, floats(r, 5000))
	for _, dtype := range []npy.DType{npy.Float16, npy.BFloat16} {
		for i, v := range values[float32](t, x) {
			values[float32](t, x)[i] = min(max(v, -1000), 1000)
		}
		narrow := get(x.Narrow(dtype))(t)
		same := get(narrow.AsFloat32())(t)
		have, want := get(quant.Quantize(narrow, quant.Config{}))(t), get(quant.Quantize(same, quant.Config{}))(t)
		if !slices.Equal(have.Values.Bytes(), want.Values.Bytes()) {
			t.Errorf("%v is quantized otherwise than float32", dtype)
		}
		dst := get(npy.New(dtype, 5000))(t)
		if err := have.Into(dst); err != nil {
			t.Fatal(err)
		}
		if rounded := get(get(want.Dequantize())(t).Narrow(dtype))(t); !slices.Equal(dst.Bytes(), rounded.Bytes()) {
			t.Errorf("%v is not what float32 rounds to", dtype)
		}
	}
	wide := get(npy.New(npy.Float64, 5000))(t)
	for i, v := range values[float32](t, x) {
		values[float64](t, wide)[i] = float64(v)
	}
	have, want := get(quant.Quantize(wide, quant.Config{}))(t), get(quant.Quantize(x, quant.Config{}))(t)
	if !slices.Equal(have.Values.Bytes(), want.Values.Bytes()) {
		t.Error("float64 is quantized otherwise than float32")
	}
	if err := have.Into(wide); err != nil || values[float64](t, wide)[7] != float64(values[float32](t, get(want.Dequantize())(t))[7]) {
		t.Errorf("float64 is dequantized otherwise than float32, or %v", err)
	}
}

func TestRangesWithoutWidth(t *testing.T) {
	for _, scheme := range []quant.Scheme{quant.Symmetric, quant.Affine} {
		for name, c := range map[string]struct {
			x         []float32
			tolerance float64
		}{
			"nothing":       {[]float32{}, 0},
			"zeros":         {[]float32{0, 0, float32(math.Copysign(0, -1))}, 0},
			"one value":     {[]float32{3.7, 3.7}, 1e-6},
			"one below":     {[]float32{-2.5}, 1e-6},
			"subnormal":     {[]float32{1e-42, -1e-43, 0}, 1e-37},
			"tiny":          {[]float32{1e-36, -1e-37, 0}, 1e-38},
			"largest":       {[]float32{math.MaxFloat32, -math.MaxFloat32, 1}, 3e36},
			"almost a zero": {[]float32{math.SmallestNonzeroFloat32}, 1e-37},
		} {
			q, err := quant.Quantize(from(t, c.x), quant.Config{Scheme: scheme})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i, v := range values[float32](t, get(q.Dequantize())(t)) {
				if e := math.Abs(float64(v) - float64(c.x[i])); !(e <= c.tolerance) {
					t.Errorf("%v, %s: element %d, %v, becomes %v", scheme, name, i, c.x[i], v)
				}
			}
		}
	}
}

func TestNotFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, n := range []int{5, 100, 200_000} {
		for _, bad := range []float32{nan, inf} {
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(i % 50)
			}
			v[n-2] = bad
			x := from(t, v)
			for _, method := range []quant.Method{quant.MinMax, quant.Percentile, quant.MinError} {
				_, err := quant.Quantize(x, quant.Config{Method: method})
				wantError(t, err, quant.ErrNotFinite, "quant: ", fmt.Sprintf("element %d of %d is %v", n-2, n, bad))
			}
			_, err := quant.Quantize(x, quant.Config{PerChannel: true})
			wantError(t, err, quant.ErrNotFinite, fmt.Sprintf("element %d of %d", n-2, n))
		}
		v := make([]float32, n)
		p := get(quant.Config{}.Range([]float32{-1}, []float32{1}))(t)
		v[1], v[n-1] = inf, -inf
		q := get(p.Quantize(from(t, v)))(t)
		if have := values[int8](t, q.Values); have[1] != -128 || have[n-1] != 127 || have[0] != 0 {
			t.Errorf("infinities become %d and %d", have[1], have[n-1])
		}
		v[0], v[2] = nan, nan
		_, err := p.Quantize(from(t, v))
		wantError(t, err, quant.ErrNotFinite, fmt.Sprintf("2 of %d elements, the first is element 0, NaN", n))
		_, err = q.Report(from(t, v))
		wantError(t, err, quant.ErrNotFinite, "element 0")
	}
	// What was observed before a bad array stays.
	o := get(quant.NewObserver(quant.Config{}))(t)
	if err := o.Observe(from(t, []float32{1, -3})); err != nil {
		t.Fatal(err)
	}
	wantError(t, o.Observe(from(t, []float32{9, nan})), quant.ErrNotFinite)
	if lo, hi := o.Range(0); lo != -3 || hi != 1 {
		t.Errorf("the range is %v to %v", lo, hi)
	}
}

var wantError = errtest.Want

func TestBadInput(t *testing.T) {
	x := from(t, make([]float32, 6), 2, 3)
	p := get(quant.Config{PerChannel: true, Axis: 1}.Range(make([]float32, 3), []float32{1, 2, 3}))(t)
	q := get(p.Quantize(x))(t)
	for name, c := range map[string]struct {
		err    error
		target error
		words  []string
	}{
		"ints":                {err(quant.Quantize(from(t, []int32{1}), quant.Config{})), npy.ErrDType, []string{"have int32, want float32"}},
		"strings":             {err(quant.Quantize(from(t, []string{"a"}), quant.Config{})), npy.ErrDType, []string{"have string"}},
		"nil":                 {err(quant.Quantize(nil, quant.Config{})), npy.ErrDType, []string{"a nil array"}},
		"nil, known range":    {err(p.Quantize(nil)), npy.ErrDType, []string{"a nil array"}},
		"axis":                {err(quant.Quantize(x, quant.Config{PerChannel: true, Axis: 2})), npy.ErrShape, []string{"shape [2 3]", "no axis 2"}},
		"negative axis":       {err(quant.Quantize(x, quant.Config{PerChannel: true, Axis: -3})), npy.ErrShape, []string{"no axis -3"}},
		"channels":            {err(p.Quantize(from(t, make([]float32, 4), 2, 2))), npy.ErrShape, []string{"2 channels along axis 1, want 3"}},
		"dtype":               {err(quant.Quantize(x, quant.Config{DType: npy.Int16})), npy.ErrDType, []string{"have int16", "want int8 or uint8"}},
		"least first":         {err(quant.Config{}.Range([]float32{2}, []float32{1})), npy.ErrRange, []string{"2 to 1"}},
		"NaN in a range":      {err(quant.Config{PerChannel: true}.Range([]float32{0, float32(math.NaN())}, []float32{1, 1})), quant.ErrNotFinite, []string{"channel 1", "NaN to 1"}},
		"infinite range":      {err(quant.Config{}.Range([]float32{0}, []float32{float32(math.Inf(1))})), quant.ErrNotFinite, []string{"0 to +Inf"}},
		"two of one":          {err(quant.Config{}.Range([]float32{0, 0}, []float32{1, 1})), npy.ErrShape, []string{"2 least", "want one"}},
		"dst of another":      {p.QuantizeInto(get(npy.New(npy.Uint8, 2, 3))(t), x), npy.ErrDType, []string{"have uint8 to fill, want int8"}},
		"dst too small":       {p.QuantizeInto(get(npy.New(npy.Int8, 3))(t), x), npy.ErrShape, []string{"have int8 [3] to fill, want shape [2 3]"}},
		"no dst":              {p.QuantizeInto(nil, x), npy.ErrDType, []string{"nil"}},
		"back into ints":      {q.Into(get(npy.New(npy.Int32, 2, 3))(t)), npy.ErrDType, []string{"have int32 to fill, want float32"}},
		"back into less":      {q.Into(get(npy.New(npy.Float32, 2))(t)), npy.ErrShape, []string{"have float32 [2]"}},
		"report of less":      {err(q.Report(from(t, []float32{1}))), npy.ErrShape, []string{"have float32 [1], want shape [2 3]"}},
		"nothing per channel": {err(get(quant.NewObserver(quant.Config{PerChannel: true}))(t).Params()), nil, nil},
	} {
		if c.target == nil {
			if c.err == nil {
				t.Errorf("%s: no error", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) { wantError(t, c.err, c.target, append(c.words, "quant: ")...) })
	}
	for _, c := range []quant.Config{{Percent: 101, Method: quant.Percentile}, {Percent: math.NaN()}, {Percent: -1}, {Scheme: 7}, {Method: 7}, {Rounding: 7}} {
		if _, err := quant.NewObserver(c); err == nil || !strings.HasPrefix(err.Error(), "quant: ") {
			t.Errorf("%+v: have %v", c, err)
		}
	}
}

// err drops what there is beside an error.
func err[T any](_ T, err error) error { return err }

// A known array in, a preallocated one out: nothing large is allocated.
func TestAllocations(t *testing.T) {
	x, dst := get(npy.New(npy.Float32, 1<<18))(t), get(npy.New(npy.Int8, 1<<18))(t)
	p := get(quant.Config{}.Range([]float32{-1}, []float32{1}))(t)
	back := get(npy.New(npy.Float32, 1<<18))(t)
	n := testing.AllocsPerRun(10, func() {
		if err := p.QuantizeInto(dst, x); err != nil {
			t.Fatal(err)
		}
		if err := (&quant.Array{Params: p, Values: dst}).Into(back); err != nil {
			t.Fatal(err)
		}
	})
	if n > 60 {
		t.Errorf("%v allocations", n)
	}
}
