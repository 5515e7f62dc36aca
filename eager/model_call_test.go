package eager

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"ndflow/graph"
	"ndflow/internal/arraytest"
	"ndflow/internal/scripttest"
	"ndflow/npy"
	"ndflow/tfc"
)

// A published model gives what it gives in a session, bit for bit.
func TestLoadBasicPitch(t *testing.T) {
	dir := scripttest.Run(t, "basic-pitch")
	session, err := graph.Load(dir)
	must(t, err)
	defer session.Close()
	m := loadModel(t, dir)
	if a, b := fmt.Sprint(m.Signatures()), fmt.Sprint(session.Signatures()); a != b {
		t.Errorf("signatures are %s, want %s", a, b)
	}
	in := m.Signatures()[0].Inputs[0]
	x := zeros(t, in.DType, 2, in.Shape[1], in.Shape[2])
	for i := range values[float32](t, x) {
		values[float32](t, x)[i] = float32(i%97)/97 - 0.5
	}
	want, err := session.Run(bg, graph.Feeds{in.Name: x})
	must(t, err)
	got, err := m.Run(bg, graph.Feeds{in.Name: x})
	must(t, err)
	for name, w := range want {
		same(t, name, got[name], w)
	}
	if len(got) != len(want) {
		t.Errorf("there are %d outputs, want %d", len(got), len(want))
	}
}

// What a call makes can be given to the next, and lands where it is told to.
func TestModelCalls(t *testing.T) {
	m := loadModel(t, fixture("add4"))
	x, y := tensor(t, m.Context(), []float32{1, 2, 3, 4}, 1, 4), tensor(t, m.Context(), []float32{10, 20, 30, 40}, 1, 4)
	for range 3 {
		first, err := m.Call(bg, "", map[string]*Tensor{"x": x, "y": y})
		must(t, err)
		second, err := m.Call(bg, graph.DefaultSignature, map[string]*Tensor{"x": first["sum"], "y": y})
		must(t, err)
		wantValues(t, second["sum"], float32(21), 42, 63, 84)
		first["sum"].Close()
		second["sum"].Close()
	}
	c, err := m.Caller("")
	must(t, err)
	defer c.Close()
	must(t, c.Feed("x", zeros(t, npy.Float32, 3, 4)))
	must(t, c.Feed("y", get(npy.From([]float32{1, 1, 1, 1, 2, 2, 2, 2}, 2, 4))(t)))
	wantError(t, c.RunInto(bg), tfc.InvalidArgument, `signature "serving_default"`) // rows do not agree
	must(t, c.Feed("x", get(npy.From([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4))(t)))
	dst := zeros(t, npy.Float32, 5, 4)
	must(t, c.Into("sum", dst))
	must(t, c.RunInto(bg))
	landed, err := c.Landed("sum")
	must(t, err)
	if got, want := values[float32](t, landed), []float32{2, 3, 4, 5, 7, 8, 9, 10}; !slices.Equal(got, want) || !slices.Equal(landed.Shape(), []int{2, 4}) {
		t.Errorf("landed %v %v, want %v", got, landed.Shape(), want)
	}
	if n := testing.AllocsPerRun(20, func() { must(t, c.RunInto(bg)) }); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
	f, err := m.Function("")
	must(t, err)
	out, err := f.Call(bg, x, y)
	must(t, err)
	defer closeAll(out)
	wantValues(t, out[0], float32(11), 22, 33, 44)
	f.Close() // is the model's, and stays
	_, err = m.Run(bg, graph.Feeds{"x": dst, "y": dst})
	must(t, err)
}

// A model can be called in the ways that functions can.
func TestModelFunctionOptions(t *testing.T) {
	m := loadModel(t, fixture("mlp"))
	in, want := mlp(t)
	for name, opts := range map[string][]FunctionOption{"single thread": {SingleThread()}, "compiled": {JIT()}} {
		c, err := m.Caller("", opts...)
		must(t, err)
		defer c.Close()
		must(t, c.Feed("x", in["x"]))
		probs := zeros(t, npy.Float32, 7, 4)
		must(t, c.Into("probs", probs))
		must(t, c.RunInto(bg))
		if err := arraytest.Near(probs, want["probs"]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An input with a default need not be given, and has it again afterwards.
func TestModelDefaultInput(t *testing.T) {
	m := loadModel(t, fixture("default"))
	x := get(npy.From([]float32{1, 2}))(t)
	for _, c := range []struct {
		feeds graph.Feeds
		want  []float32
	}{
		{graph.Feeds{"x": x}, []float32{2, 4}},
		{graph.Feeds{"x": x, "scale": npy.Scalar[float32](10)}, []float32{10, 20}},
		{graph.Feeds{"x": x}, []float32{2, 4}},
	} {
		out, err := m.Run(bg, c.feeds)
		must(t, err)
		if got := values[float32](t, out["scaled"]); !slices.Equal(got, c.want) {
			t.Errorf("have %v, want %v", got, c.want)
		}
	}
}

// The end of ctx ends a call that would wait for ever.
func TestModelCancelled(t *testing.T) {
	m := loadModel(t, fixture("queue"))
	scale := scalar(t, m.Context(), float32(1))
	take := map[string]*Tensor{"scale": scale}
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	_, err := m.Call(ctx, "take", take) // the queue is empty
	wantError(t, err, context.DeadlineExceeded, `signature "take"`)
	put, err := m.Call(bg, "put", map[string]*Tensor{"x": tensor(t, m.Context(), []float32{1, 2})})
	must(t, err)
	put["y"].Close()
	taken, err := m.Call(bg, "take", take)
	must(t, err)
	defer taken["taken"].Close()
	wantValues(t, taken["taken"], float32(2), 4)
}
