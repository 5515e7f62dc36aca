package data

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/ops"
)

// Func is a function that elements are mapped by: an [eager.Function], such as a
// model's signature ([eager.Model.Function]), or one of those with tensors that it
// has captured ([Capture]).
type Func interface {
	// Context is where the function is, the dataset's own.
	Context() *eager.Context
	// Name is what the context calls it.
	Name() string
	// Inputs describes what it takes, in order: the components of an element.
	Inputs() []graph.Spec
	// Outputs describes what it makes, in order: the components of the result.
	Outputs() []graph.Spec
	// Captured are tensors that it takes behind its inputs, the same ones for
	// each element.
	Captured() []*eager.Tensor
}

// Capture is f with its last inputs given: weights, a table, a scale. They stay the
// caller's, and have to be open when a loop begins.
func Capture(f Func, ts ...*eager.Tensor) Func {
	if b, ok := f.(bound); ok {
		return bound{b.Func, slices.Concat(ts, b.tensors)}
	}
	return bound{f, slices.Clone(ts)}
}

type bound struct {
	Func
	tensors []*eager.Tensor
}

// Captured returns the given tensors, and those that f has captured itself.
func (b bound) Captured() []*eager.Tensor { return slices.Concat(b.tensors, b.Func.Captured()) }

// Inputs describes the inputs that are left.
func (b bound) Inputs() []graph.Spec {
	inputs := b.Func.Inputs()
	return inputs[:max(len(inputs)-len(b.tensors), 0)]
}

// check returns an error unless the given tensors fit.
func (b bound) check(c *eager.Context) error {
	inputs := b.Func.Inputs()
	if len(b.tensors) > len(inputs) {
		return fmt.Errorf("Capture has %d tensors, the function takes %d inputs", len(b.tensors), len(inputs))
	}
	for i, want := range inputs[len(inputs)-len(b.tensors):] {
		t := b.tensors[i]
		switch {
		case t == nil:
			return fmt.Errorf("Capture: tensor %d is nil", i)
		case t.Context() != c:
			return fmt.Errorf("Capture: tensor %d: %w", i, eager.ErrContext)
		}
		have, err := specOfTensor(t)
		if err != nil {
			return fmt.Errorf("Capture: tensor %d: %w", i, err)
		}
		if err := fits(have, want); err != nil {
			return fmt.Errorf("Capture: tensor %d: input %q: %w", i, want.Name, err)
		}
	}
	return nil
}

// Map makes of each element what f makes of it. So many are made at once, or
// [AutoTune]; they keep their order. With a model's signature or a function that
// takes batches it belongs behind Batch. How calls of a function are to be run
// ([eager.JIT], [eager.SingleThread]) does not count here.
func (d Dataset) Map(f Func, parallel int) Dataset {
	return d.then("Map", func(in, out *node) error {
		if err := checkFunc(f, in); err != nil {
			return err
		}
		if err := out.size(parallel, "parallel"); err != nil {
			return err
		}
		out.elem = slices.Clone(f.Outputs())
		if len(out.elem) == 0 {
			return errors.New("the function makes nothing")
		}
		out.call = call{op: "MapDataset", inputs: []input{of(in), given(f.Captured())},
			attrs: append(functionAttrs(f, out), ops.Bool("preserve_cardinality", true))}
		if parallel != 1 {
			out.call.op = "ParallelMapDatasetV2"
			out.call.inputs = append(out.call.inputs, number(parallel))
			out.call.attrs = append(out.call.attrs, ops.String("deterministic", "true"))
		}
		return nil
	})
}

// checkFunc returns an error unless f can be called with the elements of a step.
func checkFunc(f Func, in *node) error {
	b, isBound := f.(bound)
	if isNil(f) || isBound && isNil(b.Func) {
		return errors.New("the function is nil")
	}
	if f.Context() != in.ctx {
		return fmt.Errorf("the function: %w", eager.ErrContext)
	}
	if isBound {
		if err := b.check(in.ctx); err != nil {
			return err
		}
	}
	inputs := f.Inputs()
	if len(inputs) != len(in.elem) {
		var names []string
		for _, want := range inputs {
			names = append(names, fmt.Sprintf("%q %v", want.Name, want))
		}
		return fmt.Errorf("elements have %d components, the function takes %d: %s", len(in.elem), len(inputs), strings.Join(names, ", "))
	}
	for i, want := range inputs {
		if err := fits(in.elem[i], want); err != nil {
			return fmt.Errorf("component %d, input %q: %w", i, want.Name, err)
		}
	}
	return nil
}

// isNil also finds the nil *eager.Function of a call that has failed.
func isNil(f Func) bool {
	v := reflect.ValueOf(f)
	return f == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

func functionAttrs(f Func, out *node) []ops.Attr {
	var types []ops.DataType
	for _, t := range f.Captured() {
		name, err := t.Type()
		if err != nil {
			name = string(ops.Resource) // it is closed, which the loop will say
		}
		types = append(types, ops.TypeName(name))
	}
	return append(elements(out.elem), ops.Func("f", f.Name()), ops.Types("Targuments", types...))
}
