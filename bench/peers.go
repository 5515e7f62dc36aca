package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

// Step is one step of a signature, which several scenarios run.
type Step struct {
	Model     string // a folder
	Signature string // empty for serving_default
	Feeds     graph.Feeds
	Executor  graph.Executor
	Callers   int  // goroutines, or threads, that run it at once; 0 stands for 1
	Watched   bool // see together
}

// stepOf is a step of a model's default signature on so many rows.
func stepOf(dir string, rows int) (Step, error) {
	step := Step{Model: dir, Feeds: graph.Feeds{}}
	sig, err := step.signature()
	if err != nil {
		return step, err
	}
	for _, in := range sig.Inputs {
		if step.Feeds[in.Name], err = ramp(append([]int{rows}, in.Shape[1:]...)...); err != nil {
			return step, err
		}
	}
	return step, nil
}

// resultBytes is what the results of so many rows have, of a signature whose shapes
// are known but for the rows.
func (s Step) resultBytes(rows int) (float64, error) {
	sig, err := s.signature()
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, out := range sig.Outputs {
		n := out.DType.Size()
		for _, d := range out.Shape {
			if d < 0 {
				d = rows
			}
			n *= d
		}
		sum += n
	}
	return float64(sum), nil
}

// Runner returns a peer that runs the step with a prepared Runner whose results
// land in arrays.
func (s Step) Runner(name string) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		m, err := graph.Load(s.Model, graph.WithExecutor(s.Executor))
		if err != nil {
			return nil, err
		}
		own.add(m.Close)
		return together(s.Callers, s.Watched, func() (*Work, error) {
			r, err := m.Runner(s.Signature)
			if err != nil {
				return nil, err
			}
			own.add(r.Close)
			return runnerWork(r, s.Feeds)
		})
	})}
}

// runnerWork runs a Runner whose results land in arrays. It takes a first step to
// know their shapes.
func runnerWork(r *graph.Runner, feeds graph.Feeds) (*Work, error) {
	for name, a := range feeds {
		if err := r.Feed(name, a); err != nil {
			return nil, err
		}
	}
	if err := r.Run(context.Background()); err != nil {
		return nil, err
	}
	arrays := map[string]*npy.Array{}
	for _, out := range r.Outputs() {
		shape, err := r.Shape(out.Name)
		if err != nil {
			return nil, err
		}
		if arrays[out.Name], err = touched(out.DType, shape...); err != nil {
			return nil, err
		}
	}
	for name, a := range arrays {
		if err := r.Into(name, a); err != nil {
			return nil, err
		}
	}
	return &Work{
		Run:     each(func() error { return r.Run(context.Background()) }),
		Results: func() (map[string]*npy.Array, error) { return clones(arrays) },
	}, nil
}

func clones(arrays map[string]*npy.Array) (map[string]*npy.Array, error) {
	results := make(map[string]*npy.Array, len(arrays))
	for name, a := range arrays {
		var err error
		if results[name], err = a.Clone(); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Floor returns a peer that runs the step as a plain C loop does.
func (s Step) Floor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, names, err := s.plans(own)
		if err != nil {
			return nil, err
		}
		return together(s.Callers, false, func() (*Work, error) {
			plan, err := newPlan()
			if err != nil {
				return nil, err
			}
			return floorWork(plan, names, tfc.Step{Inline: s.Executor == graph.Inline})
		})
	})}
}

// plans loads the model with nothing but the C API, and returns what makes plans of
// the step that are fed, and the names of the results.
func (s Step) plans(own *owned) (newPlan func() (*tfc.Plan, error), results []string, err error) {
	sig, err := s.signature()
	if err != nil {
		return nil, nil, err
	}
	session, err := tfc.LoadSavedModel(s.Model, []string{"serve"}, tfc.SessionOptions{})
	if err != nil {
		return nil, nil, err
	}
	own.add(session.Graph().Close)
	own.add(session.Close)
	inputs, err := outputs(session.Graph(), sig.Inputs)
	if err != nil {
		return nil, nil, err
	}
	fetches, err := outputs(session.Graph(), sig.Outputs)
	if err != nil {
		return nil, nil, err
	}
	for _, out := range sig.Outputs {
		results = append(results, out.Name)
	}
	return func() (*tfc.Plan, error) {
		plan, err := session.NewPlan(inputs, fetches, nil)
		if err != nil {
			return nil, err
		}
		own.add(plan.Close)
		for i, in := range sig.Inputs {
			a := s.Feeds[in.Name]
			if a == nil {
				return nil, fmt.Errorf("bench: nothing is fed to input %q", in.Name)
			}
			if err := plan.Feed(i, a); err != nil {
				return nil, err
			}
		}
		return plan, nil
	}, results, nil
}

