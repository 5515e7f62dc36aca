package bench

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"ndflow/graph"
	"ndflow/internal/tfpb"
	"ndflow/internal/threads"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// network is a small graph that a scenario makes itself, so that it can be run in
// every way there is. The last op makes the result.
type network struct {
	feeds  []*npy.Array // of the inputs x0, x1, ...
	consts []*npy.Array
	ops    []networkOp
}

// networkOp is an op with no attributes.
type networkOp struct {
	Op string `json:"op"`
	In []int  `json:"in"` // numbers of inputs, then constants, then ops
}

// oneOp is a network of one op, whose inputs are the same array.
func oneOp(op string, inputs int, x *npy.Array) *network {
	return &network{feeds: []*npy.Array{x}, ops: []networkOp{{Op: op, In: make([]int, inputs)}}}
}

// inputName names an input.
func inputName(i int) string { return fmt.Sprintf("x%d", i) }

// named are the feeds by the names of their inputs.
func (n *network) named() graph.Feeds {
	feeds := graph.Feeds{}
	for i, a := range n.feeds {
		feeds[inputName(i)] = a
	}
	return feeds
}

// build makes a graph, whose result is the tensor of the operation "result".
func (n *network) build() (*graph.Graph, error) {
	g, err := graph.New()
	if err != nil {
		return nil, err
	}
	if err := n.addTo(g); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (n *network) addTo(g *graph.Graph) error {
	var tensors []graph.Output
	for i, a := range n.feeds {
		shape := a.Shape()
		for d := range shape {
			shape[d] = -1
		}
		x, err := g.Placeholder(inputName(i), a.DType(), shape)
		if err != nil {
			return err
		}
		tensors = append(tensors, x)
	}
	for _, a := range n.consts {
		c, err := g.Constant("", a)
		if err != nil {
			return err
		}
		tensors = append(tensors, c)
	}
	for i, op := range n.ops {
		call := &ops.Call[graph.Output]{Op: op.Op}
		if i == len(n.ops)-1 {
			call.Name = result
		}
		for _, k := range op.In {
			call.Inputs = append(call.Inputs, ops.One(tensors[k]))
		}
		out, err := g.Apply(call)
		if err != nil {
			return err
		}
		tensors = append(tensors, out[0])
	}
	return nil
}

// how is how a session runs a network.
type how struct {
	executor   graph.Executor
	singleFile bool // one op after the other (graph.WithSingleThread)
	copies     bool // results are not placed
	callers    int  // goroutines, or threads, that run it at once; 0 stands for 1
}

// open makes a session of the network and what makes Runners in it that are fed.
func (n *network) open(own *owned, h how) (s *graph.Session, newRunner func() (*graph.Runner, error), err error) {
	g, err := n.build()
	if err != nil {
		return nil, nil, err
	}
	own.add(g.Close)
	opts := []graph.Option{graph.WithExecutor(h.executor), graph.WithPlacement(!h.copies)}
	if h.singleFile {
		opts = append(opts, graph.WithSingleThread())
	}
	if s, err = graph.NewSession(g, opts...); err != nil {
		return nil, nil, err
	}
	own.add(s.Close)
	feeds := n.named()
	var inputs []string
	for name := range feeds {
		inputs = append(inputs, name)
	}
	return s, func() (*graph.Runner, error) {
		r, err := s.Runner(inputs, []string{result}, nil)
		if err != nil {
			return nil, err
		}
		own.add(r.Close)
		for name, a := range feeds {
			if err := r.Feed(name, a); err != nil {
				return nil, err
			}
		}
		return r, nil
	}, nil
}

// Runner returns a peer that runs the network in a session, its result in an array.
func (n *network) Runner(name string, h how) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		_, newRunner, err := n.open(own, h)
		if err != nil {
			return nil, err
		}
		return together(h.callers, false, func() (*Work, error) {
			r, err := newRunner()
			if err != nil {
				return nil, err
			}
			return runnerWork(r, nil)
		})
	})}
}

// plans makes a session of the network with nothing but the C API, and what makes
// plans in it that are fed.
func (n *network) plans(own *owned, h how) (newPlan func() (*tfc.Plan, error), err error) {
	def, err := n.def()
	if err != nil {
		return nil, err
	}
	g, err := tfc.NewGraph()
	if err != nil {
		return nil, err
	}
	own.add(g.Close)
	if err := g.Import(def, ""); err != nil {
		return nil, err
	}
	var options tfc.SessionOptions
	var config tfpb.ConfigProto
	if h.singleFile {
		config.Experimental = &tfpb.ConfigProto_Experimental{ExecutorType: "SINGLE_THREADED_EXECUTOR"}
	}
	threads.Bound(&config) // as ndflow does
	if options.Config, err = proto.Marshal(&config); err != nil {
		return nil, err
	}
	s, err := tfc.NewSession(g, options)
	if err != nil {
		return nil, err
	}
	own.add(s.Close)
	var inputs []graph.Spec
	for i := range n.feeds {
		inputs = append(inputs, graph.Spec{Tensor: inputName(i)})
	}
	in, err := outputs(g, inputs)
	if err != nil {
		return nil, err
	}
	out, err := outputs(g, []graph.Spec{{Tensor: result}})
	if err != nil {
		return nil, err
	}
	return func() (*tfc.Plan, error) {
		p, err := s.NewPlan(in, out, nil)
		if err != nil {
			return nil, err
		}
		own.add(p.Close)
		for i, a := range n.feeds {
			if err := p.Feed(i, a); err != nil {
				return nil, err
			}
		}
		return p, nil
	}, nil
}

// def is the network's graph, serialized.
func (n *network) def() ([]byte, error) {
	g, err := n.build()
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return g.GraphDef()
}

// Floor returns a peer that runs the network in a session as a plain C loop does.
func (n *network) Floor(name string, h how) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, err := n.plans(own, h)
		if err != nil {
			return nil, err
		}
		return together(h.callers, false, func() (*Work, error) {
			p, err := newPlan()
			if err != nil {
				return nil, err
			}
			return floorWork(p, []string{result}, tfc.Step{Inline: h.executor == graph.Inline})
		})
	})}
}

// Task returns the network in the words of the line protocol, once its arrays are
// saved.
func (n *network) Task(env *Env) (Task, error) {
	args := map[string]any{"ops": n.ops}
	for name, arrays := range map[string][]*npy.Array{"feeds": n.feeds, "consts": n.consts} {
		paths := []string{}
		for _, a := range arrays {
			path, err := env.Save(a)
			if err != nil {
				return Task{}, err
			}
			paths = append(paths, path)
		}
		args[name] = paths
	}
	return Task{Work: "network", Args: args}, nil
}

// in returns a task that is done so: "eager", "function" or "session", and for a
// session on the threads that h says.
func (h how) in(t Task, way string) Task {
	t = t.With("how", way)
	if h.executor == graph.Inline {
		t = t.With("inline", true)
	}
	if h.singleFile {
		t = t.With("single_file", true)
	}
	if h.callers > 1 {
		t = t.With("callers", h.callers)
	}
	return t
}

// words joins the parts of a name that are there.
func words(parts ...string) string {
	var list []string
	for _, p := range parts {
		if p != "" {
			list = append(list, p)
		}
	}
	return strings.Join(list, ", ")
}
