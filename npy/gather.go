package npy

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A span is how many bytes of a file are gone through before the next are, so that
// no more than a few are in memory at a time.
var span = 8 << 20

// gather copies elements of a column-major array to where they are in row-major
// order. The array has at least two dimensions and at least one element.
type gather struct {
	dst, src []byte
	size     int   // of an element, in bytes
	shape    []int // of the array
	stride   []int // elements of src between two neighbours on each axis
	work     []box
	done     func(lo, hi int) // is told which bytes of src were read; nil if nobody asks
}

// gatherRange fills dst with elements lo to hi, counted row by row.
func gatherRange(dst, src []byte, size int, shape []int, lo, hi int, done func(lo, hi int)) {
	g := &gather{dst: dst, src: src, size: size, shape: shape, stride: make([]int, len(shape)), done: done}
	n := 1
	for i, d := range shape {
		g.stride[i] = n
		n *= d
	}
	g.cut(0, 0, 0, lo, hi)
	inParallel(len(g.work), hi-lo, func(i int) { g.work[i].copy(g) })
}

// cut cuts elements lo to hi of what lies behind a place on the axes before this one
// into boxes: the end of a row, whole rows, the beginning of a row.
func (g *gather) cut(axis, to, from, lo, hi int) {
	if lo >= hi {
		return
	}
	if axis == len(g.shape)-1 {
		g.split(box{axis: axis - 1, to: to, from: from, rows: 1, lo: lo, hi: hi})
		return
	}
	row := 1
	for _, d := range g.shape[axis+1:] {
		row *= d
	}
	first, last, step := lo/row, hi/row, g.stride[axis]
	if start := lo % row; start > 0 {
		end := row
		if first == last {
			end = hi % row
		}
		g.cut(axis+1, to, from+first*step, start, end)
		to += end - start
		if first++; first > last {
			return
		}
	}
	if first < last {
		g.split(box{axis: axis, to: to, from: from + first*step, rows: last - first, hi: g.shape[len(g.shape)-1]})
		to += (last - first) * row
	}
	g.cut(axis+1, to, from+last*step, 0, hi%row)
}

// box is rows of an axis, of which some of the last axis and of those between are taken.
type box struct {
	axis     int // the rows'
	rows     int
	to, from int // the element of dst and that of src where the box begins
	lo, hi   int // on the last axis
	// Of the axes between, taken together as the file counts them: the first fastest.
	first, last int
}

// split makes boxes that each lie in about a span of the file. Where one place on the
// last axis is far from the next in the file, a box has enough of them to fill the
// lines of a cache.
func (g *gather) split(b box) {
	const least = 32
	n := len(g.shape)
	between := 1
	for _, d := range g.shape[b.axis+1 : n-1] {
		between *= d
	}
	apart := g.stride[n-1] * g.size
	wide, deep := max(least, span/apart), between
	if apart*least > span {
		deep = max(1, between*(span/least)/apart)
	}
	// Where there are few places beside each other, long columns are cut.
	long := max(least, span/(min(wide, b.hi-b.lo)*min(deep, between)*g.size))
	for row := 0; row < b.rows; row += long {
		for lo := b.lo; lo < b.hi; lo += wide {
			for first := 0; first < between; first += deep {
				part := b
				part.rows = min(long, b.rows-row)
				part.lo, part.hi = lo, min(lo+wide, b.hi)
				part.first, part.last = first, min(first+deep, between)
				part.to += row*b.rowLength(g) + lo - b.lo
				part.from += row * g.stride[b.axis]
				g.work = append(g.work, part)
			}
		}
	}
}

func (b box) copy(g *gather) {
	switch g.size {
	case 1:
		copyBox[[1]byte](g, b)
	case 2:
		copyBox[[2]byte](g, b)
	case 4:
		copyBox[[4]byte](g, b)
	case 8:
		copyBox[[8]byte](g, b)
	case 16:
		copyBox[[16]byte](g, b)
	default:
		b.copyItems(g)
	}
	b.drop(g)
}

