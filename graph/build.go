package graph

import (
	"fmt"

	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// Constant adds an operation that makes a copy of a's elements, at most 2 GiB.
// Without a name it gets one.
func (g *Graph) Constant(name string, a *npy.Array) (Output, error) {
	if a == nil {
		return Output{}, fmt.Errorf("graph: constant %q: have a nil array", name)
	}
	return g.one(&ops.Call[Output]{Op: "Const", Name: name, Attrs: []ops.Attr{ops.Tensor("value", a), ops.Type("dtype", a.DType())}})
}

// Placeholder adds an operation whose tensor is to be fed. A dimension of -1 may
// be of any size, a nil shape any shape. The name, which feeds go by, must not be
// taken; without one it gets one, which [Output.String] tells.
func (g *Graph) Placeholder(name string, dtype npy.DType, shape []int) (Output, error) {
	if name != "" {
		if _, taken := g.c.Operation(name); taken {
			return Output{}, fmt.Errorf("graph: placeholder %q: %w: the graph has an operation of this name", name, tfc.AlreadyExists)
		}
	}
	return g.one(&ops.Call[Output]{Op: "Placeholder", Name: name, Attrs: []ops.Attr{ops.Type("dtype", dtype), ops.Shape("shape", shape)}})
}

func (g *Graph) one(c *ops.Call[Output]) (Output, error) {
	outputs, err := g.Apply(c)
	if err != nil {
		return Output{}, err
	}
	return outputs[0], nil
}

// Gradients adds operations that compute the derivatives of the sum of ys by each
// of xs, and returns those: each has the dtype and shape of its x. dys are the
// gradients that ys begin with, one for each, or none for ones.
//
// It is an error if ys do not depend on one of xs, or do so through an op that
// TensorFlow's C++ code has no gradient for (the error names it; there are fewer
// than in Python). Operations that were added until then stay in the graph.
//
// For a second derivative give the first one its dys: the ones that TensorFlow
// takes otherwise have no gradient.
func (g *Graph) Gradients(ys, xs []Output, dys ...Output) ([]Output, error) {
	if len(ys) == 0 {
		return nil, fmt.Errorf("graph: gradients: %w: of nothing", ErrNoTensor)
	}
	if len(dys) != 0 && len(dys) != len(ys) {
		return nil, fmt.Errorf("graph: gradients: have %d initial gradients, want none or %d, one for each of ys", len(dys), len(ys))
	}
	var lists [3][]tfc.Output
	for i, list := range [][]Output{ys, xs, dys} {
		for j, o := range list {
			if err := g.own(o); err != nil {
				return nil, fmt.Errorf("graph: gradients: number %d of %s: %w", j, [...]string{"ys", "xs", "dys"}[i], err)
			}
			lists[i] = append(lists[i], o.o)
		}
	}
	g.building.Lock()
	defer g.building.Unlock()
	gradients, err := g.c.AddGradients(lists[0], lists[1], lists[2])
	if err != nil {
		return nil, fmt.Errorf("graph: gradients: %w", err)
	}
	dxs := make([]Output, len(gradients))
	for i, o := range gradients {
		dxs[i] = Output{o}
	}
	return dxs, nil
}
