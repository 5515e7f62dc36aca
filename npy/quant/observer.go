package quant

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"ndflow/npy"
)

// Observer makes a range of many arrays, which it sees one after the other and does
// not keep: for calibration, or for an array that comes in parts. With [Percentile]
// and [MinError] it counts the elements of each channel in a histogram of 16 KB. It
// is for one goroutine at a time.
type Observer struct {
	config   Config
	seen     bool
	min, max []float32 // of each channel, 0 included
	counts   []histogram
}

// NewObserver returns an observer that has seen nothing.
func NewObserver(c Config) (*Observer, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	o := &Observer{config: c}
	if !c.PerChannel {
		o.begin(1)
	}
	return o, nil
}

func (o *Observer) begin(channels int) {
	o.min, o.max = make([]float32, channels), make([]float32, channels)
	if o.config.Method != MinMax {
		o.counts = make([]histogram, channels)
	}
}

// Observe takes an array in: float32, float64, float16 or bfloat16, of any shape,
// but with as many channels as those before. A NaN or an infinity in it is an
// [ErrNotFinite] that says where; what was observed before stays.
func (o *Observer) Observe(a *npy.Array) error {
	if err := o.observe(a); err != nil {
		return fmt.Errorf("quant: %w", err)
	}
	return nil
}

func (o *Observer) observe(a *npy.Array) error {
	src, err := newSource(a)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(a)
	shape := a.Shape()
	axis, err := o.config.axis(shape)
	if err != nil {
		return err
	}
	l := newLayout(shape, axis)
	if o.seen && l.channels != len(o.min) {
		return fmt.Errorf("%w: have shape %v with %d channels along axis %d, want %d as before", npy.ErrShape, shape, l.channels, axis, len(o.min))
	}
	lo, hi, finite := bounds(src, l)
	if !finite {
		return src.notFinite(l, func(x float32) bool { return x-x != 0 })
	}
	if !o.seen && o.config.PerChannel {
		o.begin(l.channels)
	}
	o.seen = true
	for c := range o.min {
		o.min[c], o.max[c] = minOf(o.min[c], lo[c]), maxOf(o.max[c], hi[c])
	}
	if o.counts != nil {
		o.count(src, l)
	}
	return nil
}

// bounds returns the least and the greatest element of each channel, 0 included.
func bounds(src source, l layout) (lo, hi []float32, finite bool) {
	lo, hi, finite = make([]float32, l.channels), make([]float32, l.channels), true
	var lock sync.Mutex
	parallel(l.n, func(from, to int) {
		least, most, nan := make([]float32, l.entries()), make([]float32, l.entries()), false
		buffer := src.buffer()
		chunks(from, to, src.size(), func(from, to int) {
			x := src.at(from, to, buffer)
			l.walk(from, to, func(a, b, entry int) {
				if boundsLoop(least[entry:], most[entry:], x[a-from:b-from], l.striped) {
					nan = true
				}
			})
		})
		lock.Lock()
		defer lock.Unlock()
		for i := range least {
			c := l.channel(i)
			lo[c], hi[c] = minOf(lo[c], least[i]), maxOf(hi[c], most[i])
		}
		finite = finite && !nan
	})
	for c := range lo {
		finite = finite && !math.IsInf(float64(lo[c]), 0) && !math.IsInf(float64(hi[c]), 0)
	}
	return lo, hi, finite
}

// count adds the elements to the histograms.
func (o *Observer) count(src source, l layout) {
	for c := range o.counts {
		o.counts[c].widen(maxOf(-o.min[c], o.max[c]))
	}
	var lock sync.Mutex
	part := func(lo, hi int, counts []histogram) {
		buffer := src.buffer()
		chunks(lo, hi, src.size(), func(lo, hi int) {
			x := src.at(lo, hi, buffer)
			l.walk(lo, hi, func(from, to, entry int) {
				if !l.striped {
					counts[l.channel(entry)].add(x[from-lo : to-lo])
					return
				}
				for i := from; i < to; i++ {
					counts[i%l.channels].add(x[i-lo : i-lo+1])
				}
			})
		})
	}
	if l.channels > 1 { // too much to have once for every core
		part(0, l.n, o.counts)
		return
	}
	parallel(l.n, func(lo, hi int) {
		own := []histogram{{width: o.counts[0].width}}
		part(lo, hi, own)
		lock.Lock()
		defer lock.Unlock()
		o.counts[0].join(&own[0])
	})
}

// Range returns what the elements seen so far make the range of channel i, 0 for an
// array as a whole: nothing but 0 before anything was seen. Like an index into
// [Params.Scale] it panics when there is no such channel.
func (o *Observer) Range(i int) (min, max float32) {
	min, max = o.min[i], o.max[i]
	switch o.config.Method {
	case Percentile:
		return o.counts[i].percentile(o.config, min, max)
	case MinError:
		return o.counts[i].leastError(o.config, min, max)
	}
	return min, max
}

// Params returns the parameters for the range of what was observed so far. With
// Config.PerChannel there are no channels before an array was observed, which is an
// error.
func (o *Observer) Params() (*Params, error) {
	if o.min == nil {
		return nil, fmt.Errorf("quant: no array was observed, so the channels are not known")
	}
	lo, hi := make([]float32, len(o.min)), make([]float32, len(o.min))
	var wait sync.WaitGroup
	workers := min(len(lo), runtime.GOMAXPROCS(0))
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(lo); i += workers {
				lo[i], hi[i] = o.Range(i)
			}
		})
	}
	wait.Wait()
	return o.config.Range(lo, hi)
}
