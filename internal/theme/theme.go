// Package theme is how pictures look: colours, marks and letters.
package theme

import (
	"bytes"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Palette are colours that the colour-blind can tell apart (Okabe and Ito's), those
// that show on white and on black.
var Palette = []color.Color{
	color.NRGBA{0xd5, 0x5e, 0x00, 0xff}, color.NRGBA{0x00, 0x72, 0xb2, 0xff}, color.NRGBA{0x00, 0x9e, 0x73, 0xff},
	color.NRGBA{0xcc, 0x79, 0xa7, 0xff}, color.NRGBA{0xe6, 0x9f, 0x00, 0xff}, color.NRGBA{0x56, 0xb4, 0xe9, 0xff},
}

// Glyphs mark the points of curves, so that colour is not all that tells them apart.
var Glyphs = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{},
}

// Sans is the letters of all pictures, in points.
func Sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(points)}
}

// Paint gives all of a plot that is not data one colour, and its axes letters of the
// size.
func Paint(p *plot.Plot, c color.Color, points float64) {
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = c, c
		axis.Label.TextStyle.Color, axis.Label.TextStyle.Font = c, Sans(points)
		axis.Tick.Label.Color, axis.Tick.Label.Font = c, Sans(points-1)
	}
}

// SVG mends what the SVG canvas writes: whoever looks at it may not have the font
// that it was laid out with, and pictures in it are PNGs whose pixels are cells.
func SVG(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"))
	return bytes.ReplaceAll(b, []byte(`xlink:href="data:image/jpg;`), []byte(`style="image-rendering:pixelated" preserveAspectRatio="none" xlink:href="data:image/png;`))
}
