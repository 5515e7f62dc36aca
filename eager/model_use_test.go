package eager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ndflow/graph"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/tfc"
)

// basicPitch is the folder of a published model.
func basicPitch(t testing.TB) string {
	t.Helper()
	cmd := exec.Command("../scripts/basic-pitch")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scripts/basic-pitch: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// A published model gives what it gives in a session, bit for bit.
func TestLoadBasicPitch(t *testing.T) {
	dir := basicPitch(t)
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
	s := step{model: "mlp"}
	in, want := arrays(t, s, m.Signatures()[0])
	for name, opts := range map[string][]FunctionOption{"single thread": {SingleThread()}, "compiled": {JIT()}} {
		c, err := m.Caller("", opts...)
		must(t, err)
		defer c.Close()
		must(t, c.Feed("x", in["x"]))
		probs := zeros(t, npy.Float32, 7, 4)
		must(t, c.Into("probs", probs))
		must(t, c.RunInto(bg))
		for i, v := range values[float32](t, probs) {
			if w := values[float32](t, want["probs"])[i]; v-w > 1e-6 || w-v > 1e-6 {
				t.Fatalf("%s: have %v, want %v", name, probs, want["probs"])
			}
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

// Variables can be read and set, also those of TensorFlow 1 that are references,
// and a model has only those that its signatures use.
func TestModelVariables(t *testing.T) {
	for _, c := range []struct{ model, signature, variable, want, output string }{
		{"mlp", "", "b2", "b1 float32 [8], b2 float32 [4], w1 float32 [16 8], w2 float32 [8 4]", "probs"},
		{"keras", "", "network/probs/bias", "network/hidden/bias float32 [3], network/hidden/kernel float32 [4 3], " +
			"network/norm/beta float32 [3], network/norm/gamma float32 [3], network/norm/moving_mean float32 [3], " +
			"network/norm/moving_variance float32 [3], network/probs/bias float32 [2], network/probs/kernel float32 [3 2]", "output_0"},
		{"v1", "", "limit", "limit float32 []", "y"},
		{"constant_v1", "", "variable", "variable float32 [4]", "variable"},
		{"assign", "read", "kept", "kept float32 [-1]", "kept"},
		{"add4", "", "", "", ""},
	} {
		t.Run(c.model, func(t *testing.T) {
			m := loadModel(t, fixture(c.model))
			var list []string
			for _, v := range m.Variables() {
				list = append(list, v.Name+" "+v.String())
			}
			if got := strings.Join(list, ", "); got != c.want {
				t.Fatalf("variables are %s, want %s", got, c.want)
			}
			if c.variable == "" {
				return
			}
			sig, err := m.Signature(c.signature)
			must(t, err)
			in, _ := arrays(t, step{model: c.model, folder: c.signature}, sig)
			call := func() []float32 {
				inputs := make(map[string]*Tensor)
				for name, a := range in {
					inputs[name] = get(m.Context().Tensor(a))(t)
					defer inputs[name].Close()
				}
				out, err := m.Call(bg, c.signature, inputs)
				must(t, err)
				defer func() {
					for _, t := range out {
						t.Close()
					}
				}()
				return values[float32](t, get(out[c.output].Copy())(t))
			}
			before := call()
			value, err := m.Value(c.variable)
			must(t, err)
			other := get(value.Clone())(t)
			for i := range values[float32](t, other) {
				values[float32](t, other)[i] += float32(1000 * (i + 1))
			}
			must(t, m.Assign(c.variable, other))
			changed := call()
			same(t, c.variable, get(m.Value(c.variable))(t), other)
			if slices.Equal(before, changed) {
				t.Errorf("the output stays %v with another value of the variable", before)
			}
			values[float32](t, other)[0] = -1 // is the caller's, not the variable's
			if again := call(); !slices.Equal(again, changed) {
				t.Error("the variable shares the array's memory")
			}
			must(t, m.Assign(c.variable, value))
			if after := call(); !slices.Equal(after, before) {
				t.Errorf("have %v with the old value again, want %v", after, before)
			}
			wantError(t, m.Assign(c.variable, zeros(t, npy.Float32, 3, 3, 3)), npy.ErrShape, "eager: variable", "have float32 [3 3 3]", "want float32")
			wantError(t, m.Assign(c.variable, zeros(t, npy.Int32)), npy.ErrDType, "have int32 []")
			wantError(t, m.Assign(c.variable, nil), npy.ErrDType, "a nil array")
			_, err = m.Value("none")
			wantError(t, err, nil, `eager: no variable "none"`, c.variable)
		})
	}
}

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

func TestModelConcurrently(t *testing.T) {
	for _, opts := range [][]Option{nil, {Async()}} {
		m := loadModel(t, fixture("mlp"), opts...)
		in, want := arrays(t, step{model: "mlp"}, m.Signatures()[0])
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
		}
		wg.Wait()
	}
}

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
		{"dtype", call("", "y", tensor(t, c, []float64{1, 2, 3, 4}, 1, 4)), &mismatch, npy.ErrDType, []string{`eager: input "y": have a tensor of double, want float32 [-1 4]`}},
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
	c := newContext(t)
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
		{"no variables", copyOf("mlp", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "variables"))) }), nil,
			[]string{"variables/variables.index", "missing"}},
		{"no variables of Keras", copyOf("keras", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "variables"))) }), nil,
			[]string{"variables/variables.index", "missing"}},
		{"no asset", copyOf("strings", func(dir string) { must(t, os.RemoveAll(filepath.Join(dir, "assets"))) }), tfc.NotFound,
			[]string{"init op", "vocabulary.txt"}},
		{"text", copyOf("mlp", func(dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "saved_model.pb"), []byte("this is no model"), 0o666))
		}), nil, []string{"is damaged or no SavedModel"}},
	} {
		t.Run(e.name, func(t *testing.T) {
			_, err := Load(e.dir, In(c))
			wantError(t, err, e.target, append(e.words, e.dir)...)
			if strings.Count(err.Error(), "eager: load") > 1 {
				t.Errorf("the package is named twice: %v", err)
			}
		})
	}
	_, err := Load(fixture("twotags"), In(c), WithTags("gpu"))
	wantError(t, err, nil, `eager: no tag set "gpu"`, `"serve"`, `"serve,gpu"`)
	m := loadModel(t, fixture("mlp"), In(c))
	in, want := arrays(t, step{model: "mlp"}, m.Signatures()[0])
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
		{"an op that is needed", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
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
			in, want := arrays(t, step{model: "mlp"}, m.Signatures()[0])
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
