package quant_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"ndflow/eager"
	"ndflow/npy"
	"ndflow/npy/quant"
	"ndflow/ops"
)

// TensorFlow's own ops are the judges here.

func newContext(t *testing.T) *eager.Context {
	t.Helper()
	c := get(eager.New())(t)
	t.Cleanup(c.Close)
	return c
}

func tensor(t *testing.T, c *eager.Context, a *npy.Array) *eager.Tensor {
	t.Helper()
	x := get(c.Tensor(a))(t)
	t.Cleanup(x.Close)
	return x
}

// run runs an op and returns its outputs, and what they are as arrays.
func run(t *testing.T, o *eager.Op) ([]*eager.Tensor, []*npy.Array) {
	t.Helper()
	out := get(o.Run())(t)
	o.Close()
	var list []*npy.Array
	for _, x := range out {
		t.Cleanup(x.Close)
		list = append(list, get(x.Copy())(t))
	}
	return out, list
}

// quantizeCase is a mode of QuantizeV2 and what it is here.
type quantizeCase struct {
	config quant.Config
	mode   string
	shape  []int
}

func (c quantizeCase) String() string {
	return fmt.Sprintf("%s %v %v narrow=%v %v axis=%v", c.mode, c.config.DType, c.config.Rounding, c.config.Narrow, c.shape, c.config)
}

func (c quantizeCase) channels() int {
	if !c.config.PerChannel {
		return 1
	}
	return c.shape[c.config.Axis]
}

// op returns QuantizeV2 as the case has it.
func (c quantizeCase) op(t *testing.T, ec *eager.Context, x *npy.Array, lo, hi []float32) *eager.Op {
	t.Helper()
	shape, axis := []int{}, int64(-1)
	if c.config.PerChannel {
		shape, axis = []int{len(lo)}, int64(c.config.Axis)
	}
	round := "HALF_TO_EVEN"
	if c.config.Rounding == quant.HalfAwayFromZero {
		round = "HALF_AWAY_FROM_ZERO"
	}
	return ec.Op("QuantizeV2").
		Input(tensor(t, ec, x), tensor(t, ec, from(t, lo, shape...)), tensor(t, ec, from(t, hi, shape...))).
		Type("T", ops.TypeName("q"+c.config.DType.String())).String("mode", c.mode).String("round_mode", round).
		Bool("narrow_range", c.config.Narrow).Int("axis", axis).Float("ensure_minimum_range", 0)
}

func quantizeCases() []quantizeCase {
	var list []quantizeCase
	for _, dtype := range []npy.DType{npy.Int8, npy.Uint8} {
		for _, narrow := range []bool{false, true} {
			for _, rounding := range []quant.Rounding{quant.HalfToEven, quant.HalfAwayFromZero} {
				c := quant.Config{DType: dtype, Narrow: narrow, Rounding: rounding}
				list = append(list, quantizeCase{c, "SCALED", []int{1, 1000}}, quantizeCase{c, "SCALED", []int{5}})
				c.PerChannel = true
				for axis, shape := range [][]int{{7, 33}, {3, 40, 70}, {2, 3, 300}, {2, 3, 2, 5}} {
					if c.Axis = axis; axis == 2 {
						list = append(list, quantizeCase{c, "SCALED", []int{4, 3, 37}})
					}
					list = append(list, quantizeCase{c, "SCALED", shape})
				}
			}
		}
		// MIN_FIRST knows no axis, and takes no notice of narrow_range.
		list = append(list, quantizeCase{quant.Config{DType: dtype, Scheme: quant.Affine, Rounding: quant.HalfAwayFromZero}, "MIN_FIRST", []int{1003}})
	}
	return list
}

// ranges returns one for each channel, in the ways in which ranges can lie. None is
// empty for unsigned integers: TensorFlow divides by 0 there.
func ranges(random func(int) int, n int) (lo, hi []float32) {
	for range n {
		a, b := float32(random(3000))/17, float32(random(3000))/13
		switch random(8) {
		case 0:
			a = 0
		case 1:
			b = 0
		case 2:
			a = b
		case 3:
			a = -min(a, b) / 2 // above 0
		case 4:
			a, b = a/1e6, b/1e6
		case 5: // steps of 1
			a, b = 128, 127
		case 6:
			a, b = 0, 255
		}
		lo, hi = append(lo, min(-a, b)), append(hi, max(-a, b, 1e-5))
	}
	return lo, hi
}

