package ops

import (
	"fmt"
	"sync"
)

// Scope applies calls to a backend and keeps the first error: from then on it
// applies nothing and gives zero values, so that one look at [Scope.Err] behind
// many ops is enough. It also says how nodes of a graph are named, and on which
// device ops run.
//
// A Scope and those made of it share their error. They may be used by several
// goroutines.
type Scope[T any] struct {
	state   *scopeState[T]
	prefix  string // of names, with a slash at its end
	name    string // of the ops that follow
	device  string
	control []T
}

type scopeState[T any] struct {
	backend Backend[T]

	mu     sync.Mutex
	err    error
	made   map[closer]struct{} // what Close closes
	closed bool
}

// closer is a T that holds memory until it is closed, as eager tensors do.
type closer interface{ Close() }

// NewScope returns a Scope that applies calls to b.
func NewScope[T any](b Backend[T]) *Scope[T] {
	return &Scope[T]{state: &scopeState[T]{backend: b}}
}

// SubScope returns a Scope whose nodes have names that begin with prefix and a
// slash, behind the prefix that s has.
func (s *Scope[T]) SubScope(prefix string) *Scope[T] {
	c := *s
	c.prefix, c.name = s.prefix+prefix+"/", ""
	return &c
}

// Named returns a Scope whose next node has the given name, behind the prefix
// that s has; those that follow have a number behind it.
func (s *Scope[T]) Named(name string) *Scope[T] {
	c := *s
	c.name = name
	return &c
}

// WithDevice returns a Scope whose ops run on the given device, "CPU:0".
func (s *Scope[T]) WithDevice(device string) *Scope[T] {
	c := *s
	c.device = device
	return &c
}

// WithControl returns a Scope whose ops run after the given tensors were made,
// besides those that s waits for already.
func (s *Scope[T]) WithControl(before ...T) *Scope[T] {
	c := *s
	c.control = append(s.control[:len(s.control):len(s.control)], before...)
	return &c
}

// Err returns the first error, nil while there is none.
func (s *Scope[T]) Err() error {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.err
}

// Fail makes err the error of s, unless it has one already.
func (s *Scope[T]) Fail(err error) {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	if s.state.err == nil {
		s.state.err = err
	}
}

// Close gives back the tensors that were made through s, and through those that
// share its error, where they hold memory: eager tensors do, outputs of a graph
// do not. Tensors that went through [Scope.Keep] stay. No calls are applied
// afterwards.
func (s *Scope[T]) Close() {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	for c := range s.state.made {
		c.Close()
	}
	s.state.made, s.state.closed = nil, true
}

// Keep returns t, which [Scope.Close] will leave alone: it is the caller's.
func (s *Scope[T]) Keep(t T) T {
	c, ok := any(t).(closer)
	if !ok {
		return t
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	delete(s.state.made, c)
	return t
}

// Apply applies a call, with the name, device and control inputs of s where it
// has none of its own, and returns its outputs; nil once there is an error.
func (s *Scope[T]) Apply(c *Call[T]) []T {
	s.state.mu.Lock()
	if s.state.closed && s.state.err == nil {
		s.state.err = fmt.Errorf("ops: %s: the scope was closed", c.Op)
	}
	err := s.state.err
	s.state.mu.Unlock()
	if err != nil {
		return nil
	}
	outputs, err := s.state.backend.Apply(s.placed(c))
	if err != nil {
		s.Fail(err)
		return nil
	}
	s.state.own(outputs)
	return outputs
}

// placed is c with what s says of name, device and order.
func (s *Scope[T]) placed(c *Call[T]) *Call[T] {
	d := *c
	if d.Name == "" {
		d.Name = s.name
	}
	if s.prefix != "" {
		if d.Name == "" {
			d.Name = d.Op
		}
		d.Name = s.prefix + d.Name
	}
	if d.Device == "" {
		d.Device = s.device
	}
	if len(s.control) > 0 {
		d.Control = append(s.control[:len(s.control):len(s.control)], c.Control...)
	}
	return &d
}

// own notes what Close is to close.
func (s *scopeState[T]) own(outputs []T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range outputs {
		c, ok := any(t).(closer)
		switch {
		case !ok:
		case s.closed:
			c.Close() // Close came while the call ran
		default:
			if s.made == nil {
				s.made = make(map[closer]struct{})
			}
			s.made[c] = struct{}{}
		}
	}
}
