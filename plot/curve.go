package plot

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/theme"
)

// curve is how one of several arrays is drawn: by a colour, a dash and a mark, so that
// no two are alike where there are no colours.
type curve struct {
	name string
	draw.LineStyle
	glyph draw.GlyphStyle
}

var dashes = [][]vg.Length{nil, {6, 3}, {2, 2}, {8, 3, 2, 3}, {12, 4}, {4, 2, 1, 2}, {1, 3}, {10, 2, 4, 2}}

func newCurve(name string, i int) curve {
	c := inOrder(i)
	return curve{
		name:      name,
		LineStyle: draw.LineStyle{Color: c, Width: 1.6, Dashes: dashes[i%len(dashes)]},
		glyph:     draw.GlyphStyle{Color: c, Radius: 3.2, Shape: theme.Glyphs[i%len(theme.Glyphs)]},
	}
}

// inOrder is the colour of array i: blue comes first, and black when all are in use.
func inOrder(i int) color.Color {
	order := []int{1, 0, 2, 3, 4, 5}
	if i < len(order) {
		return theme.Palette[order[i]]
	}
	return []color.Color{ink, quiet}[i%2]
}

const legendLine = 16 * vg.Length(1)

// legend is the names of curves in columns; one curve needs none.
type legend struct {
	curves []curve
	marks  bool
}

func (l legend) columns(width vg.Length) int {
	style, wide := lettering(noteSize, ink), 60*vg.Length(1)
	for _, c := range l.curves {
		wide = max(wide, style.Width(c.name)+50)
	}
	return max(1, int(width/wide))
}

func (l legend) height(width vg.Length) vg.Length {
	if len(l.curves) < 2 {
		return 0
	}
	n := l.columns(width)
	return legendLine*vg.Length((len(l.curves)+n-1)/n) + 4
}

// draw draws the legend at the top, and returns what is left below.
func (l legend) draw(c draw.Canvas) draw.Canvas {
	width := c.Max.X - c.Min.X
	height := l.height(width)
	if height == 0 {
		return c
	}
	columns := l.columns(width)
	wide := width / vg.Length(columns)
	style := lettering(noteSize, ink)
	for i, v := range l.curves {
		x := c.Min.X + vg.Length(i%columns)*wide
		y := c.Max.Y - legendLine*(vg.Length(i/columns)+0.5)
		c.StrokeLine2(v.LineStyle, x, y, x+30, y)
		if l.marks {
			c.DrawGlyph(v.glyph, vg.Point{X: x + 15, Y: y})
		}
		c.FillText(style, vg.Point{X: x + 36, Y: y - 3.5}, fit(style, v.name, wide-44))
	}
	return draw.Crop(c, 0, 0, 0, -height)
}