func TestQuantizeAgreesWithTensorFlow(t *testing.T) {
	ec, r := newContext(t), random(t)
	for _, c := range quantizeCases() {
		t.Run(c.String(), func(t *testing.T) {
			for range 20 {
				n := 1
				for _, d := range c.shape {
					n *= d
				}
				x := from(t, floats(r, n), c.shape...)
				values[float32](t, x)[0] = float32(math.Inf(1))
				values[float32](t, x)[n-1] = float32(math.Inf(-1))
				lo, hi := ranges(r.IntN, c.channels())
				out, want := run(t, c.op(t, ec, x, lo, hi))
				p := get(c.config.Range(lo, hi))(t)
				q := get(p.Quantize(x))(t)
				if !bytes.Equal(q.Values.Bytes(), want[0].Bytes()) {
					i := 0
					for q.Values.Bytes()[i] == want[0].Bytes()[i] {
						i++
					}
					t.Fatalf("ranges %v, %v: element %d, %v, is %d, want %d", lo, hi, i, values[float32](t, x)[i], q.Values.Bytes()[i], want[0].Bytes()[i])
				}
				if c.mode != "SCALED" {
					continue
				}
				axis := int64(-1)
				if c.config.PerChannel {
					axis = int64(c.config.Axis)
				}
				_, back := run(t, ec.Op("Dequantize").Input(out...).String("mode", c.mode).Bool("narrow_range", c.config.Narrow).Int("axis", axis))
				sameBits(t, get(q.Dequantize())(t), back[0])
			}
		})
	}
}

// sameBits checks that two float32 arrays are equal to the last bit, but for the
// sign of 0.
func sameBits(t *testing.T, have, want *npy.Array) {
	t.Helper()
	a, b := values[float32](t, have), values[float32](t, want)
	if len(a) != len(b) {
		t.Fatalf("have %v, want %v", have.Shape(), want.Shape())
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("element %d is %v, want %v", i, a[i], b[i])
		}
	}
}

// UniformDequantize knows zero points along an axis. What it makes of what is
// quantized here is what Dequantize makes here.
func TestDequantizeAgreesWithUniformDequantize(t *testing.T) {
	ec, r := newContext(t), random(t)
	for _, dtype := range []npy.DType{npy.Int8, npy.Uint8} {
		for axis, shape := range [][]int{{5, 40}, {3, 400}, {2, 2, 37}, {}} {
			config := quant.Config{DType: dtype, Scheme: quant.Affine, PerChannel: len(shape) > 0, Axis: axis}
			n, scaleShape, tfAxis := 1, []int{}, int64(-1)
			for _, d := range shape {
				n *= d
			}
			if config.PerChannel {
				scaleShape, tfAxis = []int{shape[axis]}, int64(axis)
			}
			x := from(t, floats(r, n), shape...)
			if n == 1 {
				x = npy.Scalar(float32(3))
			}
			q := get(quant.Quantize(x, config))(t)
			least, most := int64(-128), int64(127)
			if dtype == npy.Uint8 {
				least, most = 0, 255
			}
			raw, _ := run(t, ec.Op("Bitcast").Input(tensor(t, ec, q.Values)).Type("type", ops.TypeName("q"+dtype.String())))
			_, want := run(t, ec.Op("UniformDequantize").
				Input(raw[0], tensor(t, ec, from(t, q.Scale(), scaleShape...)), tensor(t, ec, from(t, q.ZeroPoint(), scaleShape...))).
				Type("Tout", npy.Float32).Int("quantization_axis", tfAxis).Int("quantization_min_val", least).Int("quantization_max_val", most))
			sameBits(t, get(q.Dequantize())(t), want[0])
		}
	}
}

// MIN_FIRST's Dequantize rounds the range's end and adds: what it makes lies no
// farther from ours than that rounding, and as near to the elements.
func TestMinFirstDequantizeIsNear(t *testing.T) {
	ec, r := newContext(t), random(t)
	for _, dtype := range []npy.DType{npy.Int8, npy.Uint8} {
		c := quantizeCase{quant.Config{DType: dtype, Scheme: quant.Affine, Rounding: quant.HalfAwayFromZero}, "MIN_FIRST", []int{1000}}
		for range 20 {
			lo, hi := []float32{-float32(r.Float64())}, []float32{float32(r.Float64())}
			x := from(t, floats(r, 1000))
			out, _ := run(t, c.op(t, ec, x, lo, hi))
			_, want := run(t, ec.Op("Dequantize").Input(out...).String("mode", c.mode))
			q := get(get(c.config.Range(lo, hi))(t).Quantize(x))(t)
			have := values[float32](t, get(q.Dequantize())(t))
			for i, w := range values[float32](t, want[0]) {
				if d := math.Abs(float64(have[i] - w)); d > 4e-7 {
					t.Fatalf("%v to %v: element %d is %v, TensorFlow's is %v", lo, hi, i, have[i], w)
				}
			}
		}
	}
}
