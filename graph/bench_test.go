package graph

import (
	"fmt"
	"path/filepath"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/npy"
	"ndflow/tfc"
)

// BenchmarkRunnerRun compares a step of the one-op model with a C loop that
// does the same: its figures are ratios to that loop's time.
func BenchmarkRunnerRun(b *testing.B) {
	for _, e := range []Executor{Inline, Pool} {
		for _, n := range []int{1, 1 << 10, 1 << 18, 1 << 22} {
			b.Run(fmt.Sprintf("%v/%d", e, n), func(b *testing.B) {
				r, _, _, _ := addRunner(b, n)
				must(b, r.SetExecutor(e))
				must(b, r.Run(bg))
				b.SetBytes(int64(4 * n))
				b.ReportAllocs()
				interleave.Benchmark(b, floor(b, "c", r, e), run(b, "runner", r))
			})
		}
	}
}

// BenchmarkInline compares inline steps with a C loop on the default executor.
func BenchmarkInline(b *testing.B) {
	r, _, _, _ := addRunner(b, 1)
	must(b, r.SetExecutor(Inline))
	must(b, r.Run(bg))
	single := runner(b, load(b, "add", WithSingleThread(), WithExecutor(Inline)), "")
	must(b, single.Feed("x", zeros(b, npy.Float32, 1)))
	must(b, single.Feed("y", zeros(b, npy.Float32, 1)))
	must(b, single.Into("sum", zeros(b, npy.Float32, 1)))
	must(b, single.Run(bg))
	interleave.Benchmark(b, run(b, "inline", r), run(b, "single-thread", single),
		floor(b, "c-pool", r, Pool), floor(b, "c-inline", r, Inline))
}

// BenchmarkWaysOut compares the ways to get a result of n float32.
func BenchmarkWaysOut(b *testing.B) {
	for _, n := range []int{1, 1 << 10, 1 << 18, 1 << 22} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := load(b, "add", WithExecutor(Inline))
			into, x, y, _ := addRunner(b, n)
			must(b, into.SetExecutor(Inline))
			view := runner(b, m, "")
			must(b, view.Feed("x", x))
			must(b, view.Feed("y", y))
			b.SetBytes(int64(4 * n))
			interleave.Benchmark(b, run(b, "into", into),
				interleave.Peer{Name: "value", Run: func(n int) {
					for range n {
						must(b, view.Run(bg))
						v, err := view.Value("sum")
						must(b, err)
						v.Release()
					}
				}},
				interleave.Peer{Name: "model-run", Run: func(n int) {
					for range n {
						_, err := m.Run(bg, Feeds{"x": x, "y": y})
						must(b, err)
					}
				}})
		})
	}
}

// BenchmarkOpenAndFeed feeds mapped files to a model that looks at their shape
// only: the time must not depend on the size.
func BenchmarkOpenAndFeed(b *testing.B) {
	var def graphDef
	def.node("x", "Placeholder", nil, map[string]uint64{"dtype": dtFloat})
	def.node("shape", "Shape", []string{"x"}, map[string]uint64{"T": dtFloat})
	g, err := New()
	must(b, err)
	defer g.Close()
	must(b, g.Import(def, ""))
	s, err := NewSession(g, WithExecutor(Inline))
	must(b, err)
	defer s.Close()
	r, err := s.Runner([]string{"x"}, []string{"shape"}, nil)
	must(b, err)
	defer r.Close()
	must(b, r.Into("shape", zeros(b, npy.Int32, 1)))

	peer := func(name string, n int) interleave.Peer {
		path := filepath.Join(b.TempDir(), name+".npy")
		f, err := npy.Create(path, npy.Float32, n)
		must(b, err)
		must(b, f.Close())
		return interleave.Peer{Name: name, Run: func(n int) {
			for range n {
				a, err := npy.Open(path)
				must(b, err)
				must(b, r.Feed("x", a))
				must(b, r.Run(bg))
				a.Release()
			}
		}}
	}
	interleave.Benchmark(b, peer("4kB", 1<<10), peer("1MB", 1<<18), peer("1GB", 1<<28))
}

func run(b *testing.B, name string, r *Runner) interleave.Peer {
	return interleave.Peer{Name: name, Run: func(n int) {
		for range n {
			if err := r.Run(bg); err != nil {
				b.Fatal(err)
			}
		}
	}}
}

func floor(b *testing.B, name string, r *Runner, e Executor) interleave.Peer {
	return interleave.Peer{Name: name, Run: func(n int) {
		if err := r.plan.Floor(n, tfc.Step{Inline: e == Inline}); err != nil {
			b.Fatal(err)
		}
	}}
}
