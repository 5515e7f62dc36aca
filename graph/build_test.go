package graph

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

func newGraph(t testing.TB) *Graph {
	t.Helper()
	g, err := New()
	must(t, err)
	t.Cleanup(g.Close)
	return g
}

// placeholder and apply fail the test where there is no tensor.
func placeholder(t testing.TB, g *Graph, name string, dtype npy.DType, shape ...int) Output {
	t.Helper()
	o, err := g.Placeholder(name, dtype, shape)
	must(t, err)
	return o
}

func apply(t testing.TB, g *Graph, op string, inputs []ops.Input[Output], attrs ...ops.Attr) Output {
	t.Helper()
	out, err := g.Apply(&ops.Call[Output]{Op: op, Inputs: inputs, Attrs: attrs})
	must(t, err)
	return out[0]
}

func session(t testing.TB, g *Graph, opts ...Option) *Session {
	t.Helper()
	s, err := NewSession(g, opts...)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestBuildAndRun(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x", npy.Float32, -1, 2)
	w, err := g.Constant("w", array(t, []float32{1, 2, 3, 4}, 2, 2))
	must(t, err)
	product := apply(t, g, "MatMul", ops.In(x, w), ops.Bool("transpose_b", true))
	sum := apply(t, g, "AddN", []ops.Input[Output]{ops.List(product, product, x)})
	got, err := session(t, g).Eval(bg, sum.String(), Feeds{"x": array(t, []float32{1, 1}, 1, 2)})
	must(t, err)
	if want := []float32{7, 15}; !slices.Equal(values[float32](t, got), want) {
		t.Errorf("have %v, want %v", got, want)
	}
}

func TestOutputSaysWhatItIs(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x", npy.Float32, -1, 2)
	any, err := g.Placeholder("any", npy.String, nil)
	must(t, err)
	scalar, err := g.Constant("scalar", npy.Scalar[int64](3))
	must(t, err)
	resource := apply(t, g, "VarHandleOp", nil, ops.Type("dtype", npy.Float32), ops.Shape("shape", []int{2}))
	done := apply(t, g, "NoOp", nil)
	for _, c := range []struct {
		o                    Output
		name, operation, typ string
		dtype                npy.DType
		shape                []int
	}{
		{x, "x:0", "x", "float", npy.Float32, []int{-1, 2}},
		{any, "any:0", "any", "string", npy.String, nil},
		{scalar, "scalar:0", "scalar", "int64", npy.Int64, []int{}},
		{resource, "VarHandleOp:0", "VarHandleOp", "resource", npy.Invalid, []int{}},
		{done, "^NoOp", "NoOp", "", npy.Invalid, nil},
		{Output{}, "", "", "", npy.Invalid, nil},
	} {
		if c.o.String() != c.name || c.o.Operation() != c.operation || c.o.Type() != c.typ || c.o.DType() != c.dtype {
			t.Errorf("%v of %q: type %q, dtype %v; want %q of %q: %q, %v", c.o, c.o.Operation(), c.o.Type(), c.o.DType(), c.name, c.operation, c.typ, c.dtype)
		}
		if s := c.o.Shape(); !slices.Equal(s, c.shape) || (s == nil) != (c.shape == nil) {
			t.Errorf("%v has shape %v, want %v", c.o, s, c.shape)
		}
	}
}

func TestNamesAreMadeUnique(t *testing.T) {
	g := newGraph(t)
	var names []string
	for range 2 {
		for _, name := range []string{"", "a", "a_1", "layer/a"} {
			out, err := g.Apply(&ops.Call[Output]{Op: "NoOp", Name: name})
			must(t, err)
			names = append(names, out[0].Operation())
		}
	}
	want := []string{"NoOp", "a", "a_1", "layer/a", "NoOp_1", "a_2", "a_1_1", "layer/a_1"}
	if !slices.Equal(names, want) {
		t.Errorf("have %q, want %q", names, want)
	}
}

// A scope says the names, the device and the order of what is built through it.
func TestScopeBuilds(t *testing.T) {
	g := newGraph(t)
	s := ops.NewScope[Output](g)
	x := placeholder(t, g, "x", npy.Float32)
	layer := s.SubScope("model").SubScope("layer").WithDevice("cpu:0").WithControl(x)
	out := layer.Named("neg").Apply(&ops.Call[Output]{Op: "Neg", Inputs: ops.In(x)})
	must(t, s.Err())
	op, ok := g.c.Operation("model/layer/neg")
	if !ok || out[0].Operation() != "model/layer/neg" {
		t.Fatalf("made %v", out)
	}
	if op.Device() != "/device:CPU:0" {
		t.Errorf("device %q", op.Device())
	}
	if c := op.ControlInputs(); len(c) != 1 || c[0].Name() != "x" {
		t.Errorf("control inputs %v, want x", c)
	}
}

func TestSessionSeesWhatIsAddedLater(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x", npy.Float32, -1)
	s := session(t, g)
	feed := Feeds{"x": array(t, []float32{1, 4})}
	y := x
	var first *Runner
	for i := range 3 {
		y = apply(t, g, "Add", ops.In(y, x))
		// What has failed leaves nothing that a session could stumble over.
		if _, err := g.Apply(&ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x, x)}); err == nil {
			t.Error("a vector is multiplied as a matrix")
		}
		bits := apply(t, g, "Bitcast", ops.In(y), ops.Type("type", npy.Int32))
		if _, err := g.Gradients([]Output{apply(t, g, "Cast", ops.In(bits), ops.Type("DstT", npy.Float32))}, []Output{x}); err == nil {
			t.Error("a cast to bits has a gradient")
		}
		r, err := s.Runner([]string{"x"}, []string{y.String()}, nil)
		must(t, err)
		t.Cleanup(r.Close)
		if first == nil {
			first = r
		}
		got, err := s.Eval(bg, y.String(), feed)
		must(t, err)
		if want := []float32{float32(i + 2), 4 * float32(i+2)}; !slices.Equal(values[float32](t, got), want) {
			t.Errorf("have %v, want %v", got, want)
		}
	}
	// A runner of before runs on.
	must(t, first.Feed("x", feed["x"]))
	must(t, first.Run(bg))
}

