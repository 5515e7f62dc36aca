package plot

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"ndflow/internal/letters"
)

// Terminal is what letters and colours there are to draw with.
type Terminal struct {
	Width   int // letters in a line (default 80)
	Height  int // lines of a picture (default 20)
	Unicode bool
	Colors  Colors
}

// Colors is how many colours a terminal has.
type Colors int

// What terminals have.
const (
	NoColors Colors = iota
	Colors256
	TrueColors
)

// WriteText writes the picture in letters: a histogram as bars of blocks, images and
// heat maps in half blocks of two colours each, lines and clouds in dots; without
// Unicode or colours in letters that are as dark.
func (f *Figure) WriteText(w io.Writer, t Terminal) error {
	if t.Width <= 0 {
		t.Width = 80
	}
	if t.Height <= 0 {
		t.Height = 20
	}
	t.Width, t.Height = min(max(t.Width, 24), 400), min(max(t.Height, 4), 200)
	to := &writer{Terminal: t}
	to.line("%s", f.title)
	for _, n := range f.notes {
		to.line("%s", n)
	}
	to.line("")
	f.text(to)
	_, err := w.Write(to.Bytes())
	return err
}

// writer gathers lines.
type writer struct {
	Terminal
	bytes.Buffer
}

// line writes a line without blanks at its end.
func (w *writer) line(format string, args ...any) {
	s := strings.TrimRight(fmt.Sprintf(format, args...), " ")
	if !w.Unicode {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '×':
				return 'x'
			case r >= utf8.RuneSelf:
				return '?'
			}
			return r
		}, s)
	}
	w.WriteString(s + "\n")
}

func (h *spreads) text(w *writer) {
	for i, b := range h.list {
		if len(h.list) > 1 {
			if i > 0 {
				w.line("")
			}
			w.line("%s", h.curves[i].name)
		}
		h.bars(w, b)
	}
}

// bars draws one array's bins, some of them together where they are more than lines.
func (h *spreads) bars(w *writer, b Bins) {
	per := (len(b.Counts) + w.Height - 1) / w.Height
	var labels, counts []string
	var sizes []float64
	most, labelWidth, countWidth := 0.0, 0, 0
	for i := 0; i < len(b.Counts); i += per {
		end := min(i+per, len(b.Counts))
		var n int64
		for _, c := range b.Counts[i:end] {
			n += c
		}
		labels = append(labels, binLabel(b, i, end))
		counts = append(counts, letters.Group(n))
		size := float64(n)
		if h.log && n > 0 {
			size = math.Log10(size) + 0.3
		}
		sizes = append(sizes, size)
		most = max(most, size)
		labelWidth, countWidth = max(labelWidth, len(labels[len(labels)-1])), max(countWidth, len(counts[len(counts)-1]))
	}
	width := max(4, w.Width-labelWidth-countWidth-4)
	for i, label := range labels {
		bar := letters.Bar(sizes[i]/max(most, 1e-300), width, w.Unicode)
		w.line("%*s %s%s%s %s", labelWidth, label, letters.Wall(w.Unicode), bar, strings.Repeat(" ", width-utf8.RuneCountInString(bar)), padLeft(counts[i], countWidth))
	}
	if h.log {
		w.line("the bars are logarithmic")
	}
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-len(s))) + s
}

// binLabel says what is in bins i to end.
func binLabel(b Bins, i, end int) string {
	lo, hi := b.Edges[i], b.Edges[end]
	if b.Whole {
		lo, hi = lo+0.5, hi-0.5
		if lo == hi {
			return letters.Short(lo)
		}
		return letters.Short(lo) + " to " + letters.Short(hi)
	}
	return edge(lo, b) + " to " + edge(hi, b)
}

// edge writes an edge with the digits that tell it from its neighbours.
func edge(x float64, b Bins) string {
	n := len(b.Edges)
	if math.Abs(x) < (b.Edges[n-1]-b.Edges[0])*1e-9 {
		return "0"
	}
	most := max(math.Abs(b.Edges[0]), math.Abs(b.Edges[n-1]))
	digits := 3
	if step := b.Edges[1] - b.Edges[0]; step > 0 {
		digits = max(3, min(17, int(math.Ceil(math.Log10(most/step)))+1))
	}
	return fmt.Sprintf("%.*g", digits, x)
}
