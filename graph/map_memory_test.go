package graph

import (
	"context"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
)

// bigFile writes a .npy file of so many rows of 16 float32 and returns its path.
func bigFile(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	f, err := npy.Create(path, npy.Float32, rows, 16)
	must(t, err)
	defer f.Abort()
	for lo := 0; lo < rows; lo += 1 << 16 {
		part, err := f.Array().Slice(lo, min(lo+1<<16, rows))
		must(t, err)
		for i, v := 0, values[float32](t, part); i < len(v); i++ {
			v[i] = float32((lo+i)%4093)/512 - 4
		}
		must(t, part.DropPages())
	}
	must(t, f.Close())
	return path
}

// Files of any size go through a model in constant memory: neither the heap nor
// the pages of the mapped files pile up. With NDFLOW_SOAK the file has 1.2 GB.
func TestMapMemoryIsConstant(t *testing.T) {
	rows := 4_000_000 // of 64 bytes in, 16 bytes out
	if soak {
		rows = 18_750_000
	}
	m := load(t, "mlp")
	path := bigFile(t, rows)
	x, err := npy.Open(path)
	must(t, err)
	defer x.Release()
	out, err := npy.Create(filepath.Join(t.TempDir(), "probs.npy"), npy.Float32, rows, 4)
	must(t, err)
	defer out.Abort()
	for name, sink := range map[string]Sink{
		"a file":       ToFile(filepath.Join(t.TempDir(), "probs.npy")),
		"mapped array": ToArray(out.Array()),
	} {
		t.Run(name, func(t *testing.T) {
			small, err := x.Slice(0, 1<<16)
			must(t, err)
			dst := zeros(t, npy.Float32, 1<<16, 4)
			must(t, Map(bg, m, one("x", small), map[string]Sink{"probs": ToArray(dst)}, MapOptions{})) // the model's own memory
			debug.FreeOSMemory()
			anonymous, all := memory.Watch(t, memory.Anonymous), memory.Watch(t, memory.All)
			must(t, Map(bg, m, one("x", x), map[string]Sink{"probs": sink}, MapOptions{}))
			if rise := anonymous(); rise > 32<<20 {
				t.Errorf("%d MiB of anonymous memory were added", rise>>20)
			}
			if rise := all(); rise > 64<<20 {
				t.Errorf("%d MiB were added in all", rise>>20)
			}
		})
	}
}

// heldSource keeps one row back, and counts the rows that are asked for.
type heldSource struct {
	Source
	row     int
	let     <-chan struct{}
	begun   atomic.Int32
	waiting atomic.Bool
}

func (s *heldSource) Read(ctx context.Context, lo, hi int) (*npy.Array, error) {
	s.begun.Add(int32(hi - lo))
	if lo == s.row {
		s.waiting.Store(true)
		<-s.let
	}
	return s.Source.Read(ctx, lo, hi)
}

// While one batch takes its time the workers do not run away from it, since nothing
// beyond it is given back.
func TestMapStaysNear(t *testing.T) {
	const rows, held, workers = 5000, 100, 3
	let := make(chan struct{})
	s := &heldSource{Source: FromArray(zeros(t, npy.Float32, rows, 16)), row: held, let: let}
	dst := zeros(t, npy.Float32, rows, 4)
	result := make(chan error, 1)
	m := load(t, "mlp", WithExecutor(Inline)) // which needs no calibration
	go func() {
		result <- Map(bg, m, map[string]Source{"x": s}, map[string]Sink{"probs": ToArray(dst)},
			MapOptions{Batch: 1, Workers: workers})
	}()
	const most = held + (mostAhead+1)*workers
	eventually(t, "the others are ahead", func() bool { return s.waiting.Load() && s.begun.Load() >= held+mostAhead*workers })
	for range 10_000 {
		runtime.Gosched()
	}
	if n := s.begun.Load(); n > most {
		t.Errorf("%d rows were begun while row %d was not done, want %d at most", n, held, most)
	}
	close(let)
	must(t, <-result)
	if n := s.begun.Load(); n < rows {
		t.Errorf("%d rows were begun, want all %d", n, rows)
	}
}
