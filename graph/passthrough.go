package graph

import (
	"fmt"
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
			if _, err := out.array.Front(in.Shape()...); err != nil {
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
			out.value, err = out.array.Land(in)
		}
		if err != nil {
			r.ok = false
			return fmt.Errorf("graph: output %q: %w", out.spec.Name, err)
		}
		out.valueOf = r.run
	}
	return nil
}
