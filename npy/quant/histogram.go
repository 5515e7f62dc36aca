package quant

import "math"

// bins is how many parts of the line a histogram counts, half of them below 0. The
// range of int8 has 256 steps, so a step has at least 4 of them.
const bins = 2048

// histogram counts floats between -bins/2*width and bins/2*width. width is a power
// of two, so that a wider one adds up bins of the one before, and nothing depends
// on the order in which floats came.
type histogram struct {
	counts [bins]int64
	width  float32 // of a bin; 0 as long as all were 0
}

// widen makes room for floats up to most, and down to -most.
func (h *histogram) widen(most float32) {
	if most == 0 {
		return
	}
	_, exp := math.Frexp(float64(most)) // most < 2^exp
	width := float32(math.Ldexp(2.0/bins, exp))
	if width <= h.width {
		return
	}
	var old histogram
	old, *h = *h, histogram{width: max(width, leastScale)}
	h.join(&old)
}

// join adds what another one has counted, whose width is not larger.
func (h *histogram) join(other *histogram) {
	for i, n := range other.counts {
		if n > 0 {
			h.counts[h.bin(other.center(i))] += n
		}
	}
}

func (h *histogram) bin(x float32) int {
	if h.width == 0 {
		return bins / 2
	}
	return min(int(math.Floor(float64(x)/float64(h.width)))+bins/2, bins-1)
}

func (h *histogram) add(x []float32) {
	if h.width == 0 {
		h.counts[bins/2] += int64(len(x))
		return
	}
	inverse := 1 / h.width
	for _, v := range x {
		t := v * inverse // is exact, and so must be what follows
		k := int32(t)
		if t < float32(k) {
			k--
		}
		h.counts[min(uint32(k+bins/2), bins-1)]++
	}
}

// center is the middle of a bin.
func (h *histogram) center(i int) float32 { return (float32(i-bins/2) + 0.5) * h.width }

// percentile returns the range that leaves out no more than (100-p) percent of the
// elements: of both ends the outermost by size, or, for an affine scheme, half of
// them from each end. It ends with a bin, but not beyond min and max.
func (h *histogram) percentile(c Config, min, max float32) (lo, hi float32) {
	total := int64(0)
	for _, n := range h.counts {
		total += n
	}
	out := int64(float64(total) * (1 - c.Percent/100))
	if c.Scheme == Affine {
		above, below := out/2, out/2
		i, k := bins-1, 0
		for ; i >= bins/2 && above >= h.counts[i]; i-- {
			above -= h.counts[i]
		}
		for ; k < bins/2 && below >= h.counts[k]; k++ {
			below -= h.counts[k]
		}
		return maxOf(min, float32(k-bins/2)*h.width), minOf(max, float32(i+1-bins/2)*h.width)
	}
	i := bins - 1
	for ; i >= bins/2; i-- {
		n := h.counts[i] + h.counts[bins-1-i]
		if out < n {
			break
		}
		out -= n
	}
	end := float32(i+1-bins/2) * h.width
	return maxOf(min, -end), minOf(max, end)
}

// leastError returns the range whose mean squared error is least, found by trying
// ever smaller parts of the whole one: for an affine scheme of its upper end first,
// and then of its lower.
func (h *histogram) leastError(c Config, min, max float32) (lo, hi float32) {
	if c.Scheme == Affine {
		hi = h.best(c, func(part float32) (float32, float32) { return min, part * max })
		lo = h.best(c, func(part float32) (float32, float32) { return part * min, hi * max })
		return lo * min, hi * max
	}
	part := h.best(c, func(part float32) (float32, float32) { return part * min, part * max })
	return part * min, part * max
}

const (
	tries     = 128
	leastPart = 0.1
)

func (h *histogram) best(c Config, of func(part float32) (lo, hi float32)) float32 {
	best, least := float32(1), math.Inf(1)
	for i := range tries {
		part := 1 - (1-leastPart)*float32(i)/tries
		lo, hi := of(part)
		if e := h.error(c, lo, hi); e < least {
			best, least = part, e
		}
	}
	return best
}

// error estimates the sum of the squared errors, as if the elements of a bin lay
// evenly in it: within the range by the integral of what rounding costs, outside of it
// by the distance of the bin's middle.
func (h *histogram) error(c Config, lo, hi float32) float64 {
	p, err := Config{DType: c.DType, Scheme: c.Scheme, Narrow: c.Narrow}.Range([]float32{lo}, []float32{hi})
	if err != nil {
		return math.Inf(1)
	}
	low, high := p.Bounds(0)
	least, most := float64(low), float64(high)
	scale, width := float64(p.scale[0]), float64(h.width)
	// rounding is the integral of the squared distance from the nearest step, from 0 to x.
	rounding := func(x float64) float64 {
		n := math.RoundToEven(x / scale)
		d := x - n*scale
		return n*scale*scale*scale/12 + d*d*d/3
	}
	sum := 0.0
	for i, n := range h.counts {
		if n == 0 {
			continue
		}
		x := float64(h.center(i))
		switch {
		case x > most:
			sum += float64(n) * (x - most) * (x - most)
		case x < least:
			sum += float64(n) * (least - x) * (least - x)
		default:
			sum += float64(n) * (rounding(x+width/2) - rounding(x-width/2)) / width
		}
	}
	return sum
}
