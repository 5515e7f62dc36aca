package plot

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
)

// drawn is a PNG, decoded again.
func drawn(t *testing.T, f *Figure) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	width, height := f.whole()
	if have, want := m.Bounds().Size(), image.Pt(int(width.Dots(dpi)), int(height.Dots(dpi))); abs(have.X-want.X) > 1 || abs(have.Y-want.Y) > 1 {
		t.Errorf("have %v pixels, want %v", have, want)
	}
	return m
}

func abs(x int) int { return max(x, -x) }

// pixels counts those of a colour, or nearly so.
func pixels(m image.Image, want color.Color) (n int) {
	w := color.NRGBAModel.Convert(want).(color.NRGBA)
	if opaque, ok := m.(*image.RGBA); ok { // as a page is, and pictures on it
		for i := 0; i < len(opaque.Pix); i += 4 {
			p := opaque.Pix[i : i+4]
			if abs(int(p[0])-int(w.R)) <= 2 && abs(int(p[1])-int(w.G)) <= 2 && abs(int(p[2])-int(w.B)) <= 2 {
				n++
			}
		}
		return n
	}
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			if abs(int(c.R)-int(w.R)) <= 2 && abs(int(c.G)-int(w.G)) <= 2 && abs(int(c.B)-int(w.B)) <= 2 {
				n++
			}
		}
	}
	return n
}

// svg is what is in an SVG: its texts, and the pictures inside.
type svg struct {
	texts    []string
	pictures []image.Image
	paths    int
}

