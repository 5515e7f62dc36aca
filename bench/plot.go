package bench

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
	"ndflow/internal/theme"
)

// A plot has no background, and all that is not data is of a grey that can be read
// on white as well as on black. The floor is grey too.
var (
	grey  = color.NRGBA{0x7a, 0x7a, 0x7a, 0xff}
	faint = color.NRGBA{0x7a, 0x7a, 0x7a, 0x40}
)

const (
	panelWidth, panelHeight = 4.4 * vg.Inch, 3.1 * vg.Inch
	legendLine              = 15 * vg.Length(1)
	textSize                = 10
)

// panel is the cases of one plot.
type panel struct {
	name  string
	cases []*CaseResult
}

// kinds reports whether the cases are kinds of work, not sizes.
func (p *panel) kinds() bool {
	return !slices.ContainsFunc(p.cases, func(c *CaseResult) bool { return c.X != 0 })
}

func (s *Result) panels() []*panel {
	var list []*panel
	for _, c := range s.Cases {
		i := slices.IndexFunc(list, func(p *panel) bool { return p.name == c.Panel })
		if i < 0 {
			i = len(list)
			list = append(list, &panel{name: c.Panel})
		}
		list[i].cases = append(list[i].cases, c)
	}
	return list
}

// Plottable reports whether there is a time to plot.
func (s *Result) Plottable() bool { return len(s.curves()) > 0 }

// curve is how a peer is drawn, the same in all panels.
type curve struct {
	name  string
	color color.Color
	glyph draw.GlyphDrawer
	dash  []vg.Length
}

// curves are the peers that have times, in the order in which they come.
func (s *Result) curves() []curve {
	var curves []curve
	floors, others := 0, 0
	for _, c := range s.Cases {
		for _, p := range c.Peers {
			if p.State != Timed || slices.ContainsFunc(curves, func(l curve) bool { return l.name == p.Name }) {
				continue
			}
			l := curve{name: p.Name}
			if p.Kind == Floor || p.Kind == Memcpy {
				l.color, l.glyph, l.dash = grey, theme.Glyphs[floors%len(theme.Glyphs)], []vg.Length{4, 2 + 2*vg.Length(floors)}
				floors++
			} else {
				l.color, l.glyph = theme.Palette[others%len(theme.Palette)], theme.Glyphs[others%len(theme.Glyphs)]
				if others >= len(theme.Palette) {
					l.dash = []vg.Length{2, 2}
				}
				others++
			}
			curves = append(curves, l)
		}
	}
	return curves
}

// SVG draws the times of a scenario: a plot for each panel, with logarithmic axes,
// and one legend. It is an error where nothing was timed.
func (s *Result) SVG() ([]byte, error) {
	curves, panels := s.curves(), s.panels()
	if len(curves) == 0 {
		return nil, fmt.Errorf("bench: %s: nothing was timed that could be plotted", s.Name)
	}
	across := min(len(panels), 2)
	if slices.ContainsFunc(panels, (*panel).kinds) {
		across = 1 // for their names are long
	}
	down := (len(panels) + across - 1) / across
	width := vg.Length(across) * panelWidth
	if across == 1 {
		width *= 1.5
	}
	columns := max(1, int(width/(2.2*vg.Inch)))
	legend := legendLine * vg.Length((len(curves)+columns-1)/columns)
	heights := vg.Length(0)
	for i := 0; i < len(panels); i += across {
		row := panelHeight
		for _, p := range panels[i:min(i+across, len(panels))] {
			row = max(row, p.height(len(curves)))
		}
		heights += row
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, heights+legend+26))
	all := draw.New(canvas)
	drawLegend(draw.Crop(all, 4, 0, 0, 0), curves, columns)

	plots := make([][]*plot.Plot, down)
	for i := range plots {
		plots[i] = make([]*plot.Plot, across)
	}
	for i, p := range panels {
		drawn, err := s.plot(p, curves)
		if err != nil {
			return nil, err
		}
		plots[i/across][i%across] = drawn
	}
	tiles := draw.Tiles{Rows: down, Cols: across, PadX: 10, PadY: 24}
	canvases := plot.Align(plots, tiles, draw.Crop(all, 4, -8, 4, -legend-26))
	for i := range plots {
		for k, p := range plots[i] {
			if p != nil {
				p.Draw(canvases[i][k])
				drawTitle(p.DataCanvas(canvases[i][k]), panels[i*across+k].name)
			}
		}
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	return theme.SVG(b.Bytes()), nil
}

