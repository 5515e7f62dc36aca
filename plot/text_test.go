package plot

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
)

// letter is a figure in letters.
func letter(t *testing.T, f *Figure, term Terminal) string {
	t.Helper()
	var b strings.Builder
	if err := f.WriteText(&b, term); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, have, want string) {
	t.Helper()
	if want = strings.TrimPrefix(want, "\n"); have != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
}

func TestHistogramText(t *testing.T) {
	values := []float32{-1, -0.5, -0.5, 0, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 1, float32(math.NaN())}
	f := figure(t, Histogram, Options{Bins: 5}, Series{"w", array(t, values)})
	golden(t, letter(t, f, Terminal{Width: 40, Unicode: true}), `
w: float32 [12]
12 elements, mean 0.09091, std 0.5359, min -1, max 1, 1 zero; 1 NaN left out

-1 to -0.5 │█████                     1
 -0.5 to 0 │██████████                2
  0 to 0.5 │█████████████████████████ 5
  0.5 to 1 │██████████                2
  1 to 1.5 │█████                     1
`)
	for _, line := range strings.Split(letter(t, f, Terminal{Width: 40}), "\n")[3:] {
		if len(line) > 40 {
			t.Errorf("have a line of %d letters, want at most 40: %q", len(line), line)
		}
		for _, r := range line {
			if r > 126 {
				t.Errorf("have %q, want ASCII", line)
			}
		}
	}
}

func TestWholeNumbersText(t *testing.T) {
	f := figure(t, Histogram, Options{}, Series{"labels", array(t, []int32{0, 0, 0, 0, 1, 3, 3})})
	golden(t, letter(t, f, Terminal{Width: 24}), `
labels: int32 [7]
7 elements, mean 1, std 1.309, min 0, max 3, 4 zeros

0 |################## 4
1 |#####              1
2 |                   0
3 |#########          2
`)
	golden(t, letter(t, f, Terminal{Width: 24, Unicode: true}), `
labels: int32 [7]
7 elements, mean 1, std 1.309, min 0, max 3, 4 zeros

0 │██████████████████ 4
1 │████▌              1
2 │                   0
3 │█████████          2
`)
}

func TestHeatText(t *testing.T) {
	f := figure(t, HeatMap, Options{}, Series{"m", array(t, []float32{0, 1, 2, 3, float32(math.NaN()), 9}, 2, 3)})
	golden(t, letter(t, f, Terminal{Width: 30, Height: 4}), `
m: float32 [2 3]
6 elements; colours from 0 to 9
1 NaN left out; a cell of NaN alone is striped

    ....::::
    ....::::
----????@@@@
----????@@@@
0 [ .:-=+*#%@] 9, ? no value
`)
	colored := letter(t, f, Terminal{Width: 30, Height: 4, Unicode: true, Colors: TrueColors})
	c := sequential[0]
	for _, want := range []string{fmt.Sprintf("\x1b[38;2;%d;%d;%dm", c.R, c.G, c.B), "▀", reset, "blank: no value"} {
		if !strings.Contains(colored, want) {
			t.Errorf("have %q, want %q in it", colored, want)
		}
	}
	if few := letter(t, f, Terminal{Unicode: true, Colors: Colors256}); !strings.Contains(few, "\x1b[38;5;") || strings.Contains(few, ";2;") {
		t.Errorf("have %q, want 256 colours", few)
	}
}

func TestLineText(t *testing.T) {
	f := figure(t, Line, Options{}, Series{"up", array(t, made(40, func(i int) float64 { return float64(i) }))})
	golden(t, letter(t, f, Terminal{Width: 24, Height: 4}), `
up: float64 [40]
40 elements, mean 19.5, min 0, max 39

  39 |        ***
     |     ****
19.5 |  ****
   0 |***
      0       39
`)
	two := figure(t, Line, Options{}, Series{"up", array(t, []float64{0, 1, 2, 3})}, Series{"down", array(t, []float64{3, 2, 1, 0})})
	have := letter(t, two, Terminal{Width: 30, Height: 6, Unicode: true})
	for _, want := range []string{"a up", "b down", "3 │b", "0 │a"} {
		if !strings.Contains(have, want) {
			t.Errorf("have\n%s\nwant %q in it", have, want)
		}
	}
}

// TestNearest256 compares with a search of the whole table.
func TestNearest256(t *testing.T) {
	table := func(i int) (r, g, b int) {
		if i >= 232 {
			v := 8 + 10*(i-232)
			return v, v, v
		}
		level := []int{0, 95, 135, 175, 215, 255}
		i -= 16
		return level[i/36], level[i/6%6], level[i%6]
	}
	far := func(i int, c color.NRGBA) int {
		r, g, b := table(i)
		return (r-int(c.R))*(r-int(c.R)) + (g-int(c.G))*(g-int(c.G)) + (b-int(c.B))*(b-int(c.B))
	}
	for i := range 4096 {
		c := color.NRGBA{uint8(i >> 8 * 17), uint8(i >> 4 & 15 * 17), uint8(i & 15 * 17), 0xff}
		best := 16
		for k := 17; k < 256; k++ {
			if far(k, c) < far(best, c) {
				best = k
			}
		}
		if have := nearest256(c); far(have, c) > far(best, c) {
			t.Fatalf("%v: have %d, which is %d away, want %d, which is %d", c, have, far(have, c), best, far(best, c))
		}
	}
}

func TestResample(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 4, 2))
	for i := range 8 {
		if i != 3 {
			m.SetNRGBA(i%4, i/4, color.NRGBA{uint8(i * 10), 0, 0, 0xff})
		}
	}
	small := resample(m, 2, 1)
	if have := small.NRGBAAt(0, 0).R; have != (0+10+40+50)/4 {
		t.Errorf("have %d", have)
	}
	if have := small.NRGBAAt(1, 0).R; have != (20+60+70)/3 {
		t.Errorf("have %d, want what is missing left out", have)
	}
}

// TestTextWidth keeps every kind inside of the terminal.
func TestTextWidth(t *testing.T) {
	w := array(t, wave(60, 80), 60, 80)
	for _, width := range []int{30, 40, 80, 133} {
		for kind := Histogram; kind <= Scatter; kind++ {
			series := []Series{{"w", w}}
			switch kind {
			case Line:
				series[0].Array = array(t, wave(1, 3000))
			case Scatter:
				series = append(series, Series{"v", w})
			}
			have := letter(t, figure(t, kind, Options{}, series...), Terminal{Width: width, Unicode: true})
			_, have, _ = strings.Cut(have, "\n\n")
			for _, line := range strings.Split(have, "\n") {
				if n := len([]rune(line)); n > width {
					t.Errorf("%v: have a line of %d letters, want at most %d: %q", kind, n, width, line)
				}
			}
		}
	}
}
