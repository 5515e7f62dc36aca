package graph_test

import (
	"context"
	"errors"
	"fmt"
	gomath "math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/arraytest"
	"ndflow/internal/floatstate"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/math"
	"ndflow/ops/nn"
)

// edgeRows and edgeCols are the shape of what edge makes: rows longer than any
// processor's vectors, and of an odd length.
const edgeRows, edgeCols = 24, 67

// edge is an array of values at which results depend on the floating-point state:
// numbers too small to be normal and those that become so, zeros of both signs,
// infinities, NaNs with payloads, huge numbers, and ordinary ones between.
func edge(t testing.TB) *npy.Array {
	t.Helper()
	bits := []uint32{
		0, 0x80000000, // zeros
		1, 0x80000001, 0x007fffff, 0x807fffff, 0x000adbe1, // denormals
		0x00800000, 0x80800000, 0x00800001, 0x01000000, // the smallest normal numbers
		0x7f800000, 0xff800000, // infinities
		0x7fc00000, 0xffc00000, 0x7fc12345, 0x7fa00001, // NaNs
		0x7f7fffff, 0xff7fffff, // the largest numbers
	}
	for _, v := range []float32{1, -1, 0.5, 1.5, 2.5, 3, 1e-20, 1e20, gomath.Pi, 88.9, -103.5} {
		bits = append(bits, gomath.Float32bits(v))
	}
	rng := rand.New(rand.NewPCG(18, 1))
	v := make([]float32, edgeRows*edgeCols)
	for i := range v {
		if i%3 == 0 {
			v[i] = gomath.Float32frombits(rng.Uint32()) // any number at all
		} else {
			v[i] = gomath.Float32frombits(bits[rng.IntN(len(bits))])
		}
	}
	a, err := npy.From(v, edgeRows, edgeCols)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// exact names the results of edgeOps that IEEE 754 defines to the last bit, so that
// XLA's code gives them as well.
var exact = []string{"half", "double", "sum of two", "difference", "product", "floor", "larger"}

// edgeOps applies ops of many kinds to x, by name.
func edgeOps[T any](s *ops.Scope[T], x T) map[string]T {
	half, two := ops.Const(s, npy.Scalar(float32(0.5))), ops.Const(s, npy.Scalar(float32(2)))
	axis := ops.Const(s, npy.Scalar(int32(1)))
	wide := math.Cast(s, x, npy.Float64)
	return map[string]T{
		"half":       math.Mul(s, x, half),
		"double":     math.Mul(s, x, two),
		"sum of two": math.AddV2(s, x, half),
		"difference": math.Sub(s, x, two),
		"product":    math.Mul(s, x, x),
		"floor":      math.Floor(s, x),
		"larger":     math.Maximum(s, x, half),
		"log":        math.Log(s, x),
		"exp":        math.Exp(s, x),
		"root":       math.Sqrt(s, x),
		"inverse":    math.Reciprocal(s, x),
		"quotient":   math.RealDiv(s, half, x),
		"power":      math.Pow(s, x, two),
		"tanh":       math.Tanh(s, x),
		"sigmoid":    math.Sigmoid(s, x),
		"erf":        math.Erf(s, x),
		"softplus":   nn.Softplus(s, x),
		"softmax":    nn.Softmax(s, x),
		"sum":        math.Sum(s, x, axis),
		"cumsum":     math.Cumsum(s, x, axis),
		"products":   math.MatMul(s, x, x, math.MatMulTransposeB(true)),
		"wide":       math.Log(s, wide),
		"narrow":     math.Cast(s, math.Mul(s, wide, wide), npy.Float32),
		"half wide":  math.Cast(s, x, npy.Float16),
	}
}

// edgeGraph is a graph with edgeOps on a placeholder "x". It returns the names of
// the results' tensors.
func edgeGraph(t testing.TB) (*graph.Graph, map[string]string) {
	t.Helper()
	g, err := graph.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	x, err := g.Placeholder("x", npy.Float32, []int{-1, edgeCols})
	if err != nil {
		t.Fatal(err)
	}
	s := ops.NewScope(g)
	tensors := map[string]string{}
	for name, y := range edgeOps(s, x) {
		tensors[name] = y.String()
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return g, tensors
}

// byPool is what the other ways must give: the results of a step on TensorFlow's
// own threads.
func byPool(t testing.TB, g *graph.Graph, tensors map[string]string, x *npy.Array) map[string]*npy.Array {
	t.Helper()
	return bySession(t, g, tensors, x, graph.Pool)
}

func bySession(t testing.TB, g *graph.Graph, tensors map[string]string, x *npy.Array, e graph.Executor, opts ...graph.Option) map[string]*npy.Array {
	t.Helper()
	s, err := graph.NewSession(g, append(opts, graph.WithExecutor(e))...)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	names := make([]string, 0, len(tensors))
	for name := range tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	fetches := make([]string, len(names))
	for i, name := range names {
		fetches[i] = tensors[name]
	}
	results, err := s.Run(context.Background(), graph.Feeds{"x": x}, fetches, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*npy.Array{}
	for i, name := range names {
		out[name] = results[i]
	}
	return out
}

func wantAll(t *testing.T, got, want map[string]*npy.Array) {
	t.Helper()
	for name, w := range want {
		if g := got[name]; g == nil || !arraytest.Same(g, w) {
			t.Errorf("%s: %s in a step on the pool", name, firstDifference(g, w))
		}
	}
}

// firstDifference says where two arrays of equal shapes differ first.
func firstDifference(got, want *npy.Array) string {
	if got == nil {
		return "nothing"
	}
	g, w, size := got.Bytes(), want.Bytes(), got.DType().Size()
	for i := 0; i+size <= min(len(g), len(w)); i += size {
		if string(g[i:i+size]) != string(w[i:i+size]) {
			return fmt.Sprintf("element %d is %v (%x), but %v (%x)", i/size, element(got, i/size), g[i:i+size], element(want, i/size), w[i:i+size])
		}
	}
	return "another shape"
}

func element(a *npy.Array, i int) any {
	flat, err := a.Reshape(-1)
	if err != nil {
		return err
	}
	one, err := flat.Slice(i, i+1)
	if err != nil {
		return err
	}
	return one
}

// A step gives the same bits whichever thread runs it.
func TestExecutorsAgree(t *testing.T) {
	g, tensors := edgeGraph(t)
	x := edge(t)
	want := byPool(t, g, tensors, x)
	for name, way := range map[string]struct {
		e    graph.Executor
		opts []graph.Option
	}{
		"inline":               {graph.Inline, nil},
		"auto":                 {graph.Auto, nil},
		"single-thread inline": {graph.Inline, []graph.Option{graph.WithSingleThread()}},
		"single-thread pool":   {graph.Pool, []graph.Option{graph.WithSingleThread()}},
	} {
		t.Run(name, func(t *testing.T) {
			wantAll(t, bySession(t, g, tensors, x, way.e, way.opts...), want)
		})
	}
}

// XLA's code has its own exponentials, but what arithmetic defines it gives as well,
// denormals included, on both executors.
func TestExecutorsAgreeCompiled(t *testing.T) {
	g, tensors := edgeGraph(t)
	x := edge(t)
	want, defined := byPool(t, g, tensors, x), map[string]*npy.Array{}
	for _, name := range exact {
		defined[name] = want[name]
	}
	compiled := bySession(t, g, tensors, x, graph.Pool, graph.JIT())
	wantAll(t, compiled, defined)
	wantAll(t, bySession(t, g, tensors, x, graph.Inline, graph.JIT()), compiled)
}

// Eager ops and a graph called as a function give the same bits as its session.
func TestExecutorsAgreeEagerly(t *testing.T) {
	g, tensors := edgeGraph(t)
	x := edge(t)
	want := byPool(t, g, tensors, x)
	ec, err := eager.New()
	if err != nil {
		t.Fatal(err)
	}
	defer ec.Close()
	tx, err := ec.Tensor(x)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()

	t.Run("function", func(t *testing.T) {
		var names, outputs []string
		for name, tensor := range tensors {
			names, outputs = append(names, name), append(outputs, tensor)
		}
		f, err := ec.Function(g, []string{"x:0"}, outputs)
		if err != nil {
			t.Fatal(err)
		}
		results, err := f.Call(context.Background(), tx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]*npy.Array{}
		for i, y := range results {
			if got[names[i]], err = y.Copy(); err != nil {
				t.Fatal(err)
			}
			y.Close()
		}
		wantAll(t, got, want)
	})
	t.Run("ops", func(t *testing.T) {
		s := ops.NewScope(ec)
		defer s.Close()
		got := map[string]*npy.Array{}
		results := edgeOps(s, tx)
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		for name, y := range results {
			if got[name], err = y.Copy(); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"power", "softmax"} {
			delete(want, name) // a graph has other kernels for these: its optimizers replace the ops
		}
		wantAll(t, got, want)
	})
}

// Map gives the bits of one step after another, whatever runs its batches.
func TestExecutorsAgreeInMap(t *testing.T) {
	const batch = 4
	g, tensors := edgeGraph(t)
	x := edge(t)
	delete(tensors, "products") // as wide as the batch
	want := map[string][]byte{}
	for lo := 0; lo < edgeRows; lo += batch {
		rows, err := x.Slice(lo, lo+batch)
		if err != nil {
			t.Fatal(err)
		}
		for name, a := range byPool(t, g, tensors, rows) {
			want[name] = append(want[name], a.Bytes()...)
		}
	}
	for _, e := range []graph.Executor{graph.Inline, graph.Pool, graph.Auto} {
		t.Run(e.String(), func(t *testing.T) {
			s, err := graph.NewSession(g, graph.WithExecutor(e))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			sinks, outputs := map[string]graph.Sink{}, map[string]*npy.Array{}
			var fetches []string
			for name, tensor := range tensors {
				first, err := x.Slice(0, batch)
				if err != nil {
					t.Fatal(err)
				}
				y := byPool(t, g, map[string]string{name: tensor}, first)[name]
				if outputs[name], err = npy.New(y.DType(), append([]int{edgeRows}, y.Shape()[1:]...)...); err != nil {
					t.Fatal(err)
				}
				sinks[tensor] = graph.ToArray(outputs[name])
				fetches = append(fetches, tensor)
			}
			runner := func() (*graph.Runner, error) { return s.Runner([]string{"x"}, fetches, nil) }
			err = graph.MapRunners(context.Background(), runner, map[string]graph.Source{"x": graph.FromArray(x)}, sinks,
				graph.MapOptions{Batch: batch})
			if err != nil {
				t.Fatal(err)
			}
			for name, a := range outputs {
				if string(a.Bytes()) != string(want[name]) {
					t.Errorf("%s differs from steps on the pool", name)
				}
			}
		})
	}
}

// A step computes in TensorFlow's floating-point state whatever the caller's is, and
// leaves the caller's as it was, also when the step fails.
func TestFloatState(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	usual := floatstate.Get()
	defer floatstate.Set(usual)

	g, tensors := edgeGraph(t)
	x := edge(t)
	want := byPool(t, g, tensors, x)
	s, err := graph.NewSession(g, graph.WithExecutor(graph.Inline))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ec, err := eager.New()
	if err != nil {
		t.Fatal(err)
	}
	defer ec.Close()
	tx, err := ec.Tensor(x)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	mul := ec.Op("Mul").Input(tx, tx)
	defer mul.Close()
	bad := ec.Op("MatMul").Input(tx, tx) // 24 by 67 times itself
	defer bad.Close()

	for name, tensor := range tensors {
		r, err := s.Runner([]string{"x"}, []string{tensor}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Feed("x", x); err != nil {
			t.Fatal(err)
		}
		state, err := roundingUp(func() error { return r.Run(context.Background()) })
		if err != nil {
			t.Fatal(err)
		}
		if state != floatstate.Upward {
			t.Errorf("%s: the step left the state %#x, want %#x", name, state, floatstate.Upward)
		}
		v, err := r.Value(tensor)
		if err != nil {
			t.Fatal(err)
		}
		wantAll(t, map[string]*npy.Array{name: v}, map[string]*npy.Array{name: want[name]})
		v.Release()
		r.Close()
	}

	for name, run := range map[string]func() error{
		"an op":            func() error { ts, err := mul.Run(); closeTensors(ts); return err },
		"an op that fails": func() error { _, err := bad.Run(); return wantFailure(err) },
		"a step that fails": func() error {
			short, err := npy.New(npy.Float32, 2, edgeCols)
			if err != nil {
				return err
			}
			r, err := s.Runner([]string{"x"}, []string{tensors["half"]}, nil)
			if err != nil {
				return err
			}
			defer r.Close()
			return wantFailure(errors.Join(r.Feed("x", x), r.Into(tensors["half"], short), r.Run(context.Background())))
		},
	} {
		state, err := roundingUp(run)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if state != floatstate.Upward {
			t.Errorf("%s left the state %#x, want %#x", name, state, floatstate.Upward)
		}
	}
}

// roundingUp calls f in a floating-point state in which sums differ, and returns the
// state that f has left.
func roundingUp(f func() error) (state uint32, err error) {
	usual := floatstate.Get()
	floatstate.Set(floatstate.Upward)
	err = f()
	state = floatstate.Get()
	floatstate.Set(usual)
	return state, err
}

func wantFailure(err error) error {
	if err == nil {
		return errors.New("it has not failed")
	}
	return nil
}

func closeTensors(ts []*eager.Tensor) {
	for _, t := range ts {
		t.Close()
	}
}
