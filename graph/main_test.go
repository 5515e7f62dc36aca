package graph

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/internal/errtest"
	"ndflow/internal/leaktest"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, tfc.CheckLeaks)
}

var bg = context.Background()

// fixture is the folder of a model that scripts/fixtures.py wrote.
func fixture(name string) string { return filepath.Join("..", "testdata", "models", name) }

func load(t testing.TB, name string, opts ...Option) *Model {
	t.Helper()
	m, err := Load(fixture(name), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func runner(t testing.TB, m *Model, signature string) *Runner {
	t.Helper()
	r, err := m.Runner(signature)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// array makes an array of the given elements.
func array[T npy.Element](t testing.TB, v []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(v, shape...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Clone() // aligned, as TensorFlow likes it
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func zeros(t testing.TB, d npy.DType, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.New(d, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func values[T npy.Element](t testing.TB, a *npy.Array) []T {
	t.Helper()
	v, err := npy.Values[T](a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks that err is target and says each of the words.
var wantError = errtest.Want

var same = arraytest.Same

// expected reads the arrays beside a model: inputs and outputs of one
// signature by name.
func expected(t testing.TB, model, folder string) (in, out map[string]*npy.Array) {
	t.Helper()
	in, out = map[string]*npy.Array{}, map[string]*npy.Array{}
	files, err := filepath.Glob(filepath.Join(fixture(model), "expected", folder, "*.npy"))
	must(t, err)
	if len(files) == 0 {
		t.Fatalf("no expected arrays for %s %s", model, folder)
	}
	for _, f := range files {
		a, err := npy.ReadFile(f)
		must(t, err)
		name := strings.TrimSuffix(filepath.Base(f), ".npy")
		set := in
		if strings.HasPrefix(name, "out_") {
			set = out
		}
		name = strings.TrimPrefix(strings.TrimPrefix(name, "in_"), "out_")
		set[strings.TrimSuffix(name, "_bits")] = a
	}
	return in, out
}

// asDType sees bits as elements of the spec's dtype, for dtypes that NumPy
// lacks.
func asDType(t testing.TB, a *npy.Array, d npy.DType) *npy.Array {
	t.Helper()
	if a.DType() == d {
		return a
	}
	v, err := a.View(d)
	must(t, err)
	return v
}

// stats returns what a Runner says of one output.
func stats(t testing.TB, r *Runner, output string) OutputStats {
	t.Helper()
	s, err := r.Stats()
	must(t, err)
	for _, out := range s.Outputs {
		if out.Name == output {
			return out
		}
	}
	t.Fatalf("no output %q in %+v", output, s)
	return OutputStats{}
}
