package demo

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"runtime"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"ndflow/npy"
)

// Blue and vermilion, by Okabe and Ito, are told apart by everyone; what the
// model gave lies under them in greys.
var (
	rightColor  = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	wrongColor  = color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
	playedColor = color.RGBA{A: 0xff}
	gridColor   = color.RGBA{R: 0xd0, G: 0xd8, B: 0xe0, A: 0xff}
)

const (
	foundThickness = 0.4 // of a bar, in semitones: what is below shows on both sides
	variant        = "Sans"
)

// PianoRoll draws the score as a PNG: time from left to right, one row per
// key. In the background is what the model answered, the joined float32
// [frames, 88] that [Decode] was given as note; on it the notes that were
// found, as bars, and those that were played, as outlines.
func PianoRoll(w io.Writer, note *npy.Array, s Score) error {
	const (
		width, height = 12 * vg.Inch, 6.5 * vg.Inch
		margin        = 6 * vg.Millimeter
		legendHeight  = 10 * vg.Millimeter
		dpi           = 120
	)
	sounding, err := newGram("note", note)
	if err != nil {
		return err
	}
	p := newRoll(sounding, s)

	img := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}
	page := draw.Crop(draw.New(img), margin, -margin, margin, -margin)
	p.Draw(draw.Crop(page, 0, 0, legendHeight, 0))
	drawLegend(draw.Crop(page, 0, 0, 0, legendHeight-(page.Max.Y-page.Min.Y)))
	runtime.KeepAlive(note)
	if _, err := img.WriteTo(w); err != nil {
		return fmt.Errorf("demo: piano roll: %w", err)
	}
	return nil
}

// newRoll returns the plot without its legend.
func newRoll(sounding gram, s Score) *plot.Plot {
	const titleSize, labelSize, tickSize = 15, 13, 11
	p := plot.New()
	p.Title.Text = "What was played and what the model heard\n" + s.String()
	p.Title.TextStyle.Font.Size = titleSize
	p.Title.TextStyle.Font.Variant = variant
	p.Title.Padding = 4 * vg.Millimeter
	p.X.Label.Text = "time in seconds"
	p.X.Tick.Marker = secondTicks{}
	p.Y.Label.Text = "pitch"
	p.Y.Tick.Marker = pitchTicks{}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size = labelSize
		axis.Label.TextStyle.Font.Variant = variant
		axis.Tick.Label.Font.Size = tickSize
		axis.Tick.Label.Font.Variant = variant
		axis.Padding = 0
	}

	low, high := pitchRange(s)
	heat := plotter.NewHeatMap(heatGrid{sounding, low, high}, greys(64))
	heat.Rasterized = true
	heat.Min, heat.Max = 0, 1
	heat.Overflow = heat.Palette.Colors()[63]

	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = gridColor, gridColor
	grid.Horizontal.Width, grid.Vertical.Width = vg.Points(0.5), vg.Points(0.5)
	p.Add(heat, grid)

	right := &bars{fill: rightColor, thickness: foundThickness}
	wrong := &bars{fill: wrongColor, thickness: foundThickness}
	played := &bars{line: playedColor, thickness: 1}
	for _, pair := range s.Pairs {
		if pair.True != nil {
			played.notes = append(played.notes, *pair.True)
		}
		switch {
		case pair.Found == nil:
		case pair.True == nil:
			wrong.notes = append(wrong.notes, *pair.Found)
		default:
			right.notes = append(right.notes, *pair.Found)
		}
	}
	p.Add(right, wrong, played)
	return p
}

// drawLegend writes the entries side by side; plot's own legend would stack
// them on top of the notes.
func drawLegend(c draw.Canvas) {
	entries := []struct {
		text  string
		thumb plot.Thumbnailer
		share float64 // of the width
	}{
		{"played", &bars{line: playedColor, thickness: 1}, 0.14},
		{"found, and played", &bars{fill: rightColor, thickness: foundThickness}, 0.22},
		{"found, but not played", &bars{fill: wrongColor, thickness: foundThickness}, 0.24},
		{"how sure the model is that the key sounds, 0 to 1", greys(64), 0.4},
	}
	left, width := 0.05*(c.Max.X-c.Min.X), 0.95*(c.Max.X-c.Min.X)
	for _, e := range entries {
		l := plot.NewLegend()
		l.Left, l.Top = true, false
		l.ThumbnailWidth = 12 * vg.Millimeter
		l.TextStyle.Font.Size = 12
		l.TextStyle.Font.Variant = variant
		l.Add(e.text, e.thumb)
		l.Draw(draw.Crop(c, left, 0, 0, 0))
		left += vg.Length(e.share) * width
	}
}

