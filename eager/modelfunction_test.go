package eager

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/graph"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
)

// callExpected calls a function with the arrays of a folder and compares what it makes.
func callExpected(t *testing.T, m *Model, path, folder string, more map[string]any) {
	t.Helper()
	args, want := maps.Clone(more), map[string]*npy.Array{}
	if args == nil {
		args = map[string]any{}
	}
	files, err := filepath.Glob(filepath.Join(fixture("functions"), "expected", folder, "*.npy"))
	must(t, err)
	for _, file := range files {
		a, err := npy.ReadFile(file)
		must(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".npy")
		if in, ok := strings.CutPrefix(name, "in_"); ok {
			args[in] = a
		} else {
			want[strings.TrimPrefix(name, "out_")] = a
		}
	}
	out, err := m.CallFunction(bg, path, args)
	must(t, err)
	if len(out) != len(want) || len(want) == 0 {
		t.Errorf("%s makes %d tensors, want %d", path, len(out), len(want))
	}
	for name, w := range want {
		if out[name] == nil {
			t.Errorf("%s makes no %q: have %v", path, name, slices.Sorted(maps.Keys(out)))
			continue
		}
		a, err := out[name].Copy()
		must(t, err)
		out[name].Close()
		same(t, path+" "+name, a, w)
	}
}

// functionCalls are the calls that the fixture was made with, by folder.
var functionCalls = map[string]struct {
	path string
	args map[string]any
}{
	"pick_2":      {"pick", nil},
	"pick_3":      {"pick", nil},
	"pick_negate": {"pick", map[string]any{"negate": true}},
	"pick_int":    {"pick", nil},
	"nested":      {"nested", nil},
	"part.both":   {"part.both", nil},
	"look":        {"look", nil},
	"learned":     {"learned", nil},
	"sparse":      {"sparse", nil},
}

// Every function of a model gives what Python's gave, whichever overload it takes.
func TestCallFunction(t *testing.T) {
	m, err := Load(fixture("functions"))
	must(t, err)
	defer m.Close()
	for folder, c := range functionCalls {
		t.Run(folder, func(t *testing.T) { callExpected(t, m, c.path, folder, c.args) })
	}
	t.Run("by another name", func(t *testing.T) { callExpected(t, m, "model.part.both", "part.both", nil) })
	t.Run("with what is the default", func(t *testing.T) {
		callExpected(t, m, "pick", "pick_2", map[string]any{"negate": false, "by": 1.5})
	})
	t.Run("in effect", func(t *testing.T) {
		out, err := m.CallFunction(bg, "learn", map[string]any{"k": "new", "v": 17})
		if err != nil || len(out) != 0 {
			t.Fatalf("have %v, %v", out, err)
		}
		out, err = m.CallFunction(bg, "learned", map[string]any{"k": "new"})
		must(t, err)
		defer out["output_0"].Close()
		if v, err := Item[int64](out["output_0"]); err != nil || v != 17 {
			t.Errorf("have %d, %v, want 17", v, err)
		}
	})
}

// Call and Function take a function for a signature where no signature has the name.
func TestFunctionAsSignature(t *testing.T) {
	m, err := Load(fixture("functions"))
	must(t, err)
	defer m.Close()
	x, err := FromSlice(m.Context(), []float32{1, 2})
	must(t, err)
	defer x.Close()
	for _, name := range []string{"part.both", "model.part.both"} {
		out, err := m.Call(bg, name, map[string]*Tensor{"x": x})
		must(t, err)
		if v, err := out["output_1"].Copy(); err != nil || v.String() != "[11. 22.]" {
			t.Errorf("%s: have %v, %v", name, v, err)
		}
		for _, o := range out {
			o.Close()
		}
	}
	f, err := m.Function("part.both")
	must(t, err)
	ts, err := f.Call(bg, x)
	must(t, err)
	if len(ts) != 2 {
		t.Errorf("have %d tensors, want 2", len(ts))
	}
	closeAll(ts)
	_, err = m.Function("pick")
	wantError(t, err, nil, `function "pick" has 4 overloads`)
	_, err = m.Call(bg, "none", nil)
	wantError(t, err, nil, `no signature "none"`, "part.both")
}

func TestFunctionsListed(t *testing.T) {
	m, err := Load(fixture("functions"))
	must(t, err)
	defer m.Close()
	described, err := graph.Describe(fixture("functions"))
	must(t, err)
	var have, told []string
	for _, f := range m.Functions() {
		have = append(have, f.String())
	}
	for _, f := range described[0].Functions {
		told = append(told, f.String())
	}
	if !slices.Equal(have, told) {
		t.Errorf("the model has %q, and is described with %q", have, told)
	}
	const want = "pick(x float32 [2], by=1.5, negate=false) output_0 float32 [2]; " +
		"pick(x float32 [3], by=1.5, negate=false) output_0 float32 [3]; " +
		"pick(x float32 [2], by=1.5, negate=true) output_0 float32 [2]; " +
		"pick(by int32 [], x int32 [1], negate=false) output_0 int32 [1]"
	if !slices.Contains(have, want) && !slices.Contains(have, strings.Replace(want, "(by int32 [], x int32 [1],", "(x int32 [1], by int32 [],", 1)) {
		t.Errorf("have %q, want %q among them", have, want)
	}
}

