package diff

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"ndflow/internal/letters"
	"ndflow/npy"
)

// Text says how a result is written.
type Text struct {
	Width   int // letters in a line (default 80)
	Unicode bool
	Options // which the arrays were compared with
}

// Write writes the result for people: the errors, where they are, and histograms.
func (r *Result) Write(w io.Writer, t Text) error {
	if t.Width <= 0 {
		t.Width = 80
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", r.summary(t.Options))
	if r.OneNaN > 0 {
		line("%s NaN on one side only, the first %s", letters.Group(r.OneNaN), r.FirstNaN)
	}
	if r.BothNaN > 0 {
		as := "equal"
		if t.NaNDiffers {
			as = "different"
		}
		line("%s NaN on both sides, taken as %s", letters.Group(r.BothNaN), as)
	}
	if r.Beyond > 0 {
		line("the first past the tolerance is %s", r.First)
	}
	if r.DTypes[0] != npy.String && r.MaxAt.Index != nil {
		line("")
		line("largest difference  %-12s %s", letters.Short(r.Max), r.MaxAt)
		line("mean difference     %s", letters.Short(r.Mean))
		if r.RelAt.Index != nil {
			line("largest relative    %-12s %s", letters.Short(r.Relative), r.RelAt)
			line("mean relative       %s", letters.Short(r.MeanRel))
		}
		if r.ULPs != nil && r.ULPs.MaxAt.Index != nil {
			line("most ULPs           %-12s %s", letters.Group(int64(min(r.ULPs.Max, 1<<63-1))), r.ULPs.MaxAt)
		}
		t.bars(&b, "differences", r.differences())
		if r.ULPs != nil {
			t.bars(&b, "ULPs", r.ULPs.spread())
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summary is the outcome in a line.
func (r *Result) summary(o Options) string {
	what := fmt.Sprintf("%v %v", r.DTypes[0], r.Shape)
	if r.DTypes[0] != r.DTypes[1] {
		what = fmt.Sprintf("%v and %v %v", r.DTypes[0], r.DTypes[1], r.Shape)
	}
	n := letters.Group(r.Elements)
	switch {
	case r.Different == 0:
		return fmt.Sprintf("%s: all of %s elements are equal", what, n)
	case r.Beyond == 0:
		return fmt.Sprintf("%s: %s of %s elements differ, all within |a-b| <= %g + %g*|b|", what, letters.Group(r.Different), n, o.Abs, o.Rel)
	case o.Abs == 0 && o.Rel == 0:
		return fmt.Sprintf("%s: %s of %s elements differ", what, letters.Group(r.Different), n)
	}
	return fmt.Sprintf("%s: %s of %s elements differ, %s of them past |a-b| <= %g + %g*|b|", what, letters.Group(r.Different), n, letters.Group(r.Beyond), o.Abs, o.Rel)
}

// String is the place and its pair: "at [0 2]: 1.5 and 1".
func (p Place) String() string {
	if p.Index == nil {
		return ""
	}
	return fmt.Sprintf("at %v: %s and %s", p.Index, p.A, p.B)
}

// bin is a line of a histogram.
type bin struct {
	label string
	count int64
}

// differences are by decades, the equal pairs first.
func (r *Result) differences() []bin {
	list := []bin{{"0", r.Equal}}
	var decades []int
	for e := range r.Decades {
		decades = append(decades, e)
	}
	if len(decades) > 0 {
		lo, hi := slices.Min(decades), slices.Max(decades)
		if hi-lo < 40 {
			decades = nil
			for e := lo; e <= hi; e++ {
				decades = append(decades, e)
			}
		}
	}
	slices.Sort(decades)
	for _, e := range decades {
		list = append(list, bin{fmt.Sprintf("from 1e%d", e), r.Decades[e]})
	}
	if r.Infinite > 0 {
		list = append(list, bin{"infinite", r.Infinite})
	}
	return list
}

func (u *ULPs) spread() []bin {
	var list []bin
	last := 0
	for i, n := range u.Counts {
		if n > 0 {
			last = i
		}
	}
	for i := 0; i <= last; i++ {
		label := fmt.Sprint(i)
		if i > 2 {
			label = fmt.Sprintf("to 2^%d", i-1)
		}
		list = append(list, bin{label, u.Counts[i]})
	}
	return list
}

// bars draws a histogram.
func (t Text) bars(b *strings.Builder, title string, list []bin) {
	most, labels, counts := int64(1), 0, 0
	for _, v := range list {
		most = max(most, v.count)
		labels, counts = max(labels, len(v.label)), max(counts, len(letters.Group(v.count)))
	}
	fmt.Fprintf(b, "\n%s\n", title)
	width := max(4, t.Width-labels-counts-4)
	for i, v := range list {
		if v.count == 0 && i > 1 && list[i-1].count == 0 && list[i+1].count == 0 {
			if list[i-2].count > 0 || i == 2 { // a long gap is one line
				fmt.Fprintf(b, "%*s\n", labels, "...")
			}
			continue
		}
		bar := letters.Bar(float64(v.count)/float64(most), width, t.Unicode)
		gap := strings.Repeat(" ", width-utf8.RuneCountInString(bar))
		fmt.Fprintf(b, "%*s %s%s%s %*s\n", labels, v.label, letters.Wall(t.Unicode), bar, gap, counts, letters.Group(v.count))
	}
}
