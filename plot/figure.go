package plot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
	"ndflow/internal/letters"
	"ndflow/internal/theme"
	"ndflow/npy"
)

// ErrNothing says that an array has no element that a picture could show: it is empty,
// or all of it is NaN or infinite.
var ErrNothing = errors.New("nothing to show")

// Series is an array and the name that it has in a picture.
type Series struct {
	Name  string
	Array *npy.Array
}

func (s Series) String() string {
	return fmt.Sprintf("%s: %v %v", s.label(), s.Array.DType(), s.Array.Shape())
}

// label is the name without what would break a line.
func (s Series) label() string {
	if s.Name == "" {
		return "array"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s.Name)
}

// Options say how a picture is made. The zero value is good.
type Options struct {
	Title string // default the names, dtypes and shapes of the arrays
	Unit  string // of the elements: it stands beside their axis
	// Log makes the counts of a histogram and of a crowded scatter plot, the colours
	// of a heat map and the upright axis of lines logarithmic. What is not positive has
	// no place there: it is left out, and counted.
	Log  bool
	Bins int // of a histogram, at most (default 64)
}

// Figure is a picture, with all that was read of the arrays for it: they are not
// needed any more.
type Figure struct {
	title string
	notes []string // lines below the title
	content
}

// content is what is below the title of a figure.
type content interface {
	size() (width, height vg.Length)
	draw(c draw.Canvas) error
	text(w *writer)
}

// Draw makes a picture of one or several arrays. Strings, complex numbers and 0 bins
// are an error, as is a shape that the kind cannot show (an [npy.ErrShape]) and an
// array with no finite element ([ErrNothing]).
func Draw(ctx context.Context, kind Kind, o Options, series ...Series) (*Figure, error) {
	if len(series) == 0 {
		return nil, errors.New("plot: no array to draw")
	}
	make, ok := makers[kind]
	if !ok {
		return nil, fmt.Errorf("plot: no kind of picture %d", kind)
	}
	for _, s := range series {
		if err := drawable(s); err != nil {
			return nil, fmt.Errorf("plot: %s: %w", s.label(), err)
		}
	}
	if o.Bins == 0 {
		o.Bins = 64
	}
	f := &Figure{title: o.Title}
	if f.title == "" {
		f.title = defaultTitle(series)
	}
	if err := make(ctx, f, o, series); err != nil {
		return nil, err
	}
	return f, nil
}

func drawable(s Series) error {
	switch {
	case s.Array == nil:
		return fmt.Errorf("nil array: %w", npy.ErrReleased)
	case slices.Contains([]npy.DType{npy.String, npy.Complex64, npy.Complex128}, s.Array.DType()):
		return fmt.Errorf("%w: have %v, want numbers that have an order", npy.ErrDType, s.Array.DType())
	case s.Array.Len() == 0:
		return fmt.Errorf("%w: %v %v is empty", ErrNothing, s.Array.DType(), s.Array.Shape())
	}
	return nil
}

func defaultTitle(series []Series) string {
	if len(series) == 1 {
		return series[0].String()
	}
	var names []string
	for _, s := range series {
		names = append(names, s.label())
	}
	return strings.Join(names, ", ")
}

// nothing is the error of an array whose elements are all left out.
func nothing(s Series, nans, infs int64) error {
	return fmt.Errorf("plot: %s: %w: all of %s elements are NaN or infinite (%s NaN, %s Inf)",
		s.label(), ErrNothing, letters.Group(int64(s.Array.Len())), letters.Group(nans), letters.Group(infs))
}

// badShape is the error of a kind that cannot show an array.
func badShape(kind Kind, s Series, want string) error {
	return fmt.Errorf("plot: %s: %w: %v of %v %v: want %s", s.label(), npy.ErrShape, kind, s.Array.DType(), s.Array.Shape(), want)
}

func (f *Figure) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); s != "" {
		f.notes = append(f.notes, s)
	}
}

// Title returns what stands above the picture.
func (f *Figure) Title() string { return f.title }

// Notes returns the lines below the title: what is left out, what colours stand for.
func (f *Figure) Notes() []string { return slices.Clone(f.notes) }

// Sizes in points.
const (
	titleSize = 13
	textSize  = 11
	noteSize  = 10
	margin    = 12 * vg.Length(1)
)

// dpi of a PNG: letters are sharp on screens of today.
const dpi = 144

func (f *Figure) head() vg.Length { return 26 + vg.Length(len(f.notes))*14 + 6 }

func (f *Figure) whole() (width, height vg.Length) {
	w, h := f.size()
	return w + 2*margin, h + f.head() + 2*margin
}

// WritePNG writes the picture as a PNG.
func (f *Figure) WritePNG(w io.Writer) error {
	width, height := f.whole()
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	if err := f.render(draw.New(canvas)); err != nil {
		return err
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// WriteSVG writes the picture as an SVG; pictures of pixels are inside, as PNGs.
func (f *Figure) WriteSVG(w io.Writer) error {
	width, height := f.whole()
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	if err := f.render(draw.New(canvas)); err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(theme.SVG(b.Bytes()))
	return err
}

func (f *Figure) render(c draw.Canvas) error {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	width := c.Max.X - c.Min.X
	title := lettering(titleSize, ink)
	y := c.Max.Y - 14
	c.FillText(title, vg.Point{X: c.Min.X, Y: y}, fit(title, f.title, width))
	note := lettering(noteSize, quiet)
	y -= 4
	for _, line := range f.notes {
		y -= 14
		c.FillText(note, vg.Point{X: c.Min.X, Y: y}, fit(note, line, width))
	}
	return f.draw(draw.Crop(c, 0, 0, 0, -f.head()))
}

func lettering(size float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: theme.Sans(size), Handler: plot.DefaultTextHandler}
}

// fit leaves out the middle of a text that is wider than its place.
func fit(style text.Style, s string, width vg.Length) string {
	all := []rune(s)
	for cut := 1; style.Width(s) > width && cut < len(all); cut++ {
		keep := len(all) - cut
		s = string(all[:(keep+1)/2]) + "…" + string(all[len(all)-keep/2:])
	}
	return s
}

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