func TestBuildErrors(t *testing.T) {
	g, other, closed := newGraph(t), newGraph(t), newGraph(t)
	x := placeholder(t, g, "x", npy.Float32, 2, 2)
	i := placeholder(t, g, "i", npy.Int32, 2, 2)
	v := placeholder(t, g, "v", npy.Float32, 3)
	foreign := placeholder(t, other, "x", npy.Float32, 2, 2)
	gone := placeholder(t, closed, "x", npy.Float32, 2, 2)
	done := apply(t, g, "NoOp", nil)
	closed.Close()
	for _, c := range []struct {
		name string
		g    *Graph
		call ops.Call[Output]
		is   error
		def  bool // a DefError
		want []string
	}{
		{"unknown op", g, ops.Call[Output]{Op: "Matmul"}, nil, false, []string{`graph: no op "Matmul"; there are: "MatMul", "Mul", "BatchMatMul"`}},
		{"unknown attribute", g, ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x, x), Attrs: []ops.Attr{ops.Bool("adj_a", true)}}, nil, true, []string{`no attribute "adj_a"`}},
		{"wrong kind", g, ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x, x), Attrs: []ops.Attr{ops.String("transpose_a", "yes")}}, nil, true, []string{`have string ("yes"), want transpose_a: bool = false`}},
		{"missing input", g, ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x)}, nil, true, []string{"have 1 input, want 2: a, b"}},
		{"missing attribute", g, ops.Call[Output]{Op: "Cast", Inputs: ops.In(x)}, nil, true, []string{`attribute "DstT" is missing`}},
		{"wrong dtype", g, ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x, i)}, npy.ErrDType, true, []string{`input "b": have int32, want float, as input "a" says of T`}},
		{"single for list", g, ops.Call[Output]{Op: "AddN", Inputs: ops.In(x)}, nil, true, []string{"want a list"}},
		{"wrong shape", g, ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x, v)}, tfc.InvalidArgument, false, []string{"graph: MatMul:", "rank 2"}},
		{"foreign tensor", g, ops.Call[Output]{Op: "MatMul", Inputs: ops.In(x, foreign)}, ErrForeign, false, []string{`graph: MatMul: input "b": tensor "x:0": not of this graph; its signature is MatMul(`}},
		{"tensor of a closed graph", g, ops.Call[Output]{Op: "Neg", Inputs: ops.In(gone)}, ErrForeign, false, []string{`input "x"`}},
		{"zero output", g, ops.Call[Output]{Op: "Neg", Inputs: ops.In(Output{})}, ErrNoTensor, false, []string{`input "x": no tensor: have the zero Output`}},
		{"operation for tensor", g, ops.Call[Output]{Op: "Neg", Inputs: ops.In(done)}, ErrNoTensor, false, []string{`operation "NoOp" makes none`}},
		{"foreign control input", g, ops.Call[Output]{Op: "NoOp", Control: []Output{foreign}}, ErrForeign, false, []string{`control input "x:0"`}},
		{"closed graph", closed, ops.Call[Output]{Op: "NoOp"}, ErrClosed, false, []string{"graph: NoOp"}},
		{"bad name", g, ops.Call[Output]{Op: "NoOp", Name: "no op"}, tfc.InvalidArgument, false, []string{`"no op"`, "letters"}},
		{"bad device", g, ops.Call[Output]{Op: "NoOp", Device: "a b"}, tfc.InvalidArgument, false, []string{`device "a b"`, "CPU:0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(slices.Collect(g.Operations()))
			_, err := c.g.Apply(&c.call)
			wantError(t, err, c.is, c.want...)
			var def *ops.DefError
			if errors.As(err, &def) != c.def {
				t.Errorf("error %v is a DefError: %v, want %v", err, !c.def, c.def)
			}
			if !strings.HasPrefix(err.Error(), "graph: ") {
				t.Errorf("error %q does not say whose it is", err)
			}
			if after := len(slices.Collect(g.Operations())); after != before {
				t.Errorf("the graph has %d operations more", after-before)
			}
		})
	}
	_, err := g.Placeholder("x", npy.Float32, nil)
	wantError(t, err, tfc.AlreadyExists, `placeholder "x"`)
	_, err = g.Placeholder("y", npy.Invalid, nil)
	wantError(t, err, npy.ErrDType, `attribute "dtype"`)
	_, err = g.Constant("c", nil)
	wantError(t, err, nil, `constant "c"`, "nil array")
}

