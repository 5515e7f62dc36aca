package graph

import (
	"path/filepath"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/tfc"
)

// What is written to a fed array between runs is what the next run sees,
// whether the array is aligned or not, small or large.
func TestFeedIsReadAtEachRun(t *testing.T) {
	for _, n := range []int{1, 100, 5000, 1 << 20} {
		for _, offset := range []int{0, 1, 16} {
			r, _, y, sum := addRunner(t, n)
			whole := zeros(t, npy.Float32, n+offset)
			x, err := whole.Slice(offset, n+offset)
			must(t, err)
			must(t, r.Feed("x", x))
			for round := range 5 {
				xs, ys, sums := values[float32](t, x), values[float32](t, y), values[float32](t, sum)
				for i := range xs {
					xs[i], ys[i] = float32(round*i), float32(i)
				}
				must(t, r.Run(bg))
				for i := range sums {
					if want := float32(round*i) + float32(i); sums[i] != want {
						t.Fatalf("n %d, offset %d, round %d: element %d is %v, want %v", n, offset, round, i, sums[i], want)
					}
				}
			}
		}
	}
}

// A view of a result must not change when the array that was fed changes.
func TestViewsDoNotAliasFeeds(t *testing.T) {
	m := load(t, "passthrough")
	for _, rows := range []int{2, 2000} {
		r := runner(t, m, "")
		x := zeros(t, npy.Float32, rows, 3)
		must(t, r.Feed("x", x))
		xs := values[float32](t, x)
		for round := range 4 {
			for i := range xs {
				xs[i] = float32(100*round + i%50)
			}
			must(t, r.Run(bg))
			kept := map[string]*npy.Array{}
			before := map[string]*npy.Array{}
			for _, s := range r.Outputs() {
				v, err := r.Value(s.Name)
				must(t, err)
				kept[s.Name] = v
				before[s.Name], err = v.Clone()
				must(t, err)
			}
			for i := range xs {
				xs[i] = -1
			}
			for name, v := range kept {
				if !same(v, before[name]) {
					t.Errorf("%d rows: output %q changed with the fed array", rows, name)
				}
				v.Release()
			}
		}
	}
}

// A model that stores what it is fed must not see later writes to the array.
func TestStoredFeedIsNotShared(t *testing.T) {
	m := load(t, "assign")
	for _, n := range []int{4, 4096} {
		for _, e := range []Executor{Inline, Pool} {
			r := runner(t, m, "assign")
			must(t, r.SetExecutor(e))
			x := zeros(t, npy.Float32, n)
			must(t, r.Feed("x", x))
			xs := values[float32](t, x)
			for round := range 5 {
				for i := range xs {
					xs[i] = float32(round + 1)
				}
				must(t, r.Run(bg))
				xs[0] = -1
				out, err := m.Call(bg, "read", nil)
				must(t, err)
				kept := values[float32](t, out["kept"])
				if len(kept) != n || kept[0] != float32(round+1) {
					t.Fatalf("n %d, %v, round %d: the variable is %v.., want %v: it shares the fed array", n, e, round, kept[0], round+1)
				}
			}
		}
	}
}

// An array that nobody writes to may be kept, which proves nothing about the
// next one.
func TestStoredReadOnlyFeed(t *testing.T) {
	m := load(t, "assign")
	const n = 4096
	path := filepath.Join(t.TempDir(), "x.npy")
	must(t, npy.WriteFile(path, zeros(t, npy.Float32, n)))
	mapped, err := npy.Open(path)
	must(t, err)
	r := runner(t, m, "assign")
	must(t, r.Feed("x", mapped))
	must(t, r.Run(bg))
	must(t, r.Run(bg))
	mapped.Release() // the variable still has its memory
	x := zeros(t, npy.Float32, n)
	must(t, r.Feed("x", x))
	if out, err := m.Call(bg, "read", nil); err != nil || values[float32](t, out["kept"])[n-1] != 0 {
		t.Errorf("the variable is gone with the mapping: %v", err)
	}
	must(t, r.Run(bg))
	values[float32](t, x)[0] = -1
	out, err := m.Call(bg, "read", nil)
	must(t, err)
	if got := values[float32](t, out["kept"])[0]; got != 0 {
		t.Errorf("the variable is %v: it shares the fed array", got)
	}
}

