package ops_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
)

func newGraph(t testing.TB) *graph.Graph {
	t.Helper()
	g, err := graph.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func newContext(t testing.TB) *eager.Context {
	t.Helper()
	c, err := eager.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// first applies an op of single inputs and returns its first output.
func first[T any](s *ops.Scope[T], op string, inputs ...T) (t T) {
	if out := s.Apply(&ops.Call[T]{Op: op, Inputs: ops.In(inputs...)}); len(out) > 0 {
		t = out[0]
	}
	return t
}

func TestScopeSaysNames(t *testing.T) {
	s := ops.NewScope[graph.Output](newGraph(t))
	x := ops.Const(s.Named("x"), npy.Scalar[float32](2))
	layer := s.SubScope("model").SubScope("layer")
	var names []string
	for _, o := range []graph.Output{
		x, first(layer, "Neg", x), first(layer, "Neg", x), first(layer.Named("out"), "Neg", x),
		first(s.Named("last"), "Neg", x), first(s.Named("last"), "Neg", x), first(layer.Named("n").SubScope("sub"), "Neg", x),
	} {
		names = append(names, o.Operation())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	want := []string{"x", "model/layer/Neg", "model/layer/Neg_1", "model/layer/out", "last", "last_1", "model/layer/sub/Neg"}
	if !slices.Equal(names, want) {
		t.Errorf("have %q, want %q", names, want)
	}
}

// What control inputs are for: an op with an effect runs before one that does
// not take its result.
func TestScopeSaysTheOrder(t *testing.T) {
	g := newGraph(t)
	s := ops.NewScope[graph.Output](g)
	v := s.Apply(&ops.Call[graph.Output]{Op: "VarHandleOp", Attrs: []ops.Attr{ops.Type("dtype", npy.Float32), ops.Shape("shape", []int{})}})[0]
	set := first(s, "AssignVariableOp", v, ops.Const(s, npy.Scalar[float32](7)))
	read := s.WithControl(set).Apply(&ops.Call[graph.Output]{Op: "ReadVariableOp", Inputs: ops.In(v), Attrs: []ops.Attr{ops.Type("dtype", npy.Float32)}})
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	session, err := graph.NewSession(g)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	got, err := session.Eval(context.Background(), read[0].String())
	if err != nil || got.String() != "7.0" {
		t.Errorf("have %v, %v, want 7", got, err)
	}
}

func TestScopeSaysTheDevice(t *testing.T) {
	c, err := eager.New(eager.WithLogicalCPUs(2))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := ops.NewScope[*eager.Tensor](c)
	defer s.Close()
	x := ops.Const(s.WithDevice("CPU:1"), npy.Scalar[float32](2))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	if device, err := x.Device(); err != nil || !strings.HasSuffix(device, "CPU:1") {
		t.Errorf("made on %s, %v", device, err)
	}
}

func TestScopeKeepsTheFirstError(t *testing.T) {
	g := newGraph(t)
	s := ops.NewScope[graph.Output](g)
	sub := s.SubScope("sub")
	x := ops.Const(s, npy.Scalar[float32](2))
	if bad := first(sub, "Neg", x, x); bad != (graph.Output{}) {
		t.Errorf("a wrong call gives %v", bad)
	}
	if after := first(s, "Neg", x); after != (graph.Output{}) {
		t.Errorf("a failed scope gives %v", after)
	}
	s.Fail(errors.New("too late"))
	var def *ops.DefError
	if err := s.Err(); !errors.As(err, &def) || def.Op != "Neg" || sub.Err() != err {
		t.Errorf("errors are %v and %v", err, sub.Err())
	}
	if n := len(slices.Collect(g.Operations())); n != 1 {
		t.Errorf("%d operations, want none behind the error", n)
	}
}

func TestScopeClosesWhatItMade(t *testing.T) {
	c := newContext(t)
	s := ops.NewScope[*eager.Tensor](c)
	a := ops.Const(s, npy.Scalar[float32](2))
	b := s.Keep(first(s.SubScope("sub"), "Neg", a))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.Close()
	if _, err := a.Copy(); !errors.Is(err, eager.ErrClosed) {
		t.Errorf("a tensor of a closed scope: %v, want ErrClosed", err)
	}
	if v, err := eager.Item[float32](b); err != nil || v != -2 {
		t.Errorf("the tensor that was kept: %v, %v, want -2", v, err)
	}
	if t2 := first(s, "Neg", b); t2 != nil || s.Err() == nil || !strings.Contains(s.Err().Error(), "ops: Neg: the scope was closed") {
		t.Errorf("a closed scope gives %v, error %v", t2, s.Err())
	}
	b.Close()
}
