package quant

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"ndflow/npy"
)

// layout is how the elements of an array in row-major order belong to channels:
// runs of one channel, channel after channel, over and over; or, where a run would
// be of a single element, stripes. An array that is taken as a whole is one channel.
//
// The loops want a table with an entry for each element that they take at once: of
// stripes as many as make a run of a good length, of a channel the same for each lane.
type layout struct {
	channels, n int
	run         int
	striped     bool
}

// leastRun is the length of stripes from which on a call of a loop costs little.
const leastRun = 16 * lanes

func newLayout(shape []int, axis int) layout {
	l := layout{channels: 1, n: 1, run: 1}
	for _, d := range shape {
		l.n *= d
	}
	if axis < 0 {
		l.run = max(l.n, 1)
		return l
	}
	l.channels = shape[axis]
	for _, d := range shape[axis+1:] {
		l.run *= d
	}
	if l.run == 1 && l.channels > 1 {
		l.striped = true
		l.run = l.channels * ((leastRun + l.channels - 1) / l.channels)
	}
	return l
}

// entries is how many a table has.
func (l layout) entries() int {
	if l.striped {
		return l.run
	}
	return l.channels * lanes
}

// channel is whose entry it is.
func (l layout) channel(entry int) int {
	if l.striped {
		return entry % l.channels
	}
	return entry / lanes
}

// walk cuts the elements from lo to hi into spans that the loops take at once, and
// says where in a table they begin.
func (l layout) walk(lo, hi int, span func(lo, hi, entry int)) {
	for lo < hi {
		end := min(hi, lo-lo%l.run+l.run)
		entry := lo % l.run
		if !l.striped {
			entry = lo / l.run % l.channels * lanes
		}
		span(lo, end, entry)
		lo = end
	}
}

// chunk is how many elements are worked on at a time: what is between two steps
// of the work stays in the nearest cache.
const chunk = 4096

// grain is the least number of elements that are worth another goroutine.
const grain = 16 * chunk

// parallel calls part for pieces of 0 to n on all cores. Pieces begin at
// multiples of chunk.
func parallel(n int, part func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+grain-1)/grain)
	if workers <= 1 {
		part(0, n)
		return
	}
	size := ((n+workers-1)/workers + chunk - 1) / chunk * chunk
	var wait sync.WaitGroup
	for lo := 0; lo < n; lo += size {
		wait.Go(func() { part(lo, min(lo+size, n)) })
	}
	wait.Wait()
}

// chunks calls each for the elements from lo to hi, so many at a time.
func chunks(lo, hi, size int, each func(lo, hi int)) {
	for ; lo < hi; lo += size {
		each(lo, min(lo+size, hi))
	}
}

// source reads the elements of an array as float32.
type source struct {
	f32  []float32
	fill func(dst []float32, lo int) // for the other dtypes
}

func newSource(a *npy.Array) (source, error) {
	if a == nil {
		return source{}, fmt.Errorf("%w: a nil array", npy.ErrDType)
	}
	switch a.DType() {
	case npy.Float32:
		v, err := npy.Values[float32](a)
		return source{f32: v}, err
	case npy.Float64:
		return widening(a, func(x float64) float32 { return float32(x) })
	case npy.Float16:
		return widening(a, npy.F16.Float32)
	case npy.BFloat16:
		return widening(a, npy.BF16.Float32)
	}
	return source{}, fmt.Errorf("%w: have %v, want float32, float64, float16 or bfloat16", npy.ErrDType, a.DType())
}

func widening[T npy.Element](a *npy.Array, as func(T) float32) (source, error) {
	v, err := npy.Values[T](a)
	return source{fill: func(dst []float32, lo int) {
		for i, x := range v[lo : lo+len(dst)] {
			dst[i] = as(x)
		}
	}}, err
}

// size is how many elements at returns at most.
func (s source) size() int {
	if s.fill == nil {
		return max(len(s.f32), 1)
	}
	return chunk
}

// at returns the elements from lo to hi, in buffer if they are not float32 already.
func (s source) at(lo, hi int, buffer []float32) []float32 {
	if s.fill == nil {
		return s.f32[lo:hi]
	}
	buffer = buffer[:hi-lo]
	s.fill(buffer, lo)
	return buffer
}

// buffer returns what at needs.
func (s source) buffer() []float32 {
	if s.fill == nil {
		return nil
	}
	return make([]float32, chunk)
}

// fits checks that an array can be dst for elements of an array of the given shape.
func fits(dst *npy.Array, shape []int) error {
	if dst == nil {
		return fmt.Errorf("%w: a nil array to fill", npy.ErrDType)
	}
	if have := dst.Shape(); !slices.Equal(have, shape) {
		return fmt.Errorf("%w: have %v %v to fill, want shape %v", npy.ErrShape, dst.DType(), have, shape)
	}
	if dst.ReadOnly() {
		return fmt.Errorf("%w: the array to fill is read-only", npy.ErrDType)
	}
	return nil
}
