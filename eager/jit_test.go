package eager

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestJIT(t *testing.T) {
	g, x, y, want := frozen(t)
	c := newContext(t)
	f, err := c.Function(g, []string{"x", "y"}, []string{"product"}, JIT())
	must(t, err)
	defer f.Close()
	tx, err := c.Tensor(x)
	must(t, err)
	defer tx.Close()
	ty, err := c.Tensor(y)
	must(t, err)
	defer ty.Close()
	o := f.Op(tx, ty)
	defer o.Close()
	dst := zeros(t, npy.Float32, want.Shape()...)
	for range 3 {
		must(t, o.RunInto(dst))
		if !slices.Equal(dst.Bytes(), want.Bytes()) {
			t.Errorf("landed %v, want %v", dst, want)
		}
	}
	// Another shape is compiled for itself.
	row := tensor(t, c, []float32{1, 2, 3, 4}, 1, 4)
	one, err := y.Slice(0, 1)
	must(t, err)
	ty1, err := c.Tensor(one)
	must(t, err)
	defer ty1.Close()
	for range 3 {
		out, err := f.Call(bg, row, ty1)
		must(t, err)
		if shape, err := out[0].Shape(); err != nil || !slices.Equal(shape, []int{1, 4}) {
			t.Errorf("shape is %v, %v", shape, err)
		}
		out[0].Close()
	}
}

// XLA compiles a function once for each combination of shapes, which it tells on
// stderr where it is asked to.
func TestJITCompilesOnce(t *testing.T) {
	for name, want := range map[string]int{"TestJIT": 2, "TestFunction": 0} {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+name+"$")
		cmd.Env = append(os.Environ(), "TF_CPP_MIN_LOG_LEVEL=0", "TF_CPP_VMODULE=device_compilation_profiler=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		if got := strings.Count(string(out), "] Compiled ndflow_function"); got != want {
			t.Errorf("%s: XLA has compiled %d times, want %d:\n%s", name, got, want, out)
		}
	}
}

// stringFunction is a function of a string and a table.
func stringFunction(t testing.TB, c *Context, opts ...FunctionOption) *Function {
	t.Helper()
	m, err := graph.Load(filepath.Join("..", "testdata", "models", "strings"))
	must(t, err)
	defer m.Close()
	sig, err := m.Signature("join")
	must(t, err)
	f, err := c.Function(m.Session().Graph(), []string{sig.Inputs[0].Tensor, sig.Inputs[1].Tensor}, []string{sig.Outputs[0].Tensor}, opts...)
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

func TestNotCompiled(t *testing.T) {
	c := newContext(t)
	list, sep := tensor(t, c, []string{"a", "b"}, 1, 2), scalar(t, c, "-")
	inputs := func(f *Function) []*Tensor {
		if len(f.Inputs()[0].Shape) == 0 {
			return []*Tensor{sep, list}
		}
		return []*Tensor{list, sep}
	}
	f := stringFunction(t, c, JIT())
	_, err := f.Call(bg, inputs(f)...)
	wantError(t, err, ErrNotCompiled, "an input of its type", "JITIfPossible")
	wantError(t, err, tfc.InvalidArgument)

	f = stringFunction(t, c, JITIfPossible())
	out, err := f.Call(bg, inputs(f)...)
	must(t, err)
	defer closeAll(out)
	wantValues(t, out[0], "a-", "b-")
	o := f.Op(inputs(f)...)
	defer o.Close()
	dst := zeros(t, npy.String, 2)
	for range 3 {
		must(t, o.RunInto(dst))
	}
}
