package text_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

// TestTablesAreReadInConstantMemory reads a table that is larger than what it may take.
func TestTablesAreReadInConstantMemory(t *testing.T) {
	batches, most := 4, 32<<20
	if testing.Short() {
		batches, most = 2, 24<<20
	}
	dir := t.TempDir()
	a := of(t, make([]float32, 4<<18), 1<<18, 4) // 4 MB
	for _, f := range forms {
		path := filepath.Join(dir, "big."+f.name)
		rise := memory.Watch(t, memory.Anonymous)
		w, err := f.create(path, []table.Column{{Name: "x", DType: npy.Float32, Shape: []int{4}}, {Name: "y", DType: npy.Float32, Shape: []int{4}}})
		if err != nil {
			t.Fatal(err)
		}
		for range batches {
			if err := w.Write([]*npy.Array{a, a}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		r, err := f.open(path, text.As(npy.Float32))
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for {
			batch, err := r.Next(1000)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows += batch[0].Dim(0)
		}
		r.Close()
		if rose := rise(); rows != batches<<18 || rose > memory.Bound(most) {
			t.Errorf("%s: have %d rows in %d MB, want %d in at most %d", f.name, rows, rose>>20, batches<<18, most>>20)
		}
		os.Remove(path)
	}
}
