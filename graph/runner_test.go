package graph

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"ndflow/npy"
	"ndflow/tfc"
)

func addRunner(t testing.TB, n int) (r *Runner, x, y, sum *npy.Array) {
	r = runner(t, load(t, "add"), "")
	x, y, sum = zeros(t, npy.Float32, n), zeros(t, npy.Float32, n), zeros(t, npy.Float32, n)
	must(t, r.Feed("x", x))
	must(t, r.Feed("y", y))
	must(t, r.Into("sum", sum))
	return r, x, y, sum
}

func TestRunDoesNotAllocate(t *testing.T) {
	for _, e := range []Executor{Inline, Pool, Auto} {
		for _, n := range []int{1, 10_000} { // fed as a copy, and in place
			r, _, _, _ := addRunner(t, n)
			must(t, r.SetExecutor(e))
			for range 20 {
				must(t, r.Run(bg))
			}
			if allocs := testing.AllocsPerRun(100, func() { must(t, r.Run(bg)) }); allocs != 0 {
				t.Errorf("%v, %d elements: Run makes %v allocations, want none", e, n, allocs)
			}
		}
	}
}

func TestAutoDecides(t *testing.T) {
	r, _, _, _ := addRunner(t, 3)
	executor := func() Executor {
		e, err := r.Executor()
		must(t, err)
		return e
	}
	if e := executor(); e != Auto {
		t.Errorf("before the first run the executor is %v", e)
	}
	steps := 0
	for ; executor() == Auto && steps < 100; steps++ {
		must(t, r.Run(bg))
	}
	if e := executor(); e != Inline && e != Pool {
		t.Errorf("after %d steps the executor is %v", steps, e)
	}
	// Other shapes are another trial; the first is remembered.
	chosen := executor()
	x := zeros(t, npy.Float32, 1)
	must(t, r.Feed("x", x))
	must(t, r.Run(bg))
	if e := executor(); e != Auto {
		t.Errorf("for new shapes the executor is %v at once", e)
	}
	must(t, r.Feed("x", zeros(t, npy.Float32, 3)))
	must(t, r.Run(bg))
	if e := executor(); e != chosen {
		t.Errorf("the executor for the first shapes was %v and is %v", chosen, e)
	}
	must(t, r.SetExecutor(Pool))
	if e := executor(); e != Pool {
		t.Errorf("after SetExecutor(Pool) it is %v", e)
	}
}

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

func TestIntoSlicesOfOneArray(t *testing.T) {
	m := load(t, "mlp")
	const rows, batch = 20, 8
	x := zeros(t, npy.Float32, rows, 16)
	for i, v := 0, values[float32](t, x); i < len(v); i++ {
		v[i] = float32(i%7) / 7
	}
	all := zeros(t, npy.Float32, rows, 4)
	r := runner(t, m, "")
	for lo := 0; lo < rows; lo += batch {
		hi := min(lo+batch, rows)
		in, err := x.Slice(lo, hi)
		must(t, err)
		out, err := all.Slice(lo, hi)
		must(t, err)
		must(t, r.Feed("x", in))
		must(t, r.Into("probs", out))
		must(t, r.Run(bg))
	}
	whole, err := m.Run(bg, Feeds{"x": x})
	must(t, err)
	got, want := values[float32](t, all), values[float32](t, whole["probs"])
	for i := range want {
		if d := got[i] - want[i]; d > 1e-6 || d < -1e-6 {
			t.Fatalf("element %d is %v in batches, %v at once", i, got[i], want[i])
		}
	}
}

func TestIntoFit(t *testing.T) {
	r := runner(t, load(t, "add4"), "")
	must(t, r.Feed("x", zeros(t, npy.Float32, 3, 4)))
	must(t, r.Feed("y", array(t, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4)))
	for _, c := range []struct {
		name  string
		shape []int
		words []string // of the error; none where it fits
	}{
		{"exact", []int{3, 4}, nil},
		{"more rows", []int{9, 4}, nil},
		{"flat", []int{12}, nil},
		{"flat and larger", []int{13}, nil},
		{"fewer rows", []int{2, 4}, []string{`"sum"`, "[3 4]", "[2 4]", "12 elements"}},
		{"flat and smaller", []int{11}, []string{"[3 4]", "[11]", "12 elements"}},
		{"empty", []int{0, 4}, []string{"12 elements"}},
		{"wider rows", []int{3, 5}, []string{"[3 5]"}},
		{"another rank", []int{3, 4, 1}, []string{"[3 4 1]"}},
		{"scalar", []int{}, []string{"[]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// What lies behind the array must not be touched.
			n := 1
			for _, d := range c.shape {
				n *= d
			}
			memory := make([]float32, n+64)
			for i := range memory {
				memory[i] = -5
			}
			dst, err := npy.From(memory[:n:n], c.shape...)
			must(t, err)
			must(t, r.Into("sum", dst))
			err = r.Run(bg)
			first := 0
			if c.words != nil {
				wantError(t, err, npy.ErrShape, c.words...)
			} else {
				must(t, err)
				first = 12
				if memory[11] != 12 {
					t.Errorf("the result is not in the array's front: %v", memory[:12])
				}
				v, err := r.Value("sum")
				must(t, err)
				if got := v.Shape(); len(got) != 2 || got[0] != 3 || got[1] != 4 {
					t.Errorf("Value has shape %v", got)
				}
			}
			for i := first; i < len(memory); i++ {
				if memory[i] != -5 {
					t.Fatalf("element %d behind the result was written", i)
				}
			}
		})
	}
}