func TestGradients(t *testing.T) {
	g := newGraph(t)
	x, w := placeholder(t, g, "x", npy.Float64, -1), placeholder(t, g, "w", npy.Float64, -1)
	y := apply(t, g, "Mul", ops.In(apply(t, g, "Square", ops.In(x)), w)) // x²w
	dxs, err := g.Gradients([]Output{y}, []Output{x, w})
	must(t, err)
	dys, err := g.Constant("dy", array(t, []float64{10, 100}))
	must(t, err)
	scaled, err := g.Gradients([]Output{y}, []Output{x}, dys)
	must(t, err)
	second, err := g.Gradients(scaled, []Output{x})
	must(t, err)
	feeds := Feeds{"x": array(t, []float64{3, -2}), "w": array(t, []float64{5, 7})}
	s := session(t, g)
	for _, c := range []struct {
		o    Output
		want []float64
	}{
		{dxs[0], []float64{30, -28}},       // 2xw
		{dxs[1], []float64{9, 4}},          // x²
		{scaled[0], []float64{300, -2800}}, // times dy
		{second[0], []float64{100, 1400}},  // 2w times dy
	} {
		got, err := s.Eval(bg, c.o.String(), feeds)
		must(t, err)
		if !slices.Equal(values[float64](t, got), c.want) {
			t.Errorf("%v: have %v, want %v", c.o, got, c.want)
		}
	}
}

