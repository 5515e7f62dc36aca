package graph

import (
	"errors"
	"testing"

	"ndflow/tfc"
)

// TestOutputByName finds the tensors of graphs that come from everywhere.
func TestOutputByName(t *testing.T) {
	read, err := Read(fixture("frozen/frozen.pb"))
	must(t, err)
	defer read.Close()
	def, err := read.GraphDef()
	must(t, err)
	imported, err := New()
	must(t, err)
	defer imported.Close()
	must(t, imported.Import(def, "copy"))
	m, err := Load(fixture("mlp"))
	must(t, err)
	defer m.Close()

	for name, c := range map[string]struct {
		g    *Graph
		give string
		want string // Output's own name
	}{
		"of a file":        {read, "z:0", "z:0"},
		"without a number": {read, "z", "z:0"},
		"a second output":  {read, "half:1", "half:1"},
		"imported":         {imported, "copy/half:1", "copy/half:1"},
		"of a SavedModel":  {m.Session().Graph(), "serving_default_x:0", "serving_default_x:0"},
		"an operation":     {read, "^z", "^z"},
		"of a session":     {m.Session().Graph(), "^NoOp", "^NoOp"},
	} {
		o, err := c.g.Output(c.give)
		if err != nil || o.String() != c.want {
			t.Errorf("%s: have %v, %v, want %s", name, o, err, c.want)
			continue
		}
		again, err := c.g.Output(o.String())
		if err != nil || again != o {
			t.Errorf("%s: %v is found by its own name as %v, %v", name, o, again, err)
		}
	}
	for _, bad := range []string{"", ":", "nothing", "nothing:0", "z:1", "z:-1", "z:x", "half:2", "^", "^nothing", "^^z", "^z:0"} {
		if o, err := read.Output(bad); err == nil || o != (Output{}) {
			t.Errorf("%q: have %v, %v, want an error", bad, o, err)
		}
	}
	var name *NameError
	if _, err := read.Output("nothing"); !errors.As(err, &name) {
		t.Errorf("have %v, want a NameError", err)
	}

	read.Close()
	if _, err := read.Output("z"); err == nil {
		t.Error("a closed graph has a tensor")
	}
	other, err := imported.Output("copy/z")
	must(t, err)
	if _, err := m.Session().Graph().Gradients([]Output{other}, []Output{other}); !errors.Is(err, tfc.ErrForeign) {
		t.Errorf("have %v, want ErrForeign", err)
	}
}
