package plot

import (
	"context"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/npy"
)

// mostCurves is how many arrays are told apart in one picture.
const mostCurves = 8

// spreads is a histogram: of one array with the counts, of several with the share that
// each bin has of its array, as they can be of very different sizes.
type spreads struct {
	list   []Bins
	curves []curve
	unit   string
	log    bool
}

func histogram(ctx context.Context, f *Figure, o Options, series []Blocks) error {
	if len(series) > mostCurves {
		return fmt.Errorf("plot: have %d arrays, want at most %d in one histogram", len(series), mostCurves)
	}
	arrays := make([]*npy.Blocks, len(series))
	for i, s := range series {
		arrays[i] = s.Blocks
	}
	if err := countable(o.Bins); err != nil {
		return err
	}
	list, err := binBlocks(ctx, o.Bins, arrays...)
	if err != nil {
		return err
	}
	h := &spreads{list: list, unit: o.Unit, log: o.Log}
	for i, s := range series {
		b := list[i]
		if b.Finite == 0 {
			return nothing(s, b.NaNs, b.Infs)
		}
		if err := boundless(s, b.Edges[0], b.Edges[len(b.Edges)-1]); err != nil {
			return err
		}
		h.curves = append(h.curves, newCurve(s.label(), i))
		name := ""
		if len(series) > 1 {
			name = s.String() + ": "
		}
		f.note("%s%s", name, b)
	}
	f.content = h
	return nil
}

// boundless is an error if the numbers are too far apart for a float64 to say how far.
func boundless(s Blocks, lo, hi float64) error {
	if math.IsInf(hi-lo, 0) || math.IsNaN(hi-lo) {
		return fmt.Errorf("plot: %s: no axis is long enough for numbers from %s to %s", s.label(), letters.Short(lo), letters.Short(hi))
	}
	return nil
}

// String is what there is to say of the elements in one line.
func (b Bins) String() string {
	s := fmt.Sprintf("%s elements, mean %s, std %s, min %s, max %s",
		letters.Group(b.Elements), letters.Short(b.Mean), letters.Short(b.Std), letters.Short(b.Min), letters.Short(b.Max))
	if b.Zeros > 0 {
		s += fmt.Sprintf(", %s zero%s", letters.Group(b.Zeros), when(b.Zeros > 1, "s"))
	}
	if l := left(b.NaNs, b.Infs); l != "" {
		s += "; " + l
	}
	return s
}

// height is that of bar i of an array.
func (h *spreads) height(b Bins, i int) float64 {
	if len(h.list) == 1 {
		return float64(b.Counts[i])
	}
	return 100 * float64(b.Counts[i]) / float64(b.Elements)
}

func (h *spreads) label() string {
	if len(h.list) == 1 {
		return "elements per bin"
	}
	return "share of the array's elements (%)"
}

func (h *spreads) size() (width, height vg.Length) {
	width = 560
	return width, 320 + legend{curves: h.curves}.height(width)
}

func (h *spreads) draw(c draw.Canvas) error {
	c = legend{curves: h.curves}.draw(c)
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = withUnit("value of the element", h.unit), h.label()
	edges := h.list[0].Edges
	p.X.Min, p.X.Max = edges[0], edges[len(edges)-1]
	p.X.Tick.Marker = ticks{whole: h.list[0].Whole}
	least, most := h.extent()
	p.Y.Min, p.Y.Max = 0, most*1.04
	p.Y.Tick.Marker = ticks{whole: len(h.list) == 1}
	p.Y.Padding = 0
	if h.log {
		p.Y.Label.Text += ", logarithmic"
		p.Y.Min, p.Y.Max = least/2, most*1.6
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	grid(p, false, true)
	for i, b := range h.list {
		p.Add(&bars{edges, h.heights(b), h.curves[i], len(h.list) == 1})
	}
	drawPlot(p, c)
	return nil
}

func (h *spreads) heights(b Bins) []float64 {
	list := make([]float64, len(b.Counts))
	for i := range list {
		list[i] = h.height(b, i)
	}
	return list
}

// extent is the least and the greatest height that is not 0.
func (h *spreads) extent() (least, most float64) {
	least = math.Inf(1)
	for _, b := range h.list {
		for _, v := range h.heights(b) {
			if v > 0 {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	return least, most
}

// bars are drawn as one area, or where there are several arrays as their outline.
type bars struct {
	edges, heights []float64
	curve
	filled bool
}

// Plot is for [plot.Plotter].
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	top := func(v float64) vg.Length {
		if v <= p.Y.Min {
			return c.Min.Y
		}
		return y(v)
	}
	points := []vg.Point{{X: x(b.edges[0]), Y: c.Min.Y}}
	for i, v := range b.heights {
		points = append(points, vg.Point{X: x(b.edges[i]), Y: top(v)}, vg.Point{X: x(b.edges[i+1]), Y: top(v)})
	}
	points = append(points, vg.Point{X: x(b.edges[len(b.edges)-1]), Y: c.Min.Y})
	if b.filled {
		c.FillPolygon(b.Color, points)
		if w := x(b.edges[1]) - x(b.edges[0]); w > 5 {
			for i := 1; i < len(b.heights); i++ { // a gap between bars
				at := x(b.edges[i])
				c.StrokeLine2(draw.LineStyle{Color: color.White, Width: 0.7}, at, c.Min.Y, at, max(top(b.heights[i-1]), top(b.heights[i])))
			}
		}
		return
	}
	c.StrokeLines(b.LineStyle, points)
}
