package graph

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/tfc"
)

// soak makes the tests here run for minutes instead of seconds.
var soak = os.Getenv("NDFLOW_SOAK") != ""

// times is n, many more in a soak run, fewer in a short one.
func times(n int) int {
	switch {
	case soak:
		return 50 * n
	case testing.Short():
		return n / 4
	}
	return n
}

// collectGarbage forces the collector in a loop beside the test.
func collectGarbage(t *testing.T) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				time.Sleep(time.Millisecond) // or nothing else would run
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
	})
}

// Readers of results must never see memory that was given back: 8 goroutines,
// results of 16 MB, every way out, the collector always running.
func TestReadsUnderCollection(t *testing.T) {
	m := load(t, "add")
	const n = 4 << 20
	collectGarbage(t)
	var wrong, reads atomic.Int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r, err := m.Runner("")
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			x, y := zeros(t, npy.Float32, n), npy.Scalar[float32](0)
			y, _ = y.Reshape(1)
			dst := zeros(t, npy.Float32, n)
			for i, v := 0, values[float32](t, x); i < n; i += 997 {
				v[i] = float32(i)
			}
			if r.Feed("x", x) != nil || r.Feed("y", y) != nil {
				t.Error("cannot feed")
				return
			}
			for round := range times(16) {
				add := float32(100*g + round%10)
				values[float32](t, y)[0] = add
				got, err := readOut(m, r, round%4, x, y, dst)
				if err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
				v := values[float32](t, got)
				for i := 0; i < n; i += 997 {
					if reads.Add(1); v[i] != float32(i)+add {
						wrong.Add(1)
					}
				}
				runtime.KeepAlive(got)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 0 {
		t.Errorf("%d of %d reads were wrong", wrong.Load(), reads.Load())
	}
	t.Logf("%d reads", reads.Load())
}

// readOut gets the result out in one of the ways there are.
func readOut(m *Model, r *Runner, way int, x, y, dst *npy.Array) (*npy.Array, error) {
	switch way {
	case 0: // the caller's array
		if err := r.Into("sum", dst); err != nil {
			return nil, err
		}
		return dst, r.Run(bg)
	case 1: // a view that is dropped, not released
		if err := r.Into("sum", nil); err != nil {
			return nil, err
		}
		if err := r.Run(bg); err != nil {
			return nil, err
		}
		return r.Value("sum")
	case 2: // the simple way
		out, err := m.Run(bg, Feeds{"x": x, "y": y})
		return out["sum"], err
	default: // TensorFlow's words
		out, err := m.Session().Run(bg, Feeds{"x": x, "y": y}, []string{"sum"}, nil)
		if err != nil {
			return nil, err
		}
		return out[0], nil
	}
}

// flat fails where steps leave something over: bytes that tfc weighs, which is exact, or
// memory that grows without end; see [memory.Plateau]. What malloc keeps is given back
// before memory is looked at, where that can be done.
func flat(t *testing.T, n, slack int, step func()) {
	t.Helper()
	step()                                                       // runners keep their last result
	memory.Level(t, "weighed bytes", tfc.Weighed, tfc.Weighed()) // collects
	weighed := tfc.Weighed()
	memory.Plateau(t, n, slack, tfc.Trim, step)
	memory.Level(t, "weighed bytes", tfc.Weighed, weighed)
}

func TestReloadsKeepMemoryFlat(t *testing.T) {
	in, _ := expected(t, "mlp", "")
	flat(t, times(240), 20<<20, func() {
		m, err := Load(fixture("mlp"))
		must(t, err)
		_, err = m.Run(bg, Feeds{"x": in["x"]})
		must(t, err)
		m.Close()
	})
}

// spare is by how much what malloc keeps of freed memory, and a pool of TensorFlow's, may
// differ at two looks.
const spare = 384 << 20

func TestDroppedObjectsKeepMemoryFlat(t *testing.T) {
	t.Run("sessions", func(t *testing.T) {
		def := frozen(t)
		// Five hundred sessions that are kept take 60 MB.
		flat(t, times(1000), 40<<20, func() {
			g, err := New()
			must(t, err)
			must(t, g.Import(def, ""))
			s, err := NewSession(g)
			must(t, err)
			_, err = s.Eval(bg, "w:0")
			must(t, err)
		})
	})
	t.Run("tensors", func(t *testing.T) { // of 1 MB
		flat(t, times(4000), spare, func() {
			_, err := tfc.NewTensor(zeros(t, npy.Float32, 1<<18))
			must(t, err)
		})
	})
	t.Run("string tensors", func(t *testing.T) {
		words := make([]string, 2000)
		for i := range words {
			words[i] = "a string that is longer than what fits inside"
		}
		a := array(t, words)
		flat(t, times(5000), 48<<20, func() {
			_, err := tfc.NewTensor(a)
			must(t, err)
		})
	})
	m := load(t, "add")
	t.Run("views", func(t *testing.T) { // of 1 MB
		r, _, _, _ := addRunner(t, 1<<18)
		must(t, r.Into("sum", nil))
		drop := func() {
			must(t, r.Run(bg))
			_, err := r.Value("sum")
			must(t, err)
		}
		memory.Plateau(t, times(4000), spare, nil, drop) // what malloc keeps has a bound, too
		flat(t, times(4000), spare, drop)
	})
	t.Run("large outputs", func(t *testing.T) { // of 64 MB
		r := runner(t, m, "")
		must(t, r.Feed("x", zeros(t, npy.Float32, 16<<20)))
		must(t, r.Feed("y", zeros(t, npy.Float32, 1)))
		flat(t, times(80), spare, func() {
			must(t, r.Run(bg))
			_, err := r.Value("sum")
			must(t, err)
		})
	})
	t.Run("runners", func(t *testing.T) {
		x := zeros(t, npy.Float32, 1<<16)
		flat(t, times(1000), 32<<20, func() {
			r, err := m.Runner("")
			must(t, err)
			must(t, r.Feed("x", x))
			must(t, r.Feed("y", x))
			must(t, r.Run(bg))
		})
	})
}
