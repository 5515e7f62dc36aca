package eager

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/tfc"
)

// Two models of the same names can be in one context, and each has its own state.
func TestModelsShareContext(t *testing.T) {
	c := newContext(t)
	a, b := loadModel(t, fixture("counter"), In(c)), loadModel(t, fixture("counter"), In(c))
	count := func(m *Model, signature string, inputs map[string]*Tensor) int64 {
		out, err := m.Call(bg, signature, inputs)
		must(t, err)
		defer out["count"].Close()
		return get(Item[int64](out["count"]))(t)
	}
	five := map[string]*Tensor{"by": scalar(t, c, int64(5))}
	if n := count(a, "increment", five) + count(a, "increment", five); n != 15 {
		t.Errorf("two steps of five count %d", n)
	}
	if n := count(b, "read", nil); n != 0 {
		t.Errorf("the other model counts %d", n)
	}
	a.Close()
	if n := count(b, "increment", five); n != 5 {
		t.Errorf("the other model counts %d after the first is closed", n)
	}
}

// Close leaves nothing behind in a context that goes on: no function, no table.
func TestModelCloseCleansUp(t *testing.T) {
	c := newContext(t)
	for _, name := range []string{"strings", "keras_tables", "tables_v1", "mlp", "while"} {
		m := loadModel(t, fixture(name), In(c))
		functions := slices.Clone(m.res.functions)
		var tables []*Tensor
		for _, h := range m.res.handles {
			own := get(h.To("CPU:0"))(t) // the same resource by another handle
			defer own.Close()
			size := c.Op("LookupTableSizeV2").Input(own)
			if out, err := size.Run(); err == nil {
				closeAll(out)
				tables = append(tables, own)
			}
			size.Close()
		}
		if name != "mlp" && name != "while" && len(tables) == 0 {
			t.Errorf("%s: no table found", name)
		}
		m.Close()
		m.Close()
		for _, f := range functions {
			if c.c.HasFunction(f) {
				t.Errorf("%s: function %s is still there", name, f)
			}
		}
		for _, table := range tables {
			_, err := c.Op("LookupTableSizeV2").Input(table).Run()
			wantError(t, err, tfc.NotFound)
		}
		_, err := m.Run(bg, nil)
		wantError(t, err, ErrClosed, "eager: model", name)
		_, err = m.Caller("")
		wantError(t, err, ErrClosed)
		_, err = m.Value("none")
		wantError(t, err, ErrClosed)
	}
}

// A model that is dropped is closed by the garbage collector; TestMain checks it.
func TestModelDropped(t *testing.T) {
	c := newContext(t)
	for range 3 {
		_, err := Load(fixture("keras_tables"), In(c))
		must(t, err)
		m, err := Load(fixture("mlp"))
		must(t, err)
		_, err = m.Caller("")
		must(t, err)
	}
}

func TestModelConcurrently(t *testing.T) {
	for _, opts := range [][]Option{nil, {Async()}} {
		m := loadModel(t, fixture("mlp"), opts...)
		in, want := mlp(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					out, err := m.Run(bg, in)
					if err != nil {
						t.Error(err)
						return
					}
					same(t, "probs", out["probs"], want["probs"])
				}
			})
		}
		wg.Wait()
		wg.Go(m.Close)
		for range 20 {
			if _, err := m.Run(bg, in); err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("a call beside Close: %v", err)
			}
			if _, err := m.Value("w1"); err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("a variable beside Close: %v", err)
			}
		}
		wg.Wait()
	}
}

// Handles of one name are of one variable, whichever of them is restored.
func TestModelTwinHandles(t *testing.T) {
	dir := modeltest.Change(t, fixture("mlp"), func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
		for _, n := range g.GetNode() {
			switch n.GetName() {
			case "w1":
				twin := proto.Clone(n).(*tfpb.NodeDef)
				twin.Name = "w1_again"
				g.Node = append(g.GetNode(), twin)
			case "StatefulPartitionedCall": // the signature's
				n.Input[slices.Index(n.GetInput(), "w1")] = "w1_again"
			}
		}
	})
	m := loadModel(t, dir)
	in, want := mlp(t)
	out, err := m.Run(bg, in)
	must(t, err)
	same(t, "probs", out["probs"], want["probs"])
	if n := len(m.Variables()); n != 4 {
		t.Errorf("there are %d variables, want 4: %v", n, m.Variables())
	}
	must(t, m.Assign("w1", zeros(t, npy.Float32, 16, 8)))
	out, err = m.Run(bg, in)
	must(t, err)
	if slices.Equal(values[float32](t, out["probs"]), values[float32](t, want["probs"])) {
		t.Error("the signature does not see what the variable was set to")
	}
}

// Inputs may be on another device than the model's variables.
func TestModelOnDevices(t *testing.T) {
	c := newContext(t, WithLogicalCPUs(2))
	m := loadModel(t, fixture("mlp"), In(c))
	in, want := mlp(t)
	x, err := get(c.Tensor(in["x"]))(t).To("CPU:1")
	must(t, err)
	defer x.Close()
	out, err := m.Call(bg, "", map[string]*Tensor{"x": x})
	must(t, err)
	defer out["probs"].Close()
	same(t, "probs", get(out["probs"].Copy())(t), want["probs"])
}
