package plot

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/internal/numbers"
)

// mostSteps is how many points across a line has, at most.
const mostSteps = 1200

// lineSet is lines over the index.
type lineSet struct {
	lines  []*envelope
	curves []curve
	length int // elements of the longest line
	unit   string
	log    bool
	lo, hi float64
}

// envelope is a line: of each run of elements the least and the greatest; NaN where it
// has no number.
type envelope struct {
	run      int
	lo, hi   []float64
	elements int
}

func lines(ctx context.Context, f *Figure, o Options, series []Blocks) error {
	l := &lineSet{unit: o.Unit, log: o.Log, lo: math.Inf(1), hi: math.Inf(-1)}
	var all tally
	for _, s := range series {
		shape := s.shape()
		rows, cols := 1, 1
		switch {
		case len(shape) == 1:
			rows = shape[0]
		case len(shape) == 2 && shape[1] <= fewColumns:
			rows, cols = shape[0], shape[1]
		default:
			return badShape(Line, s, fmt.Sprintf("[N], or [N M] with a line for each of M columns, at most %d; --kind heat shows more", fewColumns))
		}
		if len(l.lines)+cols > mostCurves {
			return fmt.Errorf("plot: have more than %d lines, want at most that in one picture", mostCurves)
		}
		t, list, err := envelopes(ctx, s, rows, cols, o.Log)
		if err != nil {
			return err
		}
		if t.finite == 0 {
			return nothing(s, t.nans, t.infs)
		}
		all.join(t)
		for k, e := range list {
			name := s.label()
			if cols > 1 {
				name = fmt.Sprintf("%s, column %d", name, k)
			}
			l.curves = append(l.curves, newCurve(name, len(l.lines)))
			l.lines = append(l.lines, e)
		}
		l.length = max(l.length, rows)
	}
	for _, e := range l.lines {
		for i := range e.lo {
			if e.lo[i] == e.lo[i] {
				l.lo, l.hi = min(l.lo, e.lo[i]), max(l.hi, e.hi[i])
			}
		}
	}
	if l.lo > l.hi {
		return fmt.Errorf("plot: %s: %w: nothing is above 0, which a logarithmic axis wants", series[0].label(), ErrNothing)
	}
	if err := boundless(series[0], l.lo, l.hi); err != nil {
		return err
	}
	l.notes(f, all)
	f.content = l
	return nil
}

func (l *lineSet) notes(f *Figure, t tally) {
	f.note("%s elements, mean %s, min %s, max %s", letters.Group(t.n), letters.Short(t.mean), letters.Short(t.min), letters.Short(t.max))
	run := 1
	for _, e := range l.lines {
		run = max(run, e.run)
	}
	if run > 1 {
		f.note("drawn from the least to the greatest of each %s elements", letters.Group(int64(run)))
	}
	if s := left(t.nans, t.infs); s != "" {
		f.note("%s: there a line is broken", s)
	}
	if below := t.zeros + t.negative; l.log && below > 0 {
		f.note("%s elements are not above 0: left out", letters.Group(below))
	}
}

// envelopes makes lines of the columns of an array in one pass by all cores.
func envelopes(ctx context.Context, s Blocks, rows, cols int, positive bool) (tally, []*envelope, error) {
	run := (rows + mostSteps - 1) / mostSteps
	steps := (rows + run - 1) / run
	list := make([]*envelope, cols)
	for i := range list {
		list[i] = &envelope{run: run, lo: nans(steps), hi: nans(steps), elements: rows}
	}
	tallies := make([]tally, numbers.Workers())
	err := read(ctx, s.Blocks, 0, rows*cols, run*cols, func(r *numbers.Reader) error {
		return numbers.Span(ctx, r.From, r.From+r.Len, run*cols, s.dtype().Size(), func(worker, lo, hi int) error {
			return r.Pieces(lo, hi, func(values []float64, at int) {
				tallies[worker].add(values)
				row, col := at/cols, at%cols
				step, within := row/run, row%run
				for _, v := range values {
					if v-v == 0 && (v > 0 || !positive) {
						list[col].reach(step, v)
					}
					if col++; col == cols {
						col = 0
						if within++; within == run {
							within = 0
							step++
						}
					}
				}
			})
		})
	})
	var all tally
	for _, t := range tallies {
		all.join(t)
	}
	return all, list, err
}

func nans(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.NaN()
	}
	return list
}

func (e *envelope) reach(step int, v float64) {
	if !(e.lo[step] <= v) {
		e.lo[step] = v
	}
	if !(e.hi[step] >= v) {
		e.hi[step] = v
	}
}

// index is the middle of a run.
func (e *envelope) index(step int) float64 {
	lo := step * e.run
	return float64(lo+min(lo+e.run, e.elements)-1) / 2
}

func (l *lineSet) size() (width, height vg.Length) {
	width = 620
	return width, 300 + legend{curves: l.curves}.height(width)
}

func (l *lineSet) draw(c draw.Canvas) error {
	c = legend{l.curves, true}.draw(c)
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = "index on axis 0", withUnit("value", l.unit)
	p.X.Min, p.X.Max = 0, max(1, float64(l.length-1))
	p.X.Tick.Marker = ticks{whole: true}
	p.Y.Min, p.Y.Max = l.lo, l.hi
	if l.log {
		p.Y.Label.Text += ", logarithmic"
		p.Y.Min, p.Y.Max = max(l.lo/1.1, math.SmallestNonzeroFloat64), min(l.hi*1.1, math.MaxFloat64)
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	} else {
		room(&p.Y)
	}
	grid(p, false, true)
	for i, e := range l.lines {
		p.Add(&path{e, l.curves[i], i, len(l.lines)})
	}
	drawPlot(p, c)
	return nil
}

// room leaves some above and below, and more where all values are the same.
func room(axis *plot.Axis) {
	by := (axis.Max - axis.Min) * 0.04
	if by == 0 {
		by = max(math.Abs(axis.Max)*0.1, math.SmallestNonzeroFloat32)
	}
	axis.Min, axis.Max = axis.Min-by, axis.Max+by
}

// path draws one of several envelopes.
type path struct {
	*envelope
	curve
	i, of int
}

// Plot is for [plot.Plotter].
func (l *path) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var pieces [][]vg.Point
	var piece []vg.Point
	end := func() {
		if len(piece) == 1 { // a number alone between two that are missing
			c.DrawGlyph(draw.GlyphStyle{Color: l.Color, Radius: 1.5, Shape: draw.CircleGlyph{}}, piece[0])
		} else if len(piece) > 1 {
			pieces = append(pieces, piece)
		}
		piece = nil
	}
	for i, lo := range l.lo {
		if lo != lo {
			end()
			continue
		}
		at := x(l.index(i))
		piece = append(piece, vg.Point{X: at, Y: y(lo)})
		if hi := l.hi[i]; hi != lo {
			piece = append(piece, vg.Point{X: at, Y: y(hi)})
		}
	}
	end()
	style := l.LineStyle
	if len(l.lo) == mostSteps || l.run > 1 {
		style.Width = 0.9
	}
	c.StrokeLines(style, pieces...)
	// A few marks tell lines apart without colours; those of several are not at the
	// same places.
	every := max(1, len(l.lo)/10)
	if l.of == 1 && len(l.lo) > 60 {
		return
	}
	if l.of == 1 || len(l.lo) <= 20 {
		every = 1
	}
	for i := every * l.i / l.of; i < len(l.lo); i += every {
		if l.lo[i] == l.lo[i] {
			c.DrawGlyph(l.glyph, vg.Point{X: x(l.index(i)), Y: y(l.hi[i])})
		}
	}
}
