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
	return min(int(float64(x)/float64(h.width)+bins/2), bins-1)
}

func (h *histogram) add(x []float32) {
	if h.width == 0 {
		h.counts[bins/2] += int64(len(x))
		return
	}
	inverse := 1 / h.width
	for _, v := range x {
		h.counts[min(uint32(int32(v*inverse+bins/2)), bins-1)]++
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

// error estimates the sum of the squared errors: each element is taken for the
// middle of its bin, and what rounding costs is a twelfth of a step squared, as if
// elements lay evenly between two steps.
func (h *histogram) error(c Config, lo, hi float32) float64 {
	p, err := Config{DType: c.DType, Scheme: c.Scheme, Narrow: c.Narrow, Rounding: c.Rounding}.Range([]float32{lo}, []float32{hi})
	if err != nil {
		return math.Inf(1)
	}
	least, most := p.Bounds(0)
	rounding := float64(p.scale[0]) * float64(p.scale[0]) / 12
	sum := 0.0
	for i, n := range h.counts {
		if n == 0 {
			continue
		}
		x, e := h.center(i), rounding
		if over := float64(x - most); over > 0 {
			e = over * over
		} else if under := float64(least - x); under > 0 {
			e = under * under
		}
		sum += float64(n) * e
	}
	return sum
}
