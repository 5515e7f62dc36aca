package graph

import (
	"fmt"
	"runtime"
	"slices"

	"ndflow/npy"
)

// Outputs that are fed inputs themselves. TensorFlow refuses to feed and fetch
// one tensor in one step, so they are answered here.

// isFed reports whether an output is a fed input itself.
func (r *Runner) isFed(out *port) bool { return out.fed >= 0 && r.inputs[out.fed].array != nil }

// checkPasses makes sure, before anything lands, that the outputs which are fed
// themselves will fit.
func (r *Runner) checkPasses() error {
	for i := range r.outputs {
		if out := &r.outputs[i]; out.array != nil && r.isFed(out) {
			in := r.inputs[out.fed].array
			if _, err := frontOf(out.array, in.Shape()); err != nil {
				return &SizeError{Output: out.spec.Name, Have: out.array.Shape(), Need: in.Shape(), Flat: in.Len()}
			}
		}
	}
	return nil
}

// passThrough gives the outputs that are fed themselves.
func (r *Runner) passThrough() error {
	for i := range r.outputs {
		out := &r.outputs[i]
		if !out.wanted || !r.isFed(out) {
			continue
		}
		in, err := r.inputs[out.fed].array, error(nil)
		if out.array == nil {
			out.value, err = in.Clone()
		} else {
			out.value, err = copyInto(out.array, in)
		}
		if err != nil {
			r.ok = false
			return fmt.Errorf("graph: output %q: %w", out.spec.Name, err)
		}
		out.valueOf = r.run
	}
	return nil
}

// copyInto copies src to the front of dst, and returns that.
func copyInto(dst, src *npy.Array) (*npy.Array, error) {
	front, err := frontOf(dst, src.Shape())
	if err != nil {
		return nil, err
	}
	if from, err := npy.Values[string](src); err == nil {
		to, _ := npy.Values[string](front) // of one dtype, Into has checked
		copy(to, from)
	} else {
		copy(front.Bytes(), src.Bytes())
	}
	runtime.KeepAlive(dst)
	runtime.KeepAlive(src)
	return front, nil
}

// frontOf returns the front of dst's memory in the given shape.
func frontOf(dst *npy.Array, shape []int) (*npy.Array, error) {
	if dst.NDim() != 1 {
		sameRank := dst.NDim() == len(shape)
		if !sameRank || len(shape) > 0 && !slices.Equal(dst.Shape()[1:], shape[1:]) {
			return nil, npy.ErrShape
		}
	}
	flat, err := dst.Reshape(dst.Len())
	if err != nil {
		return nil, err
	}
	if flat, err = flat.Slice(0, elements(shape)); err != nil {
		return nil, err
	}
	return flat.Reshape(shape...)
}

// elements is how many elements an array of a shape has.
func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