// places calls each for every place between the rows' axis and the last one.
func (b box) places(g *gather, each func(to, from int)) {
	n := len(g.shape)
	between := g.shape[b.axis+1 : n-1]
	for at := b.first; at < b.last; at++ {
		to, from, rest, width := b.to, b.from+b.lo*g.stride[n-1], at, 1
		if len(between) > 0 {
			from += at * g.stride[b.axis+1]
			index := make([]int, 0, maxDims)
			for _, d := range between {
				index = append(index, rest%d)
				rest /= d
			}
			width = g.shape[n-1]
			for i := len(between) - 1; i >= 0; i-- {
				to += index[i] * width
				width *= between[i]
			}
		}
		each(to, from)
	}
}

// rowLength is how many elements of dst one row of the box's axis takes.
func (b box) rowLength(g *gather) int {
	n := 1
	for _, d := range g.shape[b.axis+1:] {
		n *= d
	}
	return n
}

// copyBox copies a box in small tiles, so that what is next to each other in dst and
// what is in src both stay in the cache. T is bytes, as those of a file may lie anywhere.
func copyBox[T any](g *gather, b box) {
	const tile = 32
	dst, src := items[T](g.dst, g.size), items[T](g.src, g.size)
	long, down, across := b.rowLength(g), g.stride[b.axis], g.stride[len(g.shape)-1]
	cols := b.hi - b.lo
	b.places(g, func(to, from int) {
		for r0 := 0; r0 < b.rows; r0 += tile {
			for c0 := 0; c0 < cols; c0 += tile {
				width := min(tile, cols-c0)
				for r := r0; r < min(r0+tile, b.rows); r++ {
					d := dst[to+r*long+c0:][:width]
					s := src[from+r*down+c0*across:]
					s = s[:(width-1)*across+1]
					at := 0
					for c := range d {
						d[c] = s[at]
						at += across
					}
				}
			}
		}
	})
}

// copyItems is copyBox for elements of any size, those of strings.
func (b box) copyItems(g *gather) {
	long, down, across := b.rowLength(g), g.stride[b.axis], g.stride[len(g.shape)-1]
	b.places(g, func(to, from int) {
		for r := range b.rows {
			for c := range b.hi - b.lo {
				d, s := (to+r*long+c)*g.size, (from+r*down+c*across)*g.size
				copy(g.dst[d:d+g.size], g.src[s:s+g.size])
			}
		}
	})
}

// drop says which bytes of the file the box was read from.
func (b box) drop(g *gather) {
	if g.done == nil {
		return
	}
	last := len(g.shape) - 1
	begin := func(c int) int {
		at := b.from + c*g.stride[last]
		if b.axis+1 < last {
			at += b.first * g.stride[b.axis+1]
		}
		return at
	}
	end := func(c int) int {
		at := b.from + c*g.stride[last] + (b.rows-1)*g.stride[max(b.axis, 0)]
		if b.axis+1 < last {
			at += (b.last - 1) * g.stride[b.axis+1]
		}
		return at + 1
	}
	if g.stride[last]*g.size*(b.hi-b.lo) <= 2*span {
		g.done(begin(b.lo)*g.size, end(b.hi-1)*g.size)
		return
	}
	for c := b.lo; c < b.hi; c++ {
		g.done(begin(c)*g.size, end(c)*g.size)
	}
}

func items[T any](b []byte, size int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size)
}

// inParallel calls do for each number below n, on all cores where that is worth it:
// where there are many elements.
func inParallel(n, elements int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			do(i)
		}
	}
	var wg sync.WaitGroup
	if elements >= 1<<16 {
		for range min(runtime.GOMAXPROCS(0), n) - 1 {
			wg.Go(work)
		}
	}
	work()
	wg.Wait()
}
