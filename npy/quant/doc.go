// Package quant turns arrays of floats into arrays of 8-bit integers, a quarter as
// large, and back:
//
//	q, err := quant.Quantize(w, quant.Config{PerChannel: true, Axis: -1})
//	q.Values                          // int8, in w's shape
//	x, err := q.Dequantize()          // float32: (value - zero point) * scale
//	r, err := q.Report(w)             // how far x is from w
//
// # Scales and zero points
//
// An integer q stands for the float (q - zero) * scale, where scale and zero are
// those of the whole array, or one pair for each channel along an axis: a layer's
// channels differ in size, and small ones lose what large ones need not. A
// [Symmetric] scheme has 0 as its zero point; an [Affine] one moves it, so that all
// integers are used also where the floats lie to one side. In both, 0 is exact.
//
// # Ranges
//
// What the integers can stand for is a range; elements beyond it become its ends.
// [MinMax] takes in all that it has seen. [Percentile] leaves the outermost out, and
// [MinError] those whose loss costs less than the coarser steps that they would
// cost all others. The range can be that of the array itself ([Quantize]), of many
// arrays seen one after the other ([Observer], for calibration), or one that is
// known ([Config.Range]).
//
// # TensorFlow's ops
//
// With equal ranges the integers are those of TensorFlow's QuantizeV2, bit for bit,
// if its ensure_minimum_range is 0: mode SCALED is Symmetric, for the whole array or
// along an axis, with either [Rounding]; mode MIN_FIRST is Affine with
// [HalfAwayFromZero]. What Dequantize makes of mode SCALED, and UniformDequantize of
// all, is what [Array.Dequantize] makes. Dequantize's MIN_FIRST rounds twice, so its
// last bits may differ; mode MIN_COMBINED has no zero point that is an integer, and
// is not here.
//
// # What is not a number
//
// Ranges are made of finite elements only: a NaN or an infinity is an
// [ErrNotFinite]. To quantize a NaN is one as well, while infinities become the ends
// of a range that is known. An array without elements, or of nothing but zeros, has
// scale 1.
//
// Elements can be float32, float64 (rounded to float32 first), float16 and bfloat16.
//
// # Files
//
// [Create] writes quantized arrays beside others into one .npz file, which [Open]
// reads, and NumPy too: for each array NAME its integers are NAME, and NAME.scale and
// NAME.zero_point broadcast against them,
//
//	x = (z[NAME].astype("f4") - z[NAME + ".zero_point"]) * z[NAME + ".scale"]
package quant
