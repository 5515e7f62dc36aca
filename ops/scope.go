package ops

import (
	"fmt"
	"slices"
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

// One applies a call of an op with one output, and returns that; a zero value
// once there is an error.
func (s *Scope[T]) One(c *Call[T]) (t T) {
	if outputs := s.Apply(c); len(outputs) > 0 {
		t = outputs[0]
	}
	return t
}

// Fixed applies a call of an op with n outputs, none of them a list, and returns
// those; zero values once there is an error.
func (s *Scope[T]) Fixed(n int, c *Call[T]) []T {
	outputs := s.Apply(c)
	if len(outputs) == n {
		return outputs
	}
	s.Fail(fmt.Errorf("ops: %s: have %d outputs, want %d", c.Op, len(outputs), n))
	return make([]T, n)
}

// Lists applies a call of an op with lists among its outputs, and returns each
// output as a list. lengths are how many tensors each has; one of them may be -1,
// for those that the others leave. Once there is an error, outputs of length 1
// are one zero value, all others empty.
func (s *Scope[T]) Lists(c *Call[T], lengths ...int) [][]T {
	outputs := s.Apply(c)
	lists, rest := make([][]T, len(lengths)), len(outputs)
	for _, n := range lengths {
		rest -= max(n, 0)
	}
	if rest < 0 || rest > 0 && !slices.Contains(lengths, -1) {
		s.Fail(fmt.Errorf("ops: %s: have %d outputs, want lists of %v", c.Op, len(outputs), lengths))
		for i, n := range lengths {
			if n == 1 {
				lists[i] = make([]T, 1)
			}
		}
		return lists
	}
	for i, n := range lengths {
		if n < 0 {
			n = rest
		}
		lists[i], outputs = outputs[:n:n], outputs[n:]
	}
	return lists
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
