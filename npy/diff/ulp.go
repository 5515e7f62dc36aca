package diff

import (
	"math"

	"ndflow/npy"
)

// ulpsOf returns what fills u with the distances in ULPs of the pairs from at on, or
// nil where there are none to speak of: the dtypes are not the same, or not of floats.
func ulpsOf(a, b *npy.Array) func(u []uint64, at int) {
	if a.DType() != b.DType() {
		return nil
	}
	switch a.DType() {
	case npy.Float64:
		return steps(a, b, func(x float64) (bool, uint64) { return parted(math.Float64bits(x), 63) })
	case npy.Float32:
		return steps(a, b, func(x float32) (bool, uint64) { return parted(uint64(math.Float32bits(x)), 31) })
	case npy.Float16:
		return steps(a, b, func(x npy.F16) (bool, uint64) { return parted(uint64(x), 15) })
	case npy.BFloat16:
		return steps(a, b, func(x npy.BF16) (bool, uint64) { return parted(uint64(x), 15) })
	case npy.Float8E4M3FN:
		return steps(a, b, func(x npy.F8E4M3FN) (bool, uint64) { return parted(uint64(x), 7) })
	case npy.Float8E5M2:
		return steps(a, b, func(x npy.F8E5M2) (bool, uint64) { return parted(uint64(x), 7) })
	case npy.Float8E4M3FNUZ:
		return steps(a, b, func(x npy.F8E4M3FNUZ) (bool, uint64) { return parted(uint64(x), 7) })
	case npy.Float8E4M3B11FNUZ:
		return steps(a, b, func(x npy.F8E4M3B11FNUZ) (bool, uint64) { return parted(uint64(x), 7) })
	case npy.Float8E5M2FNUZ:
		return steps(a, b, func(x npy.F8E5M2FNUZ) (bool, uint64) { return parted(uint64(x), 7) })
	case npy.Float4E2M1FN:
		return steps(a, b, func(x npy.F4E2M1FN) (bool, uint64) { return parted(uint64(x&0xf), 3) })
	case npy.Complex64:
		return twoSteps(a, b, func(z complex64) (float32, float32) { return real(z), imag(z) },
			func(x float32) (bool, uint64) { return parted(uint64(math.Float32bits(x)), 31) })
	case npy.Complex128:
		return twoSteps(a, b, func(z complex128) (float64, float64) { return real(z), imag(z) },
			func(x float64) (bool, uint64) { return parted(math.Float64bits(x), 63) })
	}
	return nil
}

// parted is the sign of a float's bits, and the rest: sizes in their order.
func parted(bits uint64, sign uint) (negative bool, size uint64) {
	return bits>>sign&1 == 1, bits &^ (1 << sign)
}

func between(xNegative bool, x uint64, yNegative bool, y uint64) uint64 {
	switch {
	case xNegative != yNegative:
		return x + y
	case x > y:
		return x - y
	}
	return y - x
}

func steps[T npy.Element](a, b *npy.Array, of func(T) (bool, uint64)) func([]uint64, int) {
	x, err := npy.Values[T](a)
	y, err2 := npy.Values[T](b)
	if err != nil || err2 != nil {
		return nil
	}
	return func(u []uint64, at int) {
		for i := range u {
			xn, xs := of(x[at+i])
			yn, ys := of(y[at+i])
			u[i] = between(xn, xs, yn, ys)
		}
	}
}

func twoSteps[T npy.Element, P any](a, b *npy.Array, parts func(T) (P, P), of func(P) (bool, uint64)) func([]uint64, int) {
	x, err := npy.Values[T](a)
	y, err2 := npy.Values[T](b)
	if err != nil || err2 != nil {
		return nil
	}
	return func(u []uint64, at int) {
		for i := range u {
			xr, xi := parts(x[at+i])
			yr, yi := parts(y[at+i])
			an, as := of(xr)
			bn, bs := of(yr)
			cn, cs := of(xi)
			dn, ds := of(yi)
			u[i] = max(between(an, as, bn, bs), between(cn, cs, dn, ds))
		}
	}
}
