package data

import (
	"errors"

	"ndflow/eager"
	"ndflow/npy"
)

// Range is a dataset of int64 scalars: start, start+step and so on, up to stop,
// which is not one of them. A negative step counts down.
func Range(c *eager.Context, start, stop, step int64) Dataset {
	return source(c, "Range", func(n *node) error {
		if step == 0 {
			return errors.New("step of 0")
		}
		spec, err := specOf(npy.Int64)
		if err != nil {
			return err
		}
		n.elem = append(n.elem, spec)
		n.count = steps(start, stop, step)
		n.call = call{op: "RangeDataset", inputs: []input{constant(start), constant(stop), constant(step)}, attrs: elements(n.elem)}
		return nil
	})
}

// steps is how many there are from start to stop. Differences are taken without
// sign, where they cannot overflow.
func steps(start, stop, step int64) int {
	if step < 0 {
		start, stop = stop, start
	}
	if start >= stop {
		return 0
	}
	span, stride := uint64(stop)-uint64(start), uint64(step)
	if step < 0 {
		stride = -stride
	}
	n := (span-1)/stride + 1
	if n > uint64(maxInt) {
		return unknown
	}
	return int(n)
}
