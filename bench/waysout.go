package bench

import (
	"context"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

// source is a step that is fed, in ndflow's two forms: prepared, and the simple one.
type source struct {
	runner *graph.Runner
	simple func() (map[string]*npy.Array, error)
}

func (n *network) source(own *owned, copies bool) (*source, error) {
	s, newRunner, err := n.open(own, how{executor: graph.Inline, copies: copies})
	if err != nil {
		return nil, err
	}
	r, err := newRunner()
	if err != nil {
		return nil, err
	}
	feeds := n.named()
	return &source{r, func() (map[string]*npy.Array, error) {
		a, err := s.Eval(context.Background(), result, feeds)
		return map[string]*npy.Array{result: a}, err
	}}, nil
}

func (s Step) source(own *owned, copies bool) (*source, error) {
	m, err := graph.Load(s.Model, graph.WithExecutor(s.Executor), graph.WithPlacement(!copies))
	if err != nil {
		return nil, err
	}
	own.add(m.Close)
	r, err := m.Runner(s.Signature)
	if err != nil {
		return nil, err
	}
	own.add(r.Close)
	for name, a := range s.Feeds {
		if err := r.Feed(name, a); err != nil {
			return nil, err
		}
	}
	return &source{r, func() (map[string]*npy.Array, error) { return m.Run(context.Background(), s.Feeds) }}, nil
}

// waysOut are ways that a result can take to the program.
func waysOut(open func(own *owned, copies bool) (*source, error), ways ...string) []Peer {
	works := map[string]func(*source) (*Work, error){
		outPlaced: (*source).landed, outCopied: (*source).landed,
		outView: (*source).viewed, outCopy: (*source).copied, outNested: (*source).nested,
	}
	var peers []Peer
	for _, way := range ways {
		peers = append(peers, Peer{Name: way, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
			s, err := open(own, way == outCopied)
			if err != nil {
				return nil, err
			}
			return works[way](s)
		})})
	}
	return peers
}

func (s *source) landed() (*Work, error) { return runnerWork(s.runner, nil) }

// viewed looks at the results where they are.
func (s *source) viewed() (*Work, error) {
	ctx, r := context.Background(), s.runner
	names := outputNames(r)
	return &Work{
		Run: each(func() error {
			if err := r.Run(ctx); err != nil {
				return err
			}
			for _, name := range names {
				v, err := r.Value(name)
				if err != nil {
					return err
				}
				v.Release()
			}
			return nil
		}),
		Results: func() (map[string]*npy.Array, error) {
			if err := r.Run(ctx); err != nil {
				return nil, err
			}
			return values(r, names, (*npy.Array).Clone)
		},
	}, nil
}

// copied gets new arrays.
func (s *source) copied() (*Work, error) {
	var last map[string]*npy.Array
	return &Work{
		Run: each(func() (err error) {
			last, err = s.simple()
			return err
		}),
		Results: func() (map[string]*npy.Array, error) { return last, nil },
	}, nil
}

// nested gets slices in slices.
func (s *source) nested() (*Work, error) {
	ctx, r := context.Background(), s.runner
	names, last, shapes := outputNames(r), map[string]any{}, map[string]*npy.Array{}
	return &Work{
		Run: each(func() error {
			if err := r.Run(ctx); err != nil {
				return err
			}
			for _, name := range names {
				v, err := r.Value(name)
				if err != nil {
					return err
				}
				last[name], shapes[name] = nested(v), v
				v.Release()
			}
			return nil
		}),
		Results: func() (map[string]*npy.Array, error) {
			results := map[string]*npy.Array{}
			for name, v := range last {
				a, err := npy.New(shapes[name].DType(), shapes[name].Shape()...)
				if err != nil {
					return nil, err
				}
				flat(v, a)
				results[name] = a
			}
			return results, nil
		},
	}, nil
}

func outputNames(r *graph.Runner) []string {
	var names []string
	for _, out := range r.Outputs() {
		names = append(names, out.Name)
	}
	return names
}

// values takes what a Runner has given.
func values(r *graph.Runner, names []string, take func(*npy.Array) (*npy.Array, error)) (map[string]*npy.Array, error) {
	results := map[string]*npy.Array{}
	for _, name := range names {
		v, err := r.Value(name)
		if err != nil {
			return nil, err
		}
		if results[name], err = take(v); err != nil {
			return nil, err
		}
		v.Release()
	}
	return results, nil
}

// dropped returns a peer that is the step alone: a plain C loop that deletes the
// result. That is right where that of the loop that copies is.
func (n *network) dropped(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, err := n.plans(own, how{executor: graph.Inline})
		if err != nil {
			return nil, err
		}
		return droppedWork(newPlan, []string{result})
	})}
}

func (s Step) dropped(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, names, err := s.plans(own)
		if err != nil {
			return nil, err
		}
		return droppedWork(newPlan, names)
	})}
}

func droppedWork(newPlan func() (*tfc.Plan, error), names []string) (*Work, error) {
	plan, err := newPlan()
	if err != nil {
		return nil, err
	}
	step := tfc.Step{Inline: true}
	return &Work{
		Run: func(n int) error { return plan.Floor(n, step) },
		Results: func() (map[string]*npy.Array, error) { // of a step that keeps them
			if err := plan.Run(step); err != nil {
				return nil, err
			}
			results := map[string]*npy.Array{}
			for i, name := range names {
				v, err := plan.Take(i)
				if err != nil {
					return nil, err
				}
				if results[name], err = v.Clone(); err != nil {
					return nil, err
				}
				v.Release()
			}
			return results, nil
		},
	}, nil
}

// stringsFloor returns a peer that copies the bytes of the network's strings, so
// many, to one block.
func (n *network) stringsFloor(name string, bytes, count int) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, err := n.plans(own, how{executor: graph.Inline})
		if err != nil {
			return nil, err
		}
		plan, err := newPlan()
		if err != nil {
			return nil, err
		}
		block, ends := make([]byte, bytes), make([]int64, count)
		return &Work{
			Run: func(n int) error { return plan.FloorStrings(n, tfc.Step{Inline: true}, block, ends) },
			Results: resultIn(func() (*npy.Array, error) {
				list, at := make([]string, count), int64(0)
				for i, end := range ends {
					list[i], at = string(block[at:end]), end
				}
				return npy.From(list)
			}),
		}, nil
	})}
}
