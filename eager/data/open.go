package data

import (
	"context"
	"fmt"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
)

// call is the op that makes a dataset in TensorFlow. It makes a tensor that stands
// for it, a variant.
type call struct {
	op     string
	inputs []input
	attrs  []ops.Attr
}

// input makes what an input of a call is, when a loop begins.
type input struct {
	list bool
	make func(*opening) ([]*eager.Tensor, error)
}

// of is an input that is the dataset of a step.
func of(n *node) input { return one(func(o *opening) (*eager.Tensor, error) { return o.dataset(n) }) }

// list is an input that is a list of tensors.
func list(make func(*opening) ([]*eager.Tensor, error)) input { return input{list: true, make: make} }

// one is an input that is a single tensor.
func one(make func(*opening) (*eager.Tensor, error)) input {
	return input{make: func(o *opening) ([]*eager.Tensor, error) {
		t, err := make(o)
		return []*eager.Tensor{t}, err
	}}
}

// constant is an input that is a value.
func constant[T npy.Element](v T) input { return array(npy.Scalar(v)) }

// number is the input that a count or size is, which has its -1 in common with
// TensorFlow.
func number(n int) input { return constant(int64(n)) }

// array is an input that is an array, read where it lies.
func array(a *npy.Array) input {
	return one(func(o *opening) (*eager.Tensor, error) { return o.own(o.c.Tensor(a)) })
}

// arrays is a list of them.
func arrays(as []*npy.Array) input {
	inputs := make([]input, len(as))
	for i, a := range as {
		inputs[i] = array(a)
	}
	return gathered(inputs...)
}

// gathered is an input that is the list of other inputs, each a single tensor.
func gathered(inputs ...input) input {
	return list(func(o *opening) ([]*eager.Tensor, error) {
		var ts []*eager.Tensor
		for _, in := range inputs {
			t, err := in.make(o)
			if err != nil {
				return nil, err
			}
			ts = append(ts, t...)
		}
		return ts, nil
	})
}

// given is a list of tensors that are the caller's.
func given(ts []*eager.Tensor) input {
	return list(func(*opening) ([]*eager.Tensor, error) { return ts, nil })
}

// made is an input that an op without inputs makes.
func made(op string) input {
	return one(func(o *opening) (*eager.Tensor, error) { return o.output(op, nil) })
}

// elements are the attributes with which most ops are told what their elements are.
func elements(specs []graph.Spec) []ops.Attr {
	return []ops.Attr{types("output_types", specs), shapes("output_shapes", specs)}
}

func types(name string, specs []graph.Spec) ops.Attr {
	list := make([]ops.DataType, len(specs))
	for i, s := range specs {
		list[i] = ops.TypeName(s.Type)
	}
	return ops.Types(name, list...)
}

func shapes(name string, specs []graph.Spec) ops.Attr {
	list := make([][]int, len(specs))
	for i, s := range specs {
		list[i] = s.Shape
	}
	return ops.Shapes(name, list...)
}

// opening is what a loop makes before its first element. All of it is closed once
// the iterator is there, which keeps what it needs.
type opening struct {
	ctx  context.Context
	c    *eager.Context
	sets map[*node]*eager.Tensor // of steps that are used more than once, too
	made []*eager.Tensor
}

// own notes a tensor to close.
func (o *opening) own(t *eager.Tensor, err error) (*eager.Tensor, error) {
	if err == nil {
		o.made = append(o.made, t)
	}
	return t, err
}

func (o *opening) close() {
	for _, t := range o.made {
		t.Close()
	}
}

// dataset returns the tensor that stands for the dataset of a step.
func (o *opening) dataset(n *node) (*eager.Tensor, error) {
	if t := o.sets[n]; t != nil {
		return t, nil
	}
	inputs := make([]ops.Input[*eager.Tensor], len(n.call.inputs))
	for i, in := range n.call.inputs {
		ts, err := in.make(o)
		if err != nil {
			return nil, n.explain(err)
		}
		if in.list {
			inputs[i] = ops.List(ts...)
		} else {
			inputs[i] = ops.One(ts[0])
		}
	}
	t, err := o.output(n.call.op, inputs, n.call.attrs...)
	if err != nil {
		return nil, n.explain(err)
	}
	o.sets[n] = t
	return t, nil
}

// explain says which step has failed.
func (n *node) explain(err error) error {
	if _, ok := err.(*stepError); ok {
		return err // of a step before this one
	}
	return &stepError{n.step, err}
}

// stepError is an error of a step that a loop has begun with.
type stepError struct {
	step string
	err  error
}

func (e *stepError) Error() string { return fmt.Sprintf("data: %s: %v", e.step, e.err) }

func (e *stepError) Unwrap() error { return e.err }

// output runs an op that makes one tensor.
func (o *opening) output(op string, inputs []ops.Input[*eager.Tensor], attrs ...ops.Attr) (*eager.Tensor, error) {
	ts, err := o.run(op, inputs, attrs...)
	if err != nil {
		return nil, err
	}
	return o.own(ts[0], nil)
}

// run runs an op, until ctx ends.
func (o *opening) run(op string, inputs []ops.Input[*eager.Tensor], attrs ...ops.Attr) ([]*eager.Tensor, error) {
	e := o.c.Op(op).Attr(attrs...).WithContext(o.ctx)
	defer e.Close()
	for _, in := range inputs {
		ts := make([]*eager.Tensor, in.Len())
		for k := range ts {
			ts[k] = in.At(k)
		}
		if in.IsList() {
			e.InputList(ts...)
		} else {
			e.Input(ts...)
		}
	}
	made, err := e.Run()
	if err != nil && o.ctx.Err() != nil {
		return nil, fmt.Errorf("before element 0: %w", err)
	}
	return made, err
}
