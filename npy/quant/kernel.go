package quant

import "math"

// lanes is how many elements the loops take at a time.
const lanes = 32

// table is what the loops need to know of the channels that elements are of, an
// entry for each: the quantized value is x*factor, rounded, plus zero, clamped to least
// and 127, as a byte, XOR flip. For uint8 zero and least are 128 too small and flip
// mends that, so that vectors can be packed as int8 are. A table of one channel has
// its entry for each lane; so has zero where it is the same for all channels.
type table struct {
	factor []float32
	zero   []int32
	least  int32
	flip   byte
}

// from returns the part of a table that begins at an entry.
func (t *table) from(entry int) table {
	part := *t
	part.factor = t.factor[entry:]
	if len(t.zero) == len(t.factor) {
		part.zero = t.zero[entry:]
	}
	return part
}

const (
	// Adding magic to a small float leaves its nearest integer, of two the even
	// one, in the low bits of the sum, above magicBits: that is how addition rounds.
	magic     = 3 << 22
	magicBits = 0x4b400000
	// The largest float32 below one half: 0.5 itself would round up what is just
	// below half.
	almostHalf = 0.49999997
	signBit    = 1 << 31
	// No product beyond far is within the range, whatever the zero point.
	far = 1024
)

// quantizeLoop quantizes src with vectors as far as it can, see kernel_amd64.go.
// Elements are of the table's channels in turn (stripes), or all of its only one.
// It reports whether there was a NaN, which no integer stands for.
//
// It works as TensorFlow's kernels do: multiply, round, clamp; and clamps to far
// before, so that all integers fit.
func quantizeLoop(dst []byte, src []float32, t table, stripes, away bool) (nan bool) {
	done, nan := quantizeVectors(dst, src, &t, stripes, away)
	dst, src = dst[done:len(src)], src[done:]
	if stripes {
		t = t.from(done)
	}
	for len(src) > 0 {
		n := min(len(src), lanes)
		part := quantizeEven
		if away {
			part = quantizeAway
		}
		if part(dst[:n], src[:n], &t) {
			nan = true
		}
		dst, src = dst[n:], src[n:]
		if stripes {
			t = t.from(n)
		}
	}
	return nan
}

// quantizeEven rounds half to even. The conversions to float32, here and below,
// keep a processor from fusing a product with a sum, which rounds otherwise.
func quantizeEven(dst []byte, src []float32, t *table) (nan bool) {
	n := len(src)
	dst, factor, zero := dst[:n], t.factor[:n], t.zero[:n]
	for i, x := range src {
		v := float32(x * factor[i])
		if v > far {
			v = far
		}
		if !(v >= -far) {
			nan = nan || v != v
			v = -far
		}
		q := int32(math.Float32bits(v+magic)) - magicBits + zero[i]
		dst[i] = byte(clamp(q, t.least, 127)) ^ t.flip
	}
	return nan
}

// quantizeAway rounds half away from zero.
func quantizeAway(dst []byte, src []float32, t *table) (nan bool) {
	n := len(src)
	dst, factor, zero := dst[:n], t.factor[:n], t.zero[:n]
	for i, x := range src {
		v := float32(x * factor[i])
		if v > far {
			v = far
		}
		if !(v >= -far) {
			nan = nan || v != v
			v = -far
		}
		half := math.Float32frombits(math.Float32bits(v)&signBit | math.Float32bits(almostHalf))
		dst[i] = byte(clamp(int32(v+half)+zero[i], t.least, 127)) ^ t.flip
	}
	return nan
}

// boundsLoop widens the bounds of the channels, or of the lanes of the only one, so
// that they hold src. It reports whether there was a NaN, and stops then.
func boundsLoop(lo, hi, src []float32, stripes bool) (nan bool) {
	done, nan := boundsVectors(lo, hi, src, stripes)
	src = src[done:]
	if stripes {
		lo, hi = lo[done:], hi[done:]
	}
	for i, x := range src {
		k := i
		if !stripes {
			k = i % lanes
		}
		if x < lo[k] {
			lo[k] = x
		}
		if !(x <= hi[k]) {
			hi[k] = x
			nan = nan || x != x
		}
	}
	return nan
}
