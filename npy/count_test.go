package npy

import (
	"errors"
	"testing"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		dtype DType
		shape []int
		want  int
		err   error
	}{
		{Float32, nil, 1, nil},
		{Float32, []int{2, 3}, 6, nil},
		{String, []int{4}, 4, nil},
		{Int8, []int{1 << 62, 0}, 0, nil},
		{Int8, []int{-1}, 0, ErrShape},
		{Float64, []int{1 << 60}, 0, ErrShape},
		{Invalid, []int{2}, 0, ErrDType},
	} {
		n, err := Count(c.dtype, c.shape...)
		if n != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v %v: have %d, %v, want %d, %v", c.dtype, c.shape, n, err, c.want, c.err)
		}
	}
}
