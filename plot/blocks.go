package plot

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"ndflow/internal/letters"
)

// darkness is letters from the darkest to the lightest on a dark screen.
const darkness = " .:-=+*#%@"

func (h *heat) text(w *writer) {
	s := h.shades
	if w.Colors == NoColors {
		s.ramp = greys // whose last is as light as a letter can be
		w.picture(h.paint(s).NRGBA)
		w.line("%s [%s] %s%s", letters.Short(s.lo), darkness, letters.Short(s.hi), when(h.picture.missing, ", ? no value"))
		return
	}
	w.picture(h.picture.NRGBA)
	var strip strings.Builder
	for i := range 20 {
		strip.WriteString(w.paint(s.ramp.at(float64(i)/19), true) + " ")
	}
	w.line("%s %s%s %s%s", letters.Short(s.lo), &strip, reset, letters.Short(s.hi), when(h.picture.missing, ", blank: no value"))
}

// mostInText is how many images of a batch a text shows.
const mostInText = 12

func (g *gallery) text(w *writer) {
	n := min(len(g.pictures), mostInText)
	across := min(n, max(1, w.Width/24))
	if n == 1 {
		w.picture(g.pictures[0].NRGBA)
		return
	}
	for i := 0; i < n; i += across {
		row := g.pictures[i:min(i+across, n)]
		size := row[0].Bounds()
		gap := max(1, size.Dx()/16)
		all := image.NewNRGBA(image.Rect(0, 0, across*(size.Dx()+gap)-gap, size.Dy()))
		for k, p := range row {
			for y := range size.Dy() {
				for x := range size.Dx() {
					all.SetNRGBA(k*(size.Dx()+gap)+x, y, p.NRGBAAt(x, y))
				}
			}
		}
		if i > 0 {
			w.line("")
		}
		w.line("images %d to %d", i, i+len(row)-1)
		w.picture(all)
	}
	if n < len(g.pictures) {
		w.line("and %d more, which a picture in a file shows", len(g.pictures)-n)
	}
}

const reset = "\x1b[0m"

// picture draws pixels: two of them in each letter, one above the other.
func (w *writer) picture(p *image.NRGBA) {
	b := p.Bounds()
	// As large as there is room for, in whole steps where pixels are enlarged.
	scale := min(float64(w.Width)/float64(b.Dx()), float64(2*w.Height)/float64(b.Dy()))
	if scale > 1 {
		scale = min(float64(int(scale)), 8)
	}
	width, height := max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))
	if height < 2 { // a line is a letter high
		height = 2
	}
	small := resample(p, width, height)
	for y := 0; y < height; y += 2 {
		var line strings.Builder
		for x := range width {
			above, below := small.NRGBAAt(x, y), noColor
			if y+1 < height {
				below = small.NRGBAAt(x, y+1)
			}
			line.WriteString(w.cell(above, below))
		}
		if w.Colors != NoColors {
			line.WriteString(reset)
		}
		w.line("%s", line.String())
	}
}

// cell is one letter for two pixels.
func (w *writer) cell(above, below color.NRGBA) string {
	if w.Colors == NoColors {
		if above.A == 0 && below.A == 0 {
			return "?"
		}
		n, sum := 0, 0
		for _, c := range []color.NRGBA{above, below} {
			if c.A > 0 {
				n++
				sum += int(color.GrayModel.Convert(c).(color.Gray).Y)
			}
		}
		return string(darkness[(sum*(len(darkness)-1)/n+127)/255])
	}
	if !w.Unicode {
		return w.paint(above, true) + " "
	}
	switch {
	case above.A == 0 && below.A == 0:
		return reset + " "
	case below.A == 0:
		return reset + w.paint(above, false) + "▀"
	case above.A == 0:
		return reset + w.paint(below, false) + "▄"
	}
	return w.paint(above, false) + w.paint(below, true) + "▀"
}

// paint is what makes a terminal write in a colour, or on one.
func (w *writer) paint(c color.NRGBA, behind bool) string {
	code := 38
	if behind {
		code = 48
	}
	if c.A == 0 {
		return reset
	}
	if w.Colors == TrueColors {
		return fmt.Sprintf("\x1b[%d;2;%d;%d;%dm", code, c.R, c.G, c.B)
	}
	return fmt.Sprintf("\x1b[%d;5;%dm", code, nearest256(c))
}

// nearest256 is the number of a colour in a terminal's table: a cube of 6 × 6 × 6, and
// 24 greys.
func nearest256(c color.NRGBA) int {
	level := func(v uint8) (int, int) {
		if v < 48 {
			return 0, 0
		}
		i := max(1, (int(v)-35)/40)
		return i, 55 + 40*i
	}
	r, rv := level(c.R)
	g, gv := level(c.G)
	b, bv := level(c.B)
	mean := (int(c.R) + int(c.G) + int(c.B)) / 3
	grey := min(23, max(0, (mean-3)/10))
	shade := 8 + 10*grey
	far := func(x, y, z int) int {
		dx, dy, dz := x-int(c.R), y-int(c.G), z-int(c.B)
		return dx*dx + dy*dy + dz*dz
	}
	if far(shade, shade, shade) < far(rv, gv, bv) {
		return 232 + grey
	}
	return 16 + 36*r + 6*g + b
}

// resample makes a picture of another size: of what falls together the mean, without
// what is missing.
func resample(p *image.NRGBA, width, height int) *image.NRGBA {
	b := p.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	span := func(i, n, of int) (int, int) {
		lo := i * of / n
		return lo, max(lo+1, (i+1)*of/n)
	}
	for y := range height {
		y0, y1 := span(y, height, b.Dy())
		for x := range width {
			x0, x1 := span(x, width, b.Dx())
			var r, g, bl, n int
			for v := y0; v < y1; v++ {
				for u := x0; u < x1; u++ {
					if c := p.NRGBAAt(u, v); c.A > 0 {
						r, g, bl, n = r+int(c.R), g+int(c.G), bl+int(c.B), n+1
					}
				}
			}
			if n > 0 {
				out.SetNRGBA(x, y, color.NRGBA{uint8(r / n), uint8(g / n), uint8(bl / n), 0xff})
			}
		}
	}
	return out
}
