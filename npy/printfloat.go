package npy

import (
	"math"
	"strconv"
	"strings"
)

const printPrecision = 8 // digits after the point, at most

// expFrom is where NumPy changes to scientific notation: in an array, and for
// one float alone, by the dtype's bits. These are the limits of NumPy 2.3 and
// later; before, they were those of 64 bits for all.
var expFrom = struct{ array, alone map[int]float64 }{
	array: map[int]float64{16: 1e3, 32: 1e6, 64: 1e8},
	alone: map[int]float64{16: 1e3, 32: 1e6, 64: 1e16},
}

// decimal is a float's digits: 0.d1d2d3... times ten to the power of point.
type decimal struct {
	digits string // no trailing zeros, except where asked for; "0" is zero
	point  int
}

// shortest returns the fewest digits that no other float of the same size
// rounds to. v is not negative and finite.
func shortest(v float64, bits int) decimal {
	if bits == 16 {
		return shortest16(v)
	}
	d := parseE(strconv.FormatFloat(v, 'e', -1, bits))
	// Of two decimals equally near strconv may take the upper one, NumPy takes
	// the even one.
	s := strconv.FormatFloat(v, 'e', len(d.digits)-1, 64)
	if got, err := strconv.ParseFloat(s, bits); err == nil && got == v {
		return parseE(s)
	}
	return d
}

// shortest16 is shortest for a binary16, which strconv does not know.
func shortest16(v float64) decimal {
	h := F16FromFloat32(float32(v))
	below, above := v/2, float64((h + 1).Float32())
	if h > 0 {
		below = float64((h - 1).Float32())
	}
	if h == 0x7bff {
		above = 65536 // the number that comes next, were there one
	}
	lo, hi := (below+v)/2, (v+above)/2 // exact
	fits := func(d decimal) bool {
		got, _ := strconv.ParseFloat("0."+d.digits+"e"+strconv.Itoa(d.point), 64)
		// Halfway numbers round to the even mantissa.
		return lo < got && got < hi || (got == lo || got == hi) && h&1 == 0
	}
	for n := 0; ; n++ {
		d := exactly(v, n)
		if fits(d) {
			return d
		}
		// At a power of two the next number above is twice as far away as the
		// one below, and there the second nearest decimal may be the one.
		if up := d.next(); fits(up) {
			return up
		}
	}
}

// next returns the decimal that is one higher in the last digit.
func (d decimal) next() decimal {
	n, _ := strconv.Atoi(d.digits)
	digits := strconv.Itoa(n + 1)
	return decimal{digits, d.point + len(digits) - len(d.digits)}
}

// exactly returns v rounded to n digits after the first.
func exactly(v float64, n int) decimal {
	return parseE(strconv.FormatFloat(v, 'e', n, 64))
}

func parseE(s string) decimal {
	man, exp, _ := strings.Cut(s, "e")
	point, _ := strconv.Atoi(exp)
	return decimal{strings.Replace(man, ".", "", 1), point + 1}
}

// positional returns the digits before and after the decimal point.
func (d decimal) positional() (whole, frac string) {
	digits := strings.TrimRight(d.digits, "0")
	switch {
	case digits == "":
		return "0", ""
	case d.point <= 0:
		return "0", strings.Repeat("0", -d.point) + digits
	case d.point >= len(digits):
		return digits + strings.Repeat("0", d.point-len(digits)), ""
	}
	return digits[:d.point], digits[d.point:]
}

// positional returns v with at most prec digits after the point, and all of
// the exact digits before it.
func positional(v float64, bits, prec int) (whole, frac string) {
	whole, frac = shortest(v, bits).positional()
	if frac == "" {
		return strconv.FormatFloat(v, 'f', 0, 64), ""
	}
	if len(frac) > prec {
		whole, frac, _ = strings.Cut(strconv.FormatFloat(v, 'f', prec, 64), ".")
		frac = strings.TrimRight(frac, "0")
	}
	return whole, frac
}

// scientific returns v's first digit, the digits after it (least to most of
// them) and its exponent, with sign.
func scientific(v float64, bits, least, most int) (first, frac, exp string) {
	d := shortest(v, bits)
	switch n := len(d.digits) - 1; {
	case n > most:
		d = exactly(v, most)
		d.digits = d.digits[:1] + strings.TrimRight(d.digits[1:], "0")
	case n < least && v != 0:
		// Not padded with zeros: NumPy goes on with the exact digits.
		d = exactly(v, least)
	}
	frac = d.digits[1:]
	frac += strings.Repeat("0", max(least-len(frac), 0))
	e := d.point - 1
	if v == 0 {
		e = 0
	}
	sign := "+"
	if e < 0 {
		sign, e = "-", -e
	}
	exp = strconv.Itoa(e)
	if len(exp) < 2 {
		exp = "0" + exp
	}
	return d.digits[:1], frac, sign + exp
}

// floatFormat is what all elements of an array have in common.
type floatFormat struct {
	bits     int
	plus     bool // positive numbers show their sign
	exp      bool // scientific notation
	left     int  // width before the point
	right    int  // digits, and room, after the point
	expWidth int
	width    int // of the whole
}