// A model that begins to store what it is fed only after its first steps has
// the caller's own memory by then. The caller is told before the next step.
func TestFeedStoredLate(t *testing.T) {
	g, err := New()
	must(t, err)
	defer g.Close()
	must(t, g.Import(storesIfTold(), ""))
	s, err := NewSession(g)
	must(t, err)
	defer s.Close()
	for _, e := range []Executor{Inline, Pool} {
		r, err := s.Runner([]string{"x", "told"}, []string{"twice"}, []string{"store"})
		must(t, err)
		defer r.Close()
		must(t, r.SetExecutor(e))
		const n = 4096
		x, told := zeros(t, npy.Float32, n), npy.Scalar(false)
		must(t, r.Feed("x", x))
		must(t, r.Feed("told", told))
		must(t, r.Into("twice", zeros(t, npy.Float32, n)))
		for range 5 {
			must(t, r.Run(bg))
			if tfc.InUse(x) {
				t.Fatal("the array is in use though nothing stores it")
			}
		}
		values[bool](t, told)[0] = true
		values[float32](t, x)[0] = 7
		must(t, r.Run(bg))
		if !tfc.InUse(x) {
			t.Error("a variable has the array's memory, but it is not in use")
		}
		wantError(t, r.Run(bg), ErrInUse, `input "x"`, "stored")
		other := runner(t, load(t, "mlp"), "")
		flat, err := x.Reshape(1024, 4)
		must(t, err)
		wantError(t, other.Into("probs", flat), ErrInUse, `output "probs"`)

		clone, err := x.Clone()
		must(t, err)
		must(t, r.Feed("x", clone))
		values[bool](t, told)[0] = false
		must(t, r.Run(bg))
		kept, err := s.Eval(bg, "read")
		must(t, err)
		if got := values[float32](t, kept)[0]; got != 7 {
			t.Errorf("the variable is %v", got)
		}
		// Once the variable has let go of it the array is as free as before.
		values[bool](t, told)[0] = true
		must(t, r.Run(bg))
		if tfc.InUse(x) {
			t.Error("the array is in use after the variable was given another value")
		}
	}
}

func TestPassThroughOutput(t *testing.T) {
	m := load(t, "passthrough_v1") // "same" is the fed tensor itself
	r := runner(t, m, "")
	x := array(t, []float32{1, 2, 3})
	must(t, r.Feed("x", x))
	must(t, r.Run(bg))
	v, err := r.Value("same")
	must(t, err)
	values[float32](t, x)[0] = 9
	if got := values[float32](t, v); got[0] != 1 {
		t.Errorf("the view of a fed tensor changed with the array: %v", got)
	}
	dst := zeros(t, npy.Float32, 5)
	must(t, r.Into("same", dst))
	must(t, r.Run(bg))
	if got := values[float32](t, dst); got[0] != 9 || got[2] != 3 || got[3] != 0 {
		t.Errorf("the fed tensor landed as %v", got)
	}
	small := zeros(t, npy.Float32, 2)
	must(t, r.Into("same", small))
	twice := zeros(t, npy.Float32, 3)
	must(t, r.Into("twice", twice))
	wantError(t, r.Run(bg), npy.ErrShape, `"same"`, "needs 3 elements")
	if got := values[float32](t, twice); got[0] != 0 {
		t.Errorf("another output landed though the step failed: %v", got)
	}
}

func TestOptionalInput(t *testing.T) {
	r := runner(t, load(t, "default"), "")
	x := array(t, []float32{1, 2})
	must(t, r.Feed("x", x))
	scaled := zeros(t, npy.Float32, 2)
	must(t, r.Into("scaled", scaled))
	must(t, r.Run(bg))
	if got := values[float32](t, scaled)[1]; got != 4 {
		t.Errorf("with the default scale 2 is %v", got)
	}
	must(t, r.Feed("scale", npy.Scalar[float32](10)))
	must(t, r.Run(bg))
	if got := values[float32](t, scaled)[1]; got != 20 {
		t.Errorf("with scale 10, 2 is %v", got)
	}
}

// TensorFlow keeps an executor for every order of feeds that it is given
// (tensorflow issue 40758), so equal feeds must come in equal order.
func TestFeedOrderIsStable(t *testing.T) {
	g, err := New()
	must(t, err)
	defer g.Close()
	inputs, def := eightInputs()
	must(t, g.Import(def, ""))
	s, err := NewSession(g)
	must(t, err)
	defer s.Close()
	step := func() {
		feeds := Feeds{}
		for i, name := range inputs {
			feeds[name] = npy.Scalar(float32(i))
		}
		out, err := s.Run(bg, feeds, []string{"sum"}, nil)
		must(t, err)
		if got := values[float32](t, out[0])[0]; got != 28 {
			t.Fatalf("sum is %v", got)
		}
	}
	// 5,000 executors more would be far above this.
	memory.Plateau(t, 10_000, 8<<20, nil, step)
}