func TestGradientErrors(t *testing.T) {
	g := newGraph(t)
	x, w := placeholder(t, g, "x", npy.Float32, 2), placeholder(t, g, "w", npy.Float32, 2)
	y := apply(t, g, "Mul", ops.In(x, x))
	bits := apply(t, g, "Bitcast", ops.In(x), ops.Type("type", npy.Int32))
	foreign := placeholder(t, newGraph(t), "x", npy.Float32, 2)
	done := apply(t, g, "NoOp", nil)
	grad := func(ys, xs []Output, dys ...Output) error { _, err := g.Gradients(ys, xs, dys...); return err }
	of := func(o ...Output) []Output { return o }
	wantError(t, grad(of(y), of(w)), tfc.InvalidArgument, "graph: gradients", "unreachable")
	wantError(t, grad(of(bits), of(x)), tfc.NotFound, "Bitcast")
	wantError(t, grad(of(foreign), of(x)), ErrForeign, "number 0 of ys")
	wantError(t, grad(of(y), of(x, foreign)), ErrForeign, "number 1 of xs")
	wantError(t, grad(of(y), of(x), foreign), ErrForeign, "number 0 of dys")
	wantError(t, grad(of(y), of(Output{})), ErrNoTensor, "number 0 of xs")
	wantError(t, grad(of(done), of(x)), ErrNoTensor, "NoOp")
	wantError(t, grad(nil, of(x)), ErrNoTensor, "of nothing")
	wantError(t, grad(of(y), of(x), x, x), nil, "have 2 initial gradients, want none or 1")
	g.Close()
	wantError(t, grad(of(y), of(x)), ErrClosed, "graph: gradients")
}

// Goroutines that build, and a session that runs meanwhile, do not disturb each
// other.
func TestConcurrentBuilding(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x", npy.Float32, -1)
	s := session(t, g)
	feed := Feeds{"x": array(t, []float32{1})}
	var wg sync.WaitGroup
	const builders, each = 4, 25
	for range builders {
		wg.Add(1)
		go func() {
			defer wg.Done()
			y := x
			for range each {
				out, err := g.Apply(&ops.Call[Output]{Op: "Add", Inputs: ops.In(y, x)})
				if err != nil {
					t.Error(err)
					return
				}
				y = out[0]
			}
			got, err := s.Eval(bg, y.String(), feed)
			if err != nil || values[float32](t, got)[0] != each+1 {
				t.Errorf("%v: %v, %v", y, got, err)
			}
		}()
	}
	wg.Wait()
	if n := len(slices.Collect(g.Operations())); n != 1+builders*each {
		t.Errorf("%d operations, want %d", n, 1+builders*each)
	}
}

func TestDeviceForms(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "CPU:0": "/device:CPU:0", "cpu:1": "/device:CPU:1", "/cpu:0": "/device:CPU:0", "GPU": "/device:GPU:0",
		"/device:GPU:2": "/device:GPU:2", "device:cpu:3": "/device:CPU:3", "/device:CPU:*": "/device:CPU:*",
		"/job:worker/replica:0/task:1/device:CPU:0": "/job:worker/replica:0/task:1/device:CPU:0", "/job:ps/task:0": "/job:ps/task:0",
	} {
		if got, err := deviceSpec(name); err != nil || got != want {
			t.Errorf("%q is %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"a b", "CPU:x", "/job:", "CPU:0/GPU:0", "/device:CPU:0:1"} {
		if got, err := deviceSpec(name); err == nil {
			t.Errorf("%q is %q", name, got)
		}
	}
}
