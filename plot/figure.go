package plot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
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

func (s Series) String() string { return s.blocks().String() }

func (s Series) blocks() Blocks {
	if s.Array == nil {
		return Blocks{Name: s.Name}
	}
	return Blocks{s.Name, s.Array.Blocks()}
}

// Blocks is a [Series] of an array that is read in blocks.
type Blocks struct {
	Name   string
	Blocks *npy.Blocks
}

func (s Blocks) String() string {
	return fmt.Sprintf("%s: %v %v", s.label(), s.dtype(), s.shape())
}

func (s Blocks) dtype() npy.DType { return s.Blocks.DType() }
func (s Blocks) shape() []int     { return s.Blocks.Shape() }

// label is the name without what would break a line.
func (s Blocks) label() string {
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
	list := make([]Blocks, len(series))
	for i, s := range series {
		list[i] = s.blocks()
	}
	return DrawBlocks(ctx, kind, o, list...)
}

// DrawBlocks is [Draw] for arrays that are read in blocks, some kinds of pictures more
// than once.
func DrawBlocks(ctx context.Context, kind Kind, o Options, series ...Blocks) (*Figure, error) {
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

func drawable(s Blocks) error {
	switch {
	case s.Blocks == nil:
		return fmt.Errorf("nil array: %w", npy.ErrReleased)
	case slices.Contains([]npy.DType{npy.String, npy.Complex64, npy.Complex128}, s.dtype()):
		return fmt.Errorf("%w: have %v, want numbers that have an order", npy.ErrDType, s.dtype())
	case s.Blocks.Len() == 0:
		return fmt.Errorf("%w: %v %v is empty", ErrNothing, s.dtype(), s.shape())
	}
	return nil
}

func defaultTitle(series []Blocks) string {
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
func nothing(s Blocks, nans, infs int64) error {
	return fmt.Errorf("plot: %s: %w: all of %s elements are NaN or infinite (%s NaN, %s Inf)",
		s.label(), ErrNothing, letters.Group(int64(s.Blocks.Len())), letters.Group(nans), letters.Group(infs))
}

// badShape is the error of a kind that cannot show an array.
func badShape(kind Kind, s Blocks, want string) error {
	return fmt.Errorf("plot: %s: %w: %v of %v %v: want %s", s.label(), npy.ErrShape, kind, s.dtype(), s.shape(), want)
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