func TestStringsLand(t *testing.T) {
	m := load(t, "strings")
	r := runner(t, m, "reverse")
	must(t, r.Feed("id", array(t, []int64{1, 3})))
	dst := zeros(t, npy.String, 3)
	must(t, r.Into("word", dst))
	must(t, r.Run(bg))
	if got := values[string](t, dst); got[0] != "one" || got[1] != "π" || got[2] != "" {
		t.Errorf("strings landed as %q", got)
	}
	must(t, r.Into("word", zeros(t, npy.String, 1)))
	wantError(t, r.Run(bg), npy.ErrShape, `"word"`, "needs 2 elements")
	// Fed strings are read at each run.
	r = runner(t, m, "")
	words := array(t, []string{"zero", "one"})
	must(t, r.Feed("word", words))
	ids := zeros(t, npy.Int64, 2)
	must(t, r.Into("id", ids))
	must(t, r.Run(bg))
	values[string](t, words)[0] = "two words"
	must(t, r.Run(bg))
	if got := values[int64](t, ids); got[0] != 2 || got[1] != 1 {
		t.Errorf("ids are %v", got)
	}
}

func TestFetchChoosesOutputs(t *testing.T) {
	r := runner(t, load(t, "multi"), "")
	in, want := expected(t, "multi", "")
	must(t, r.Feed("x", in["x"]))
	must(t, r.Feed("y", in["y"]))
	must(t, r.Into("product", zeros(t, npy.Float32, 12)))
	must(t, r.Run(bg))
	_, err := r.Value("positive")
	wantError(t, err, ErrNotFetched, `"positive"`)
	must(t, r.Fetch("positive"))
	_, err = r.Value("label")
	wantError(t, err, ErrNotFetched, `"label"`)
	must(t, r.Run(bg))
	v, err := r.Value("positive")
	must(t, err)
	check(t, "Fetch", "positive", v, want["positive"])
	again, err := r.Value("positive")
	must(t, err)
	if again != v {
		t.Error("Value gives another array the second time")
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

func TestDynamicSizes(t *testing.T) {
	r := runner(t, load(t, "dynamic"), "")
	dst := zeros(t, npy.Float32, 100)
	must(t, r.Into("positive", dst))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := rng.IntN(100)
		x := zeros(t, npy.Float32, n)
		var want []float32
		for i, v := 0, values[float32](t, x); i < n; i++ {
			v[i] = float32(rng.IntN(7) - 3)
			if v[i] > 0 {
				want = append(want, v[i])
			}
		}
		must(t, r.Feed("x", x))
		must(t, r.Run(bg))
		v, err := r.Value("positive")
		must(t, err)
		if !same(v, array(t, want, len(want))) {
			t.Fatalf("positive of %v is %v, want %v", x, v, want)
		}
	}
}

func TestManyRunnersAtOnce(t *testing.T) {
	m := load(t, "add")
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			r, err := m.Runner("")
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			n := 1 + 700*g
			x, y, sum := zeros(t, npy.Float32, n), zeros(t, npy.Float32, n), zeros(t, npy.Float32, n)
			if r.Feed("x", x) != nil || r.Feed("y", y) != nil || r.Into("sum", sum) != nil {
				t.Error("cannot set the runner up")
				return
			}
			for round := range 50 {
				values[float32](t, x)[n-1] = float32(g)
				values[float32](t, y)[n-1] = float32(round)
				if err := r.Run(bg); err != nil {
					t.Error(err)
					return
				}
				if got := values[float32](t, sum)[n-1]; got != float32(g+round) {
					t.Errorf("goroutine %d: sum is %v, want %d", g, got, g+round)
				}
				out, err := m.Run(bg, Feeds{"x": x, "y": y})
				if err != nil || !same(out["sum"], sum) {
					t.Errorf("goroutine %d: Model.Run: %v", g, err)
				}
			}
		})
	}
	wg.Wait()
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
	for range 1000 {
		step()
	}
	before := rss(t)
	for range 9000 {
		step()
	}
	// 9,000 executors more would be far above this.
	if grown := rss(t) - before; grown > 8<<20 {
		t.Errorf("memory grew by %d kB", grown>>10)
	}
}

// rss is the resident memory of the process in bytes, after a collection.
func rss(t testing.TB) int {
	t.Helper()
	runtime.GC() // runs the cleanups, which the next one collects after
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")))
			must(t, err)
			return n << 10
		}
	}
	t.Fatal("no VmRSS in /proc/self/status")
	return 0
}
