package graph

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"ndflow/npy"
	"ndflow/tfc"
)

// landings are the signatures of the model "landing", fed in different ways, and
// what becomes of their outputs once their shapes are known: "" for placed, else
// why they are copied.
var landings = []struct {
	name, signature string
	feed            func(t testing.TB, step int, f Feeds) // beyond x
	want            map[string]string
}{
	{"a feed", "fed", nil, map[string]string{"y": foreign, "z": ""}},
	{"a constant", "constant", nil, map[string]string{"y": foreign, "z": ""}},
	{"assigned in the step", "assigned", nil, map[string]string{"y": "TensorFlow keeps its memory"}},
	{"always assigned if a flag says so", "sometimes", flag("keep", always), map[string]string{"y": "TensorFlow keeps its memory"}},
	{"never assigned though a flag could say so", "sometimes", flag("keep", never), map[string]string{"y": ""}},
	{"fetched twice", "twice", nil, map[string]string{"a": "", "b": "shares its memory"}},
	{"two of equal size", "equal", nil, map[string]string{"a": "", "b": ""}},
	{"between others of its size", "between", nil, map[string]string{"middle": "", "after": small}},
	{"in place on others", "inplace", nil, map[string]string{"y": ""}},
	{"size depends on data", "masked", nil, map[string]string{"y": varies}},
	{"a loop", "loop", count("n", func(int) int32 { return 3 }), map[string]string{"y": ""}},
	{"a loop, shorter or longer", "loop", count("n", func(step int) int32 { return 1 + int32(step%3) }), map[string]string{"y": varies}},
	{"a branch", "swapped", flag("swap", never), map[string]string{"a": "", "b": ""}},
	{"the other branch", "swapped", flag("swap", always), map[string]string{"a": "", "b": ""}},
	{"branches by turns", "swapped", flag("swap", func(step int) bool { return step%5 == 4 }), map[string]string{"a": varies, "b": varies}},
	{"a function called twice", "called", nil, map[string]string{"once": "", "again": ""}},
	{"of no size", "empty", nil, map[string]string{"y": small, "z": ""}},
	{"a step that may fail", "fails", nil, map[string]string{"y": ""}},
	{"written long before the end", "late", count("n", func(int) int32 { return 2 }), map[string]string{"y": "", "slow": small}},
	{"halves of one", "halves", nil, map[string]string{"one": "part", "two": "part"}},
	{"mapped", "mapped", nil, map[string]string{"y": "", "flat": ""}},
	{"of all kinds", "kinds", nil, map[string]string{"int": "", "bool": "", "half": "", "complex": ""}},
}

const (
	foreign = "not allocated in the step"
	small   = "small"
	varies  = "vary"
)

func always(int) bool { return true }
func never(int) bool  { return false }

func flag(name string, on func(step int) bool) func(testing.TB, int, Feeds) {
	return func(t testing.TB, step int, f Feeds) { f[name] = npy.Scalar(on(step)) }
}

func count(name string, n func(step int) int32) func(testing.TB, int, Feeds) {
	return func(t testing.TB, step int, f Feeds) { f[name] = npy.Scalar(n(step)) }
}

// lander is a Runner of one signature, and where its outputs land.
type lander struct {
	m     *Model
	r     *Runner
	lands map[string]*npy.Array // longer than what lands in them
	dst   map[string]*npy.Array // the parts where the outputs of this step land
}

const mostElements = 1 << 14

func newLander(t testing.TB, m *Model, signature string) *lander {
	l := &lander{m: m, r: runner(t, m, signature), lands: map[string]*npy.Array{}, dst: map[string]*npy.Array{}}
	for _, o := range l.r.outputs {
		l.lands[o.spec.Name] = zeros(t, o.spec.DType, mostElements+4096)
	}
	return l
}

