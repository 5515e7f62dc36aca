package quant

import (
	"errors"
	"fmt"
	"strings"

	"ndflow/npy"
)

// ErrNotFinite is what a NaN or an infinity is where there must be none.
var ErrNotFinite = errors.New("not a finite number")

// Scheme is where the zero point lies.
type Scheme uint8

const (
	Symmetric Scheme = iota // at 0
	Affine                  // where the range wants it
)

var schemeNames = []string{"symmetric", "affine"}

func (s Scheme) String() string { return name(schemeNames, int(s)) }

// ParseScheme returns the scheme of the given name.
func ParseScheme(s string) (Scheme, error) { return parse[Scheme](schemeNames, "scheme", s) }

// Rounding is what becomes of a half.
type Rounding uint8

const (
	HalfToEven       Rounding = iota // 0.5 becomes 0, 1.5 becomes 2
	HalfAwayFromZero                 // 0.5 becomes 1, 1.5 becomes 2, -0.5 becomes -1
)

var roundingNames = []string{"half to even", "half away from zero"}

func (r Rounding) String() string { return name(roundingNames, int(r)) }

// Method is how a range is made of what was seen.
type Method uint8

const (
	MinMax     Method = iota // from the least to the greatest
	Percentile               // without a part of the elements, see Config.Percent
	MinError                 // so that the mean squared error is least
)

var methodNames = []string{"minmax", "percentile", "mse"}

func (m Method) String() string { return name(methodNames, int(m)) }

// ParseMethod returns the method of the given name: minmax, percentile or mse.
func ParseMethod(s string) (Method, error) { return parse[Method](methodNames, "method", s) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown (%d)", i)
}

func parse[T ~uint8](names []string, kind, s string) (T, error) {
	for i, n := range names {
		if n == s {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("quant: no %s %q, there are %s", kind, s, strings.Join(names, ", "))
}

// DefaultPercent is the part of the elements that [Percentile] keeps in the range
// unless Config.Percent says otherwise.
const DefaultPercent = 99.99

// Config says how arrays are quantized. The zero value is int8, symmetric, the
// whole array at once, from the least to the greatest element, half to even.
type Config struct {
	DType      npy.DType // npy.Int8, or npy.Uint8; npy.Invalid stands for Int8
	Scheme     Scheme
	PerChannel bool // a scale for each channel along Axis
	Axis       int  // negative ones count from the last, -1
	Narrow     bool // leave the least integer out: -127..127, 1..255
	Rounding   Rounding
	Method     Method
	Percent    float64 // for Percentile: above 0, up to 100; 0 stands for DefaultPercent
}

// check returns the config with its defaults filled in.
func (c Config) check() (Config, error) {
	if c.DType == npy.Invalid {
		c.DType = npy.Int8
	}
	if c.Percent == 0 {
		c.Percent = DefaultPercent
	}
	switch {
	case c.DType != npy.Int8 && c.DType != npy.Uint8:
		return c, fmt.Errorf("quant: %w: have %v to quantize to, want int8 or uint8", npy.ErrDType, c.DType)
	case c.Scheme > Affine:
		return c, fmt.Errorf("quant: scheme is %v, want symmetric or affine", c.Scheme)
	case c.Rounding > HalfAwayFromZero:
		return c, fmt.Errorf("quant: rounding is %v, want half to even or half away from zero", c.Rounding)
	case c.Method > MinError:
		return c, fmt.Errorf("quant: method is %v, want minmax, percentile or mse", c.Method)
	case !(c.Percent > 0 && c.Percent <= 100):
		return c, fmt.Errorf("quant: percentile %v, want one above 0, up to 100", c.Percent)
	}
	return c, nil
}

// integers returns the least and the greatest integer.
func (c Config) integers() (lo, hi int32) {
	lo, hi = -128, 127
	if c.DType == npy.Uint8 {
		lo, hi = 0, 255
	}
	if c.Narrow {
		lo++
	}
	return lo, hi
}

// axis returns the axis of the channels of an array with ndim dimensions; -1 where
// it is taken as a whole.
func (c Config) axis(shape []int) (int, error) {
	if !c.PerChannel {
		return -1, nil
	}
	axis := c.Axis
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return 0, fmt.Errorf("%w: have shape %v, which has no axis %d for channels", npy.ErrShape, shape, c.Axis)
	}
	return axis, nil
}
