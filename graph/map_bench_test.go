package graph

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"ndflow/internal/interleave"
	"ndflow/internal/memory"
	"ndflow/npy"
)

// BenchmarkMap runs the small network over a file of 1.2 GB: as Map does, one
// row at a time and 256 rows at a time with Model.Run, the steps of the chosen
// batch alone, and reading the file alone. Ratios are for the whole file; what
// takes long is measured on a part of it.
func BenchmarkMap(b *testing.B) {
	const rows = 18_750_000 // of 64 bytes
	path := bigFile(b, rows)
	m := load(b, "mlp")
	x, err := npy.Open(path)
	must(b, err)
	defer x.Release()
	out := filepath.Join(filepath.Dir(path), "probs.npy")

	var chosen MapProgress
	mapFile := func(o MapOptions) {
		o.Progress = func(p MapProgress) { chosen = p }
		must(b, Map(bg, m, one("x", x), map[string]Sink{"probs": ToFile(out)}, o))
	}
	mapFile(MapOptions{})
	b.Logf("chosen: batch %d, %d workers, %v", chosen.Batch, chosen.Workers, chosen.Executor)
	cpu, start, rise := cpuTime(b), time.Now(), memory.Watch(b, memory.Anonymous)
	mapFile(MapOptions{})
	cpus, extra := (cpuTime(b)-cpu).Seconds()/time.Since(start).Seconds(), rise()

	// part is Model.Run over every so many rows of the first n, then scaled up by
	// the caller.
	part := func(n, batch int) {
		for lo := 0; lo < n; lo += batch {
			s, err := x.Slice(lo, lo+batch)
			must(b, err)
			_, err = m.Run(bg, Feeds{"x": s})
			must(b, err)
		}
	}
	scaled := func(name string, fraction int, do func()) interleave.Peer {
		return interleave.Peer{Name: fmt.Sprintf("%s-x%d", name, fraction), Run: func(n int) {
			for range n {
				do()
			}
		}}
	}
	// The model alone: the chosen steps on a tenth of the rows, which are in
	// memory, but like those of a file not in a cache.
	tenth, err := x.Slice(0, rows/10)
	must(b, err)
	tenth, err = tenth.Clone()
	must(b, err)
	alone := make([]*Runner, chosen.Workers)
	for i := range alone {
		alone[i] = runner(b, m, "")
		must(b, alone[i].SetExecutor(chosen.Executor))
		must(b, alone[i].Into("probs", zeros(b, npy.Float32, chosen.Batch, 4)))
	}
	steps := func(r *Runner, first int) {
		for lo := first; lo+chosen.Batch <= rows/10; lo += chosen.Batch * len(alone) {
			part, err := tenth.Slice(lo, lo+chosen.Batch)
			must(b, err)
			must(b, r.Feed("x", part))
			must(b, r.Run(bg))
		}
	}
	interleave.Benchmark(b,
		interleave.Peer{Name: "map", Run: func(n int) {
			for range n {
				mapFile(MapOptions{})
			}
		}},
		scaled("rows", 1000, func() { part(rows/1000, 1) }),
		scaled("batches-of-256", 100, func() { part(rows/100/256*256, 256) }),
		scaled("model-alone", 10, func() {
			var wg sync.WaitGroup
			for i, r := range alone {
				wg.Go(func() { steps(r, i*chosen.Batch) })
			}
			wg.Wait()
		}),
		scaled("read-file", 1, func() {
			f, err := os.Open(path)
			must(b, err)
			defer f.Close()
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
			must(b, err)
		}))
	b.ReportMetric(cpus, "cpus/map")
	b.ReportMetric(float64(extra)/(1<<20), "MiB-anonymous/map")
}

// cpuTime is what this process has used.
func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
