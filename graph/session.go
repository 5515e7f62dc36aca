package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ndflow/internal/behind"
	"ndflow/npy"
	"ndflow/tfc"
)

// Feeds are arrays by the names of what they are fed to.
type Feeds map[string]*npy.Array

// Session runs a graph and holds the state of its variables and tables. It is
// safe for concurrent use.
type Session struct {
	c        *tfc.Session
	graph    *Graph
	executor Executor
	moved    []Moved
	gate     *gate // nil where any number of steps may run at once
	behind   behind.Count
	pool     pool
}

func sessionOf(c *tfc.Session, g *Graph, o *options, gate *gate) *Session {
	return &Session{c: c, graph: g, executor: o.executor, gate: gate}
}

// NewSession returns a session that runs g.
func NewSession(g *Graph, opts ...Option) (*Session, error) {
	o := newOptions(opts)
	so, err := o.session()
	if err != nil {
		return nil, err
	}
	gate, err := newGate(o)
	if err != nil {
		return nil, err
	}
	c, err := tfc.NewSession(g.c, so)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	s := sessionOf(c, g, o, gate)
	err = s.checkDevice(o.device)
	if err == nil {
		err = s.settle(g.pinned(), o.config.Strict)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Graph returns the graph that the session runs.
func (s *Session) Graph() *Graph { return s.graph }

// Device is a device that the session can run on.
type Device struct {
	Name   string // "/job:localhost/replica:0/task:0/device:CPU:0"
	Type   string // "CPU", "GPU"
	Memory int64  // bytes, as far as TensorFlow knows
}

// Devices lists the session's devices.
func (s *Session) Devices() ([]Device, error) {
	list, err := s.c.Devices()
	if err != nil {
		return nil, err
	}
	devices := make([]Device, len(list))
	for i, d := range list {
		devices[i] = Device(d)
	}
	return devices, nil
}

// Close cancels the steps that run and gives the session back, with the state of its
// variables. Those steps, and Runners of the session afterwards, fail with [ErrClosed].
// Close waits for what it has cancelled, but not long: an op that cannot be interrupted
// keeps the session's memory until it returns.
func (s *Session) Close() {
	s.pool.close()
	s.c.Close()
}

// Run runs one step: feeds by the names of tensors ("x:0", or "x"), results of
// the tensors named in fetches, in their order, and the operations named in
// targets run for their effect. The results are the caller's own.
func (s *Session) Run(ctx context.Context, feeds Feeds, fetches, targets []string) ([]*npy.Array, error) {
	inputs := sortedNames(feeds)
	key := strings.Join(inputs, "\x00") + "\x01" + strings.Join(fetches, "\x00") + "\x01" + strings.Join(targets, "\x00")
	r, err := s.pool.take(key, func(t *tuner) (*Runner, error) { return s.runner(inputs, fetches, targets, t) })
	if err != nil {
		return nil, err
	}
	defer s.pool.give(key, r)
	for _, name := range inputs {
		if err := r.Feed(name, feeds[name]); err != nil {
			return nil, err
		}
	}
	if err := r.Run(ctx); err != nil {
		return nil, err
	}
	results := make([]*npy.Array, len(fetches))
	for i, name := range fetches {
		if first := slices.Index(fetches, name); first < i {
			results[i], err = results[first].Clone()
		} else {
			results[i], err = r.copyOut(name)
		}
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Eval runs one step for one tensor and returns it as the caller's own array.
func (s *Session) Eval(ctx context.Context, tensor string, feeds ...Feeds) (*npy.Array, error) {
	all := Feeds{}
	for _, f := range feeds {
		for name, a := range f {
			all[name] = a
		}
	}
	out, err := s.Run(ctx, all, []string{tensor}, nil)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Runner prepares a step by the names of tensors and operations. Its inputs
// and outputs have the names given here.
func (s *Session) Runner(inputs, outputs, targets []string) (*Runner, error) {
	return s.runner(inputs, outputs, targets, newTuner())
}

func (s *Session) runner(inputs, outputs, targets []string, t *tuner) (*Runner, error) {
	if s.c.Closed() {
		return nil, fmt.Errorf("graph: session: %w", ErrClosed)
	}
	in, err := s.ports("input", inputs)
	if err != nil {
		return nil, err
	}
	out, err := s.ports("output", outputs)
	if err != nil {
		return nil, err
	}
	ops := make([]tfc.Operation, len(targets))
	for i, name := range targets {
		if ops[i], err = s.graph.operation(name); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 && len(ops) == 0 {
		return nil, fmt.Errorf("graph: session: nothing to run: no output and no target is named")
	}
	return newRunner("session", s, in, out, ops, t), nil
}

// ports finds the named tensors. A name that is given twice is one port.
func (s *Session) ports(kind string, names []string) ([]port, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	ports := make([]port, len(names))
	for i, name := range names {
		o, err := s.graph.output(name)
		if err != nil {
			return nil, err
		}
		spec, err := specOf(name, o)
		if err != nil {
			return nil, err
		}
		if spec.DType == npy.Invalid {
			return nil, fmt.Errorf("graph: %s %q: a tensor of %s has no array form", kind, name, spec.Type)
		}
		ports[i] = port{spec: spec, output: o}
	}
	return ports, nil
}

// copyOut returns a result as an array of the caller's own.
func (r *Runner) copyOut(name string) (*npy.Array, error) {
	v, err := r.Value(name)
	if err != nil {
		return nil, err
	}
	if v.DType() == npy.String {
		return v, nil // a copy already
	}
	defer v.Release()
	own, err := v.Clone()
	if err != nil {
		return nil, fmt.Errorf("graph: output %q: %w", name, err)
	}
	return own, nil
}

func sortedNames(feeds Feeds) []string {
	names := make([]string, 0, len(feeds))
	for name := range feeds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
