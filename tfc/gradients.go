package tfc

// #include "capi.h"
import "C"

import "fmt"

// AddGradients adds operations that compute the derivatives of the sum of ys by
// each of xs, and returns those (TF_AddGradients). dys are the gradients that ys
// begin with, one for each, or none for ones. Where it fails, what it has added
// until then stays in the graph.
func (g *Graph) AddGradients(ys, xs, dys []Output) ([]Output, error) {
	if err := ensureBuild("gradients"); err != nil {
		return nil, err
	}
	if len(dys) != 0 && len(dys) != len(ys) {
		return nil, fmt.Errorf("tfc: gradients: have %d initial gradients, want none or %d, one for each of ys", len(dys), len(ys))
	}
	for _, list := range [][]Output{ys, xs, dys} {
		if err := g.own(list...); err != nil {
			return nil, fmt.Errorf("tfc: gradients: %w", err)
		}
	}
	cys, cxs, cdys := cOutputs(ys), cOutputs(xs), cOutputs(dys)
	var first *C.TF_Output // NULL, not an empty list, for ones
	if len(dys) > 0 {
		first = ptr(cdys)
	}
	cdxs := make([]C.TF_Output, len(xs))
	err := g.use(func(c *C.TF_Graph) error {
		return status(func(s *C.TF_Status) {
			C.TF_AddGradients(c, ptr(cys), C.int(len(cys)), ptr(cxs), C.int(len(cxs)), first, s, ptr(cdxs))
		})
	})
	if err != nil {
		return nil, err
	}
	dxs := make([]Output, len(xs))
	for i, c := range cdxs {
		if c.oper == nil {
			return nil, fmt.Errorf("tfc: gradients: none flows from ys to %v", xs[i])
		}
		dxs[i] = Output{Op: Operation{c: c.oper, g: g}, Index: int(c.index)}
	}
	return dxs, nil
}
