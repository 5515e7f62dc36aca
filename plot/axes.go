package plot

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"ndflow/internal/letters"
	"ndflow/internal/theme"
)

// newPlot returns an empty plot in our colours.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	theme.Paint(p, ink, textSize)
	p.X.Padding, p.Y.Padding = 4, 4
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, ticks{}
	return p
}

// drawPlot draws a plot and its upright label, and returns where the data is. gonum/plot's own draws that as well, but
// leaves room for it where the label would be on an axis that is not logarithmic.
func drawPlot(p *plot.Plot, c draw.Canvas) (data vg.Rectangle) {
	style := p.Y.Label.TextStyle
	label := p.Y.Label.Text
	p.Y.Label.Text = ""
	if label != "" {
		c = draw.Crop(c, style.Height(label)+6, 0, 0, 0)
	}
	p.Draw(c)
	data = p.DataCanvas(c).Rectangle
	style.Rotation, style.XAlign, style.YAlign = math.Pi/2, text.XCenter, text.YBottom
	c.FillText(style, vg.Point{X: c.Min.X - 6, Y: (data.Min.Y + data.Max.Y) / 2}, fit(style, label, c.Max.Y-c.Min.Y))
	return data
}

// ticks are marks whose labels are short.
type ticks struct {
	whole bool // only whole numbers are marked
}

func (t ticks) Ticks(lo, hi float64) []plot.Tick {
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return []plot.Tick{{Value: lo, Label: letters.Short(lo)}, {Value: hi, Label: letters.Short(hi)}}
	}
	if t.whole && hi-lo <= 16 {
		var list []plot.Tick
		for v := math.Ceil(lo); v <= hi; v++ {
			list = append(list, plot.Tick{Value: v, Label: tidy(v, hi-lo)})
		}
		return list
	}
	list := plot.DefaultTicks{}.Ticks(lo, hi)
	kept := list[:0]
	for _, k := range list {
		if t.whole && k.Value != math.Trunc(k.Value) {
			continue
		}
		if k.Label != "" {
			k.Label = tidy(k.Value, hi-lo)
		}
		kept = append(kept, k)
	}
	return kept
}

// tidy writes the label of a mark on an axis that is so long.
func tidy(v, length float64) string {
	if math.Abs(v) < length*1e-9 {
		return "0"
	}
	if a := math.Abs(v); a >= 1e4 && a < 1e15 {
		for _, unit := range []struct {
			per  float64
			name string
		}{{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
			if a >= unit.per && length >= unit.per/1e3 {
				return fmt.Sprintf("%.6g%s", v/unit.per, unit.name)
			}
		}
	}
	return fmt.Sprintf("%.6g", v)
}

// logTicks mark the decades, and what is between them where there are few.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	if !(lo > 0) || !(hi > lo) || math.IsInf(hi, 0) {
		return []plot.Tick{{Value: hi, Label: letters.Short(hi)}}
	}
	decades := math.Log10(hi) - math.Log10(lo)
	step := max(1, int(math.Ceil(decades/8)))
	var list []plot.Tick
	for e := int(math.Floor(math.Log10(lo))); e <= int(math.Ceil(math.Log10(hi))); e++ {
		for k := 1.0; k < 10; k++ {
			v := k * math.Pow(10, float64(e))
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) || k > 1 && decades > 10 {
				continue
			}
			t := plot.Tick{Value: v}
			if k == 1 && e%step == 0 || decades < 2 && (k == 2 || k == 5) || decades < 0.6 {
				t.Label = tidy(v, v)
			}
			list = append(list, t)
		}
	}
	return list
}

// grid adds faint lines at the marks.
func grid(p *plot.Plot, vertical, horizontal bool) {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = nil, nil
	if vertical {
		g.Vertical.Color = faint
	}
	if horizontal {
		g.Horizontal.Color = faint
	}
	p.Add(g)
}

// logPart is how far v is from lo to hi on a logarithmic scale, 0 to 1.
func logPart(v, lo, hi float64) float64 {
	return (math.Log(v) - math.Log(lo)) / (math.Log(hi) - math.Log(lo))
}

// part is how far v is from lo to hi, 0 to 1.
func part(v, lo, hi float64) float64 {
	if math.IsInf(hi-lo, 0) { // the whole of a range of float64 is too much for one
		v, lo, hi = v/2, lo/2, hi/2
	}
	return (v - lo) / (hi - lo)
}

// withUnit is an axis's label and the unit of its numbers.
func withUnit(label, unit string) string {
	if unit == "" {
		return label
	}
	return label + " (" + unit + ")"
}
