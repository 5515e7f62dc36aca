package plot

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/internal/numbers"
	"ndflow/npy"
)

const (
	mostPoints = 3000 // that are drawn one by one
	crowdCells = 1 << 8
)

// cloud is pairs of numbers: as points if they are few, else as a map of how many
// there are where.
type cloud struct {
	points         []vg.Point // in units of the axes, not of the page
	crowd          *crowd
	shades         shades
	picture        *picture
	xLabel, yLabel string
	unit           string
	xs, ys         tally
}

func scatter(ctx context.Context, f *Figure, o Options, series []Blocks) error {
	if len(series) != 2 {
		return fmt.Errorf("plot: have %d arrays, want two for a scatter plot: the first across, the second up", len(series))
	}
	a, b := series[0], series[1]
	if !slices.Equal(a.shape(), b.shape()) {
		return fmt.Errorf("plot: scatter: %w: have %v of %s and %v of %s, want the same shape", npy.ErrShape, a.shape(), a.label(), b.shape(), b.label())
	}
	s := &cloud{xLabel: a.label(), yLabel: b.label(), unit: o.Unit}
	total, err := s.gather(ctx, a, b, o.Log)
	if err != nil {
		return err
	}
	used := s.xs.n
	if used == 0 {
		return fmt.Errorf("plot: %w: none of the %s pairs has two finite numbers", ErrNothing, letters.Group(total))
	}
	for i, t := range []tally{s.xs, s.ys} {
		if err := boundless(series[i], t.min, t.max); err != nil {
			return err
		}
	}
	out := total - used
	f.note("%s pairs%s", letters.Group(total), when(out > 0, fmt.Sprintf("; %s with NaN or Inf left out", letters.Group(out))))
	for i, t := range []tally{s.xs, s.ys} {
		f.note("%s: mean %s, min %s, max %s", series[i], letters.Short(t.mean), letters.Short(t.min), letters.Short(t.max))
	}
	if s.crowd != nil {
		f.note("colours are the number of pairs in a cell%s", when(o.Log, ", logarithmic"))
	}
	f.content = s
	return nil
}

// crowd counts pairs in cells, as cells does for one number.
type crowd struct {
	x, y   scale
	counts []int64
}

func newCrowd(a, b npy.DType) *crowd {
	return &crowd{newScale(numbers.Whole(a), crowdCells), newScale(numbers.Whole(b), crowdCells), make([]int64, crowdCells*crowdCells)}
}

func crowdPlace(x, y float64) int {
	return int(int64(y)&(crowdCells-1))*crowdCells + int(int64(x)&(crowdCells-1))
}

func (c *crowd) add(x, y float64) {
	i, k := c.x.cell(x), c.y.cell(y)
	if !c.x.used || !c.x.holds(i) || !c.y.holds(k) {
		old := *c
		c.fold(old, c.x.reach(x), c.y.reach(y))
		i, k = c.x.cell(x), c.y.cell(y)
	}
	c.counts[crowdPlace(i, k)]++
}

func (c *crowd) fold(old crowd, xJoins, yJoins int) {
	if xJoins == 0 && yJoins == 0 || !old.x.used {
		return
	}
	c.counts = make([]int64, len(old.counts))
	xBy, yBy := math.Ldexp(1, -xJoins), math.Ldexp(1, -yJoins)
	for y := old.y.lo; y <= old.y.hi; y++ {
		for x := old.x.lo; x <= old.x.hi; x++ {
			c.counts[crowdPlace(math.Floor(x*xBy), math.Floor(y*yBy))] += old.counts[crowdPlace(x, y)]
		}
	}
}

func (c *crowd) join(d *crowd) {
	was, other := *c, *d
	xa, xb := c.x.meet(&d.x)
	ya, yb := c.y.meet(&d.y)
	c.fold(was, xa, ya)
	d.fold(other, xb, yb)
	for i, n := range d.counts {
		c.counts[i] += n
	}
}

