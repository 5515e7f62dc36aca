package bench

import (
	"context"
	"slices"

	"ndflow/eager"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// eagerOps returns a peer that runs prepared ops.
func (n *network) eagerOps(name string, callers int) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		c, err := eager.New()
		if err != nil {
			return nil, err
		}
		own.add(c.Close)
		return together(callers, false, func() (*Work, error) { return n.chain(own, c) })
	})}
}

// chain prepares the ops, each of which puts its result into a tensor for the next,
// and the last one into an array.
func (n *network) chain(own *owned, c *eager.Context) (*Work, error) {
	var tensors []*eager.Tensor
	for _, a := range slices.Concat(n.feeds, n.consts) {
		t, err := c.Tensor(a)
		if err != nil {
			return nil, err
		}
		own.add(t.Close)
		tensors = append(tensors, t)
	}
	var list []*eager.Op
	for _, op := range n.ops {
		o := c.Op(op.Op)
		for _, k := range op.In {
			o.Input(tensors[k])
		}
		own.add(o.Close)
		z, err := c.Empty()
		if err != nil {
			return nil, err
		}
		own.add(z.Close)
		if err := o.RunTo(z); err != nil {
			return nil, err
		}
		list, tensors = append(list, o), append(tensors, z)
	}
	before, last := len(list)-1, list[len(list)-1]
	made := tensors[len(tensors)-len(list):]
	dst, err := arrayFor(made[before])
	if err != nil {
		return nil, err
	}
	return &Work{
		Run: each(func() error {
			for i, o := range list[:before] {
				if err := o.RunTo(made[i]); err != nil {
					return err
				}
			}
			return last.RunInto(dst)
		}),
		Results: landed(dst),
	}, nil
}

// arrayFor returns an array that a tensor fits into.
func arrayFor(t *eager.Tensor) (*npy.Array, error) {
	dtype, err := t.DType()
	if err != nil {
		return nil, err
	}
	shape, err := t.Shape()
	if err != nil {
		return nil, err
	}
	return touched(dtype, shape...)
}

// function returns a peer that calls the network as a function.
func (n *network) function(name string, callers int) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		g, err := n.build()
		if err != nil {
			return nil, err
		}
		defer g.Close()
		c, err := eager.New()
		if err != nil {
			return nil, err
		}
		own.add(c.Close)
		var inputs []string
		for i := range n.feeds {
			inputs = append(inputs, inputName(i))
		}
		f, err := c.Function(g, inputs, []string{result})
		if err != nil {
			return nil, err
		}
		own.add(f.Close)
		return together(callers, false, func() (*Work, error) {
			var tensors []*eager.Tensor
			for _, a := range n.feeds {
				t, err := c.Tensor(a)
				if err != nil {
					return nil, err
				}
				own.add(t.Close)
				tensors = append(tensors, t)
			}
			o := f.Op(tensors...)
			own.add(o.Close)
			out, err := o.Output()
			if err != nil {
				return nil, err
			}
			defer out.Close()
			dst, err := arrayFor(out)
			if err != nil {
				return nil, err
			}
			return &Work{Run: each(func() error { return o.RunInto(dst) }), Results: landed(dst)}, nil
		})
	})}
}

// caller returns a peer that calls the signature without a session.
func (s Step) caller(name string) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		m, err := eager.Load(s.Model)
		if err != nil {
			return nil, err
		}
		own.add(m.Close)
		return together(s.Callers, s.Watched, func() (*Work, error) {
			c, err := m.Caller(s.Signature)
			if err != nil {
				return nil, err
			}
			own.add(c.Close)
			return s.callerWork(c)
		})
	})}
}

func (s Step) callerWork(c *eager.Caller) (*Work, error) {
	for name, a := range s.Feeds {
		if err := c.Feed(name, a); err != nil {
			return nil, err
		}
	}
	ctx, arrays := context.Background(), map[string]*npy.Array{}
	made, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	for name, t := range made {
		defer t.Close()
		if arrays[name], err = arrayFor(t); err != nil {
			return nil, err
		}
		if err := c.Into(name, arrays[name]); err != nil {
			return nil, err
		}
	}
	return &Work{
		Run:     each(func() error { return c.RunInto(ctx) }),
		Results: func() (map[string]*npy.Array, error) { return clones(arrays) },
	}, nil
}

