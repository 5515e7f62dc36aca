package eager

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/graph"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
)

func TestModelBadInput(t *testing.T) {
	c := newContext(t)
	m := loadModel(t, fixture("add4"), In(c))
	x := tensor(t, c, []float32{1, 2, 3, 4}, 1, 4)
	closed := get(FromSlice(c, []float32{1, 2, 3, 4}, 1, 4))(t)
	closed.Close()
	foreign := tensor(t, newContext(t), []float32{1, 2, 3, 4}, 1, 4)
	call := func(signature string, name string, y *Tensor) error {
		_, err := m.Call(bg, signature, map[string]*Tensor{"x": x, name: y})
		return err
	}
	var names *graph.NameError
	var mismatch *graph.MismatchError
	for _, e := range []struct {
		name   string
		err    error
		as     any
		target error
		words  []string
	}{
		{"signature", call("none", "y", x), &names, nil, []string{`eager: no signature "none"`, `"serving_default"`}},
		{"input", call("", "z", x), &names, nil, []string{`eager: no input "z"`, `"x", "y"`}},
		{"not given", call("", "x", x), nil, graph.ErrNotFed, []string{`signature "serving_default"`, `input "y"`, "float32 [-1 4]"}},
		{"dtype", call("", "y", tensor(t, c, []float64{1, 2, 3, 4}, 1, 4)), &mismatch, npy.ErrDType, []string{`eager: input "y": have a tensor of double [1 4], want float32 [-1 4]`}},
		{"rank", call("", "y", tensor(t, c, []float32{1, 2, 3, 4})), &mismatch, npy.ErrShape, []string{`eager: input "y": have float32 [4], want float32 [-1 4]`}},
		{"nil", call("", "y", nil), nil, nil, []string{`input "y"`, "nil"}},
		{"closed", call("", "y", closed), nil, ErrClosed, []string{`input "y"`}},
		{"other context", call("", "y", foreign), nil, ErrContext, []string{`input "y"`}},
	} {
		t.Run(e.name, func(t *testing.T) {
			wantError(t, e.err, e.target, e.words...)
			if e.as != nil && !errors.As(e.err, e.as) {
				t.Errorf("%v is no %T", e.err, e.as)
			}
			out, err := m.Call(bg, "", map[string]*Tensor{"x": x, "y": x})
			must(t, err)
			out["sum"].Close()
		})
	}
	_, err := m.Run(bg, graph.Feeds{"x": zeros(t, npy.Float64, 1, 4)})
	wantError(t, err, npy.ErrDType, `eager: input "x": have float64 [1 4], want float32 [-1 4]`)
	_, err = m.Run(bg, graph.Feeds{"x": nil})
	wantError(t, err, npy.ErrDType, `a nil array`)
	cl, err := m.Caller("")
	must(t, err)
	defer cl.Close()
	wantError(t, cl.Into("none", nil), nil, `no output "none"`, `"sum"`)
	wantError(t, cl.Into("sum", zeros(t, npy.Int32, 4)), npy.ErrDType, `output "sum": have int32 [4], want float32 [-1 4]`)
	must(t, cl.Input("x", x))
	must(t, cl.Input("y", x))
	must(t, cl.Into("sum", zeros(t, npy.Float32, 3)))
	wantError(t, cl.RunInto(bg), npy.ErrShape, `signature "serving_default": output "sum"`)
}

// What cannot be loaded is a clear error, and the context goes on.
func TestLoadRefuses(t *testing.T) {
	for name, opts := range map[string][]Option{"sync": nil, "async": {Async()}} {
		t.Run(name, func(t *testing.T) { testLoadRefuses(t, newContext(t, opts...)) })
	}
}

