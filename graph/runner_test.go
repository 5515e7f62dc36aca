package graph

import (
	"math/rand/v2"
	"sync"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/npy"
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

func TestTunerForgets(t *testing.T) {
	tuner := newTuner()
	for n := range 10 * mostChoices {
		tuner.choice([]port{{array: zeros(t, npy.Float32, n)}})
		if len(tuner.choices) > mostChoices {
			t.Fatalf("trials of %d shapes are kept", len(tuner.choices))
		}
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
	// TensorFlow may add up in another order for another number of rows.
	if err := arraytest.Near(all, whole["probs"]); err != nil {
		t.Errorf("in batches and at once: %v", err)
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
	checkStored(t, "Fetch", "positive", v, want["positive"], in)
	again, err := r.Value("positive")
	must(t, err)
	if again != v {
		t.Error("Value gives another array the second time")
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