// eagerFloor returns a peer that runs the ops as a plain C loop does.
func (n *network) eagerFloor(name string, callers int) Peer {
	return n.opsFloor(name, callers, func(c *tfc.EagerContext) ([]tfc.EagerCall, [][]int, error) {
		var calls []tfc.EagerCall
		var inputs [][]int
		for _, op := range n.ops {
			calls = append(calls, tfc.EagerCall{Op: op.Op, Inputs: len(op.In), Outputs: 1})
			inputs = append(inputs, op.In)
		}
		return calls, inputs, nil
	})
}

// functionFloor returns a peer that calls the network as a function as a plain C
// loop does.
func (n *network) functionFloor(name string, callers int) Peer {
	return n.opsFloor(name, callers, func(c *tfc.EagerContext) ([]tfc.EagerCall, [][]int, error) {
		g, err := n.build()
		if err != nil {
			return nil, nil, err
		}
		defer g.Close()
		var names []string
		var inputs []int
		for i := range n.feeds {
			names, inputs = append(names, inputName(i)), append(inputs, i)
		}
		f, err := g.Function("network", names, []string{result})
		if err != nil {
			return nil, nil, err
		}
		for _, def := range f.Defs {
			if err := c.AddFunctionDef(def); err != nil {
				return nil, nil, err
			}
		}
		call := tfc.EagerCall{Op: f.Name, Inputs: len(inputs), Outputs: 1}
		for _, name := range []string{"executor_type", "config_proto"} { // or else it is not optimized
			call.Attrs = append(call.Attrs, tfc.AttrValue{Name: name, Value: ops.String(name, "").Encode()})
		}
		return []tfc.EagerCall{call}, [][]int{inputs}, nil
	})
}

// opsFloor is for ops whose inputs are the network's arrays, and then what the ops
// before have made, by number.
func (n *network) opsFloor(name string, callers int, prepare func(*tfc.EagerContext) ([]tfc.EagerCall, [][]int, error)) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		c, err := tfc.NewEagerContext(tfc.EagerOptions{Placement: tfc.PlacementSilent})
		if err != nil {
			return nil, err
		}
		own.add(c.Close)
		calls, inputs, err := prepare(c)
		if err != nil {
			return nil, err
		}
		return together(callers, false, func() (*Work, error) { return n.floorOps(own, c, calls, inputs) })
	})}
}

func (n *network) floorOps(own *owned, c *tfc.EagerContext, calls []tfc.EagerCall, inputs [][]int) (*Work, error) {
	var handles []*tfc.Handle
	for _, a := range slices.Concat(n.feeds, n.consts) {
		h, err := c.NewHandle(a)
		if err != nil {
			return nil, err
		}
		own.add(h.Close)
		handles = append(handles, h)
	}
	var list []*tfc.EagerOp
	for i, call := range calls {
		o, err := c.NewOp(call)
		if err != nil {
			return nil, err
		}
		own.add(o.Close)
		for k, from := range inputs[i] {
			if err := o.SetInput(k, handles[from]); err != nil {
				return nil, err
			}
		}
		h, err := c.EmptyHandle()
		if err != nil {
			return nil, err
		}
		own.add(h.Close)
		if err := o.SetTarget(0, h); err != nil {
			return nil, err
		}
		if err := o.RunTo(context.Background()); err != nil {
			return nil, err
		}
		list, handles = append(list, o), append(handles, h)
	}
	last, err := handles[len(handles)-1].Resolve()
	if err != nil {
		return nil, err
	}
	defer last.Close()
	view, err := last.View()
	if err != nil {
		return nil, err
	}
	defer view.Release()
	dst, err := touched(view.DType(), view.Shape()...)
	if err != nil {
		return nil, err
	}
	if err := list[len(list)-1].RunInto(context.Background(), []*npy.Array{dst}); err != nil {
		return nil, err
	}
	return &Work{Run: func(n int) error { return tfc.FloorOps(n, list...) }, Results: landed(dst)}, nil
}
