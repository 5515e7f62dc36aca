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
	must(t, o.RunInto(dst))
	if !slices.Equal(dst.Bytes(), want.Bytes()) {
		t.Errorf("landed %v, want %v", dst, want)
	}
}

// XLA says once in a process that it has compiled something, on stderr.
func TestJITCompiles(t *testing.T) {
	for name, compiled := range map[string]bool{"TestJIT": true, "TestFunction": false} {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+name+"$")
		cmd.Env = append(os.Environ(), "TF_CPP_MIN_LOG_LEVEL=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		if got := strings.Contains(string(out), "Compiled cluster using XLA"); got != compiled {
			t.Errorf("%s: compiled is %v, want %v:\n%s", name, got, compiled, out)
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
