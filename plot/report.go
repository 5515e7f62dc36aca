package plot

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/npy"
)

// Report is one page for many arrays, such as all weights of a model: for each its
// histogram, its statistics and a small picture of its matrix. Of an array that was
// added no more than that is kept, so that they can be read one at a time.
type Report struct {
	title string
	log   bool
	items []item
}

// item is what is kept of an array.
type item struct {
	series  string // the name
	dtype   npy.DType
	shape   []int
	bytes   int64
	bins    Bins
	picture *image.Paletted // nil where there is none
	problem string          // why there is nothing to show
}

// NewReport returns a report of the given title without any array. Of the options it
// looks at Log.
func NewReport(title string, o Options) *Report { return &Report{title: title, log: o.Log} }

// Len is how many arrays were added.
func (r *Report) Len() int { return len(r.items) }

const (
	reportBins = 48
	thumbnail  = 48 // cells of a small picture in each direction, at most
)

// Add adds an array. One that has nothing to show, of strings or with no element, is
// named with the reason. The error is that of the ctx, or of an array that was released.
func (r *Report) Add(ctx context.Context, s Series) error { return r.AddBlocks(ctx, s.blocks()) }

// AddBlocks is [Report.Add] for an array that is read in blocks, up to two times.
func (r *Report) AddBlocks(ctx context.Context, s Blocks) error {
	a := s.Blocks
	if a == nil {
		return fmt.Errorf("plot: %s: nil array: %w", s.label(), npy.ErrReleased)
	}
	i := item{series: s.label(), dtype: a.DType(), shape: a.Shape(), bytes: int64(a.Len() * a.DType().Size())}
	if err := drawable(s); err != nil {
		return r.AddProblem(i.series, a.DType(), a.Shape(), err)
	}
	bins, err := binBlocks(ctx, reportBins, a)
	if err != nil {
		return err
	}
	i.bins = bins[0]
	switch b := i.bins; {
	case b.Finite == 0:
		i.problem = fmt.Sprintf("all elements are NaN or infinite (%s NaN, %s Inf)", letters.Group(b.NaNs), letters.Group(b.Infs))
	case boundless(s, b.Edges[0], b.Edges[len(b.Edges)-1]) != nil:
		i.problem = "the numbers are too far apart to be drawn"
	case len(i.shape) > 1:
		if i.picture, err = thumb(ctx, a); err != nil {
			return err
		}
	}
	r.items = append(r.items, i)
	return nil
}

// AddProblem adds an array that could not be read or shown, with the reason.
func (r *Report) AddProblem(name string, dtype npy.DType, shape []int, problem error) error {
	reason := problem.Error()
	switch {
	case errors.Is(problem, npy.ErrDType):
		reason = fmt.Sprintf("%v has no order, so there is no picture of it", dtype)
	case errors.Is(problem, ErrNothing):
		reason = "it is empty"
	}
	size := int64(dtype.Size())
	for _, d := range shape {
		size *= int64(max(0, d))
	}
	r.items = append(r.items, item{series: Blocks{Name: name}.label(), dtype: dtype, shape: shape, bytes: size, problem: reason})
	return nil
}

// thumb is a small heat map.
func thumb(ctx context.Context, a *npy.Blocks) (*image.Paletted, error) {
	m := matrix(a)
	small, err := shrink(ctx, a, 0, m.rows, m.cols, 1, (m.rows+thumbnail-1)/thumbnail, (m.cols+thumbnail-1)/thumbnail)
	if err != nil {
		return nil, err
	}
	if small.lo > small.hi { // nothing but cells with an infinity
		return nil, nil
	}
	return small.paletted(), nil
}

// paletted paints a mosaic in few colours, as a page holds thousands; the first of
// them is for what is missing.
func (m *mosaic) paletted() *image.Paletted {
	const tones = 31
	s := shadesFor(m.lo, m.hi, false)
	p := image.NewPaletted(image.Rect(0, 0, m.cols, m.rows), nil)
	p.Palette = append(p.Palette, noColor)
	for i := range tones {
		p.Palette = append(p.Palette, s.ramp.at(float64(i)/(tones-1)))
	}
	for y := range m.rows {
		for x := range m.cols {
			v := m.at(y, x, 0)
			if v != v {
				continue
			}
			up := 0.5
			if s.hi > s.lo {
				up = max(0, min(1, part(v, s.lo, s.hi)))
			}
			p.SetColorIndex(x, y, uint8(1+int(up*(tones-1)+0.5)))
		}
	}
	return p
}

// heights are those of the bars, 0 to 1.
func (r *Report) heights(b Bins) []float64 {
	list := make([]float64, len(b.Counts))
	most := 0.0
	for i, n := range b.Counts {
		list[i] = float64(n)
		if r.log && n > 0 {
			list[i] = math.Log10(list[i]) + 0.3
		}
		most = max(most, list[i])
	}
	for i := range list {
		list[i] /= most
	}
	return list
}

// summary is the figures of all arrays in one line.
func (r *Report) summary() string {
	var elements, bytes, nans, infs int64
	for _, i := range r.items {
		elements += i.bins.Elements
		bytes += i.bytes
		nans += i.bins.NaNs
		infs += i.bins.Infs
	}
	s := fmt.Sprintf("%s arrays, %s elements, %s", letters.Group(int64(len(r.items))), letters.Group(elements), size(bytes))
	if l := left(nans, infs); l != "" {
		s += "; " + l
	}
	if r.log {
		s += "; the counts are logarithmic"
	}
	return s
}