// height is that of a panel: those of kinds have a row for each case, and in it one
// for each peer.
func (p *panel) height(peers int) vg.Length {
	if p.kinds() {
		return max(panelHeight, vg.Length(len(p.cases)*(peers+2))*0.1*vg.Inch)
	}
	return panelHeight
}

func (s *Result) plot(p *panel, curves []curve) (*plot.Plot, error) {
	drawn := plot.New()
	drawn.BackgroundColor = nil
	label := "time per " + s.Unit
	if p.kinds() {
		drawn.X.Label.Text = label
		drawn.X.Scale, drawn.X.Tick.Marker = plot.LogScale{}, timeTicks{}
		drawn.Y.Tick.Marker, drawn.Y.Tick.Length = p.caseTicks(), 0
	} else {
		drawn.X.Label.Text, drawn.Y.Label.Text = s.XLabel, label
		drawn.X.Scale, drawn.Y.Scale = plot.LogScale{}, plot.LogScale{}
		drawn.X.Tick.Marker = p.sizeTicks(strings.Contains(s.XLabel, "bytes"))
		drawn.Y.Tick.Marker = timeTicks{}
	}
	theme.Paint(drawn, grey, textSize)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = faint, faint
	drawn.Add(grid)
	for i, l := range curves {
		if p.kinds() {
			err := p.addDots(drawn, l, 0.8*(0.5-(float64(i)+0.5)/float64(len(curves))))
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := p.addLine(drawn, l); err != nil {
			return nil, err
		}
	}
	// Logarithmic axes need room of their own kind, above all around one point.
	room(&drawn.X)
	if p.kinds() {
		drawn.Y.Min, drawn.Y.Max = -0.5, float64(len(p.cases))-0.5
	} else {
		room(&drawn.Y)
	}
	return drawn, nil
}

func room(axis *plot.Axis) { axis.Min, axis.Max = axis.Min/1.2, axis.Max*1.2 }

// points are a peer's, with the middle half of its timings as bars.
type points struct {
	plotter.XYs
	plotter.YErrors
	plotter.XErrors
}

// add adds the times of a case at x, if the peer has any.
func (p *points) add(c *CaseResult, peer string, x float64) {
	if r := c.Peer(peer); r != nil && r.State == Timed && r.Median > 0 {
		p.XYs = append(p.XYs, plotter.XY{X: x, Y: r.Median})
		p.YErrors = append(p.YErrors, struct{ Low, High float64 }{r.Median - r.Q1, r.Q3 - r.Median})
	}
}

// addLine draws a peer as a line over sizes.
func (p *panel) addLine(drawn *plot.Plot, l curve) error {
	var at points
	for _, c := range p.cases {
		at.add(c, l.name, c.X)
	}
	if len(at.XYs) == 0 {
		return nil
	}
	path, dots, err := plotter.NewLinePoints(at.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(at)
	if err != nil {
		return err
	}
	path.LineStyle, dots.GlyphStyle = l.lineStyle(), l.glyphStyle()
	bars.LineStyle, bars.CapWidth = l.barStyle(), barCap
	drawn.Add(path, bars, dots)
	return nil
}

// addDots draws a peer as dots beside the names of the cases, the first at the top;
// up keeps the dots of several peers apart.
func (p *panel) addDots(drawn *plot.Plot, l curve, up float64) error {
	var at points
	for i, c := range p.cases {
		at.add(c, l.name, float64(len(p.cases)-1-i)+up)
	}
	if len(at.XYs) == 0 {
		return nil
	}
	at.XErrors = plotter.XErrors(at.YErrors)
	for i := range at.XYs {
		at.XYs[i].X, at.XYs[i].Y = at.XYs[i].Y, at.XYs[i].X
	}
	dots, err := plotter.NewScatter(at.XYs)
	if err != nil {
		return err
	}
	bars, err := plotter.NewXErrorBars(at)
	if err != nil {
		return err
	}
	dots.GlyphStyle = l.glyphStyle()
	bars.LineStyle, bars.CapWidth = l.barStyle(), barCap
	drawn.Add(bars, dots)
	return nil
}

// barCap is how wide the ends of bars are.
const barCap = 3

func (l curve) barStyle() draw.LineStyle { return draw.LineStyle{Color: l.color, Width: 1} }

func (l curve) lineStyle() draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: 1.5, Dashes: l.dash}
}