func testLoadRefuses(t *testing.T, c *Context) {
	copyOf := func(model string, change func(dir string)) string {
		dir := t.TempDir()
		must(t, os.CopyFS(dir, os.DirFS(fixture(model))))
		change(dir)
		return dir
	}
	empty := t.TempDir()
	for _, e := range []struct {
		name, dir string
		target    error
		words     []string
	}{
		{"no folder", filepath.Join(empty, "none"), graph.ErrNoModel, []string{"eager:", "none"}},
		{"no model", empty, graph.ErrNoModel, []string{"eager:", "saved_model.pb"}},
		{"no variables", copyOf("mlp", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "variables"))) }), ErrMissing,
			[]string{"variables/variables.index", "missing"}},
		{"no variables of Keras", copyOf("keras", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "variables"))) }), nil,
			[]string{"variables/variables.index", "missing"}},
		{"no asset", copyOf("strings", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "assets"))) }), ErrMissing,
			[]string{"assets/vocabulary.txt"}},
		{"text", copyOf("mlp", func(dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "saved_model.pb"), []byte("this is no model"), 0o666))
		}), nil, []string{"is damaged or no SavedModel"}},
	} {
		t.Run(e.name, func(t *testing.T) {
			_, err := Load(e.dir, In(c))
			wantError(t, err, e.target, append(e.words, e.dir)...)
			if strings.Count(err.Error(), "eager: ") > 1 {
				t.Errorf("the package is named twice: %v", err)
			}
		})
	}
	_, err := Load(fixture("twotags"), In(c), WithTags("gpu"))
	wantError(t, err, nil, `eager: no tag set "gpu"`, `"serve"`, `"serve,gpu"`)
	m := loadModel(t, fixture("mlp"), In(c))
	in, want := mlp(t)
	out, err := m.Run(bg, in)
	must(t, err)
	same(t, "probs", out["probs"], want["probs"])
}

// Parts that no signature needs are left out, even where TensorFlow does not know
// their ops. Those that are needed must be in order.
func TestLoadLeavesOut(t *testing.T) {
	c := newContext(t)
	node := func(g *tfpb.GraphDef, name string) *tfpb.NodeDef {
		i := slices.IndexFunc(g.GetNode(), func(n *tfpb.NodeDef) bool { return n.GetName() == name })
		return g.GetNode()[i]
	}
	for _, e := range []struct {
		name   string
		change func(*tfpb.MetaGraphDef, *tfpb.GraphDef)
		words  []string // of the error; nil for none
	}{
		{"an op that is not needed", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			g.Node = append(g.GetNode(), &tfpb.NodeDef{Name: "spare", Op: "NoSuchOp"})
		}, nil},
		{"an op that is needed", func(m *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			m.ObjectGraphDef = nil // or its functions could be called all the same
			node(g, "StatefulPartitionedCall").Op = "NoSuchOp"
		}, []string{"NoSuchOp"}},
		{"a node that is missing", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			node(g, "w1").Name = "w0"
		}, []string{"the graph is damaged", `needs "w1", which is not there`}},
		{"an output that is missing", func(m *tfpb.MetaGraphDef, _ *tfpb.GraphDef) {
			m.GetSignatureDef()["serving_default"].GetOutputs()["probs"].Encoding = &tfpb.TensorInfo_Name{Name: "none:0"}
		}, []string{`signature "serving_default"`, "none:0"}},
		{"functions that are no functions", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			g.Library = []byte("no functions")
		}, []string{"the graph's functions are damaged"}},
		{"a graph that is none", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			g.Node, g.Library = nil, nil
		}, []string{"the graph is damaged"}},
	} {
		t.Run(e.name, func(t *testing.T) {
			dir := modeltest.Change(t, fixture("mlp"), e.change)
			m, err := Load(dir, In(c))
			if e.words != nil {
				wantError(t, err, nil, append(e.words, dir)...)
				return
			}
			must(t, err)
			defer m.Close()
			in, want := mlp(t)
			out, err := m.Run(bg, in)
			must(t, err)
			same(t, "probs", out["probs"], want["probs"])
		})
	}
}

// A file of a SavedModel that is cut off anywhere is an error, never a crash.
func TestLoadTruncated(t *testing.T) {
	c := newContext(t)
	for _, model := range []string{"mlp", "keras"} {
		for _, file := range []string{"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"} {
			whole, err := os.ReadFile(filepath.Join(fixture(model), file))
			must(t, err)
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(fixture(model))))
			for _, size := range []int{0, 1, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
				must(t, os.WriteFile(filepath.Join(dir, file), whole[:size], 0o666))
				m, err := Load(dir, In(c))
				if err == nil {
					m.Close()
					t.Errorf("%s: %s cut to %d of %d bytes loads", model, file, size, len(whole))
					continue
				}
				if !strings.Contains(err.Error(), dir) {
					t.Errorf("%s: %s cut to %d bytes: the error does not name the model: %v", model, file, size, err)
				}
			}
		}
	}
}
