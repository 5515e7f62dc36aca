package weights

import (
	"path/filepath"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/internal/leaktest"
	"ndflow/internal/scripttest"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, tfc.CheckLeaks)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func fixture(name string) string { return filepath.Join("..", "testdata", "models", name) }

func mustOpen(t testing.TB, path string, opts ...Option) Source {
	t.Helper()
	s, err := Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustRead(t testing.TB, s Source, name string) *npy.Array {
	t.Helper()
	a, err := s.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Release() })
	return a
}

var same = arraytest.Same

// ramp is an array of 0, 1, 2 and so on, from a number.
func ramp(from int, shape ...int) *npy.Array {
	a := must(npy.New(npy.Float32, shape...))
	v := must(npy.Values[float32](a))
	for i := range v {
		v[i] = float32(from + i)
	}
	return a
}

// python has TensorFlow load the models in a folder; see testdata/tensorflow_weights.py.
func python(t testing.TB, dir string) {
	t.Helper()
	scripttest.TensorFlow.Run(t, "testdata/tensorflow_weights.py", dir)
}

func write(t testing.TB, path string, a *npy.Array) {
	t.Helper()
	if err := npy.WriteFile(path, a); err != nil {
		t.Fatal(err)
	}
}