// What no overload takes is an error that says what they take.
func TestFunctionRefuses(t *testing.T) {
	m, err := Load(fixture("functions"))
	must(t, err)
	defer m.Close()
	array := func(v ...float32) *npy.Array {
		a, err := npy.From(v)
		must(t, err)
		return a
	}
	var missing *Tensor
	for name, c := range map[string]struct {
		path  string
		args  map[string]any
		words []string
	}{
		"another shape":       {"pick", map[string]any{"x": array(1, 2, 3, 4)}, []string{"x float32 [4]", "pick(x float32 [2], by=1.5"}},
		"another dtype":       {"pick", map[string]any{"x": npy.Scalar("a")}, []string{"x string []"}},
		"another value":       {"pick", map[string]any{"x": array(1, 2), "by": 2}, []string{"by=2"}},
		"no argument":         {"look", nil, []string{`input "w"`, "not fed"}},
		"an unknown argument": {"part.both", map[string]any{"x": array(1, 2), "y": 1}, []string{`no argument "y"`, `"x"`}},
		"a nil tensor":        {"part.both", map[string]any{"x": missing}, []string{`"x"`}},
		"what is no value":    {"part.both", map[string]any{"x": []int{1}}, []string{`"x"`, "[]int"}},
		"a slice as a value":  {"pick", map[string]any{"x": array(1, 2), "negate": []int{1}}, []string{"negate=[1]"}},
	} {
		out, err := m.CallFunction(bg, c.path, c.args)
		if out != nil || !errors.Is(err, ErrNoOverload) {
			t.Errorf("%s: have %v, %v, want ErrNoOverload", name, out, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v does not say %s", name, err, w)
			}
		}
	}
	_, err = m.CallFunction(bg, "none", nil)
	wantError(t, err, nil, `no function "none"`, "part.both")
	m.Close()
	_, err = m.CallFunction(bg, "look", nil)
	wantError(t, err, ErrClosed)
}

// What is wrong with one function is no reason not to load the model, or the others.
func TestFunctionUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tfpb.MetaGraphDef, *tfpb.GraphDef)
		word   string
	}{
		"an unknown op": {func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			changeFunction(t, g, "__inference_look_", func(f *tfpb.FunctionDef) { f.GetNodeDef()[0].Op = "NoSuchOp" })
		}, `op "NoSuchOp"`},
		"an object that is not there": {func(m *tfpb.MetaGraphDef, _ *tfpb.GraphDef) {
			changeObjects(t, m, func(o *tfpb.SavedObjectGraph) {
				for name, f := range o.GetConcreteFunctions() {
					if strings.Contains(name, "_look_") {
						f.BoundInputs[0] = 9999
					}
				}
			})
		}, "number 9999"},
		"too few arguments": {func(m *tfpb.MetaGraphDef, _ *tfpb.GraphDef) {
			changeObjects(t, m, func(o *tfpb.SavedObjectGraph) {
				for name, f := range o.GetConcreteFunctions() {
					if strings.Contains(name, "_look_") {
						f.BoundInputs = f.BoundInputs[:1]
					}
				}
			})
		}, "takes 3 tensors"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := modeltest.Change(t, fixture("functions"), c.change)
			m, err := Load(dir)
			must(t, err)
			defer m.Close()
			w, err := FromSlice(m.Context(), []string{"a", "b"})
			must(t, err)
			defer w.Close()
			_, err = m.CallFunction(bg, "look", map[string]any{"w": w})
			wantError(t, err, ErrUnavailable, `function "look"`, c.word)
			for _, f := range m.Functions() {
				if problem := f.Overloads[0].Problem; (problem != "") != (f.Path == "look") {
					t.Errorf("%s: the problem is %q", f.Path, problem)
				}
			}
			callExpected(t, m, "nested", "nested", nil)
		})
	}
}

func changeObjects(t *testing.T, m *tfpb.MetaGraphDef, change func(*tfpb.SavedObjectGraph)) {
	t.Helper()
	var o tfpb.SavedObjectGraph
	must(t, proto.Unmarshal(m.GetObjectGraphDef(), &o))
	change(&o)
	raw, err := proto.Marshal(&o)
	must(t, err)
	m.ObjectGraphDef = raw
}

func changeFunction(t *testing.T, g *tfpb.GraphDef, prefix string, change func(*tfpb.FunctionDef)) {
	t.Helper()
	var library tfpb.FunctionDefLibrary
	must(t, proto.Unmarshal(g.GetLibrary(), &library))
	found := false
	for _, f := range library.GetFunction() {
		if strings.HasPrefix(f.GetSignature().GetName(), prefix) {
			change(f)
			found = true
		}
	}
	if !found {
		t.Fatalf("no function %s…", prefix)
	}
	raw, err := proto.Marshal(&library)
	must(t, err)
	g.Library = raw
}

// A model without its folder's checkpoint has no value for what functions use.
func TestFunctionVariableMissing(t *testing.T) {
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(fixture("functions"))))
	must(t, os.RemoveAll(filepath.Join(dir, "variables")))
	_, err := Load(dir)
	wantError(t, err, ErrMissing, "variables.index")
}
