package data

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/tfc"
)

// bigFile writes a .npy file of so many rows of float32 and returns its path.
func bigFile(t testing.TB, rows, width int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	f, err := npy.Create(path, npy.Float32, rows, width)
	must(t, err)
	defer f.Abort()
	step := (1 << 20) / width
	for lo := 0; lo < rows; lo += step {
		part, err := f.Array().Slice(lo, min(lo+step, rows))
		must(t, err)
		for i, v := 0, values[float32](t, part); i < len(v); i++ {
			v[i] = float32((lo + i) % 4093)
		}
		must(t, part.DropPages())
	}
	must(t, f.Close())
	return path
}

// Files of any size pass through in constant memory, more than once and in any
// order: neither the heap nor the pages of the file pile up. With NDFLOW_SOAK the
// file has 1.2 GB.
func TestMemoryIsConstant(t *testing.T) {
	rows := 1_000_000 // of 256 bytes
	if os.Getenv("NDFLOW_SOAK") != "" {
		rows = 4_687_500
	}
	c := newContext(t)
	x, err := npy.Open(bigFile(t, rows, 64))
	must(t, err)
	defer x.Release()
	part, err := x.Slice(0, rows/10)
	must(t, err)
	dst := counting(t, 256, 64)
	twice := double(t, c, -1, 64)
	read := func(d Dataset) (sum float32) { // every page
		for batch, err := range d.All(bg) {
			must(t, err)
			v, err := batch[0].Value()
			must(t, err)
			for list, i := values[float32](t, v), 0; i < len(list); i += 64 {
				sum += list[i]
			}
			v.Release()
		}
		return sum
	}
	for name, run := range map[string]func(x *npy.Array){
		"All": func(x *npy.Array) { read(FromArrays(c, x).Batch(256)) },
		"Into": func(x *npy.Array) {
			for _, err := range FromArrays(c, x).Batch(256).Into(bg, dst) {
				must(t, err)
			}
		},
		"mapped, twice": func(x *npy.Array) {
			read(FromArrays(c, x).Batch(256).Map(twice, 2).Prefetch(4).Repeat(2).Skip(3))
		},
		"shuffled": func(x *npy.Array) { read(FromArrays(c, x).Shuffle(1000, 1).Batch(256)) },
		"two at once": func(x *npy.Array) {
			read(Zip(FromArrays(c, x).Batch(256), FromArrays(c, x).Batch(64).Skip(100)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(part) // what TensorFlow itself takes
			must(t, x.DropPages())
			debug.FreeOSMemory()
			anonymous, all := memory.Watch(t, memory.Anonymous), memory.Watch(t, memory.All)
			run(x)
			if rise := anonymous(); rise > 32<<20 {
				t.Errorf("%d MiB of anonymous memory were added", rise>>20)
			}
			if rise := all(); rise > 64<<20 {
				t.Errorf("%d MiB were added in all", rise>>20)
			}
		})
	}
}

// Loops that are left leave nothing: 240 that have made 16 MB each ahead.
func TestLoopsPileNothingUp(t *testing.T) {
	c := newContext(t)
	x := counting(t, 16, 1<<18) // of 1 MB
	d := FromArrays(c, x).Map(double(t, c, 1<<18), 2).Prefetch(16)
	memory.Level(t, "weighed bytes", tfc.Weighed, tfc.Weighed()) // collects
	weighed := tfc.Weighed()
	memory.Plateau(t, 240, 256<<20, tfc.Trim, func() {
		for _, err := range d.All(bg) {
			must(t, err)
			break
		}
	})
	memory.Level(t, "weighed bytes", tfc.Weighed, weighed)
}
