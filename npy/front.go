package npy

import (
	"fmt"
	"slices"
)

// Front returns the front of a's memory in the given shape: where a result lands
// that may be smaller than its array. Either a is flat (one dimension), or it
// equals shape beyond axis 0.
func (a *Array) Front(shape ...int) (*Array, error) {
	fits := a.NDim() == 1 || a.NDim() == len(shape) && (len(shape) == 0 || slices.Equal(a.shape[1:], shape[1:]))
	n, err := checkShape(a.dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if !fits || n > a.Len() {
		return nil, fmt.Errorf("npy: %w: have an array %v, want %v, or a flat one of at least %d elements", ErrShape, a.shape, shape, n)
	}
	v := *a
	v.shape = slices.Clone(shape)
	if a.dtype == String {
		v.strs = a.strs[:n:n]
	} else {
		size := n * a.dtype.Size()
		v.data = a.data[:size:size]
	}
	return &v, nil
}

// Land copies src to the front of a, and returns that; see [Array.Front].
func (a *Array) Land(src *Array) (*Array, error) {
	if a.dtype != src.dtype {
		return nil, fmt.Errorf("npy: %w: have %v, want %v", ErrDType, a.dtype, src.dtype)
	}
	if a.ReadOnly() {
		return nil, fmt.Errorf("npy: the array is read-only")
	}
	if a.released() || src.released() {
		return nil, fmt.Errorf("npy: %w", ErrReleased)
	}
	front, err := a.Front(src.shape...)
	if err != nil {
		return nil, err
	}
	copy(front.data, src.data)
	copy(front.strs, src.strs)
	keepAlive(a)
	keepAlive(src)
	return front, nil
}
