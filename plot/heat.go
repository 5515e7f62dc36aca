package plot

import (
	"context"
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/npy"
)

// mostCells is how many cells a heat map has in each direction, at most.
const mostCells = 512

// heat is a matrix in colours.
type heat struct {
	*mosaic
	shades
	picture    *picture
	rows, cols int // of elements
	xLabel     string
	yLabel     string
	unit       string
}

func heatMap(ctx context.Context, f *Figure, o Options, series []Blocks) error {
	if len(series) > 1 {
		return fmt.Errorf("plot: have %d arrays, want one for a heat map", len(series))
	}
	s := series[0]
	h := matrix(s.Blocks)
	h.unit = o.Unit
	blockRows, blockCols := (h.rows+mostCells-1)/mostCells, (h.cols+mostCells-1)/mostCells
	var err error
	if h.mosaic, err = shrink(ctx, s.Blocks, 0, h.rows, h.cols, 1, blockRows, blockCols); err != nil {
		return err
	}
	m := h.mosaic
	if m.finite == 0 {
		return nothing(s, m.nans, m.infs)
	}
	if err := h.color(f, s, o); err != nil {
		return err
	}
	if blockRows > 1 || blockCols > 1 {
		f.note("each cell is the mean of %d × %d elements; these are from %s to %s", blockRows, blockCols, letters.Short(m.min), letters.Short(m.max))
	}
	f.content = h
	return nil
}

// color chooses the colours and paints the cells.
func (h *heat) color(f *Figure, s Blocks, o Options) error {
	m := h.mosaic
	lo, hi := m.lo, m.hi
	var below int64
	if o.Log {
		lo = math.Inf(1)
		for _, v := range m.values {
			if v > 0 {
				lo = min(lo, v)
			} else if v <= 0 {
				below++
			}
		}
		if math.IsInf(lo, 1) {
			return fmt.Errorf("plot: %s: %w: nothing is above 0, which logarithmic colours want", s.label(), ErrNothing)
		}
	}
	h.shades = shadesFor(lo, hi, o.Log)
	h.picture = h.paint(h.shades)
	f.note("%s elements; colours from %s to %s%s", letters.Group(m.n), letters.Short(h.shades.lo), letters.Short(h.shades.hi), when(o.Log, ", logarithmic"))
	if l := left(m.nans, m.infs); l != "" {
		f.note("%s%s", l, odd("cell", m.nans, m.infs))
	}
	if below > 0 {
		f.note("%s cells are not above 0: striped", letters.Group(below))
	}
	return nil
}

// paint gives the cells their colours.
func (h *heat) paint(s shades) *picture {
	m := h.mosaic
	p := newPicture(m.cols, m.rows)
	for y := range m.rows {
		for x := range m.cols {
			p.set(x, y, m.at(y, x, 0), s)
		}
	}
	return p
}

// odd says how NaNs and infinities look where each element has a place.
func odd(cell string, nans, infs int64) string {
	return when(nans > 0, "; a "+cell+" of NaN alone is striped") + when(infs > 0, "; an infinite "+cell+" has the last colour")
}

func when(is bool, s string) string {
	if is {
		return s
	}
	return ""
}

// matrix says how an array is laid out in rows and columns: all axes but the last are
// joined.
func matrix(a *npy.Blocks) *heat {
	shape := a.Shape()
	n := len(shape)
	h := &heat{rows: 1, cols: 1, xLabel: "element", yLabel: ""}
	if n > 0 {
		h.cols = shape[n-1]
		h.xLabel = "index on axis 0"
	}
	for _, d := range shape[:max(0, n-1)] {
		h.rows *= d
	}
	switch {
	case n == 2:
		h.xLabel, h.yLabel = "column (axis 1)", "row (axis 0)"
	case n > 2:
		h.xLabel, h.yLabel = fmt.Sprintf("index on axis %d", n-1), fmt.Sprintf("index on axes 0 to %d, joined", n-2)
	}
	return h
}

// Room beside a heat map.
const (
	barWidth = 14 * vg.Length(1)
	barRoom  = 92 * vg.Length(1)
)

// size makes cells square where the matrix is not too long for it.
func (h *heat) size() (width, height vg.Length) {
	aspect := float64(h.rows) / float64(h.cols)
	across, up := 430.0, 430.0
	switch {
	case h.rows == 1:
		up = 60
	case h.cols == 1:
		across = 60
	case aspect < 1:
		up = max(430*aspect, 150)
	default:
		across = max(430/aspect, 150)
	}
	width = vg.Length(across) + 60 + barRoom
	return max(width, 330), vg.Length(up) + 46
}