// step runs a step whose results land from element at on.
func (l *lander) step(t testing.TB, f Feeds, at int) error {
	t.Helper()
	for name, a := range f {
		must(t, l.r.Feed(name, a))
	}
	for name, a := range l.lands {
		garble(a)
		dst, err := a.Slice(at, a.Dim(0))
		must(t, err)
		must(t, l.r.Into(name, dst))
		l.dst[name] = dst
	}
	return l.r.Run(bg)
}

// results are those of the last step.
func (l *lander) results(t testing.TB) map[string]*npy.Array {
	t.Helper()
	out := map[string]*npy.Array{}
	for name := range l.lands {
		v, err := l.r.Value(name)
		must(t, err)
		out[name] = v
	}
	return out
}

const garbage = 0xee

// garble overwrites an array: what TensorFlow still had there would show.
func garble(a *npy.Array) {
	b := a.Bytes()
	b[0] = garbage
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// variable is what TensorFlow has in its variable.
func variable(t testing.TB, m *Model) *npy.Array {
	t.Helper()
	out, err := m.Call(bg, "variable", nil)
	must(t, err)
	return out["y"]
}

// Placed or copied, results are the same to the bit: at each step, whatever the
// shapes were before, wherever the array is. And the caller may do with his array
// what he likes.
func TestPlacedEqualsCopied(t *testing.T) {
	for name, opts := range map[string][]Option{
		"inline":        {WithExecutor(Inline)},
		"single thread": {WithExecutor(Inline), WithSingleThread()},
		"auto":          {WithExecutor(Auto)},
	} {
		t.Run(name, func(t *testing.T) {
			place, plain := load(t, "landing", opts...), load(t, "landing", append(opts, WithPlacement(false))...)
			for _, c := range landings {
				t.Run(c.name, func(t *testing.T) {
					placing, copying := newLander(t, place, c.signature), newLander(t, plain, c.signature)
					random := rand.New(rand.NewPCG(1, 2))
					const steps, settled = 110, 20
					failed := uint64(0)
					for step := range steps {
						n, at := []int{2048, mostElements, 8192, 4}[step/7%4], step%3*64
						switch {
						case step >= steps-settled:
							n = 8192
						case step%11 == 10:
							at++ // no place for TensorFlow
						}
						f := Feeds{"x": zeros(t, npy.Float32, n)}
						for i, v := 0, values[float32](t, f["x"]); i < n; i++ {
							v[i] = random.Float32() - 0.3
						}
						if c.feed != nil {
							c.feed(t, step, f)
						}
						placed, copied := placing.step(t, f, at), copying.step(t, f, at)
						if c.signature == "fails" && copied != nil {
							wantError(t, placed, tfc.InvalidArgument)
							failed++
							continue
						}
						must(t, errors.Join(placed, copied))
						have, want := placing.results(t), copying.results(t)
						for output := range want {
							if !same(have[output], want[output]) {
								t.Fatalf("step %d of %d elements: output %q differs", step, n, output)
							}
						}
						if step%5 == 0 && !same(variable(t, placing.m), variable(t, copying.m)) {
							t.Fatalf("step %d: the variable differs", step)
						}
					}
					if name == "auto" {
						return // may have chosen the pool
					}
					for output, why := range c.want {
						s := stats(t, placing.r, output)
						if s.Placed+s.Copied != steps-failed || why == "" && s.Placed < settled || !strings.Contains(s.Why, why) || why == "" && s.Why != "" {
							t.Errorf("output %q: %+v, want %q", output, s, why)
						}
						if s := stats(t, copying.r, output); s.Placed != 0 {
							t.Errorf("output %q was placed with placement off", output)
						}
					}
				})
			}
		})
	}
}

// placedBy runs steps until an output is placed.
func placedBy(t testing.TB, l *lander, f Feeds, output string) {
	t.Helper()
	for range 4 {
		must(t, l.step(t, f, 0))
	}
	if s := stats(t, l.r, output); s.Why != "" {
		t.Fatalf("output %q is not placed: %s", output, s.Why)
	}
}

// What a rehearsal has not shown: TensorFlow keeps the memory that it has placed
// a result in. The step is an error, the array is TensorFlow's until it lets go,
// and nothing is placed after that.
func TestResultThatTensorFlowKeeps(t *testing.T) {
	l := newLander(t, load(t, "landing", WithExecutor(Inline)), "sometimes")
	x := zeros(t, npy.Float32, 8192)
	values[float32](t, x)[5] = 21
	placedBy(t, l, Feeds{"x": x, "keep": npy.Scalar(false)}, "y")
	err := l.step(t, Feeds{"x": x, "keep": npy.Scalar(true)}, 0)
	wantError(t, err, ErrInUse, `output "y"`)
	if v := variable(t, l.m); values[float32](t, v)[5] != 42 {
		t.Errorf("the variable has %v", v)
	}
	again := runner(t, l.m, "sometimes")
	wantError(t, again.Into("y", l.dst["y"]), ErrInUse)
	other := newLander(t, l.m, "equal")
	wantError(t, other.r.Into("a", l.dst["y"]), ErrInUse)

	// The Runner goes on with another array.
	taken := l.lands["y"]
	l.lands["y"] = zeros(t, npy.Float32, 8192)
	for step := range 10 {
		must(t, l.step(t, Feeds{"x": x, "keep": npy.Scalar(step%2 == 1)}, 0))
		if v := values[float32](t, l.dst["y"]); v[5] != 42 || v[6] != 0 {
			t.Fatalf("step %d: the result is %v", step, l.dst["y"])
		}
	}
	if s := stats(t, l.r, "y"); !strings.Contains(s.Why, "kept a placed result") {
		t.Errorf("the reason is %q", s.Why)
	}
	// Those steps have given the variable another value, so the array is free.
	must(t, again.Into("y", taken))
	garble(taken)
	if v := variable(t, l.m); values[float32](t, v)[5] != 42 {
		t.Errorf("the variable has %v", v)
	}
}

// A queue keeps results for as long as it likes.
func TestResultsInAQueue(t *testing.T) {
	m := load(t, "queue", WithExecutor(Inline))
	put := runner(t, m, "put")
	x, dst := zeros(t, npy.Float32, 4096), zeros(t, npy.Float32, 4096)
	must(t, put.Feed("x", x))
	must(t, put.Into("y", dst))
	const n = 50
	for k := range n {
		values[float32](t, x)[9] = float32(k)
		must(t, put.Run(bg))
		if v := values[float32](t, dst)[9]; v != float32(2*k) {
			t.Fatalf("step %d: the result is %v", k, v)
		}
		garble(dst)
	}
	for k := range n {
		out, err := m.Call(bg, "take", Feeds{"scale": npy.Scalar(float32(10))})
		must(t, err)
		if v := values[float32](t, out["taken"]); v[9] != float32(20*k) || v[10] != 0 {
			t.Fatalf("the queue had %v for %d", v[9], 20*k)
		}
	}
	if s := stats(t, put, "y"); !strings.Contains(s.Why, "keeps its memory") {
		t.Errorf("the reason is %q", s.Why)
	}
}

// A step may fail after TensorFlow has written a placed result.
func TestFailedStepThatWasPlaced(t *testing.T) {
	l := newLander(t, load(t, "landing", WithExecutor(Inline)), "fails")
	good, bad := zeros(t, npy.Float32, 8192), zeros(t, npy.Float32, 8192)
	values[float32](t, good)[0], values[float32](t, bad)[0] = 1, -1
	wantError(t, l.step(t, Feeds{"x": bad}, 0), tfc.InvalidArgument, "the sum is negative")
	placedBy(t, l, Feeds{"x": good}, "y")
	for range 5 {
		err := l.step(t, Feeds{"x": bad}, 0)
		wantError(t, err, tfc.InvalidArgument, "the sum is negative", `"y"`)
		wantError(t, err, ErrPartial)
		_, err = l.r.Value("y")
		wantError(t, err, ErrNotFetched)
		must(t, l.step(t, Feeds{"x": good}, 0))
		if v := values[float32](t, l.dst["y"]); v[8191] != 1 || v[0] != 0 {
			t.Fatalf("the result is %v", l.dst["y"])
		}
	}
	if s := stats(t, l.r, "y"); s.Why != "" {
		t.Errorf("no longer placed: %s", s.Why)
	}
}

// After a deadline the caller has his array back, whatever TensorFlow still does.
func TestDeadlineOfAStepThatPlaces(t *testing.T) {
	l := newLander(t, load(t, "landing", WithExecutor(Inline)), "late")
	x := zeros(t, npy.Float32, mostElements)
	placedBy(t, l, Feeds{"x": x, "n": npy.Scalar(int32(1))}, "y")
	long := Feeds{"x": x, "n": npy.Scalar(int32(20_000))}
	for range 3 {
		must(t, l.r.Feed("n", long["n"]))
		garble(l.lands["y"])
		ctx, cancel := context.WithTimeout(bg, 5*time.Millisecond)
		err := l.r.Run(ctx)
		cancel()
		wantError(t, err, context.DeadlineExceeded)
		for range 20 {
			for i, b := range l.lands["y"].Bytes() {
				if b != garbage {
					t.Fatalf("byte %d was written to after the deadline", i)
				}
			}
			time.Sleep(time.Millisecond)
		}
		must(t, l.step(t, Feeds{"x": x, "n": npy.Scalar(int32(1))}, 0))
	}
	placedBy(t, l, Feeds{"x": x, "n": npy.Scalar(int32(1))}, "y")
}

// Many Runners of one model place at once, each in its own array.
func TestManyPlaceAtOnce(t *testing.T) {
	m := load(t, "landing", WithExecutor(Inline))
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			r, err := m.Runner("equal")
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			n := 2048 + 64*g
			x, a, b := zeros(t, npy.Float32, n), zeros(t, npy.Float32, n), zeros(t, npy.Float32, n)
			if err := errors.Join(r.Feed("x", x), r.Into("a", a), r.Into("b", b)); err != nil {
				t.Error(err)
				return
			}
			xv, av, bv := values[float32](t, x), values[float32](t, a), values[float32](t, b)
			steps := times(400)
			for step := range steps {
				for i := range xv {
					xv[i] = float32(g*1000 + step%100 + i)
				}
				if err := r.Run(bg); err != nil {
					t.Error(err)
					return
				}
				for i := range xv {
					if want := xv[n-1-i]; av[i] != want || bv[i] != 3*want {
						t.Errorf("runner %d, step %d: element %d is %v and %v, want %v", g, step, i, av[i], bv[i], want)
						return
					}
				}
			}
			if s := stats(t, r, "a"); s.Placed < uint64(steps-3) {
				t.Errorf("runner %d: %+v", g, s)
			}
		})
	}
	wg.Wait()
}

// Ten thousand steps of all kinds take no memory.
func TestPlacedStepsKeepMemoryFlat(t *testing.T) {
	m := load(t, "landing", WithExecutor(Inline))
	var all []*lander
	for _, c := range landings {
		all = append(all, newLander(t, m, c.signature))
	}
	sizes := []*npy.Array{zeros(t, npy.Float32, 2048), zeros(t, npy.Float32, 4096), zeros(t, npy.Float32, 8192)}
	step, failed := 0, 0
	flat(t, times(10000), 24<<20, func() {
		c, l := landings[step%len(all)], all[step%len(all)]
		x := sizes[step/len(all)/10%len(sizes)]
		values[float32](t, x)[0] = float32(step%13) - 3 // some of which let a step fail
		f := Feeds{"x": x}
		if c.feed != nil {
			c.feed(t, step/len(all), f)
		}
		step++
		for name, a := range f {
			must(t, l.r.Feed(name, a))
		}
		for name, a := range l.lands {
			must(t, l.r.Into(name, a))
		}
		if err := l.r.Run(bg); err != nil {
			wantError(t, err, tfc.InvalidArgument)
			failed++
		}
	})
	if failed == 0 {
		t.Error("no step has failed")
	}
}
