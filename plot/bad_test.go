package plot

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"ndflow/npy"
)

func TestBadInput(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	empty, err := npy.New(npy.Float32, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	one := func(a *npy.Array) []Series { return []Series{{"w.npy", a}} }
	numbers := array(t, []float32{1, 2, 3, 4})
	many := make([]Series, 9)
	for i := range many {
		many[i] = Series{"a", numbers}
	}
	for name, c := range map[string]struct {
		kind   Kind
		o      Options
		series []Series
		is     error
		words  []string
	}{
		"no array":               {Histogram, Options{}, nil, nil, []string{"no array"}},
		"nil array":              {Histogram, Options{}, one(nil), npy.ErrReleased, []string{"w.npy"}},
		"empty":                  {HeatMap, Options{}, one(empty), ErrNothing, []string{"w.npy", "float32 [0 3] is empty"}},
		"strings":                {Histogram, Options{}, one(array(t, []string{"a"})), npy.ErrDType, []string{"have string, want numbers"}},
		"complex":                {Line, Options{}, one(array(t, []complex64{1, 2})), npy.ErrDType, []string{"have complex64"}},
		"all NaN, histogram":     {Histogram, Options{}, one(array(t, []float64{nan, nan, inf})), ErrNothing, []string{"all of 3 elements", "2 NaN, 1 Inf"}},
		"all NaN, heat":          {HeatMap, Options{}, one(array(t, []float64{nan, nan}, 1, 2)), ErrNothing, []string{"2 NaN"}},
		"all NaN, image":         {Image, Options{}, one(array(t, []float64{nan, nan}, 1, 2)), ErrNothing, []string{"2 NaN"}},
		"all NaN, line":          {Line, Options{}, one(array(t, []float64{nan, nan})), ErrNothing, []string{"2 NaN"}},
		"all NaN, scatter":       {Scatter, Options{}, []Series{{"a", array(t, []float64{nan, 1})}, {"b", array(t, []float64{1, inf})}}, ErrNothing, []string{"none of the 2 pairs"}},
		"image of one axis":      {Image, Options{}, one(numbers), npy.ErrShape, []string{"image of float32 [4]", "[N H W C] with C of 1, 3 or 4"}},
		"image of two channels":  {Image, Options{}, one(array(t, make([]float32, 32), 2, 2, 4, 2)), npy.ErrShape, []string{"[2 2 4 2]"}},
		"line of many columns":   {Line, Options{}, one(array(t, make([]float32, 100), 10, 10)), npy.ErrShape, []string{"at most 8", "heat"}},
		"nine lines":             {Line, Options{}, many, nil, []string{"8 lines"}},
		"nine histograms":        {Histogram, Options{}, many, nil, []string{"9 arrays", "at most 8"}},
		"two heat maps":          {HeatMap, Options{}, many[:2], nil, []string{"2 arrays", "want one"}},
		"two images":             {Image, Options{}, many[:2], nil, []string{"2 arrays", "want one"}},
		"scatter of one":         {Scatter, Options{}, many[:1], nil, []string{"have 1 arrays, want two"}},
		"scatter of two shapes":  {Scatter, Options{}, []Series{{"a", numbers}, {"b", array(t, []float32{1})}}, npy.ErrShape, []string{"[4] of a", "[1] of b"}},
		"bins":                   {Histogram, Options{Bins: -1}, one(numbers), nil, []string{"-1 bins", "1 to 4096"}},
		"no such kind":           {Kind(9), Options{}, one(numbers), nil, []string{"kind"}},
		"nothing above 0, heat":  {HeatMap, Options{Log: true}, one(array(t, []float32{-1, 0}, 1, 2)), ErrNothing, []string{"above 0"}},
		"nothing above 0, line":  {Line, Options{Log: true}, one(array(t, []float32{-1, 0})), ErrNothing, []string{"above 0"}},
		"too far apart":          {Histogram, Options{}, one(array(t, []float64{-1.7e308, 1.7e308})), nil, []string{"no axis is long enough"}},
		"too far apart, line":    {Line, Options{}, one(array(t, []float64{-1.7e308, 1.7e308})), nil, []string{"no axis is long enough"}},
		"too far apart, scatter": {Scatter, Options{}, []Series{{"a", array(t, []float64{-1.7e308, 1.7e308})}, {"b", array(t, []float64{1, 2})}}, nil, []string{"a: no axis"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Draw(t.Context(), c.kind, c.o, c.series...)
			if err == nil || c.is != nil && !errors.Is(err, c.is) {
				t.Fatalf("have %v, want %v", err, c.is)
			}
			for _, word := range append(c.words, "plot: ") {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("have %q, want %q in it", err, word)
				}
			}
		})
	}
}

// TestOddInput draws what is odd, and no error.
func TestOddInput(t *testing.T) {
	odd := map[string][]float64{
		"one":       {1},
		"same":      {2, 2, 2, 2},
		"zeros":     {0, 0, 0, 0},
		"tiny":      {5e-324, 0, 1e-323, 0},
		"huge":      {1.7e308, 1e308, 1.6e308, 1},
		"near":      {1, math.Nextafter(1, 2), 1, 1},
		"far":       {1e-300, 1e300, 1, 10},
		"negative":  {-3, -2, -1, -1},
		"some NaN":  {math.NaN(), 1, math.NaN(), 2},
		"-0":        {math.Copysign(0, -1), 0, 1, 2},
		"heat wide": {-1.7e308, 1.7e308, 0, 1},
	}
	for name, values := range odd {
		for kind := Histogram; kind <= Scatter; kind++ {
			for _, log := range []bool{false, true} {
				a := array(t, values)
				if kind == Image && len(values) == 4 {
					a = array(t, values, 2, 2)
				} else if kind == Image {
					a = array(t, values, 1, 1)
				}
				series := []Series{{name + " \x00\n<&\"日本", a}}
				if kind == Scatter {
					series = append(series, series[0])
				}
				f, err := Draw(t.Context(), kind, Options{Log: log}, series...)
				if err != nil {
					if name == "heat wide" || log && errors.Is(err, ErrNothing) {
						continue
					}
					t.Errorf("%v of %s, log %v: %v", kind, name, log, err)
					continue
				}
				parsed(t, f)
				for _, term := range []Terminal{{}, {Unicode: true, Colors: TrueColors, Width: 1}, {Colors: Colors256, Height: 1000}} {
					if err := f.WriteText(new(strings.Builder), term); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := array(t, wave(100, 100), 100, 100)
	for kind := Histogram; kind <= Scatter; kind++ {
		series := []Series{{"a", a}, {"b", a}}
		if kind != Scatter {
			series = series[:1]
		}
		if kind == Line {
			series[0].Array = array(t, wave(1, 100))
		}
		if _, err := Draw(ctx, kind, Options{}, series...); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: have %v, want %v", kind, err, context.Canceled)
		}
	}
}

// failing is a file on a disk that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("no space left on device")

func TestFullDisk(t *testing.T) {
	f := figure(t, Histogram, Options{}, Series{"a", array(t, wave(10, 10))})
	r := NewReport("all", Options{})
	if err := r.Add(t.Context(), Series{"a", array(t, wave(10, 10))}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"png": f.WritePNG(failing{}), "svg": f.WriteSVG(failing{}), "text": f.WriteText(failing{}, Terminal{}), "html": r.WriteHTML(failing{}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: have %v, want %v", name, err, errFull)
		}
	}
}
