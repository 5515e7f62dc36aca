package eager

import (
	"slices"
	"testing"

	"ndflow/graph"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
)

// An output that is made of several tensors is left out, and asking for it says why.
func TestModelOutputInParts(t *testing.T) {
	m, err := Load(fixture("parts"))
	must(t, err)
	defer m.Close()
	in, want := arrays(t, step{model: "parts"}, m.Signatures()[1])
	out, err := m.Run(bg, in)
	must(t, err)
	if len(out) != 1 {
		t.Errorf("have %v, want the dense output alone", out)
	}
	same(t, "dense", out["dense"], want["dense"])
	c, err := m.Caller("")
	must(t, err)
	defer c.Close()
	if specs := c.Outputs(); len(specs) != 1 || specs[0].Name != "dense" {
		t.Errorf("a call makes %v", specs)
	}
	dst, err := npy.New(npy.Float32, 2, 2)
	must(t, err)
	wantError(t, c.Into("sparse", dst), ErrUnavailable, "sparse", "several tensors")
	must(t, c.Feed("x", in["x"]))
	must(t, c.Into("dense", dst))
	must(t, c.RunInto(bg))
	same(t, "dense", dst, want["dense"])
	_, err = m.Call(bg, "ragged", nil)
	wantError(t, err, ErrUnavailable, `signature "ragged"`, `output "r"`)
}

// A signature with no outputs is called for what it does.
func TestModelNoOutputs(t *testing.T) {
	m, err := Load(fixture("effects"))
	must(t, err)
	defer m.Close()
	kept := func() float32 {
		out, err := m.Call(bg, "get", nil)
		must(t, err)
		defer out["kept"].Close()
		v, err := Item[float32](out["kept"])
		must(t, err)
		return v
	}
	x, err := Scalar(m.Context(), float32(5))
	must(t, err)
	defer x.Close()
	before := kept()
	out, err := m.Call(bg, "set", map[string]*Tensor{"x": x})
	if err != nil || len(out) != 0 {
		t.Fatalf("have %v, %v, want no outputs and no error", out, err)
	}
	set := kept()
	c, err := m.Caller("reset")
	must(t, err)
	defer c.Close()
	must(t, c.RunInto(bg))
	if after := kept(); before != 1 || set != 5 || after != 0 {
		t.Errorf("have %v, %v, %v, want 1, 5, 0", before, set, after)
	}
}

// Ops that are placed with ones that no output needs, or with a variable, are placed
// without them.
func TestModelColocated(t *testing.T) {
	m, err := Load(fixture("colocated"))
	must(t, err)
	defer m.Close()
	for i, s := range []step{{model: "colocated"}, {model: "colocated", folder: "variable", signature: "variable"}} {
		in, want := arrays(t, s, m.Signatures()[i])
		c, err := m.Caller(s.signature)
		must(t, err)
		for name, a := range in {
			must(t, c.Feed(name, a))
		}
		out, err := c.Run(bg)
		must(t, err)
		for name, w := range want {
			a, err := out[name].Copy()
			must(t, err)
			same(t, name, a, w)
			out[name].Close()
		}
		c.Close()
	}
}

// The iterators of TensorFlow 1 go on from call to call, whichever signature calls them,
// as they do in a session; each model has its own.
func TestModelIterators(t *testing.T) {
	c := newContext(t)
	for range 2 {
		m, err := Load(fixture("iterators_v1"), In(c))
		must(t, err)
		defer m.Close()
		session, err := graph.Load(fixture("iterators_v1"))
		must(t, err)
		defer session.Close()
		x, err := Scalar(c, int64(100))
		must(t, err)
		defer x.Close()
		var have, told []int64
		for _, signature := range []string{"serving_default", "square", "square", "serving_default"} {
			out, err := m.Call(bg, signature, map[string]*Tensor{"x": x})
			must(t, err)
			want, err := session.Call(bg, signature, graph.Feeds{"x": npy.Scalar(int64(100))})
			must(t, err)
			for _, name := range []string{"number", "square"} {
				if out[name] == nil {
					continue
				}
				v, err := Item[int64](out[name])
				must(t, err)
				w, err := npy.Values[int64](want[name])
				must(t, err)
				have, told = append(have, v), append(told, w[0])
				out[name].Close()
			}
		}
		if want := []int64{105, 100, 101, 104, 106, 109}; !slices.Equal(have, want) || !slices.Equal(told, want) {
			t.Errorf("have %v, and in a session %v, want %v", have, told, want)
		}
	}
}

// An op that TensorFlow lacks is the loss of the signatures that need it, and of what it
// sets up, but of nothing else.
func TestModelWithoutOp(t *testing.T) {
	for name, c := range map[string]struct {
		model  string
		node   string // of the unknown op
		works  string // a signature
		folder string
		lost   []string
	}{
		"of one signature":           {"colocated", "z", "", "", []string{"variable"}},
		"of what sets a table up":    {"tables_v1", "key_value_init/table_init", "bump", "bump", []string{"serving_default"}},
		"of what others are put to":  {"colocated", "other", "", "", nil},
		"of the variable of another": {"colocated", "v/Assign", "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			dir := modeltest.Change(t, fixture(c.model), func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
				for _, n := range g.GetNode() {
					if n.GetName() == c.node || c.node == "key_value_init/table_init" && n.GetOp() == "InitializeTableFromTextFileV2" {
						n.Op, found = "NoSuchOp", true
					}
				}
			})
			if !found {
				t.Fatalf("the graph has no node %q", c.node)
			}
			m, err := Load(dir)
			must(t, err)
			defer m.Close()
			session, err := graph.Load(dir)
			must(t, err)
			defer session.Close()
			for _, list := range [][]graph.Signature{m.Signatures(), session.Signatures()} {
				for _, s := range list {
					if (s.Problem != "") != slices.Contains(c.lost, s.Name) {
						t.Errorf("signature %s: the problem is %q", s.Name, s.Problem)
					}
				}
			}
			for _, lost := range c.lost {
				_, err := m.Call(bg, lost, nil)
				wantError(t, err, ErrUnavailable, lost)
				_, err = session.Call(bg, lost, nil)
				wantError(t, err, ErrUnavailable, lost)
			}
			sig, err := m.Signature(c.works)
			must(t, err)
			in, want := arrays(t, step{model: c.model, folder: c.folder, signature: c.works}, sig)
			out, err := session.Call(bg, c.works, in)
			must(t, err)
			for name, w := range want {
				same(t, "session "+name, out[name], w)
			}
			caller, err := m.Caller(c.works)
			must(t, err)
			defer caller.Close()
			for name, a := range in {
				must(t, caller.Feed(name, a))
			}
			ts, err := caller.Run(bg)
			must(t, err)
			for name, w := range want {
				a, err := ts[name].Copy()
				must(t, err)
				same(t, "eager "+name, a, w)
				ts[name].Close()
			}
		})
	}
}
