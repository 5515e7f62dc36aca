// Package diff says by how much two arrays differ: the largest, the mean and the
// relative error, how many representable numbers lie between (ULPs), where the largest
// difference is, and how the differences are spread.
//
//	r, err := diff.Arrays(ctx, have, want, diff.Options{Abs: 1e-6, Rel: 1e-3})
//	if r.Same() { ... }
//
// The second array is the one that is right: errors are relative to it. Both are gone
// through once, piece by piece, on all cores; of mapped files (npy.Open) what was passed
// is given back, so that arrays of any size need little memory.
//
// # What is equal
//
// As numpy.isclose has it, two numbers are close if |a-b| <= Abs + Rel*|b|; with the
// zero Options they have to be equal. Infinities are close to those of their sign and
// to nothing else. Unlike there, and as in numpy.testing.assert_allclose, a NaN is
// equal to a NaN, unless [Options.NaNDiffers] is set; it is never close to a number.
// 0 and -0 are equal.
//
// Arrays of different dtypes of numbers are compared by their values; shapes have to be
// the same. Integers of 64 bits are compared exactly, complex numbers by the distance
// between them, strings by whether they are equal.
package diff