// size writes a number of bytes.
func size(bytes int64) string {
	v, units := float64(bytes), []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.3g %s", v, units[i])
}

// mostTiles is how many histograms a picture has; a page has as many as there are.
const mostTiles = 400

// Figure makes the report one picture: a grid of histograms. More arrays than can be
// read there are an error.
func (r *Report) Figure() (*Figure, error) {
	switch n := len(r.items); {
	case n == 0:
		return nil, fmt.Errorf("plot: %w: no arrays", ErrNothing)
	case n > mostTiles:
		return nil, fmt.Errorf("plot: %d arrays: want at most %d in one picture; an HTML report holds all", n, mostTiles)
	}
	f := &Figure{title: r.title, content: (*tiles)(r)}
	f.note("%s", r.summary())
	f.note("a bar is the number of elements in a bin, the upright line is 0")
	return f, nil
}

// tiles is a report as a picture.
type tiles Report

const (
	tileWidth  = 196 * vg.Length(1)
	tileHeight = 124 * vg.Length(1)
)

func (t *tiles) across() int {
	return max(1, min(8, int(math.Ceil(math.Sqrt(float64(len(t.items)))))))
}

func (t *tiles) size() (width, height vg.Length) {
	n := t.across()
	return max(2, vg.Length(n)) * tileWidth, vg.Length((len(t.items)+n-1)/n) * tileHeight
}

func (t *tiles) draw(c draw.Canvas) error {
	n := t.across()
	for i := range t.items {
		x := c.Min.X + vg.Length(i%n)*tileWidth
		y := c.Max.Y - vg.Length(i/n)*tileHeight
		t.tile(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - tileHeight + 8}, Max: vg.Point{X: x + tileWidth - 16, Y: y},
		}}, &t.items[i])
	}
	return nil
}

func (t *tiles) tile(c draw.Canvas, i *item) {
	name, note := lettering(textSize-1, ink), lettering(noteSize-2, quiet)
	width := c.Max.X - c.Min.X
	c.FillText(name, vg.Point{X: c.Min.X, Y: c.Max.Y - 11}, fit(name, i.series, width))
	c.FillText(note, vg.Point{X: c.Min.X, Y: c.Max.Y - 22}, fit(note, i.about(), width))
	line := draw.LineStyle{Color: quiet, Width: 0.5}
	bottom := c.Min.Y + 14
	c.StrokeLine2(line, c.Min.X, bottom, c.Max.X, bottom)
	if i.problem != "" {
		c.FillText(note, vg.Point{X: c.Min.X, Y: bottom + 20}, fit(note, i.problem, width))
		return
	}
	b := i.bins
	lo, hi := b.Edges[0], b.Edges[len(b.Edges)-1]
	high := c.Max.Y - 28 - bottom
	points := []vg.Point{{X: c.Min.X, Y: bottom}}
	step := width / vg.Length(len(b.Counts))
	for k, v := range (*Report)(t).heights(b) {
		x := c.Min.X + vg.Length(k)*step
		y := bottom + vg.Length(v)*high
		if v > 0 {
			y = max(y, bottom+0.6)
		}
		points = append(points, vg.Point{X: x, Y: y}, vg.Point{X: x + step, Y: y})
	}
	c.FillPolygon(inOrder(0), append(points, vg.Point{X: c.Max.X, Y: bottom}))
	if lo <= 0 && hi >= 0 {
		x := c.Min.X + width*vg.Length(-lo/(hi-lo))
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.7}, x, bottom-3, x, bottom+high)
	}
	first, last := binEnds(b)
	c.FillText(note, vg.Point{X: c.Min.X, Y: c.Min.Y + 3}, first)
	c.FillText(note, vg.Point{X: c.Max.X - note.Width(last), Y: c.Min.Y + 3}, last)
}

// about is an array's dtype, shape and figures.
func (i *item) about() string {
	s := fmt.Sprintf("%v %v", i.dtype, i.shape)
	if i.problem != "" {
		return s
	}
	s += fmt.Sprintf(", mean %s, std %s", letters.Short(i.bins.Mean), letters.Short(i.bins.Std))
	if l := left(i.bins.NaNs, i.bins.Infs); l != "" {
		s += "; " + l
	}
	return s
}

func (t *tiles) text(w *writer) {
	nameWidth := 8
	for _, i := range t.items {
		nameWidth = max(nameWidth, len([]rune(i.series)))
	}
	nameWidth = min(nameWidth, max(12, w.Width-26))
	levels := []rune(" .:-=+*#@")
	if w.Unicode {
		levels = []rune(" ▁▂▃▄▅▆▇█")
	}
	for k := range t.items {
		i := &t.items[k]
		name := []rune(i.series)
		if len(name) > nameWidth {
			name = append([]rune("..."), name[len(name)-nameWidth+3:]...)
		}
		strip := make([]rune, 24)
		for x := range strip {
			strip[x] = ' '
		}
		if i.problem == "" {
			heights := (*Report)(t).heights(i.bins)
			for x := range strip {
				v := 0.0
				for _, h := range heights[x*len(heights)/24 : max(x*len(heights)/24+1, (x+1)*len(heights)/24)] {
					v = max(v, h)
				}
				strip[x] = levels[int(math.Ceil(v*float64(len(levels)-1)))]
			}
		}
		w.line("%-*s %s", nameWidth, string(name), string(strip))
		about := i.about()
		if i.problem != "" {
			about += ": " + i.problem
		} else {
			about += fmt.Sprintf(", %s to %s", letters.Short(i.bins.Min), letters.Short(i.bins.Max))
		}
		w.line("  %s", about)
	}
}
