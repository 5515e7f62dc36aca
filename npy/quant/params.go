package quant

import (
	"fmt"
	"math"
	"slices"

	"ndflow/npy"
)

// Params are how floats and integers stand for each other: scale and zero point,
// for arrays as a whole or for each channel along an axis. They do not change, and
// are safe for concurrent use.
type Params struct {
	config Config
	scale  []float32
	zero   []int32
	factor []float32 // what floats are multiplied with; not always 1/scale to the last bit
}

// Range returns the parameters for a range that is known, from lo to hi: one of each, or
// one for every channel. A NaN or an infinity is an [ErrNotFinite], the greater value
// first an [npy.ErrRange]. As in TensorFlow a range is widened to hold 0; that of
// [Symmetric] reaches as far on both sides, and an unsigned symmetric one begins at 0.
func (c Config) Range(lo, hi []float32) (*Params, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	if len(lo) != len(hi) || !c.PerChannel && len(lo) != 1 {
		want := "one of each"
		if c.PerChannel {
			want = "as many"
		}
		return nil, fmt.Errorf("quant: %w: have %d least and %d greatest values, want %s", npy.ErrShape, len(lo), len(hi), want)
	}
	least, most := c.integers()
	p := &Params{config: c, scale: make([]float32, len(lo)), zero: make([]int32, len(lo)), factor: make([]float32, len(lo))}
	for i, from := range lo {
		to := hi[i]
		if from-from != 0 || to-to != 0 {
			return nil, fmt.Errorf("quant: %w: the range%s is %v to %v", ErrNotFinite, c.ofChannel(i), from, to)
		}
		if from > to {
			return nil, fmt.Errorf("quant: %w: the range%s is %v to %v, want the least value first", npy.ErrRange, c.ofChannel(i), from, to)
		}
		from, to = minOf(from, 0), maxOf(to, 0)
		if c.Scheme == Affine {
			p.scale[i], p.factor[i], p.zero[i] = c.affine(from, to)
		} else {
			p.scale[i], p.factor[i] = c.symmetric(from, to)
		}
		// No integer stands for more than a float32 can be.
		steps := float32(max(most-p.zero[i], p.zero[i]-least))
		p.scale[i] = minOf(p.scale[i], math.Nextafter32(math.MaxFloat32/steps, 0))
	}
	return p, nil
}

// ofChannel names a channel in errors.
func (c Config) ofChannel(i int) string {
	if c.PerChannel {
		return fmt.Sprintf(" of channel %d", i)
	}
	return ""
}

// A scale below the least normal number would have an inverse beyond float32, and
// its products would be subnormal, which TensorFlow takes for 0.
const (
	leastScale     = 0x1p-126
	greatestFactor = 0x1p126
)

// symmetric takes the steps that TensorFlow's SCALED takes, each rounded to float32:
// a factor for the side that needs more room, the range that this makes, and its
// scale.
func (c Config) symmetric(lo, hi float32) (scale, factor float32) {
	least, most := c.integers()
	factor = float32(math.Inf(1))
	if least < 0 && lo < 0 {
		factor = float32(least) / lo
	} else if hi <= 0 {
		return 1, 1 // nothing but zeros, as far as the integers can tell
	}
	if hi > 0 {
		factor = minOf(factor, float32(most)/hi)
	}
	if factor > greatestFactor {
		return leastScale, greatestFactor
	}
	scale = float32(most) / factor / float32(most)
	if least < 0 {
		scale = maxOf(scale, float32(least)/factor/float32(least))
	}
	return scale, factor
}

// affine takes the steps of TensorFlow's MIN_FIRST.
func (c Config) affine(lo, hi float32) (scale, factor float32, zero int32) {
	least, most := c.integers()
	steps := float64(most - least)
	if lo == hi { // both are 0
		return 1, 1, clamp(0, least, most)
	}
	width := float64(hi - lo)
	if math.IsInf(width, 0) {
		width = float64(hi) - float64(lo)
	}
	scale, factor = float32(width/steps), float32(steps/width)
	if scale < leastScale {
		scale, factor = leastScale, greatestFactor
	}
	zero = least - int32(math.Round(float64(lo*factor)))
	return scale, factor, clamp(zero, least, most)
}

func clamp(x, lo, hi int32) int32 { return min(max(x, lo), hi) }

// minOf and maxOf spare what the built-in ones do for NaN and -0.
func minOf(a, b float32) float32 {
	if b < a {
		return b
	}
	return a
}

func maxOf(a, b float32) float32 {
	if b > a {
		return b
	}
	return a
}

// newParams returns the parameters with the given scales and zero points.
func newParams(c Config, scale []float32, zero []int32) (*Params, error) {
	c, err := c.check()
	if err != nil {
		return nil, err
	}
	least, most := c.integers()
	p := &Params{config: c, scale: slices.Clone(scale), zero: slices.Clone(zero), factor: make([]float32, len(scale))}
	for i, s := range scale {
		if !(s >= leastScale && s <= math.MaxFloat32) {
			return nil, fmt.Errorf("quant: scale%s is %v, want a normal number above 0", c.ofChannel(i), s)
		}
		if zero[i] < least || zero[i] > most {
			return nil, fmt.Errorf("quant: %w: zero point%s is %d, want %d to %d", npy.ErrRange, c.ofChannel(i), zero[i], least, most)
		}
		p.factor[i] = 1 / s
	}
	return p, nil
}

// table makes what the loops need for arrays of a layout.
func (p *Params) table(l layout) *table {
	least, _ := p.config.integers()
	n := l.entries()
	t := &table{factor: make([]float32, n), zero: make([]int32, n), least: least}
	unsigned := int32(0)
	if p.config.DType == npy.Uint8 {
		t.flip, unsigned = 0x80, 128
		t.least -= unsigned
	}
	same := true
	for i := range n {
		c := l.channel(i)
		t.factor[i], t.zero[i] = p.factor[c], p.zero[c]-unsigned
		same = same && t.zero[i] == t.zero[0]
	}
	if same {
		t.zero = t.zero[:min(n, lanes)]
	}
	return t
}

// Config returns how the parameters were made.
func (p *Params) Config() Config { return p.config }

// Scale returns a copy of the scales: one, or one for each channel.
func (p *Params) Scale() []float32 { return slices.Clone(p.scale) }

// ZeroPoint returns a copy of the zero points: one, or one for each channel.
func (p *Params) ZeroPoint() []int32 { return slices.Clone(p.zero) }

// Bounds returns the range of channel i, 0 for an array as a whole: the floats that the
// least and the greatest integer stand for. Like an index into [Params.Scale] it panics
// when there is no such channel.
func (p *Params) Bounds(i int) (min, max float32) {
	least, most := p.config.integers()
	return float32(least-p.zero[i]) * p.scale[i], float32(most-p.zero[i]) * p.scale[i]
}

// layout returns how an array's elements belong to the channels.
func (p *Params) layout(shape []int) (layout, error) {
	axis, err := p.config.axis(shape)
	if err != nil {
		return layout{}, err
	}
	l := newLayout(shape, axis)
	if l.channels != len(p.scale) {
		return l, fmt.Errorf("%w: have shape %v with %d channels along axis %d, want %d", npy.ErrShape, shape, l.channels, axis, len(p.scale))
	}
	return l, nil
}
