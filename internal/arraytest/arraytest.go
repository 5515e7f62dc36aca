// Package arraytest compares arrays in tests.
package arraytest

import (
	"bytes"
	"slices"

	"ndflow/npy"
)

// Same says whether two arrays have the same dtype, shape and elements, bit for bit.
func Same(a, b *npy.Array) bool {
	if a.DType() != b.DType() || !slices.Equal(a.Shape(), b.Shape()) {
		return false
	}
	if a.DType() == npy.String {
		x, errX := npy.Values[string](a)
		y, errY := npy.Values[string](b)
		return errX == nil && errY == nil && slices.Equal(x, y)
	}
	return bytes.Equal(a.Bytes(), b.Bytes())
}
