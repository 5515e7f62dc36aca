package bench

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"

	"ndflow/npy"
)

// compare returns an error that says where results are not what is wanted.
func compare(have, want map[string]*npy.Array, tolerance float64) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if have[name] == nil {
			return fmt.Errorf("result %q is not there: have %q", name, slices.Sorted(maps.Keys(have)))
		}
		if err := compareArrays(have[name], want[name], tolerance); err != nil {
			return fmt.Errorf("result %q: %w", name, err)
		}
	}
	return nil
}

func compareArrays(have, want *npy.Array, tolerance float64) error {
	if have.DType() != want.DType() || !slices.Equal(have.Shape(), want.Shape()) {
		return fmt.Errorf("have %v %v, want %v %v", have.DType(), have.Shape(), want.DType(), want.Shape())
	}
	switch want.DType() {
	case npy.String:
		return firstDifference[string](have, want, func(a, b string) bool { return a == b })
	case npy.Float32:
		return near[float32](have, want, tolerance)
	case npy.Float64:
		return near[float64](have, want, tolerance)
	}
	if !bytes.Equal(have.Bytes(), want.Bytes()) {
		return fmt.Errorf("the %v elements differ", want.DType())
	}
	return nil
}

// near compares floats. The tolerance is a part of the largest that is wanted.
func near[T interface {
	float32 | float64
	npy.Element
}](have, want *npy.Array, tolerance float64) error {
	values, err := npy.Values[T](want)
	if err != nil {
		return err
	}
	var most float64
	for _, v := range values {
		if x := math.Abs(float64(v)); x > most && !math.IsInf(x, 0) {
			most = x
		}
	}
	most *= tolerance
	return firstDifference[T](have, want, func(a, b T) bool {
		return a == b || math.Abs(float64(a-b)) <= most || a != a && b != b
	})
}

func firstDifference[T npy.Element](have, want *npy.Array, equal func(a, b T) bool) error {
	a, err := npy.Values[T](have)
	if err != nil {
		return err
	}
	b, err := npy.Values[T](want)
	if err != nil {
		return err
	}
	for i := range b {
		if !equal(a[i], b[i]) {
			return fmt.Errorf("element %d is %v, want %v", i, a[i], b[i])
		}
	}
	return nil
}
