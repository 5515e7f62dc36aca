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
	Options   []graph.Option
}

// Runner returns a peer that runs the step with a prepared Runner whose results
// land in arrays.
func (s Step) Runner(name string) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: func(ctx context.Context) (*Work, error) {
		m, err := graph.Load(s.Model, append(slices.Clone(s.Options), graph.WithExecutor(s.Executor))...)
		if err != nil {
			return nil, err
		}
		r, err := s.land(m)
		if err != nil {
			m.Close()
			return nil, err
		}
		return &Work{
			Run: func(n int) error {
				for range n {
					if err := r.Run(context.Background()); err != nil {
						return err
					}
				}
				return nil
			},
			Results: func() (map[string]*npy.Array, error) {
				results := map[string]*npy.Array{}
				for _, out := range r.Outputs() {
					a, err := r.Value(out.Name)
					if err != nil {
						return nil, err
					}
					if results[out.Name], err = a.Clone(); err != nil {
						return nil, err
					}
				}
				return results, nil
			},
			Close: func() {
				r.Close()
				m.Close()
			},
		}, nil
	}}
}

// land makes a Runner whose results land in arrays, which takes a first step to
// know their shapes.
func (s Step) land(m *graph.Model) (*graph.Runner, error) {
	r, err := m.Runner(s.Signature)
	if err != nil {
		return nil, err
	}
	for name, a := range s.Feeds {
		if err := r.Feed(name, a); err != nil {
			return nil, err
		}
	}
	if err := r.Run(context.Background()); err != nil {
		return nil, err
	}
	shapes := map[string][]int{}
	for _, out := range r.Outputs() {
		if shapes[out.Name], err = r.Shape(out.Name); err != nil {
			return nil, err
		}
	}
	for _, out := range r.Outputs() {
		dst, err := touched(out.DType, shapes[out.Name]...)
		if err != nil {
			return nil, err
		}
		if err := r.Into(out.Name, dst); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Floor returns a peer that runs the step as a plain C loop does.
func (s Step) Floor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: func(ctx context.Context) (*Work, error) {
		sig, err := s.signature()
		if err != nil {
			return nil, err
		}
		session, _, err := tfc.LoadSavedModel(s.Model, []string{"serve"}, tfc.SessionOptions{})
		if err != nil {
			return nil, err
		}
		close := func() {
			session.Close()
			session.Graph().Close()
		}
		w, err := s.floor(session, sig)
		if err != nil {
			close()
			return nil, err
		}
		closePlan := w.Close
		w.Close = func() {
			closePlan()
			close()
		}
		return w, nil
	}}
}

func (s Step) floor(session *tfc.Session, sig graph.Signature) (*Work, error) {
	inputs, err := outputs(session.Graph(), sig.Inputs)
	if err != nil {
		return nil, err
	}
	fetches, err := outputs(session.Graph(), sig.Outputs)
	if err != nil {
		return nil, err
	}
	plan, err := session.NewPlan(inputs, fetches, nil)
	if err != nil {
		return nil, err
	}
	for i, in := range sig.Inputs {
		a := s.Feeds[in.Name]
		if a == nil {
			return nil, fmt.Errorf("bench: nothing is fed to input %q", in.Name)
		}
		if err := plan.Feed(i, a); err != nil {
			return nil, err
		}
	}
	step := tfc.Step{Inline: s.Executor == graph.Inline}
	if err := plan.Run(step); err != nil { // to know the shapes of the results
		return nil, err
	}
	dst := make([]*npy.Array, len(fetches))
	for i, out := range sig.Outputs {
		if dst[i], err = touched(out.DType, plan.Shape(i)...); err != nil {
			return nil, err
		}
	}
	for i := range dst {
		if err := plan.Into(i, dst[i]); err != nil {
			return nil, err
		}
	}
	return &Work{
		Run: func(n int) error { return plan.Floor(n, step) },
		Results: func() (map[string]*npy.Array, error) {
			results := map[string]*npy.Array{}
			for i, out := range sig.Outputs {
				if results[out.Name], err = dst[i].Clone(); err != nil {
					return nil, err
				}
			}
			return results, nil
		},
		Close: plan.Close,
	}, nil
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