func parsed(t *testing.T, f *Figure) svg {
	t.Helper()
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var s svg
	d := xml.NewDecoder(&b)
	inText := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return s
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			inText = e.Name.Local == "text"
			if e.Name.Local == "path" {
				s.paths++
			}
			for _, a := range e.Attr {
				if e.Name.Local == "image" && a.Name.Local == "href" {
					s.pictures = append(s.pictures, decoded(t, a.Value))
				}
			}
		case xml.CharData:
			if inText {
				s.texts = append(s.texts, string(e))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

// decoded is the picture of a data URI.
func decoded(t *testing.T, uri string) image.Image {
	t.Helper()
	data, ok := strings.CutPrefix(uri, "data:image/png;base64,")
	if !ok {
		t.Fatalf("have %.40q, want a PNG", uri)
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wave(rows, cols int) []float32 {
	return made(rows*cols, func(i int) float32 {
		return float32(math.Sin(float64(i/cols)/4) * math.Cos(float64(i%cols)/5))
	})
}

// TestPictures looks at what is in pictures: words, colours, sizes.
func TestPictures(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	signed := wave(24, 40)
	positive := made(1200*700, func(i int) float32 { return float32(i%700) + 1 })
	broken := wave(1, 5000)
	for i := 2000; i < 2500; i++ {
		broken[i] = nan
	}
	holes := slices.Clone(signed)
	holes[100], holes[101], holes[5] = nan, nan, inf
	for name, c := range map[string]struct {
		kind    Kind
		o       Options
		series  []Series
		texts   []string // in the SVG
		colors  []color.Color
		without []color.Color
		inside  int // pictures in the SVG
	}{
		"histogram": {Histogram, Options{Unit: "mV"}, []Series{{"w", array(t, holes, 24, 40)}},
			[]string{"w: float32 [24 40]", "value of the element (mV)", "elements per bin", "0", "2 NaN and 1 Inf left out"}, []color.Color{inOrder(0)}, nil, 0},
		"histogram, logarithmic": {Histogram, Options{Log: true, Title: "a title"}, []Series{{"w", array(t, signed)}},
			[]string{"a title", "elements per bin, logarithmic", "10"}, []color.Color{inOrder(0)}, nil, 0},
		"histograms": {Histogram, Options{}, []Series{{"first", array(t, signed)}, {"second", array(t, positive[:100])}},
			[]string{"first", "second", "share of the array's elements (%)", "second: float32 [100]"}, []color.Color{inOrder(0), inOrder(1)}, nil, 0},
		"heat, both signs": {HeatMap, Options{Unit: "K"}, []Series{{"w", array(t, signed, 24, 40)}},
			[]string{"column (axis 1)", "row (axis 0)", "K", "0", "960 elements; colours from -0.9993 to 0.9993"}, []color.Color{diverging[0], diverging[255]}, []color.Color{stripe(0, 3)}, 2},
		"heat with holes": {HeatMap, Options{}, []Series{{"w", array(t, holes, 24, 40)}},
			[]string{"2 NaN and 1 Inf left out", "no value"}, []color.Color{stripe(0, 3), diverging[0]}, nil, 3},
		"heat, large": {HeatMap, Options{}, []Series{{"w", array(t, positive, 3, 400, 700)}},
			[]string{"index on axis 2", "index on axes 0 to 1, joined", "each cell is the mean of 3 × 2 elements; these are from 1 to 700"}, []color.Color{sequential[0], sequential[255]}, nil, 2},
		"heat, logarithmic": {HeatMap, Options{Log: true}, []Series{{"w", array(t, []float32{0, 1, 10, 1000, 1e5, -1}, 2, 3)}},
			[]string{"logarithmic", "2 cells are not above 0: striped", "100 k", "1000"}, []color.Color{stripe(0, 3), sequential[255]}, nil, 3},
		"heat of one axis": {HeatMap, Options{}, []Series{{"w", array(t, positive[:50])}}, []string{"index on axis 0"}, nil, nil, 2},
		"line": {Line, Options{Unit: "V"}, []Series{{"w", array(t, broken)}},
			[]string{"index on axis 0", "value (V)", "500 NaN left out: there a line is broken", "least to the greatest of each 5 elements"}, []color.Color{inOrder(0)}, nil, 0},
		"columns": {Line, Options{}, []Series{{"w", array(t, wave(100, 3), 100, 3)}}, []string{"w, column 0", "w, column 2"}, []color.Color{inOrder(0), inOrder(1), inOrder(2)}, nil, 0},
		"line, logarithmic": {Line, Options{Log: true}, []Series{{"w", array(t, []float32{-1, 0, 1, 10, 1000})}},
			[]string{"value, logarithmic", "2 elements are not above 0: left out"}, []color.Color{inOrder(0)}, nil, 0},
		"scatter": {Scatter, Options{}, []Series{{"x", array(t, signed)}, {"y", array(t, holes)}},
			[]string{"x", "y", "960 pairs; 3 with NaN or Inf left out"}, []color.Color{inOrder(0)}, nil, 0},
		"crowd": {Scatter, Options{}, []Series{{"x", array(t, positive)}, {"y", array(t, positive)}},
			[]string{"840,000 pairs", "pairs"}, []color.Color{sequential[0]}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := figure(t, c.kind, c.o, c.series...)
			s := parsed(t, f)
			all := strings.Join(s.texts, "\n")
			for _, want := range c.texts {
				if !strings.Contains(all, want) {
					t.Errorf("have texts %q, want %q among them", s.texts, want)
				}
			}
			if len(s.pictures) != c.inside {
				t.Errorf("have %d pictures inside of the SVG, want %d", len(s.pictures), c.inside)
			}
			m := drawn(t, f)
			if c, ok := m.At(0, 0).(color.RGBA); ok && (c != color.RGBA{0xff, 0xff, 0xff, 0xff}) {
				t.Errorf("have %v at the corner, want white", c)
			}
			for _, want := range c.colors {
				if pixels(m, want) < 20 {
					t.Errorf("have %d pixels of %v, want more", pixels(m, want), want)
				}
			}
			for _, not := range c.without {
				if n := pixels(m, not); n > 0 {
					t.Errorf("have %d pixels of %v, want none", n, not)
				}
			}
		})
	}
}

// TestImagePixels finds the array's own colours in the picture, in their order.
func TestImagePixels(t *testing.T) {
	pixel := made(8*10*3, func(i int) uint8 { return uint8(i * 255 / 240) })
	f := figure(t, Image, Options{}, Series{"photo", array(t, pixel, 8, 10, 3)})
	if want := "photo: uint8 [8 10 3], 0 to 255 as dark to full colour"; f.Title() != want {
		t.Errorf("have title %q, want %q", f.Title(), want)
	}
	inside := parsed(t, f).pictures
	if len(inside) != 1 {
		t.Fatalf("have %d pictures, want 1", len(inside))
	}
	size := inside[0].Bounds().Dx() / 10
	for i := range 80 {
		want := color.NRGBA{pixel[3*i], pixel[3*i+1], pixel[3*i+2], 0xff}
		if have := inside[0].At(i%10*size+size/2, i/10*size+size/2); color.NRGBAModel.Convert(have) != want {
			t.Errorf("pixel %d: have %v, want %v", i, have, want)
		}
	}
}

// TestImageRange checks what becomes black and what white, and that the title says it.
func TestImageRange(t *testing.T) {
	for name, c := range map[string]struct {
		a     *npy.Array
		title string
		notes string
		tones [2]uint8 // of the first two pixels
	}{
		"0 to 1":         {array(t, []float32{0.25, 1, 0, 0}, 2, 2), "0 to 1 as black to white", "from 0 to 1", [2]uint8{64, 255}},
		"wider":          {array(t, []float32{-2, 2, 0, 0}, 2, 2), "-2 to 2 as black to white", "", [2]uint8{0, 255}},
		"uint8":          {array(t, []uint8{10, 20, 0, 0}, 2, 2), "0 to 255 as black to white", "from 0 to 20", [2]uint8{10, 20}},
		"int16":          {array(t, []int16{-100, 300, 0, 0}, 2, 2), "-100 to 300 as black to white", "", [2]uint8{0, 255}},
		"bool":           {array(t, []bool{false, true, true, true}, 2, 2), "0 to 1 as black to white", "", [2]uint8{0, 255}},
		"all the same":   {array(t, []float64{7, 7, 7, 7}, 2, 2), "7 to 7", "all are the same", [2]uint8{128, 128}},
		"half":           {array(t, []npy.F16{npy.F16FromFloat32(0.5), npy.F16FromFloat32(1), 0, 0}, 2, 2), "0 to 1", "", [2]uint8{128, 255}},
		"with infinites": {array(t, []float32{0, float32(math.Inf(1)), 1, 0.5}, 2, 2), "0 to 1", "1 Inf left out; an infinite pixel has the last colour", [2]uint8{0, 255}},
	} {
		t.Run(name, func(t *testing.T) {
			f := figure(t, Image, Options{}, Series{"a", c.a})
			if !strings.Contains(f.Title(), c.title) || !strings.Contains(strings.Join(f.Notes(), "\n"), c.notes) {
				t.Errorf("have %q, %q", f.Title(), f.Notes())
			}
			m := parsed(t, f).pictures[0]
			w := m.Bounds().Dx() / 2
			for i, want := range c.tones {
				if have := color.NRGBAModel.Convert(m.At(i*w+w/2, w/2)).(color.NRGBA); have.R != want || have.B != want {
					t.Errorf("pixel %d: have %v, want %d", i, have, want)
				}
			}
		})
	}
}

func TestBatches(t *testing.T) {
	for name, c := range map[string]struct {
		shape  []int
		inside int
		note   string
	}{
		"[N H W]":       {[]int{5, 20, 30}, 5, "from 0"},
		"[N H W 1]":     {[]int{5, 20, 30, 1}, 5, ""},
		"[N H W 3]":     {[]int{7, 20, 30, 3}, 7, ""},
		"[N H W 4]":     {[]int{2, 20, 30, 4}, 2, ""},
		"[H W 1]":       {[]int{20, 30, 1}, 1, ""},
		"many":          {[]int{100, 10, 10}, 64, "the first 64 of 100 images"},
		"large":         {[]int{3000, 2000}, 1, "each pixel is the mean of 3 × 3"},
		"a flat image":  {[]int{1, 300}, 1, ""},
		"a batch of 50": {[]int{50, 100, 100, 3}, 50, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := 1
			for _, d := range c.shape {
				n *= d
			}
			a := array(t, made(n, func(i int) float32 { return float32(i) / float32(n) }), c.shape...)
			f := figure(t, Image, Options{}, Series{"a", a})
			if have := len(parsed(t, f).pictures); have != c.inside {
				t.Errorf("have %d images, want %d", have, c.inside)
			}
			if !strings.Contains(strings.Join(f.Notes(), "\n"), c.note) {
				t.Errorf("have notes %q, want %q", f.Notes(), c.note)
			}
			if size := drawn(t, f).Bounds().Size(); size.X > 2000 || size.Y > 2000 {
				t.Errorf("have %v pixels", size)
			}
		})
	}
}

// TestMosaic compares the means of blocks with those found one by one, by rows and by
// columns, with NaNs left out.
func TestMosaic(t *testing.T) {
	for _, c := range []struct{ rows, cols, depth, blockRows, blockCols int }{
		{1, 10, 1, 1, 3}, {1, 100_000, 1, 1, 777}, {3, 50_001, 1, 2, 100}, {700, 31, 1, 7, 4}, {513, 513, 1, 2, 2},
		{40, 50, 3, 3, 7}, {2, 9001, 4, 1, 10}, {100, 3, 1, 1, 1}, {1, 1, 1, 1, 1}, {5000, 1, 1, 9, 1},
	} {
		values := made(c.rows*c.cols*c.depth, func(i int) float64 {
			if i%17 == 3 {
				return math.NaN()
			}
			return float64(i%1000) - 300
		})
		m, err := shrink(t.Context(), array(t, values).Blocks(), 0, c.rows, c.cols, c.depth, c.blockRows, c.blockCols)
		if err != nil {
			t.Fatal(err)
		}
		for row := range m.rows {
			for col := range m.cols {
				for k := range c.depth {
					sum, n := 0.0, 0.0
					for i := row * c.blockRows; i < min(c.rows, (row+1)*c.blockRows); i++ {
						for j := col * c.blockCols; j < min(c.cols, (col+1)*c.blockCols); j++ {
							if v := values[(i*c.cols+j)*c.depth+k]; v == v {
								sum, n = sum+v, n+1
							}
						}
					}
					if have, want := m.at(row, col, k), sum/n; math.Abs(have-want) > 1e-9 || (have != have) != (n == 0) {
						t.Fatalf("%+v: cell %d, %d, %d: have %v, want %v", c, row, col, k, have, want)
					}
				}
			}
		}
		if m.n != int64(len(values)) {
			t.Errorf("%+v: have %d elements counted, want %d", c, m.n, len(values))
		}
	}
}

// TestEnvelope compares the least and the greatest of runs with those found one by one.
func TestEnvelope(t *testing.T) {
	for _, c := range []struct{ rows, cols int }{{1, 1}, {7, 3}, {1200, 1}, {1201, 2}, {1_000_003, 1}, {100_001, 8}} {
		values := made(c.rows*c.cols, func(i int) float32 { return float32((i*7919)%10007) - 5000 })
		_, list, err := envelopes(t.Context(), Series{"a", array(t, values)}.blocks(), c.rows, c.cols, false)
		if err != nil {
			t.Fatal(err)
		}
		for col, e := range list {
			for step := range e.lo {
				lo, hi := math.Inf(1), math.Inf(-1)
				for i := step * e.run; i < min(c.rows, (step+1)*e.run); i++ {
					v := float64(values[i*c.cols+col])
					lo, hi = min(lo, v), max(hi, v)
				}
				if e.lo[step] != lo || e.hi[step] != hi {
					t.Fatalf("%v: column %d, step %d: have %v to %v, want %v to %v", c, col, step, e.lo[step], e.hi[step], lo, hi)
				}
			}
		}
	}
}

// TestCrowd counts every pair, wherever numbers lie.
func TestCrowd(t *testing.T) {
	x := made(100_000, func(i int) float64 { return math.Sin(float64(i)) * math.Pow(10, float64(i%20-10)) })
	y := made(100_000, func(i int) float64 { return float64(i) * 1e-30 })
	f := figure(t, Scatter, Options{}, Series{"x", array(t, x)}, Series{"y", array(t, y)})
	var sum int64
	for _, n := range f.content.(*cloud).crowd.counts {
		sum += n
	}
	if sum != 100_000 {
		t.Errorf("have %d pairs, want 100000", sum)
	}
}

// TestRamps checks that colours get lighter in equal steps, so that they are read in
// grey as well, and that the middle of signed numbers has no colour.
func TestRamps(t *testing.T) {
	for name, r := range map[string]*ramp{"sequential": sequential, "diverging": diverging, "greys": greys} {
		whole := lightness(r[255]) - lightness(r[0])
		if whole < 80 {
			t.Errorf("%s: have lightness %.0f from end to end, want 80 of 100", name, whole)
		}
		for i := 1; i < len(r); i++ {
			if step := lightness(r[i]) - lightness(r[i-1]); step < 0 || step > 3*whole/255 {
				t.Errorf("%s: have a step of %.2f at %d, want about %.2f", name, step, i, whole/255)
			}
			if have, want := lightness(r[i])-lightness(r[0]), whole*float64(i)/255; math.Abs(have-want) > 4 {
				t.Errorf("%s: have lightness %.1f at %d, want %.1f", name, have, i, want)
			}
		}
	}
	if c := diverging[127]; abs(int(c.R)-int(c.B)) > 8 || abs(int(c.R)-int(c.G)) > 8 {
		t.Errorf("have %v in the middle, want grey", c)
	}
}

// lightness is L* of CIELAB.
func lightness(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	y := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	if y <= 216.0/24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}

func TestKindFor(t *testing.T) {
	shaped := func(d npy.DType, shape ...int) *npy.Array {
		a, err := npy.New(d, shape...)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, c := range []struct {
		arrays []*npy.Array
		want   Kind
	}{
		{[]*npy.Array{shaped(npy.Float32)}, Histogram},
		{[]*npy.Array{shaped(npy.Float32, 1)}, Histogram},
		{[]*npy.Array{shaped(npy.Float32, 100)}, Line},
		{[]*npy.Array{shaped(npy.Float32, 100, 3)}, Line},
		{[]*npy.Array{shaped(npy.Float32, 100, 30)}, HeatMap},
		{[]*npy.Array{shaped(npy.Float32, 4, 4)}, HeatMap},
		{[]*npy.Array{shaped(npy.Uint8, 28, 28)}, Image},
		{[]*npy.Array{shaped(npy.Float32, 32, 32, 3)}, Image},
		{[]*npy.Array{shaped(npy.Float32, 9, 32, 32, 1)}, Image},
		{[]*npy.Array{shaped(npy.Float32, 3, 3, 64, 128)}, Histogram},
		{[]*npy.Array{shaped(npy.Float32, 3, 3, 64, 3)}, Histogram},
		{[]*npy.Array{shaped(npy.Float32, 10), shaped(npy.Float32, 20)}, Line},
		{[]*npy.Array{shaped(npy.Float32, 10, 10), shaped(npy.Float32, 20)}, Histogram},
	} {
		if have := KindFor(c.arrays...); have != c.want {
			t.Errorf("%v: have %v, want %v", c.arrays[0].Shape(), have, c.want)
		}
	}
	for k := Histogram; k <= Scatter; k++ {
		if have, err := ParseKind(k.String()); have != k || err != nil {
			t.Errorf("have %v, %v, want %v", have, err, k)
		}
	}
}
