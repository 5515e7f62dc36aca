package eager

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"ndflow/graph"
)

// signature is a signature of a model as a function.
type signature struct {
	spec     graph.Signature
	outputs  []graph.Spec // that it gives: those of spec without the ones that have no tensor
	label    string       // what errors call it
	err      error        // why it cannot be called
	f        *Function
	defaults []*Tensor // by input: what it is where nothing is given, or nil
	pool     callerPool
}

// signature makes the function of a signature, or of what is called like one.
func (l *loader) signature(kind string, spec graph.Signature) *signature {
	s := &signature{spec: spec, label: fmt.Sprintf("%s %q", kind, spec.Name), defaults: make([]*Tensor, len(spec.Inputs))}
	for _, out := range spec.Outputs {
		if out.Problem == "" {
			s.outputs = append(s.outputs, out)
		}
	}
	if spec.Problem == "" {
		if err := l.signatureFunction(kind, s); err != nil {
			s.spec.Problem, s.err = err.Error(), fmt.Errorf("eager: %s is %w: %w", s.label, ErrUnavailable, err)
		}
	} else {
		s.err = fmt.Errorf("eager: %s is %w: %s", s.label, ErrUnavailable, spec.Problem)
	}
	return s
}

func (l *loader) signatureFunction(kind string, s *signature) error {
	p, err := l.part(tensorsOf(s.spec.Inputs), tensorsOf(s.outputs), s.spec.Target)
	if err != nil {
		return err
	}
	for _, node := range slices.Sorted(maps.Keys(p.nodes)) {
		if err := l.broken[node]; err != nil {
			return fmt.Errorf("%q: %w", node, err)
		}
	}
	if s.f, err = l.function(fmt.Sprintf("%s%d_%s", kind, l.count, plainName(s.spec.Name)), p); err != nil {
		return err
	}
	l.count++
	s.f.label = s.label
	s.f.inputs, s.f.outputs = s.spec.Inputs, s.outputs
	for _, h := range s.f.captures {
		l.kept[h] = true
	}
	for i, in := range s.spec.Inputs {
		if s.defaults[i], err = l.defaultOf(in.Tensor); err != nil {
			return fmt.Errorf("the default of input %q: %w", in.Name, err)
		}
	}
	return nil
}

// plainName is name with nothing in it that a function's cannot have.
func plainName(name string) string {
	plain := []byte(name)
	for i, b := range plain {
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') {
			plain[i] = '_'
		}
	}
	return string(plain)
}

// defaultOf computes what an input is where nothing is given; nil for one that
// must be given.
func (l *loader) defaultOf(tensor string) (*Tensor, error) {
	n := l.saved.Node(tensor)
	if n.GetOp() != "PlaceholderWithDefault" {
		return nil, nil
	}
	p, err := l.part(nil, n.GetInput()[:1], "")
	if err != nil {
		return nil, err
	}
	f, err := l.function("default_"+plainName(n.GetName()), p)
	if err != nil {
		return nil, err
	}
	ts, err := l.call(f.name, f.captures...)
	if err != nil {
		return nil, err
	}
	l.model.res.defaults = append(l.model.res.defaults, ts...)
	return ts[0], nil
}

// callerPool keeps Callers between calls. It is safe for concurrent use.
type callerPool struct {
	mu     sync.Mutex
	idle   []*Caller
	closed bool
}

// mostCallers is how many Callers are kept.
const mostCallers = 16

func (p *callerPool) take() *Caller {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// give reports false where there is no place for c.
func (p *callerPool) give(c *Caller) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= mostCallers {
		return false
	}
	p.idle = append(p.idle, c)
	return true
}

func (p *callerPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.Close()
	}
	p.idle, p.closed = nil, true
}
