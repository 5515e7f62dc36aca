package job

import (
	"fmt"
	"os"

	"ndflow/graph"
	"ndflow/internal/savedmodel"
)

// model is a SavedModel's signature or a GraphDef, seen alike.
type model struct {
	what    string       // for messages
	inputs  []graph.Spec // that must be fed, as far as the model tells
	outputs []graph.Spec // that it is most likely run for
	target  string       // what it is run for where it has no outputs
	moved   []graph.Moved
	runner  func(inputs, outputs []string) (*graph.Runner, error)
	close   func()
}

func open(o Options) (*model, error) {
	opts := []graph.Option{graph.WithExecutor(o.Executor)}
	if o.Tags != nil {
		opts = append(opts, graph.WithTags(*o.Tags...))
	}
	if o.Device != "" {
		opts = append(opts, graph.WithDevice(o.Device))
	}
	if o.StrictDevices {
		opts = append(opts, graph.WithStrictPlacement())
	}
	if o.Threads > 0 {
		opts = append(opts, graph.WithThreads(o.Threads, o.Threads))
	}
	if info, err := os.Stat(o.Model); err == nil && !info.IsDir() && !savedmodel.IsMainFile(o.Model) {
		return openGraphDef(o, opts)
	}
	return openSavedModel(o, opts)
}

func openSavedModel(o Options, opts []graph.Option) (*model, error) {
	m, err := graph.Load(savedmodel.Folder(o.Model), opts...)
	if err != nil {
		return nil, err
	}
	sig, err := m.Signature(o.Signature)
	if err != nil {
		m.Close()
		return nil, err
	}
	return &model{
		what:    fmt.Sprintf("signature %q", sig.Name),
		inputs:  sig.Inputs,
		outputs: sig.Outputs,
		target:  sig.Target,
		moved:   m.Moved(),
		close:   m.Close,
		runner: func(_, outputs []string) (*graph.Runner, error) {
			r, err := m.Runner(sig.Name)
			if err != nil {
				return nil, err
			}
			if err := r.Fetch(outputs...); err != nil {
				r.Close()
				return nil, err
			}
			return r, nil
		},
	}, nil
}

func openGraphDef(o Options, opts []graph.Option) (*model, error) {
	if o.Signature != "" || o.Tags != nil {
		return nil, fmt.Errorf("%s is a GraphDef, which has neither signatures nor tags", o.Model)
	}
	g, err := graph.Read(o.Model)
	if err != nil {
		return nil, err
	}
	m := &model{what: "the graph", close: g.Close}
	if m.inputs, err = g.Inputs(); err == nil {
		m.outputs, err = g.Outputs()
	}
	var s *graph.Session
	if err == nil {
		s, err = graph.NewSession(g, opts...)
	}
	if err != nil {
		g.Close()
		return nil, fmt.Errorf("%s: %w", o.Model, err)
	}
	m.moved = s.Moved()
	m.close = func() { s.Close(); g.Close() }
	m.runner = func(inputs, outputs []string) (*graph.Runner, error) { return s.Runner(inputs, outputs, nil) }
	return m, nil
}