// gather goes through both arrays once, by all cores.
func (s *cloud) gather(ctx context.Context, a, b Blocks, log bool) (total int64, err error) {
	n := a.Blocks.Len()
	few := n <= mostPoints
	parts := make([]pairs, numbers.Workers())
	bytes := max(a.dtype().Size(), b.dtype().Size())
	err = numbers.Walk(ctx, 0, n, 1, func(_ int, block []*npy.Array) error {
		xs, err := numbers.Of(block[0])
		if err != nil {
			return err
		}
		ys, err := numbers.Of(block[1])
		if err != nil {
			return err
		}
		return numbers.Each(ctx, xs.Len, 1, bytes, func(worker, lo, hi int) error {
			p := &parts[worker]
			if p.crowd == nil {
				p.crowd = newCrowd(a.dtype(), b.dtype())
			}
			if err := p.add(xs, ys, lo, hi, few); err != nil {
				return err
			}
			return ys.Done(lo, hi)
		})
	}, a.Blocks, b.Blocks)
	if err != nil {
		return 0, said(ctx, err)
	}
	all := newCrowd(a.dtype(), b.dtype())
	for _, p := range parts {
		s.xs.join(p.xs)
		s.ys.join(p.ys)
		s.points = append(s.points, p.points...)
		if p.crowd != nil && !few {
			all.join(p.crowd)
		}
	}
	if !few {
		s.crowd = all
		s.paint(log)
	}
	return int64(n), nil
}

// pairs is what one core has found of two arrays.
type pairs struct {
	xs, ys tally
	points []vg.Point // where there are few
	crowd  *crowd
}

// add looks at elements lo to hi.
func (p *pairs) add(xs, ys *numbers.Reader, lo, hi int, few bool) error {
	var up, keptX, keptY [numbers.Piece]float64
	return xs.Pieces(lo, hi, func(across []float64, at int) {
		ys.Read(up[:len(across)], at)
		n := 0
		for i, x := range across {
			if y := up[i]; x-x == 0 && y-y == 0 {
				keptX[n], keptY[n] = x, y
				n++
			}
		}
		p.xs.add(keptX[:n])
		p.ys.add(keptY[:n])
		for i, x := range keptX[:n] {
			if few {
				p.points = append(p.points, vg.Point{X: vg.Length(x), Y: vg.Length(keptY[i])})
			} else {
				p.crowd.add(x, keptY[i])
			}
		}
	})
}

// paint makes a picture of the cells in use, the upper row first.
func (s *cloud) paint(log bool) {
	c := s.crowd
	if !c.x.used {
		return
	}
	most := int64(1)
	for _, n := range c.counts {
		most = max(most, n)
	}
	s.shades = shadesFor(1, float64(most), log)
	// The least is light here, as is the paper where nothing is.
	turned := *s.shades.ramp
	slices.Reverse(turned[:])
	s.shades.ramp = &turned
	w, h := int(c.x.hi-c.x.lo)+1, int(c.y.hi-c.y.lo)+1
	s.picture = newPicture(w, h)
	for y := range h {
		for x := range w {
			if n := c.counts[crowdPlace(c.x.lo+float64(x), c.y.lo+float64(y))]; n > 0 {
				s.picture.set(x, h-1-y, float64(n), s.shades)
			}
		}
	}
}

func (s *cloud) size() (width, height vg.Length) {
	if s.crowd != nil {
		return 480 + barRoom, 430
	}
	return 480, 430
}

func (s *cloud) draw(c draw.Canvas) error {
	p := newPlot()
	axis := lettering(textSize, ink)
	p.X.Label.Text = fit(axis, withUnit(s.xLabel, s.unit), 380)
	p.Y.Label.Text = fit(axis, withUnit(s.yLabel, s.unit), 340)
	grid(p, true, true)
	if s.crowd == nil {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = s.xs.min, s.xs.max, s.ys.min, s.ys.max
		room(&p.X)
		room(&p.Y)
		p.Add(s)
		drawPlot(p, c)
		return nil
	}
	main := draw.Crop(c, 0, -barRoom, 0, 0)
	x, y := s.crowd.x, s.crowd.y
	p.X.Min, p.X.Max = x.edges()
	p.Y.Min, p.Y.Max = y.edges()
	p.Add(s)
	colorBar(c, drawPlot(p, main), s.shades, "pairs", false)
	return nil
}

// Plot is for [plot.Plotter].
func (s *cloud) Plot(c draw.Canvas, p *plot.Plot) {
	if s.crowd != nil {
		c.DrawImage(c.Rectangle, s.picture.large(1024))
		return
	}
	x, y := p.Transforms(&c)
	style := draw.GlyphStyle{Color: inOrder(0), Radius: 2.2, Shape: draw.RingGlyph{}}
	if len(s.points) <= 300 {
		style.Shape = draw.CircleGlyph{}
	}
	for _, at := range s.points {
		c.DrawGlyph(style, vg.Point{X: x(float64(at.X)), Y: y(float64(at.Y))})
	}
}