// pitchRange returns the pitches to show: those of all notes, and some around.
func pitchRange(s Score) (low, high int) {
	const around = 2
	low, high = lowestPitch+keys-1, lowestPitch
	for _, pair := range s.Pairs {
		low = min(low, pair.either().Pitch-around)
		high = max(high, pair.either().Pitch+around)
	}
	low, high = max(low, lowestPitch), min(high, lowestPitch+keys-1)
	if low > high { // no notes: show the whole piano
		low, high = high, low
	}
	return low, high
}

// bars draws notes as bars, filled or in outline.
type bars struct {
	notes     []Note
	fill      color.Color // nil for none
	line      color.Color // nil for none
	thickness float64     // in semitones
}

// Plot implements plot.Plotter.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, n := range b.notes {
		pitch := float64(n.Pitch)
		b.bar(c, vg.Rectangle{
			Min: vg.Point{X: x(n.Start), Y: y(pitch - b.thickness/2)},
			Max: vg.Point{X: x(n.End), Y: y(pitch + b.thickness/2)},
		})
	}
}

// Thumbnail implements plot.Thumbnailer.
func (b *bars) Thumbnail(c *draw.Canvas) {
	r := c.Rectangle
	cut := (r.Max.Y - r.Min.Y) * vg.Length(1-b.thickness) / 2
	r.Min.Y += cut
	r.Max.Y -= cut
	b.bar(*c, r)
}

func (b *bars) bar(c draw.Canvas, r vg.Rectangle) {
	if b.fill != nil {
		c.SetColor(b.fill)
		c.Fill(r.Path())
	}
	if b.line != nil {
		c.SetLineStyle(draw.LineStyle{Color: b.line, Width: vg.Points(1.25)})
		c.Stroke(r.Path())
	}
}

// heatGrid is the part of a gram between two pitches, as a heat map wants it.
// The map is scaled smoothly; several rows a key keep the keys apart.
type heatGrid struct {
	gram
	low, high int
}

const rowsPerKey = 8

func (g heatGrid) Dims() (columns, rows int) { return g.frames, (g.high - g.low + 1) * rowsPerKey }
func (g heatGrid) X(column int) float64      { return frameSeconds(column) }
func (g heatGrid) Y(row int) float64 {
	return float64(g.low) - 0.5 + (float64(row)+0.5)/rowsPerKey
}
func (g heatGrid) Z(column, row int) float64 {
	return float64(g.at(column, g.low+row/rowsPerKey-lowestPitch))
}

// greys is a palette of so many colours from white to a grey on which blue,
// vermilion and black can be seen.
type greys int

func (n greys) Colors() []color.Color {
	const darkest = 0x60
	colors := make([]color.Color, n)
	for i := range colors {
		part := float64(i) / float64(n-1)
		colors[i] = color.Gray{Y: uint8(math.Round(0xff - part*(0xff-darkest)))}
	}
	return colors
}

// Thumbnail implements plot.Thumbnailer.
func (n greys) Thumbnail(c *draw.Canvas) {
	step := (c.Max.X - c.Min.X) / vg.Length(n)
	r := c.Rectangle
	for _, shade := range n.Colors() {
		c.SetColor(shade)
		c.Fill(r.Path()) // to the end, so that no gap shows between two shades
		r.Min.X += step
	}
}

// pitchTicks names the white keys.
type pitchTicks struct{}

func (pitchTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for pitch := int(math.Ceil(low)); float64(pitch) <= high; pitch++ {
		t := plot.Tick{Value: float64(pitch)}
		if name := pitchName(pitch); !strings.Contains(name, "#") {
			t.Label = name
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// secondTicks marks every second.
type secondTicks struct{}

func (secondTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for s := math.Ceil(low); s <= high; s++ {
		ticks = append(ticks, plot.Tick{Value: s, Label: strconv.Itoa(int(s))})
	}
	return ticks
}
