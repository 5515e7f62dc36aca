package ops_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ndflow/ops"
)

// tape is a backend that writes down what it is asked for; a handle is what a
// backend with memory would give.
type tape struct {
	calls []string
	fail  string // the op that fails
}

type handle struct {
	name   string
	closed bool
}

func (h *handle) Close() { h.closed = true }

func (b *tape) Apply(c *ops.Call[*handle]) ([]*handle, error) {
	words := []string{c.Op, c.Name, c.Device}
	for i := range c.Inputs {
		for j := range c.Inputs[i].Len() {
			words = append(words, c.Inputs[i].At(j).name)
		}
	}
	for _, t := range c.Control {
		words = append(words, "^"+t.name)
	}
	b.calls = append(b.calls, strings.Join(words, " "))
	if c.Op == b.fail {
		return nil, fmt.Errorf("%s fails", c.Op)
	}
	return []*handle{{name: c.Op}}, nil
}

func apply(s *ops.Scope[*handle], op string, inputs ...*handle) *handle {
	out := s.Apply(&ops.Call[*handle]{Op: op, Inputs: ops.In(inputs...)})
	if len(out) == 0 {
		return nil
	}
	return out[0]
}

func TestScopeSaysNameDeviceAndOrder(t *testing.T) {
	b := &tape{}
	s := ops.NewScope[*handle](b)
	a := apply(s, "A")
	layer := s.SubScope("layer").WithDevice("GPU:0")
	x := apply(layer, "B", a)
	apply(layer.Named("sum").WithControl(a).WithControl(x), "C", x, a)
	apply(s.Named("last"), "D")
	layer.Apply(&ops.Call[*handle]{Op: "E", Name: "own", Device: "CPU:1", Inputs: []ops.Input[*handle]{ops.List(a, x), ops.One(a)}})
	want := []string{"A  ", "B layer/B GPU:0 A", "C layer/sum GPU:0 B A ^A ^B", "D last ", "E layer/own CPU:1 A B A"}
	if !slices.Equal(b.calls, want) {
		t.Errorf("have %q\nwant %q", b.calls, want)
	}
}

func TestScopeKeepsTheFirstError(t *testing.T) {
	b := &tape{fail: "B"}
	s := ops.NewScope[*handle](b)
	sub := s.SubScope("sub")
	if apply(sub, "B") != nil || apply(s, "C") != nil {
		t.Error("a failed scope gives tensors")
	}
	s.Fail(errors.New("too late"))
	if len(b.calls) != 1 {
		t.Errorf("applied %q, want nothing behind B", b.calls)
	}
	if err := s.Err(); err == nil || err.Error() != "B fails" || sub.Err() != err {
		t.Errorf("errors are %v and %v", err, sub.Err())
	}
}

func TestScopeClosesWhatItMade(t *testing.T) {
	s := ops.NewScope[*handle](&tape{})
	a, b := apply(s, "A"), apply(s.SubScope("sub"), "B")
	s.Keep(b)
	s.Close()
	s.Close()
	if !a.closed || b.closed {
		t.Errorf("closed: a %v, b %v; want a alone, since b was kept", a.closed, b.closed)
	}
	if apply(s, "C") != nil || s.Err() == nil || !strings.Contains(s.Err().Error(), "ops: C: the scope was closed") {
		t.Errorf("a closed scope applies calls: %v", s.Err())
	}
}