func (l curve) glyphStyle() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.color, Radius: 3, Shape: l.glyph}
}

// drawTitle names a panel above its data, whose corners are in line.
func drawTitle(data draw.Canvas, name string) {
	style := text.Style{Color: grey, Font: theme.Sans(textSize + 1), Handler: plot.DefaultTextHandler}
	data.FillText(style, vg.Point{X: data.Min.X, Y: data.Max.Y + 5}, name)
}

// drawLegend writes the names of the curves in columns at the top.
func drawLegend(c draw.Canvas, curves []curve, columns int) {
	style := text.Style{Color: grey, Font: theme.Sans(textSize), XAlign: text.XLeft, YAlign: text.YCenter, Handler: plot.DefaultTextHandler}
	wide := (c.Max.X - c.Min.X) / vg.Length(columns)
	for i, l := range curves {
		x := c.Min.X + vg.Length(i%columns)*wide
		y := c.Max.Y - legendLine*(vg.Length(i/columns)+0.5)
		c.StrokeLine2(l.lineStyle(), x, y, x+20, y)
		c.DrawGlyph(l.glyphStyle(), vg.Point{X: x + 10, Y: y})
		c.FillText(style, vg.Point{X: x + 25, Y: y}, l.name)
	}
}

// timeTicks marks an axis of nanoseconds: the decades, and between them where
// there are few.
type timeTicks struct{}

func (timeTicks) Ticks(lo, hi float64) []plot.Tick {
	few, fewer := hi/lo < 200, hi/lo < 5
	var ticks []plot.Tick
	for decade := math.Pow(10, math.Floor(math.Log10(lo))); decade <= hi; decade *= 10 {
		for k := 1; k < 10; k++ {
			v := decade * float64(k)
			if v < lo*0.999 || v > hi*1.001 {
				continue
			}
			t := plot.Tick{Value: v}
			if k == 1 || few && (k == 2 || k == 5) || fewer {
				unit, per := durationUnit(v * 1.0001)
				t.Label = fmt.Sprintf("%.3g %s", v/per, unit)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// sizeTicks marks the sizes of the cases, and names as many as there is room for: on
// an axis that is logarithmic, those that are a seventh of it away from the last, and
// the largest.
func (p *panel) sizeTicks(bytes bool) plot.ConstantTicks {
	var sizes []float64
	for _, c := range p.cases {
		sizes = append(sizes, c.X)
	}
	slices.Sort(sizes)
	sizes = slices.Compact(sizes)
	name := func(x float64) string {
		if bytes {
			return wholeSize(x)
		}
		return fmt.Sprintf("%.6g", x)
	}
	first, last := sizes[0], sizes[len(sizes)-1]
	room := math.Log(last/first) / 7
	named := math.Inf(-1)
	var ticks plot.ConstantTicks
	for _, x := range sizes {
		t := plot.Tick{Value: x}
		at := math.Log(x)
		if x == last || at-named >= room && math.Log(last)-at >= room {
			t.Label, named = name(x), at
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// caseTicks names the cases, the first at the top, without the panel's name, which
// most begin with.
func (p *panel) caseTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i, c := range p.cases {
		ticks = append(ticks, plot.Tick{Value: float64(len(p.cases) - 1 - i), Label: strings.TrimPrefix(c.Name, p.name+", ")})
	}
	return ticks
}
