package graph

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ndflow/npy"
	"ndflow/tfc"
)

func TestUnknownNames(t *testing.T) {
	m := load(t, "signatures")
	r := runner(t, m, "subtract")
	x := zeros(t, npy.Float32, 1, 2)
	_, sigErr := m.Signature("divide")
	_, runnerErr := m.Runner("divide")
	_, callErr := m.Call(bg, "divide", nil)
	_, runErr := m.Run(bg, Feeds{"x": x, "y": x, "z": x})
	_, valueErr := r.Value("sum")
	_, shapeErr := r.Shape("sum")
	_, tagErr := Load(fixture("twotags"), WithTags("gpu"))
	_, noTagErr := Load(fixture("notags"))
	_, evalErr := m.Session().Eval(bg, "no_such_op:0")
	_, outErr := m.Session().Eval(bg, "StatefulPartitionedCall:99")
	_, textErr := m.Session().Eval(bg, "x:one")
	_, targetErr := m.Session().Run(bg, nil, nil, []string{"no_such_op"})
	_, executorErr := ParseExecutor("fast")
	for _, c := range []struct {
		name  string
		err   error
		words []string
	}{
		{"signature", sigErr, []string{`"divide"`, `"serving_default"`, `"subtract"`, `"scale"`}},
		{"signature of a runner", runnerErr, []string{`"divide"`, `"subtract"`}},
		{"signature of a call", callErr, []string{`"divide"`, `"subtract"`}},
		{"input", r.Feed("z", x), []string{`input "z"`, `"x"`, `"y"`}},
		{"input of Run", runErr, []string{`input "z"`, `"x"`, `"y"`}},
		{"output to land", r.Into("sum", x), []string{`output "sum"`, `"result"`}},
		{"output to fetch", r.Fetch("sum"), []string{`output "sum"`, `"result"`}},
		{"output to see", valueErr, []string{`output "sum"`, `"result"`}},
		{"output to measure", shapeErr, []string{`output "sum"`, `"result"`}},
		{"tags", tagErr, []string{`tag set "gpu"`, `"serve"`, `"serve,gpu"`}},
		{"tags of a model without", noTagErr, []string{`tag set "serve"`, `""`}},
		{"operation", evalErr, []string{`operation "no_such_op"`, "there are"}},
		{"target", targetErr, []string{`operation "no_such_op"`}},
		{"executor", executorErr, []string{`"fast"`, `"auto"`, `"inline"`, `"pool"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, c.err, nil, c.words...)
			var e *NameError
			if !errors.As(c.err, &e) {
				t.Errorf("%v is not a NameError", c.err)
			}
			if strings.Count(c.err.Error(), "graph:") != 1 {
				t.Errorf("the package is not named once: %v", c.err)
			}
		})
	}
	wantError(t, outErr, nil, "StatefulPartitionedCall", "no number 99")
	wantError(t, textErr, nil, `"x:one"`, "operation:index")
}

func TestMismatches(t *testing.T) {
	r := runner(t, load(t, "add4"), "")
	for _, c := range []struct {
		name   string
		array  *npy.Array
		target error
		words  []string
	}{
		{"dtype", zeros(t, npy.Float64, 3, 4), npy.ErrDType, []string{`input "x"`, "have float64 [3 4]", "want float32 [-1 4]"}},
		{"rank", zeros(t, npy.Float32, 4), npy.ErrShape, []string{"have float32 [4]", "want float32 [-1 4]"}},
		{"size", zeros(t, npy.Float32, 3, 5), npy.ErrShape, []string{"have float32 [3 5]", "want float32 [-1 4]"}},
		{"nil", nil, npy.ErrDType, []string{"a nil array", "want float32 [-1 4]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := r.Feed("x", c.array)
			wantError(t, err, c.target, c.words...)
			var e *MismatchError
			if !errors.As(err, &e) {
				t.Errorf("%v is not a MismatchError", err)
			}
		})
	}
	wantError(t, r.Into("sum", zeros(t, npy.Int32, 3, 4)), npy.ErrDType, `output "sum"`, "have int32 [3 4]", "want float32 [-1 4]")
	must(t, r.Feed("x", zeros(t, npy.Float32, 3, 4)))
	wantError(t, r.Run(bg), ErrNotFed, `input "y"`, "float32 [-1 4]")
	// What only TensorFlow can see.
	must(t, r.Feed("y", zeros(t, npy.Float32, 2, 4)))
	wantError(t, r.Run(bg), tfc.InvalidArgument, "serving_default")
}

func TestMemoryConflicts(t *testing.T) {
	r := runner(t, load(t, "add4"), "")
	a := zeros(t, npy.Float32, 6, 4)
	front, err := a.Slice(0, 3)
	must(t, err)
	back, err := a.Slice(2, 6)
	must(t, err)
	must(t, r.Feed("x", front))
	wantError(t, r.Into("sum", back), nil, `output "sum"`, `input "x"`, "shares memory")
	must(t, r.Into("sum", zeros(t, npy.Float32, 3, 4)))
	rest, err := a.Slice(3, 6)
	must(t, err)
	must(t, r.Into("sum", rest))
	wantError(t, r.Feed("y", back), nil, `input "y"`, `output "sum"`, "shares memory")

	multi := runner(t, load(t, "constant"), "")
	must(t, multi.Into("constant", zeros(t, npy.Float32, 3)))
	must(t, multi.Into("variable", a))
	wantError(t, multi.Into("twice", front), nil, `output "twice"`, `output "variable"`, "shares memory")

	mapped := filepath.Join(t.TempDir(), "mapped.npy")
	must(t, npy.WriteFile(mapped, zeros(t, npy.Float32, 3, 4)))
	readOnly, err := npy.Open(mapped)
	must(t, err)
	defer readOnly.Release()
	wantError(t, r.Into("sum", readOnly), nil, "read-only")
}

func TestClosed(t *testing.T) {
	m := load(t, "add")
	r := runner(t, m, "")
	x := zeros(t, npy.Float32, 3)
	must(t, r.Feed("x", x))
	must(t, r.Feed("y", x))
	must(t, r.Run(bg))
	view, err := r.Value("sum")
	must(t, err)
	s := m.Session()
	m.Close()
	m.Close()
	wantError(t, r.Run(bg), ErrClosed)
	_, err = m.Run(bg, Feeds{"x": x, "y": x})
	wantError(t, err, ErrClosed)
	_, err = m.Runner("")
	wantError(t, err, ErrClosed)
	_, err = s.Eval(bg, "x:0")
	wantError(t, err, ErrClosed)
	_, err = s.Devices()
	wantError(t, err, ErrClosed)
	for range s.Graph().Operations() {
		t.Error("a closed graph has operations")
	}
	if got := view.Len(); got != 3 || values[float32](t, view)[0] != 0 {
		t.Error("a view does not outlive the model")
	}
	view.Release()
	r.Close()
	r.Close()
	wantError(t, r.Run(bg), ErrClosed)
	wantError(t, r.Feed("x", x), ErrClosed)
	wantError(t, r.Into("sum", x), ErrClosed)
	_, err = r.Value("sum")
	wantError(t, err, ErrClosed)
}

func TestTwoGoroutinesInOneRunner(t *testing.T) {
	w := newWaiter(t, Auto)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.Run(bg); err != nil {
			t.Error(err)
		}
	})
	w.begun(bg)
	wantError(t, w.Run(bg), ErrBusy)
	wantError(t, w.Feed("x", w.x), ErrBusy)
	w.letGo(t)
	wg.Wait()
	w.letGo(t)
	must(t, w.Run(bg))
}

func TestNoModel(t *testing.T) {
	empty := t.TempDir()
	for name, dir := range map[string]string{
		"no folder":             filepath.Join(empty, "none"),
		"folder with nothing":   empty,
		"a file":                filepath.Join(fixture("add"), "saved_model.pb"),
		"folder of some models": fixture(""),
	} {
		_, err := Load(dir)
		wantError(t, err, ErrNoModel, dir)
		if t.Failed() {
			t.Log(name)
		}
	}
	_, err := Read(filepath.Join(empty, "none.pb"))
	wantError(t, err, fs.ErrNotExist)
	for name, content := range map[string]string{"empty": "", "text": "this is no graph", "truncated": string(frozen(t)[:300])} {
		path := filepath.Join(empty, name+".pb")
		must(t, os.WriteFile(path, []byte(content), 0o666))
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s GraphDef: %v", name, err)
		}
	}
}

func frozen(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(fixture("frozen"), "frozen.pb"))
	must(t, err)
	return b
}

// A file of a SavedModel that is cut off anywhere is an error, never a crash.
func TestTruncatedModel(t *testing.T) {
	for _, file := range []string{
		"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001",
	} {
		whole, err := os.ReadFile(filepath.Join(fixture("mlp"), file))
		must(t, err)
		for _, size := range []int{0, 1, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(fixture("mlp"))))
			path := filepath.Join(dir, file)
			must(t, os.WriteFile(path, whole[:size], 0o666))
			m, err := Load(dir)
			if err == nil {
				m.Close()
				t.Errorf("%s cut to %d of %d bytes loads", file, size, len(whole))
				continue
			}
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("%s cut to %d bytes: the error does not name the model: %v", file, size, err)
			}
		}
	}
}
