package data

import (
	"errors"
	"fmt"
	"slices"

	"ndflow/graph"
	"ndflow/ops"
)

// DatasetFunc is a function that makes a dataset of an element, for
// [Dataset.Interleave]: its output is the variant that an op such as
// TextLineDataset makes in a graph.
type DatasetFunc struct {
	Func
	Elements []graph.Spec // what the datasets' elements are; dtype and shape will do
}

// Interleave makes a dataset of each element and gives their elements in turn: of
// cycle datasets at a time, block elements of each. So many are read from at once,
// or [AutoTune]; the order is the same whatever that is.
func (d Dataset) Interleave(f DatasetFunc, cycle, block, parallel int) Dataset {
	return d.then("Interleave", func(in, out *node) error {
		if err := checkFunc(f.Func, in); err != nil {
			return err
		}
		if made := f.Outputs(); len(made) != 1 || made[0].Type != string(ops.Variant) {
			return fmt.Errorf("the function makes %v, want one dataset, a variant", made)
		}
		if err := errors.Join(atLeast(1, cycle, "cycle"), atLeast(1, block, "block"), out.size(parallel, "parallel")); err != nil {
			return err
		}
		var err error
		if out.elem, err = typed(f.Elements); err != nil {
			return err
		}
		out.count, out.walks = unknown, nil
		inputs := []input{of(in), given(f.Captured()), number(cycle), number(block)}
		out.call = call{op: "InterleaveDataset", inputs: inputs, attrs: functionAttrs(f.Func, out)}
		if parallel != 1 {
			// TensorFlow chooses what is read ahead.
			out.call.op = "ParallelInterleaveDatasetV4"
			out.call.inputs = append(inputs, number(AutoTune), number(AutoTune), number(parallel))
			out.call.attrs = append(out.call.attrs, ops.String("deterministic", "true"))
		}
		return nil
	})
}

// typed returns specs that have TensorFlow's name of their type.
func typed(specs []graph.Spec) ([]graph.Spec, error) {
	if len(specs) == 0 {
		return nil, errors.New("the elements of the function's datasets have no components")
	}
	out := slices.Clone(specs)
	for i := range out {
		if out[i].Type != "" {
			continue
		}
		s, err := specOf(out[i].DType)
		if err != nil {
			return nil, fmt.Errorf("component %d of the function's datasets: %w", i, err)
		}
		out[i].Type = s.Type
	}
	return out, nil
}
