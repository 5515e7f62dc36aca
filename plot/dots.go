package plot

import (
	"image/color"
	"math"
	"strings"

	"ndflow/internal/letters"
)

// chart is a field of letters with numbers at its sides.
type chart struct {
	width, height  int // of the field, in letters
	xLo, xHi       string
	yLo, yMid, yHi string
}

// draw writes the field; letter is what stands in a column of a row, the uppermost
// row first.
func (c *chart) draw(w *writer, letter func(row, col int) string) {
	margin := max(len(c.yLo), len(c.yMid), len(c.yHi))
	for row := range c.height {
		label := ""
		switch row {
		case 0:
			label = c.yHi
		case c.height / 2:
			label = c.yMid
		case c.height - 1:
			label = c.yLo
		}
		var line strings.Builder
		for col := range c.width {
			line.WriteString(letter(row, col))
		}
		w.line("%s %s%s", padLeft(label, margin), letters.Wall(w.Unicode), line.String())
	}
	w.line("%s %s%s", strings.Repeat(" ", margin+1), c.xLo, padLeft(c.xHi, c.width-len(c.xLo)-1))
}

func (l *lineSet) text(w *writer) {
	c := &chart{
		width: max(10, w.Width-13), height: min(w.Height, 16),
		xLo: "0", xHi: letters.Group(int64(l.length - 1)), yLo: letters.Short(l.lo), yHi: letters.Short(l.hi), yMid: letters.Short(l.value(0.5)),
	}
	field := make([]dots, c.width*c.height)
	for i, e := range l.lines {
		l.mark(c, field, i, e)
	}
	c.draw(w, func(row, col int) string { return w.dot(field[row*c.width+col], len(l.lines)) })
	for i, v := range l.curves {
		if len(l.curves) > 1 {
			w.line("  %s %s", w.dot(dots{bits: 0xff, of: i}, len(l.lines)), v.name)
		}
	}
}

// part is how high up a value is, 0 to 1, and value what is there.
func (l *lineSet) part(v float64) float64 {
	switch {
	case l.hi <= l.lo:
		return 0.5
	case l.log:
		return logPart(v, l.lo, l.hi)
	}
	return (v - l.lo) / (l.hi - l.lo)
}

func (l *lineSet) value(part float64) float64 {
	if l.log {
		return math.Exp(math.Log(l.lo) + part*(math.Log(l.hi)-math.Log(l.lo)))
	}
	return l.lo + (l.hi-l.lo)*part
}

// dots is a letter of eight dots, two columns of four, and whose they are.
type dots struct {
	bits uint8
	of   int
}

// mark sets the dots of a line: each of its steps reaches from the least to the
// greatest, and is joined to the step before.
func (l *lineSet) mark(c *chart, field []dots, i int, e *envelope) {
	wide, high := 2*c.width, 4*c.height
	before, fromX := math.NaN(), 0
	up := func(v float64) float64 { return l.part(v) * float64(high-1) }
	for step := range e.lo {
		if e.lo[step] != e.lo[step] {
			before = math.NaN()
			continue
		}
		x := 0
		if l.length > 1 {
			x = int(e.index(step)/float64(l.length-1)*float64(wide-1) + 0.5)
		}
		lo, hi := up(e.lo[step]), up(e.hi[step])
		column(c, field, i, x, lo, hi)
		if before == before {
			for between := fromX + 1; between <= x; between++ {
				part := float64(between-fromX) / float64(x-fromX)
				at := before + (lo-before)*part
				was := before + (lo-before)*(part-1/float64(x-fromX))
				column(c, field, i, between, min(at, was), max(at, was))
			}
		}
		before, fromX = hi, x
	}
}

// column sets dots from lo up to hi.
func column(c *chart, field []dots, i, x int, lo, hi float64) {
	for y := int(lo + 0.5); y <= int(hi+0.5); y++ {
		row, col := c.height-1-y/4, x/2
		if row < 0 || row >= c.height || col >= c.width {
			continue
		}
		d := &field[row*c.width+col]
		// Braille counts its dots down the left column, then the right, and has put
		// the lowest row last.
		down := 3 - y%4
		bit := [2][4]uint8{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}[x%2][down]
		d.bits |= bit
		d.of = i
	}
}

// dot is the letter of dots of one of several lines.
func (w *writer) dot(d dots, lines int) string {
	if d.bits == 0 {
		return " "
	}
	if lines > 1 && w.Colors == NoColors {
		return string(rune('a' + d.of))
	}
	s := "*"
	if w.Unicode {
		s = string(rune(0x2800 + int(d.bits)))
	}
	if lines > 1 {
		c := color.NRGBAModel.Convert(inOrder(d.of)).(color.NRGBA)
		s = w.paint(c, false) + s + reset
	}
	return s
}

func (s *cloud) text(w *writer) {
	c := &chart{
		width: max(10, w.Width-13), height: min(w.Height, 20),
		xLo: letters.Short(s.xs.min), xHi: letters.Short(s.xs.max), yLo: letters.Short(s.ys.min), yHi: letters.Short(s.ys.max), yMid: letters.Short(s.ys.min/2 + s.ys.max/2),
	}
	counts := make([]int64, c.width*c.height)
	most := int64(1)
	add := func(x, y float64, n int64) {
		col, row := fraction(x, s.xs, c.width), c.height-1-fraction(y, s.ys, c.height)
		counts[row*c.width+col] += n
		most = max(most, counts[row*c.width+col])
	}
	for _, p := range s.points {
		add(float64(p.X), float64(p.Y), 1)
	}
	if k := s.crowd; k != nil {
		for y := k.y.lo; y <= k.y.hi; y++ {
			for x := k.x.lo; x <= k.x.hi; x++ {
				if n := k.counts[crowdPlace(x, y)]; n > 0 {
					add((x+0.5)*k.x.width(), (y+0.5)*k.y.width(), n)
				}
			}
		}
	}
	marks := []rune(" .:+*#@")
	if w.Unicode {
		marks = []rune(" ·░▒▓█")
	}
	c.draw(w, func(row, col int) string {
		n := counts[row*c.width+col]
		if n == 0 {
			return " "
		}
		// By the logarithm, as crowds are thin at their sides.
		part := 1.0
		if most > 1 {
			part = math.Log(float64(n)) / math.Log(float64(most))
		}
		return string(marks[1+int(part*float64(len(marks)-2))])
	})
	w.line("across: %s; up: %s", s.xLabel, s.yLabel)
}

// fraction is which of n places a number between the least and the greatest is at.
func fraction(v float64, t tally, n int) int {
	if t.max <= t.min {
		return n / 2
	}
	return max(0, min(n-1, int((v-t.min)/(t.max-t.min)*float64(n-1)+0.5)))
}
