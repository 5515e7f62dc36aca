package plot

import (
	"context"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/internal/numbers"
	"ndflow/npy"
)

const (
	mostImages = 64   // of a batch
	mostPixels = 1024 // of all images of a picture, in each direction
)

// gallery is an image, or a grid of those of a batch.
type gallery struct {
	pictures      []*picture
	across        int
	width, height int // of an image, in elements
	block         int // elements that a pixel stands for, in each direction
}

// frame says how images lie in an array.
type frame struct{ count, height, width, channels int }

func frameOf(a *npy.Blocks) (frame, bool) {
	shape := a.Shape()
	n := len(shape)
	colored := n > 0 && slices.Contains(colors, shape[n-1])
	switch {
	case n == 2:
		return frame{1, shape[0], shape[1], 1}, true
	case n == 3 && colored:
		return frame{1, shape[0], shape[1], shape[2]}, true
	case n == 3:
		return frame{shape[0], shape[1], shape[2], 1}, true
	case n == 4 && colored:
		return frame{shape[0], shape[1], shape[2], shape[3]}, true
	}
	return frame{}, false
}

func images(ctx context.Context, f *Figure, o Options, series []Blocks) error {
	if len(series) > 1 {
		return fmt.Errorf("plot: have %d arrays, want one with images", len(series))
	}
	s := series[0]
	shape, ok := frameOf(s.Blocks)
	if !ok {
		return badShape(Image, s, "[H W], [H W C], [N H W] or [N H W C] with C of 1, 3 or 4")
	}
	g := newGallery(shape)
	list := make([]*mosaic, len(g.pictures))
	var all tally
	for i := range list {
		start := i * shape.height * shape.width * shape.channels
		var err error
		if list[i], err = shrink(ctx, s.Blocks, start, shape.height, shape.width, shape.channels, g.block, g.block); err != nil {
			return err
		}
		all.join(list[i].tally)
	}
	if all.finite == 0 {
		return nothing(s, all.nans, all.infs)
	}
	lo, hi := shadeRange(s.dtype(), all)
	for i, m := range list {
		g.pictures[i] = paint(m, shades{greys, lo, hi, false})
	}
	f.title += fmt.Sprintf(", %s to %s as %s", letters.Short(lo), letters.Short(hi), tones(shape.channels))
	g.notes(f, shape, all, lo, hi)
	f.content = g
	return nil
}

func newGallery(shape frame) *gallery {
	g := &gallery{pictures: make([]*picture, min(shape.count, mostImages)), width: shape.width, height: shape.height}
	n := len(g.pictures)
	g.across = 1
	for g.across < n && g.across*g.across*shape.width < n*shape.height {
		g.across++
	}
	down := (n + g.across - 1) / g.across
	g.block = max(1, (shape.width*g.across+mostPixels-1)/mostPixels, (shape.height*down+mostPixels-1)/mostPixels)
	return g
}

// shadeRange is what becomes black and white: all that the dtype can hold where that
// is what images have, 0 to 1 where it holds all elements, else the least and the
// greatest element.
func shadeRange(d npy.DType, t tally) (lo, hi float64) {
	switch {
	case d == npy.Uint8:
		return 0, 255
	case d == npy.Bool, !numbers.Whole(d) && t.min >= 0 && t.max <= 1:
		return 0, 1
	}
	return t.min, t.max
}

func tones(channels int) string {
	if channels == 1 {
		return "black to white"
	}
	return "dark to full colour"
}

func (g *gallery) notes(f *Figure, shape frame, t tally, lo, hi float64) {
	what := "elements"
	if shape.count > len(g.pictures) {
		f.note("the first %d of %s images", len(g.pictures), letters.Group(int64(shape.count)))
		what = "their elements"
	}
	f.note("%s are from %s to %s, mean %s%s", what, letters.Short(t.min), letters.Short(t.max), letters.Short(t.mean), when(lo == hi, "; all are the same"))
	if g.block > 1 {
		f.note("each pixel is the mean of %d × %d", g.block, g.block)
	}
	if l := left(t.nans, t.infs); l != "" {
		f.note("%s%s", l, odd("pixel", t.nans, t.infs))
	}
}

// paint makes the pixels of an image.
func paint(m *mosaic, s shades) *picture {
	p := newPicture(m.cols, m.rows)
	for y := range m.rows {
		for x := range m.cols {
			if m.depth == 1 {
				p.set(x, y, m.at(y, x, 0), s)
				continue
			}
			c, all := color.NRGBA{A: 0xff}, true
			for k, to := range []*uint8{&c.R, &c.G, &c.B, &c.A}[:m.depth] {
				tone, shown := s.of(m.at(y, x, k))
				*to, all = tone.R, all && shown
			}
			if !all {
				c, p.missing = noColor, true
			}
			p.SetNRGBA(x, y, c)
		}
	}
	return p
}

const tileGap = 6 * vg.Length(1)

// tile is the width and height of an image in points.
func (g *gallery) tile() (width, height vg.Length) {
	down := (len(g.pictures) + g.across - 1) / g.across
	scale := min(560/float64(g.width*g.across), 520/float64(g.height*down))
	return max(2, vg.Length(scale*float64(g.width))), max(2, vg.Length(scale*float64(g.height)))
}

func (g *gallery) size() (width, height vg.Length) {
	w, h := g.tile()
	down := vg.Length((len(g.pictures) + g.across - 1) / g.across)
	return max(420, w*vg.Length(g.across)+tileGap*vg.Length(g.across-1)), (h+g.label())*down + tileGap*(down-1) + 22
}

// label is the room for the number of an image of a batch.
func (g *gallery) label() vg.Length {
	if len(g.pictures) == 1 {
		return 0
	}
	return 13
}

func (g *gallery) draw(c draw.Canvas) error {
	w, h := g.tile()
	style := lettering(noteSize-1, quiet)
	line := draw.LineStyle{Color: quiet, Width: 0.5}
	for i, p := range g.pictures {
		x := c.Min.X + vg.Length(i%g.across)*(w+tileGap)
		y := c.Max.Y - vg.Length(i/g.across)*(h+tileGap+g.label()) - h - g.label()
		box := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + w, Y: y + h}}
		c.DrawImage(box, p.large(mostPixels/g.across))
		c.StrokeLines(line, []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
		if len(g.pictures) > 1 {
			c.FillText(style, vg.Point{X: x, Y: box.Max.Y + 3}, fmt.Sprint(i))
		}
	}
	down := (len(g.pictures) + g.across - 1) / g.across
	bottom := c.Max.Y - vg.Length(down-1)*(h+tileGap+g.label()) - h - g.label()
	c.FillText(lettering(noteSize, ink), vg.Point{X: c.Min.X, Y: bottom - 16}, fmt.Sprintf("%d pixels high, %d wide", g.height, g.width))
	return nil
}
