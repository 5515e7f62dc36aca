package text

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"
)

// number is a number in a text, as far as its digits say.
type number struct {
	text    []byte // all of it, valid until the text is read on
	mant    uint64 // its digits, without the point
	exp     int    // what ten is raised to, to be multiplied with mant
	neg     bool
	integer bool // it has neither point nor exponent
	exact   bool // mant and exp are all of it: not so where there are more than 19 digits
	special bool // NaN or an infinity, which is value
	value   float64
}

// scanNumber reads the number that b begins with, by the grammar of JSON. size is
// how many bytes belong to it; ok says whether they are a number.
func scanNumber(b []byte, n *number) (size int, ok bool) {
	i := 0
	n.neg = false
	if len(b) > 0 && b[0] == '-' {
		n.neg = true
		i++
	}
	first := i
	mant := uint64(0)
	for i < len(b) && b[i]-'0' < 10 {
		mant = mant*10 + uint64(b[i]-'0')
		i++
	}
	digits := i - first
	if digits == 0 || digits > 1 && b[first] == '0' {
		return i, false
	}
	exp, integer := 0, true
	if i < len(b) && b[i] == '.' {
		integer = false
		i++
		point := i
		for i < len(b) && b[i]-'0' < 10 {
			mant = mant*10 + uint64(b[i]-'0')
			i++
		}
		if i == point {
			return i, false
		}
		exp = point - i
		digits += i - point
		if mant>>53 == 0 && digits > 19 {
			digits = significant(b[first:i])
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		integer = false
		i++
		negExp := false
		if i < len(b) && (b[i] == '-' || b[i] == '+') {
			negExp = b[i] == '-'
			i++
		}
		from, e := i, 0
		for i < len(b) && b[i]-'0' < 10 {
			if e < 1e6 { // far beyond any float
				e = e*10 + int(b[i]-'0')
			}
			i++
		}
		if i == from {
			return i, false
		}
		if negExp {
			e = -e
		}
		exp += e
	}
	n.text, n.mant, n.exp, n.integer, n.special = b[:i], mant, exp, integer, false
	n.exact = digits <= 19
	return i, true
}

// significant counts the digits behind the zeros in front.
func significant(b []byte) int {
	n := 0
	for _, c := range b {
		if c != '.' && (c != '0' || n > 0) {
			n++
		}
	}
	return n
}

var tens = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float64 returns the nearest float64; false where it is too large for one.
func (n *number) float64() (float64, bool) {
	if n.special {
		return n.value, true
	}
	// Both factors are exact, so that one operation rounds once.
	if n.exact && n.mant < 1<<53 && n.exp >= -22 && n.exp <= 22 {
		f := float64(n.mant)
		if n.exp < 0 {
			f /= tens[-n.exp]
		} else {
			f *= tens[n.exp]
		}
		if n.neg {
			f = -f
		}
		return f, true
	}
	f, err := strconv.ParseFloat(n.string(), 64)
	return f, err == nil
}

// float32 returns the nearest float32; false where it is too large for one.
func (n *number) float32() (float32, bool) {
	if n.special {
		return float32(n.value), true
	}
	if n.exact && n.mant < 1<<53 && n.exp >= -22 && n.exp <= 22 {
		f, _ := n.float64()
		// Rounding twice is rounding once, unless the first has landed in the
		// middle between two float32, or they are farther apart than usual.
		abs := math.Abs(f)
		if math.Float64bits(f)&(1<<29-1) != 1<<28 && (abs >= 0x1p-126 && abs < 0x1p127 || f == 0) {
			return float32(f), true
		}
	}
	f, err := strconv.ParseFloat(n.string(), 32)
	return float32(f), err == nil
}

// integerIn returns an integer that lies in a range, as its bits. A float that is
// an integer, such as 1e3 or 5.0, is one.
func (n *number) integerIn(lo int64, hi uint64) (uint64, bool) {
	mant, neg := n.mant, n.neg
	if n.special {
		return 0, false
	}
	if !n.integer || !n.exact {
		if n.integer { // more digits than fit, or 20 of which the first is a 1
			v, err := strconv.ParseUint(n.string(), 10, 64)
			return v, err == nil && v <= hi
		}
		f, ok := n.float64()
		if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
			return 0, false
		}
		mant, neg = uint64(math.Abs(f)), f < 0
	}
	if neg {
		return -mant, mant <= uint64(-(lo+1))+1 && (lo < 0 || mant == 0)
	}
	return mant, mant <= hi
}

func (n *number) string() string { return unsafe.String(unsafe.SliceData(n.text), len(n.text)) }

// errFit is for a number that its dtype cannot hold.
var errFit = errors.New("does not fit")

func (n *number) notIn(dtype any) error {
	return fmt.Errorf("%.40s %w %v", n.describe(), errFit, dtype)
}

func (n *number) describe() string {
	if n.special {
		return strconv.FormatFloat(n.value, 'g', -1, 64)
	}
	return string(n.text)
}

// specials are the names of what is no number.
var specials = map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}
