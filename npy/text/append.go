package text

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"ndflow/npy"
)

// style is what the formats write in their own ways.
type style struct {
	sep            string // between elements
	nan, inf, ninf string
	str            func(dst []byte, s string) ([]byte, error)
}

func jsonStyle(o *options) style {
	s := style{sep: ",", nan: "NaN", inf: "Infinity", ninf: "-Infinity", str: appendQuoted}
	switch o.nonFinite {
	case Null:
		s.nan, s.inf, s.ninf = "null", "null", "null"
	case Strings:
		s.nan, s.inf, s.ninf = `"NaN"`, `"Infinity"`, `"-Infinity"`
	}
	return s
}

// run appends the elements lo up to hi.
type run func(dst []byte, lo, hi int) ([]byte, error)

// runOf returns the run of an array's elements. One function for each dtype has
// the loop over the elements, as that is where the time goes.
func runOf(a *npy.Array, s style) (run, error) {
	if a == nil {
		return nil, fmt.Errorf("nil array")
	}
	switch a.DType() {
	case npy.Float32:
		return floatRun(a, s, func(x float32) float64 { return float64(x) }, 32)
	case npy.Float64:
		return floatRun(a, s, func(x float64) float64 { return x }, 64)
	case npy.Float16:
		return floatRun(a, s, func(x npy.F16) float64 { return float64(x.Float32()) }, 32)
	case npy.BFloat16:
		return floatRun(a, s, func(x npy.BF16) float64 { return float64(x.Float32()) }, 32)
	case npy.Int8:
		return intRun[int8](a, s)
	case npy.Int16:
		return intRun[int16](a, s)
	case npy.Int32:
		return intRun[int32](a, s)
	case npy.Int64:
		return intRun[int64](a, s)
	case npy.Uint8:
		return intRun[uint8](a, s)
	case npy.Uint16:
		return intRun[uint16](a, s)
	case npy.Uint32:
		return intRun[uint32](a, s)
	case npy.Uint64:
		return eachRun(a, s, func(dst []byte, x uint64) ([]byte, error) { return strconv.AppendUint(dst, x, 10), nil })
	case npy.Int4:
		return intRun[npy.I4](a, s)
	case npy.Uint4:
		return intRun[npy.U4](a, s)
	case npy.Int2:
		return intRun[npy.I2](a, s)
	case npy.Uint2:
		return intRun[npy.U2](a, s)
	case npy.Bool:
		return eachRun(a, s, func(dst []byte, x bool) ([]byte, error) { return strconv.AppendBool(dst, x), nil })
	case npy.String:
		return eachRun(a, s, s.str)
	}
	if narrow, err := a.AsFloat32(); err == nil { // the floats of eight bits and fewer
		return runOf(narrow, s)
	}
	return nil, noPlace(a.DType())
}

// noPlace is the error for a dtype that text has no form for.
func noPlace(d npy.DType) error {
	if d == npy.Complex64 || d == npy.Complex128 {
		return fmt.Errorf("%w: text has no complex numbers; write the real and the imaginary parts as two arrays", npy.ErrDType)
	}
	return fmt.Errorf("%w: cannot write %v as text", npy.ErrDType, d)
}

// check is runOf for an array that is yet to come.
func check(d npy.DType) error {
	if !d.Valid() || d == npy.Complex64 || d == npy.Complex128 {
		return noPlace(d)
	}
	return nil
}

func floatRun[T npy.Element](a *npy.Array, s style, of func(T) float64, bits int) (run, error) {
	values, err := npy.Values[T](a)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, lo, hi int) ([]byte, error) {
		for i, x := range values[lo:hi] {
			if i > 0 {
				dst = append(dst, s.sep...)
			}
			f := of(x)
			if f-f == 0 { // neither NaN nor infinite
				dst = appendFloat(dst, f, bits)
				continue
			}
			switch {
			case f > 0:
				dst = append(dst, s.inf...)
			case f < 0:
				dst = append(dst, s.ninf...)
			default:
				dst = append(dst, s.nan...)
			}
		}
		return dst, nil
	}, nil
}

// appendFloat appends the fewest digits that read back equal in so many bits, and
// that look like a float. Plain digits are for 0.0001 up to 10^16, as in Python.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if i := int64(f); float64(i) == f && i > -1<<24 && i < 1<<24 && (i != 0 || !math.Signbit(f)) {
		dst = strconv.AppendInt(dst, i, 10)
		return append(dst, ".0"...)
	}
	low := 1e-4
	if bits == 32 {
		low = float64(float32(low))
	}
	if abs := math.Abs(f); abs != 0 && (abs < low || abs >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	if f == math.Trunc(f) {
		dst = append(dst, ".0"...)
	}
	return dst
}

func intRun[T interface {
	npy.Element
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | npy.I4 | npy.U4 | npy.I2 | npy.U2
}](a *npy.Array, s style) (run, error) {
	return eachRun(a, s, func(dst []byte, x T) ([]byte, error) { return strconv.AppendInt(dst, int64(x), 10), nil })
}

func eachRun[T npy.Element](a *npy.Array, s style, put func([]byte, T) ([]byte, error)) (run, error) {
	values, err := npy.Values[T](a)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, lo, hi int) ([]byte, error) {
		for i, x := range values[lo:hi] {
			if i > 0 {
				dst = append(dst, s.sep...)
			}
			if dst, err = put(dst, x); err != nil {
				return dst, fmt.Errorf("element %d: %w", lo+i, err)
			}
		}
		return dst, nil
	}, nil
}

// appendQuoted appends a string as JSON has it. JSON is text: bytes that are not
// UTF-8 have no place in it.
func appendQuoted(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, fmt.Errorf("%w: %.60q is not UTF-8, which JSON strings are", npy.ErrDType, s)
	}
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"'), nil
}
