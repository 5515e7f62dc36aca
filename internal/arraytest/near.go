package arraytest

import (
	"fmt"
	"math"
	"slices"

	"ndflow/npy"
)

// units is how far apart the results of one computation may be on two machines, in units
// in the last place of the array's largest element.
//
// TensorFlow chooses its kernels by what the processor can do (SSE, AVX2, AVX-512) and by
// its number of cores. They differ in the order in which they add up, in whether a product
// is rounded before it is added, and in the polynomials that stand for exp and tanh. A sum
// of n terms is wrong by half a unit for each addition at worst, and by about the square
// root of n as a rule: the tests' sums have up to 64 terms, in a few layers. Between AVX-512,
// AVX2 and SSE4.1, with oneDNN and without, they were apart by at most 1.6. Halves are
// added up as float32 and rounded once an op.
//
// The bound is relative to the largest element since an array's elements are sums of like
// terms: where they nearly cancel out, the sum is small and its error is not.
//
// What is not here (integers, bools, strings, narrow floats, with which TensorFlow does not
// calculate) has no rounding that could differ.
var units = map[npy.DType]struct{ count, unit float64 }{
	npy.Float16:    {2, 0x1p-10},
	npy.BFloat16:   {2, 0x1p-7},
	npy.Float32:    {8, 0x1p-23},
	npy.Float64:    {8, 0x1p-52},
	npy.Complex64:  {8, 0x1p-23},
	npy.Complex128: {8, 0x1p-52},
}

// Near returns an error unless have is want but for the rounding that may differ from
// machine to machine, and with it from values that were stored on another. Dtype and shape,
// what is not a float, NaNs and infinities have to be the same. For two results that one
// process has computed in the same way there is [Same].
func Near(have, want *npy.Array) error {
	if have == nil || have.DType() != want.DType() || !slices.Equal(have.Shape(), want.Shape()) {
		return mismatch(have, want)
	}
	u, rounds := units[want.DType()]
	if !rounds {
		if !Same(have, want) {
			return mismatch(have, want)
		}
		return nil
	}
	h, w := parts(have), parts(want)
	bound := u.count * u.unit * largest(w)
	for i := range w {
		if h[i] == w[i] || math.IsNaN(h[i]) && math.IsNaN(w[i]) {
			continue // infinities are equal
		}
		if off := math.Abs(h[i] - w[i]); !(off <= bound) || math.IsInf(h[i], 0) {
			return fmt.Errorf("number %d of %d is %v, want %v within %.3g: %w", i, len(w), h[i], w[i], bound, mismatch(have, want))
		}
	}
	return nil
}

// Expected is Near for what a step has given that was fed in. Where what is wanted is what
// was fed, bit for bit, nothing was calculated, and it has to be the same.
func Expected(have, want *npy.Array, in map[string]*npy.Array) error {
	for _, a := range in {
		if Same(a, want) {
			if have == nil || !Same(have, want) {
				return mismatch(have, want)
			}
			return nil
		}
	}
	return Near(have, want)
}

func mismatch(have, want *npy.Array) error {
	if have == nil {
		return fmt.Errorf("have none, want\n%v (%v %v)", want, want.DType(), want.Shape())
	}
	return fmt.Errorf("have\n%v (%v %v), want\n%v (%v %v)", have, have.DType(), have.Shape(), want, want.DType(), want.Shape())
}

// largest is the size of the largest number that is finite.
func largest(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		if x = math.Abs(x); x > most && !math.IsInf(x, 0) {
			most = x
		}
	}
	return most
}

// parts are an array's elements, the real and imaginary parts of complex ones in turn.
func parts(a *npy.Array) []float64 {
	switch a.DType() {
	case npy.Float16:
		return widen(a, func(x npy.F16) []float64 { return []float64{float64(x.Float32())} })
	case npy.BFloat16:
		return widen(a, func(x npy.BF16) []float64 { return []float64{float64(x.Float32())} })
	case npy.Float32:
		return widen(a, func(x float32) []float64 { return []float64{float64(x)} })
	case npy.Float64:
		return widen(a, func(x float64) []float64 { return []float64{x} })
	case npy.Complex64:
		return widen(a, func(x complex64) []float64 { return []float64{float64(real(x)), float64(imag(x))} })
	case npy.Complex128:
		return widen(a, func(x complex128) []float64 { return []float64{real(x), imag(x)} })
	}
	panic(fmt.Sprintf("arraytest: no parts of %v", a.DType())) // units has more than is here
}

func widen[T npy.Element](a *npy.Array, of func(T) []float64) []float64 {
	elements, err := npy.Values[T](a)
	if err != nil {
		panic(err) // the dtype was looked at
	}
	var all []float64
	for _, x := range elements {
		all = append(all, of(x)...)
	}
	return all
}
