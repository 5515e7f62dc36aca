package eager

import (
	"context"
	"path/filepath"
	"testing"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

var bg = context.Background()

// frozen is a graph with variables made constants, of scripts/fixtures.py, with
// what it is fed and what it gives.
func frozen(t testing.TB) (g *graph.Graph, x, y, product *npy.Array) {
	t.Helper()
	dir := filepath.Join("..", "testdata", "models", "frozen")
	g, err := graph.Read(filepath.Join(dir, "frozen.pb"))
	must(t, err)
	t.Cleanup(g.Close)
	read := func(name string) *npy.Array {
		a, err := npy.ReadFile(filepath.Join(dir, "expected", name+".npy"))
		must(t, err)
		return a
	}
	return g, read("in_x"), read("in_y"), read("out_product")
}

func TestFunction(t *testing.T) {
	g, x, y, want := frozen(t)
	for name, opts := range map[string][]FunctionOption{"pool": nil, "single thread": {SingleThread()}} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t)
			f, err := c.Function(g, []string{"x", "y"}, []string{"product"}, opts...)
			must(t, err)
			tx, err := c.Tensor(x)
			must(t, err)
			defer tx.Close()
			ty, err := c.Tensor(y)
			must(t, err)
			defer ty.Close()
			out, err := f.Call(bg, tx, ty)
			must(t, err)
			defer closeAll(out)
			got, err := out[0].Copy()
			must(t, err)
			stored(t, "product", got, want, map[string]*npy.Array{"x": x, "y": y})
			o := f.Op(tx, ty)
			defer o.Close()
			dst := zeros(t, npy.Float32, want.Shape()...)
			must(t, o.RunInto(dst))
			same(t, "product that landed", dst, got)
			if n := testing.AllocsPerRun(20, func() { must(t, o.RunInto(dst)) }); n != 0 {
				t.Errorf("RunInto of a function allocates %v times", n)
			}
			f.Close()
			_, err = f.Call(bg, tx, ty)
			wantError(t, err, tfc.NotFound)
		})
	}
}

func TestFunctionErrors(t *testing.T) {
	g, x, _, _ := frozen(t)
	c := newContext(t)
	_, err := c.Function(g, []string{"x"}, []string{"z"})
	wantError(t, err, nil, `placeholder "y"`, "not among the inputs")
	_, err = c.Function(g, []string{"nothing"}, []string{"product"})
	wantError(t, err, nil, `"nothing"`, "there are")
	_, err = c.Function(g, []string{"x", "y"}, nil)
	wantError(t, err, nil, "no outputs")
	f, err := c.Function(g, []string{"x", "y"}, []string{"product"})
	must(t, err)
	defer f.Close()
	tx, err := c.Tensor(x)
	must(t, err)
	defer tx.Close()
	_, err = f.Call(bg, tx)
	wantError(t, err, nil, "have 1 inputs, want 2")
	_, err = f.Call(bg, tx, nil)
	wantError(t, err, nil, "input 1", "nil")
	_, err = f.Call(bg, tx, tensor(t, c, []float64{1}))
	wantError(t, err, npy.ErrDType, "float64", "float32")
	other := newContext(t)
	_, err = f.Call(bg, tx, tensor(t, other, []float32{1}))
	wantError(t, err, ErrContext)
	_, err = other.Op("PartitionedCall").InputList(tensor(t, other, []float32{1})).Func("f", f.Name()).
		Attr(ops.Types("Tout", npy.Float32)).Run()
	wantError(t, err, nil, f.Name())
}