// useExp says whether NumPy would write the values in scientific notation:
// where they are large for the dtype, small, or far from each other. The
// comparisons are made in the array's own dtype.
func useExp(values []float64, bits int) bool {
	small := 0.0001
	switch bits {
	case 16:
		small = float64(F16FromFloat32(0.0001).Float32())
	case 32:
		small = float64(float32(0.0001))
	}
	lo, hi := math.Inf(1), 0.0
	for _, v := range values {
		if v = math.Abs(v); v > 0 && !math.IsInf(v, 0) { // false for NaN
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if hi == 0 {
		return false
	}
	ratio := hi / lo
	switch bits {
	case 16:
		ratio = float64(F16FromFloat32(float32(ratio)).Float32())
	case 32:
		ratio = float64(float32(hi) / float32(lo))
	}
	return hi >= expFrom.array[bits] || lo < small || ratio > 1000
}

func newFloatFormat(values []float64, bits int, plus bool) floatFormat {
	f := floatFormat{bits: bits, plus: plus, exp: useExp(values, bits)}
	special, finite := 0, false
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			special = max(special, len("nan"))
			if plus || math.IsInf(v, -1) {
				special = len("-inf")
			}
			continue
		}
		finite = true
		var whole, frac, exp string
		if f.exp {
			whole, frac, exp = scientific(math.Abs(v), bits, 0, printPrecision)
			f.expWidth = max(f.expWidth, len(exp)-1)
		} else {
			whole, frac = positional(math.Abs(v), bits, printPrecision)
		}
		f.left = max(f.left, len(f.sign(v))+len(whole))
		f.right = max(f.right, len(frac))
	}
	f.width = f.left + 1 + f.right
	if f.exp {
		f.width += 2 + f.expWidth
	}
	if !finite {
		f.width = 1
	}
	if grow := special - f.width; grow > 0 {
		f.left += grow
		f.width += grow
	}
	return f
}

func (f floatFormat) sign(v float64) string {
	switch {
	case math.Signbit(v) && v == v:
		return "-"
	case f.plus:
		return "+"
	}
	return ""
}

func (f floatFormat) format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		s := f.sign(v) + "nan"
		if v == v {
			s = f.sign(v) + "inf"
		}
		return strings.Repeat(" ", max(f.width-len(s), 0)) + s
	}
	var whole, tail string
	if f.exp {
		var frac, exp string
		whole, frac, exp = scientific(math.Abs(v), f.bits, f.right, f.right)
		tail = frac + "e" + exp[:1] + strings.Repeat("0", f.expWidth-len(exp)+1) + exp[1:]
	} else {
		whole, tail = positional(math.Abs(v), f.bits, printPrecision)
		tail += strings.Repeat(" ", f.right-len(tail))
	}
	whole = f.sign(v) + whole
	return strings.Repeat(" ", f.left-len(whole)) + whole + "." + tail
}

func formatFloats(words []string, values []float64, bits int, plus bool) {
	f := newFloatFormat(values, bits, plus)
	for i, v := range values {
		words[i] = f.format(v)
	}
}

func formatComplexes(words []string, re, im []float64, bits int) {
	imWords := make([]string, len(im))
	formatFloats(words, re, bits, false)
	formatFloats(imWords, im, bits, true)
	for i, s := range imWords {
		digits := strings.TrimRight(s, " ")
		words[i] += digits + "j" + s[len(digits):]
	}
}

// scalarFloat is a float alone, with as many digits as it takes.
func scalarFloat(v float64, bits int) string {
	whole, frac, exp := scalarParts(v, bits)
	if exp == "" && frac == "" && !math.IsNaN(v) && !math.IsInf(v, 0) {
		frac = "0"
	}
	return joinFloat(whole, frac, exp)
}

// scalarComplex is a complex number alone, in Python's way.
func scalarComplex(c complex128, bits int) string {
	im := joinFloat(scalarParts(imag(c), bits))
	if real(c) == 0 && !math.Signbit(real(c)) {
		return im + "j"
	}
	if im[0] != '-' {
		im = "+" + im
	}
	return "(" + joinFloat(scalarParts(real(c), bits)) + im + "j)"
}

func joinFloat(whole, frac, exp string) string {
	if frac != "" {
		whole += "." + frac
	}
	if exp != "" {
		whole += "e" + exp
	}
	return whole
}

// scalarParts returns what stands before the point, after it, and after the e.
// What is no finite number stands before the point.
func scalarParts(v float64, bits int) (whole, frac, exp string) {
	sign := ""
	if math.Signbit(v) && v == v {
		sign = "-"
	}
	abs := math.Abs(v)
	switch {
	case v != v:
		return "nan", "", ""
	case math.IsInf(v, 0):
		return sign + "inf", "", ""
	case abs == 0 || abs >= 1e-4 && abs < expFrom.alone[bits]:
		whole, frac = shortest(abs, bits).positional()
	default:
		whole, frac, exp = scientific(abs, bits, 0, math.MaxInt)
	}
	return sign + whole, frac, exp
}
