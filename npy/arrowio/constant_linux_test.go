package arrowio

import (
	"io"
	"path/filepath"
	"runtime/debug"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/npy/table"
)

// TestFilesAreWalkedInConstantMemory writes and reads files of 192 MB, or 48 MB in the
// short form, with two columns. A mapped file's pages count as memory.
func TestFilesAreWalkedInConstantMemory(t *testing.T) {
	const rows = 1 << 18 // 6 MB
	batches := 32
	if testing.Short() {
		batches = 8
	}
	columns := []table.Column{{Name: "x", DType: npy.Float64}, {Name: "rows", DType: npy.Float32, Shape: []int{4}}}
	batch := []*npy.Array{must(npy.New(npy.Float64, rows)), must(npy.New(npy.Float32, rows, 4))}
	for i := range batch[0].Bytes() {
		batch[0].Bytes()[i] = byte(i*i) ^ byte(i>>7)
	}
	copy(batch[1].Bytes(), batch[0].Bytes())
	for ext, limit := range map[string]int{
		".arrow": 48 << 20, ".arrows": 48 << 20,
		".parquet": 128 << 20, // several row groups of 3 MB, encoded, until the garbage is collected
	} {
		debug.FreeOSMemory()
		path := filepath.Join(t.TempDir(), "t"+ext)
		rise := memory.Watch(t, memory.All)
		w := must(create(path, columns, Compression("none"), RowGroup(1<<17)))
		for range batches {
			if err := w.Write(batch); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		written := rise()
		debug.FreeOSMemory()
		rise = memory.Watch(t, memory.All)
		r := must(open(path))
		n := 0
		for {
			part, err := r.Next(1 << 20)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range part {
				at := n % rows
				if at+a.Dim(0) <= rows && !equal(a, must(batch[i].Slice(at, at+a.Dim(0)))) {
					t.Fatalf("%s: column %d differs from row %d on", ext, i, n)
				}
			}
			n += part[0].Dim(0)
			for _, a := range part {
				a.Release()
			}
		}
		r.Close()
		read := rise()
		t.Logf("%s: %d MB more to write, %d MB to read", ext, written>>20, read>>20)
		if n != rows*batches || written > memory.Bound(limit) || read > memory.Bound(limit) {
			t.Errorf("%s: %d rows, %d MB more to write, %d MB to read; want at most %d", ext, n, written>>20, read>>20, limit>>20)
		}
	}
}
