package eager

import (
	"errors"
	"fmt"
	"sync"

	"ndflow/graph"
)

// signature is a signature of a model as a function.
type signature struct {
	spec     graph.Signature
	err      error // why it cannot be called
	f        *Function
	defaults []*Tensor // by input: what it is where nothing is given, or nil
	pool     callerPool
}

// signature makes the function of a signature.
func (l *loader) signature(spec graph.Signature) *signature {
	s := &signature{spec: spec, defaults: make([]*Tensor, len(spec.Inputs))}
	if err := l.signatureFunction(s); err != nil {
		s.err = fmt.Errorf("eager: signature %q: %w", spec.Name, err)
	}
	return s
}

func (l *loader) signatureFunction(s *signature) error {
	for kind, specs := range map[string][]graph.Spec{"input": s.spec.Inputs, "output": s.spec.Outputs} {
		for _, spec := range specs {
			if spec.Tensor == "" {
				return fmt.Errorf("%s %q is made of several tensors (sparse or composite), which has no array form", kind, spec.Name)
			}
		}
	}
	if len(s.spec.Outputs) == 0 {
		return errors.New("it has no outputs to be called for")
	}
	p, err := l.part(tensorsOf(s.spec.Inputs), tensorsOf(s.spec.Outputs), "")
	if err != nil {
		return err
	}
	kind := fmt.Sprintf("signature%d_%s", len(l.model.signatures), plainName(s.spec.Name))
	if s.f, err = l.function(kind, p); err != nil {
		return err
	}
	s.f.label = fmt.Sprintf("signature %q", s.spec.Name)
	s.f.inputs, s.f.outputs = s.spec.Inputs, s.spec.Outputs
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
