package plot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ndflow/npy"
)

// Kind is a kind of picture.
type Kind int

// The kinds of pictures.
const (
	Histogram Kind = iota + 1 // of all elements of each array
	HeatMap                   // of a matrix: a colour for each element, or each block of them
	Image                     // [H W], [H W C], [N H W] or [N H W C], C of 1, 3 or 4
	Line                      // [N], or [N M]: a line for each column
	Scatter                   // of two arrays of equal length: one across, one up
)

var kindNames = []string{"", "hist", "heat", "image", "line", "scatter"}

var makers = map[Kind]func(context.Context, *Figure, Options, []Blocks) error{
	Histogram: histogram, HeatMap: heatMap, Image: images, Line: lines, Scatter: scatter,
}

// String returns the kind's name as [ParseKind] takes it.
func (k Kind) String() string {
	if k < Histogram || k > Scatter {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// ParseKind returns the kind of the given name: hist, heat, image, line or scatter.
func ParseKind(name string) (Kind, error) {
	if i := slices.Index(kindNames, name); i > 0 {
		return Kind(i), nil
	}
	return 0, fmt.Errorf("plot: no kind of picture %q: want %s", name, strings.Join(kindNames[1:], ", "))
}

// leastImage is how many pixels high and wide an array is that is taken for an image.
const leastImage = 8

// KindFor chooses a kind by dtypes and shapes: images where the last axis is one of
// colours, or of uint8 with two axes; lines for one axis, or for few columns; heat maps
// for matrices; a histogram for all else, and for several arrays that are not lines.
func KindFor(arrays ...*npy.Array) Kind {
	series := make([]Blocks, len(arrays))
	for i, a := range arrays {
		series[i] = Series{Array: a}.blocks()
	}
	return KindOf(series...)
}

// KindOf is [KindFor] arrays that are read in blocks.
func KindOf(series ...Blocks) Kind {
	kinds := make([]Kind, 0, len(series))
	for _, s := range series {
		kinds = append(kinds, kindFor(s.Blocks))
	}
	same := len(slices.Compact(slices.Clone(kinds))) == 1
	if same && (len(kinds) == 1 || kinds[0] == Line) {
		return kinds[0]
	}
	return Histogram
}

func kindFor(a *npy.Blocks) Kind {
	if a == nil {
		return Histogram
	}
	shape := a.Shape()
	size := func(axis int) bool { return shape[axis] >= leastImage && shape[axis+1] >= leastImage }
	switch n := len(shape); {
	case n == 1 && shape[0] > 1:
		return Line
	case (n == 3 || n == 4) && slices.Contains(colors, shape[n-1]) && size(n-3):
		return Image
	case n == 2 && a.DType() == npy.Uint8 && size(0):
		return Image
	case n == 2 && shape[1] <= fewColumns && shape[0] > 4*shape[1] && shape[0] > fewColumns:
		return Line
	case n == 2 && shape[0]*shape[1] > 1:
		return HeatMap
	}
	return Histogram
}

// colors are how many channels an image can have: grey, RGB, RGBA.
var colors = []int{1, 3, 4}

// fewColumns is how many lines are shown at once, at most.
const fewColumns = 8
