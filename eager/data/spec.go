package data

import (
	"fmt"
	"slices"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/tftype"
	"ndflow/npy"
)

// specOf describes a component of the given dtype.
func specOf(dtype npy.DType, shape ...int) (graph.Spec, error) {
	n, ok := tftype.Of(dtype)
	if !ok {
		return graph.Spec{}, fmt.Errorf("%w: %v", npy.ErrDType, dtype)
	}
	return graph.Spec{DType: dtype, Type: tftype.Name(n), Shape: append([]int{}, shape...)}, nil
}

// specOfTensor describes a tensor. Of one without an array form only the type
// counts.
func specOfTensor(t *eager.Tensor) (s graph.Spec, err error) {
	if s.Type, err = t.Type(); err != nil {
		return s, err
	}
	if s.DType, err = t.DType(); err == nil && s.DType != npy.Invalid {
		s.Shape, err = t.Shape()
	}
	return s, err
}

// batched are the components of batches of size elements, -1 for any size.
func batched(elem []graph.Spec, size int) []graph.Spec {
	out := slices.Clone(elem)
	for i := range out {
		if s := out[i].Shape; s != nil {
			out[i].Shape = slices.Concat([]int{size}, s)
		}
	}
	return out
}

// agree reports whether there are tensors of both shapes.
func agree(a, b []int) bool {
	if a == nil || b == nil {
		return true
	}
	return slices.EqualFunc(a, b, func(m, n int) bool { return m == n || m < 0 || n < 0 })
}

// fits returns an error unless a component can be what a function takes.
func fits(have, want graph.Spec) error {
	switch {
	case have.Type != want.Type:
		return fmt.Errorf("%w: have %v, want %v", npy.ErrDType, have, want)
	case !agree(have.Shape, want.Shape):
		return fmt.Errorf("%w: have %v, want %v", npy.ErrShape, have, want)
	}
	return nil
}

// times multiplies a count of elements.
func times(count, n int) int {
	switch {
	case count == 0 || n == 0:
		return 0
	case count == forever || n == Forever && count > 0:
		return forever
	case count < 0 || n < 0 || n > maxInt/count:
		return unknown
	}
	return count * n
}

const maxInt = int(^uint(0) >> 1)