func (h *heat) draw(c draw.Canvas) error {
	main := draw.Crop(c, 0, -barRoom, 0, 0)
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = h.xLabel, h.yLabel
	p.X.Min, p.X.Max = -0.5, float64(h.cols)-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(h.rows)-0.5
	p.Y.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{whole: true}, ticks{whole: true}
	if h.rows == 1 {
		p.Y.Tick.Marker = plot.ConstantTicks{}
	}
	p.X.Padding, p.Y.Padding = 2, 2
	p.Add(&raster{h.picture.large(900), 0, 0, float64(h.picture.Bounds().Dx() * h.blockCs), float64(h.picture.Bounds().Dy() * h.blockRows)})
	colorBar(c, drawPlot(p, main), h.shades, h.unit, h.picture.missing)
	return nil
}

// large is the picture in pixels enough to keep cells sharp, at most so many in each
// direction where the cells are fewer.
func (p *picture) large(most int) *image.NRGBA {
	b := p.Bounds()
	return p.enlarge(max(1, most/max(b.Dx(), b.Dy())))
}

// raster is an image over cells of a plot whose rows go down.
type raster struct {
	image               image.Image
	x, y, width, height float64 // in elements
}

// Plot is for [plot.Plotter].
func (r *raster) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	box := vg.Rectangle{
		Min: vg.Point{X: x(r.x - 0.5), Y: y(r.y + r.height - 0.5)},
		Max: vg.Point{X: x(r.x + r.width - 0.5), Y: y(r.y - 0.5)},
	}
	c.DrawImage(box, r.image)
}

// colorBar draws beside a plot's data which colour stands for what.
func colorBar(c draw.Canvas, data vg.Rectangle, s shades, unit string, missing bool) {
	x := data.Max.X + 16
	bottom, top := data.Min.Y, data.Max.Y
	if top-bottom < 90 { // a flat map has room below it
		bottom = top - 90
		bottom = max(bottom, c.Min.Y+8)
	}
	if missing {
		bottom += 24
		swatch(c, x, bottom-22)
	}
	box := vg.Rectangle{Min: vg.Point{X: x, Y: bottom}, Max: vg.Point{X: x + barWidth, Y: top}}
	strip := image.NewNRGBA(image.Rect(0, 0, 1, 256))
	for i := range 256 {
		strip.SetNRGBA(0, i, s.ramp[255-i])
	}
	c.DrawImage(box, widen(strip, 16))
	line := draw.LineStyle{Color: ink, Width: 0.5}
	c.StrokeLines(line, []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
	style := lettering(textSize-1, ink)
	for _, t := range s.ticks() {
		up := part(t.Value, s.lo, s.hi)
		if s.log {
			up = logPart(t.Value, s.lo, s.hi)
		}
		if s.hi <= s.lo {
			up = 0.5
		}
		if t.Label == "" || up < -1e-9 || up > 1+1e-9 {
			continue
		}
		y := bottom + vg.Length(up)*(top-bottom)
		c.StrokeLine2(line, box.Max.X, y, box.Max.X+4, y)
		c.FillText(style, vg.Point{X: box.Max.X + 7, Y: y - 3.5}, t.Label)
	}
	if unit != "" {
		c.FillText(style, vg.Point{X: x, Y: top + 6}, unit)
	}
}

func (s shades) ticks() []plot.Tick {
	switch {
	case s.hi <= s.lo:
		return []plot.Tick{{Value: s.lo, Label: letters.Short(s.lo)}}
	case s.log:
		return logTicks{}.Ticks(s.lo, s.hi)
	}
	return ticks{}.Ticks(s.lo, s.hi)
}

func swatch(c draw.Canvas, x, y vg.Length) {
	box := image.NewNRGBA(image.Rect(0, 0, 28, 24))
	for i := range 28 {
		for k := range 24 {
			box.SetNRGBA(i, k, stripe(i, k))
		}
	}
	c.DrawImage(vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + barWidth, Y: y + 12}}, box)
	c.FillText(lettering(textSize-1, ink), vg.Point{X: x + barWidth + 7, Y: y + 2}, "no value")
}

// widen repeats the pixels of each row.
func widen(m *image.NRGBA, by int) *image.NRGBA {
	b := m.Bounds()
	wide := image.NewNRGBA(image.Rect(0, 0, b.Dx()*by, b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() * by {
			wide.SetNRGBA(x, y, m.NRGBAAt(x/by, y))
		}
	}
	return wide
}
