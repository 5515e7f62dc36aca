package plot

import (
	"path/filepath"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
)

// TestConstantMemory draws a file of 256 MB, in every kind, with a small part of that.
func TestConstantMemory(t *testing.T) {
	const rows, cols = 8192, 8192
	path := filepath.Join(t.TempDir(), "large.npy")
	f, err := npy.Create(path, npy.Float32, rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	v, err := npy.Values[float32](f.Array())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(v); i += 1021 {
		v[i] = float32(i%1000) - 300
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := npy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	flat, err := a.Reshape(rows * cols)
	if err != nil {
		t.Fatal(err)
	}
	for kind, series := range map[Kind][]Series{
		Histogram: {{"large", a}}, HeatMap: {{"large", a}}, Image: {{"large", a}}, Line: {{"large", flat}}, Scatter: {{"x", a}, {"y", a}},
	} {
		rise := memory.Watch(t, memory.All)
		figure(t, kind, Options{}, series...)
		if have := rise(); have > memory.Bound(100<<20) {
			t.Errorf("%v: memory rose by %d MiB, want at most 100", kind, have>>20)
		}
	}
}
