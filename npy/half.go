package npy

import "math"

// A narrow float format: how many bits its parts have, and what it does where
// the float32 does not fit.
type narrow struct {
	expBits, manBits int
	bias             int    // what is added to the exponent
	maxFinite        uint16 // the bits of the largest finite number
	overflow         uint16 // the bits of what is larger: infinity or NaN
}

var (
	binary16 = narrow{5, 10, 15, 0x7bff, 0x7c00}
	e5m2     = narrow{5, 2, 15, 0x7b, 0x7c}
	e4m3fn   = narrow{4, 3, 7, 0x7e, 0x7f}
)

// Float32 returns the value, exactly, with every bit of a NaN.
func (x F16) Float32() float32 {
	if x&0x7c00 == 0x7c00 && x&0x3ff != 0 {
		return math.Float32frombits(uint32(x&0x8000)<<16 | 0x7f800000 | uint32(x&0x3ff)<<13)
	}
	return binary16.widen(uint16(x))
}

// Float32 returns the value, exactly, with every bit of a NaN.
func (x BF16) Float32() float32 { return math.Float32frombits(uint32(x) << 16) }

// Float32 returns the value, exactly. A NaN keeps its sign.
func (x F8E4M3FN) Float32() float32 {
	if x&0x7f == 0x7f {
		return math.Float32frombits(uint32(x&0x80)<<24 | 0x7fc00000)
	}
	// There are no infinities: the highest exponent is one like the others.
	return e4m3fn.widen(uint16(x))
}

// Float32 returns the value, exactly. A NaN keeps its sign.
func (x F8E5M2) Float32() float32 {
	if x&0x7c == 0x7c && x&3 != 0 {
		return math.Float32frombits(uint32(x&0x80)<<24 | 0x7fc00000)
	}
	return e5m2.widen(uint16(x))
}

// F16FromFloat32 returns the binary16 nearest to x, of two the even one.
// Values of 65520 and above become infinite. A NaN stays a NaN, with its sign
// and the upper bits of its payload.
func F16FromFloat32(x float32) F16 {
	bits := math.Float32bits(x)
	if x != x {
		payload := bits >> 13 & 0x3ff
		if payload == 0 {
			payload = 1 // without one it would be an infinity
		}
		return F16(bits>>16&0x8000 | 0x7c00 | payload)
	}
	return F16(binary16.round(bits))
}

// BF16FromFloat32 returns the bfloat16 nearest to x, of two the even one. Every
// NaN becomes the quiet NaN of its sign, as in ml_dtypes and TensorFlow.
func BF16FromFloat32(x float32) BF16 {
	bits := math.Float32bits(x)
	if x != x {
		return BF16(bits>>16&0x8000 | 0x7fc0)
	}
	// Half of the last place, less one unless that place is odd; the carry into
	// the exponent is right, up to infinity.
	return BF16((bits + 0x7fff + bits>>16&1) >> 16)
}

// F8E4M3FNFromFloat32 returns the float8_e4m3fn nearest to x, of two the even
// one. What rounds to more than 448 becomes NaN, as the format has no infinity.
func F8E4M3FNFromFloat32(x float32) F8E4M3FN {
	bits := math.Float32bits(x)
	if x != x {
		return F8E4M3FN(bits>>24&0x80 | 0x7f)
	}
	return F8E4M3FN(e4m3fn.round(bits))
}

// F8E5M2FromFloat32 returns the float8_e5m2 nearest to x, of two the even one.
// Values of 61440 and above become infinite.
func F8E5M2FromFloat32(x float32) F8E5M2 {
	bits := math.Float32bits(x)
	if x != x {
		return F8E5M2(bits>>24&0x80 | 0x7e)
	}
	return F8E5M2(e5m2.round(bits))
}

// widen returns the float32 of a number or an IEEE infinity, but not of a NaN.
func (f narrow) widen(x uint16) float32 {
	sign := uint32(x) >> (f.expBits + f.manBits) << 31
	rest := uint32(x) & (1<<(f.expBits+f.manBits) - 1)
	if rest > uint32(f.maxFinite) {
		return math.Float32frombits(sign | 0x7f800000)
	}
	if rest>>f.manBits == 0 {
		// Subnormal: a count of the smallest steps, which float32 holds exactly.
		step := math.Float32frombits(uint32(127+1-f.bias-f.manBits) << 23)
		v := float32(rest) * step
		return math.Float32frombits(math.Float32bits(v) | sign)
	}
	return math.Float32frombits(sign | rest<<(23-f.manBits) + uint32(127-f.bias)<<23)
}

// round returns the nearest number to a float32, given by its bits, that is
// not NaN.
func (f narrow) round(bits uint32) uint16 {
	sign := uint16(bits >> 31 << (f.expBits + f.manBits))
	rest := bits & 0x7fffffff
	// The exponent in the narrow format, where 1 is the smallest normal one.
	exp := int(rest>>23) - 127 + f.bias
	drop := 23 - f.manBits // bits of the mantissa that have no place
	man := rest&0x7fffff | 0x800000
	if exp < 1 {
		// Subnormal: all of the mantissa moves down, until nothing is left. A
		// float32 that is subnormal itself is far below that point.
		drop += 1 - exp
		exp = 1
		if drop > 25 {
			return sign
		}
	}
	half := uint32(1) << (drop - 1)
	kept := man >> drop
	if lost := man & (half<<1 - 1); lost > half || lost == half && kept&1 == 1 {
		kept++
	}
	// kept has the leading one, which adds itself to the exponent; a subnormal
	// has none, and a carry gives it one. Exponents of float32 that are out of
	// reach end above maxFinite, infinity included.
	if exp > 1<<f.expBits {
		return sign | f.overflow
	}
	out := uint32(exp-1)<<f.manBits + kept
	if out > uint32(f.maxFinite) {
		return sign | f.overflow
	}
	return sign | uint16(out)
}