// floorWork runs a plan that is fed as a plain C loop does.
func floorWork(plan *tfc.Plan, names []string, step tfc.Step) (*Work, error) {
	arrays, err := land(plan, names, step)
	if err != nil {
		return nil, err
	}
	return &Work{
		Run:     func(n int) error { return plan.Floor(n, step) },
		Results: func() (map[string]*npy.Array, error) { return clones(arrays) },
	}, nil
}

// land makes arrays for the results of a plan, which takes a first step to know
// their shapes.
func land(plan *tfc.Plan, names []string, step tfc.Step) (map[string]*npy.Array, error) {
	if err := plan.Run(step); err != nil {
		return nil, err
	}
	list := make([]*npy.Array, len(names))
	for i := range list {
		view, err := plan.Take(i)
		if err != nil {
			return nil, err
		}
		list[i], err = touched(view.DType(), view.Shape()...)
		view.Release()
		if err != nil {
			return nil, err
		}
	}
	arrays := map[string]*npy.Array{}
	for i, name := range names {
		arrays[name] = list[i]
		if err := plan.Into(i, list[i]); err != nil {
			return nil, err
		}
	}
	return arrays, nil
}

// signature reads the step's from the model's file.
func (s Step) signature() (graph.Signature, error) {
	metas, err := graph.Describe(s.Model)
	if err != nil {
		return graph.Signature{}, err
	}
	want := s.Signature
	if want == "" {
		want = graph.DefaultSignature
	}
	for _, meta := range metas {
		for _, sig := range meta.Signatures {
			if sig.Name == want && slices.Equal(meta.Tags, []string{"serve"}) {
				return sig, nil
			}
		}
	}
	return graph.Signature{}, fmt.Errorf("bench: %s has no signature %q for serving", s.Model, want)
}

// outputs finds the tensors of a signature in the graph.
func outputs(g *tfc.Graph, specs []graph.Spec) ([]tfc.Output, error) {
	list := make([]tfc.Output, len(specs))
	for i, spec := range specs {
		name, index, err := splitTensor(spec.Tensor)
		if err != nil {
			return nil, err
		}
		op, ok := g.Operation(name)
		if !ok {
			return nil, fmt.Errorf("bench: the graph has no operation %q", name)
		}
		if list[i], err = op.Output(index); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Task returns the step in the words of the line protocol, once its feeds are
// saved.
func (s Step) Task(env *Env) (Task, error) {
	feeds, err := env.SaveAll(s.Feeds)
	if err != nil {
		return Task{}, err
	}
	t := Task{Work: "step", Args: map[string]any{"model": s.Model, "feeds": feeds}}
	if s.Signature != "" {
		t = t.With("signature", s.Signature)
	}
	if s.Callers > 1 || s.Watched {
		t = t.With("callers", max(1, s.Callers))
	}
	return t, nil
}

// Copy returns a peer that copies an array with memcpy to memory that is there
// already. Its result has the given name.
func Copy(name string, src *npy.Array, result string) Peer {
	return Peer{Name: name, Kind: Memcpy, Setup: func(ctx context.Context) (*Work, error) {
		dst, err := touched(src.DType(), src.Shape()...)
		if err != nil {
			return nil, err
		}
		return &Work{
			Run:     func(n int) error { return tfc.Memcpy(dst.Bytes(), src.Bytes(), n) },
			Results: func() (map[string]*npy.Array, error) { return map[string]*npy.Array{result: dst}, nil },
		}, nil
	}}
}

// touched returns an array whose memory is there, so that no timing pays for its
// pages.
func touched(dtype npy.DType, shape ...int) (*npy.Array, error) {
	a, err := npy.New(dtype, shape...)
	if err != nil {
		return nil, err
	}
	for i := range a.Bytes() {
		a.Bytes()[i] = 1
	}
	return a, nil
}

// splitTensor cuts "MatMul:0".
func splitTensor(tensor string) (op string, index int, err error) {
	op, number, found := strings.Cut(tensor, ":")
	if !found {
		return op, 0, nil
	}
	if index, err = strconv.Atoi(number); err != nil {
		return "", 0, fmt.Errorf("bench: tensor %q: want NAME:NUMBER", tensor)
	}
	return op, index, nil
}
