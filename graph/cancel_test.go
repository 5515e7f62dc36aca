package graph

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// slowRunner runs steps of n products of matrices, about a millisecond each.
func slowRunner(t *testing.T, n int32) (r *Runner, count *npy.Array) {
	t.Helper()
	r = runner(t, load(t, "slow"), "")
	must(t, r.Feed("n", npy.Scalar(n)))
	count = zeros(t, npy.Int32, 1)
	must(t, r.Into("count", count))
	return r, count
}

// waiter is a Runner whose step waits until the test lets it go, by staging a number for
// it: what happens meanwhile needs no clock. The op that waits cannot be interrupted.
type waiter struct {
	*Runner
	s      *Session
	x, out *npy.Array // what the step is fed, ones, and where it lands: 20 times that
}

func newWaiter(t *testing.T, e Executor) waiter {
	t.Helper()
	g := newGraph(t)
	taken := apply(t, g, "Unstage", nil, ops.Types("dtypes", npy.Float32), ops.String("shared_name", "let go"))
	product := apply(t, g, "Mul", ops.In(placeholder(t, g, "x", npy.Float32, -1), taken))
	put, err := g.Constant("", npy.Scalar[float32](20))
	must(t, err)
	_, err = g.Apply(&ops.Call[Output]{Op: "Stage", Name: "put", Inputs: []ops.Input[Output]{ops.List(put)},
		Attrs: []ops.Attr{ops.String("shared_name", "let go")}})
	must(t, err)
	w := waiter{s: session(t, g, WithExecutor(Inline)), x: array(t, slices.Repeat([]float32{1}, 4096)), out: zeros(t, npy.Float32, 4096)}
	w.Runner, err = w.s.Runner([]string{"x"}, []string{product.String()}, nil)
	must(t, err)
	t.Cleanup(w.Runner.Close)
	must(t, w.SetExecutor(e))
	must(t, w.Feed("x", w.x))
	must(t, w.Into(product.String(), w.out))
	for range 3 { // the first steps are fed copies
		w.letGo(t)
		must(t, w.Run(bg))
	}
	return w
}

// letGo lets one step go, the one that waits or else the next.
func (w waiter) letGo(t *testing.T) {
	t.Helper()
	_, err := w.s.Run(bg, nil, nil, []string{"put"})
	must(t, err)
}

// begun waits until a step has begun that another goroutine runs, or ctx ends: then
// TensorFlow has the fed array.
func (w waiter) begun(ctx context.Context) {
	for !tfc.InUse(w.x) && ctx.Err() == nil {
		runtime.Gosched()
	}
}

// leaveBehind cancels a Run when its step has begun, and returns its error.
func (w waiter) leaveBehind(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		w.begun(ctx)
		cancel()
	}()
	return w.Run(ctx)
}

// leftWaiting is a waiter whose step was left behind and waits, which the next Run says.
// A step that is cancelled just before its op begins to wait ends at once; then there is
// another.
func leftWaiting(t *testing.T, e Executor) waiter {
	t.Helper()
	for range 100 {
		w := newWaiter(t, e)
		wantError(t, w.leaveBehind(bg), context.Canceled)
		short, cancel := context.WithTimeout(bg, time.Millisecond)
		err := w.Run(short)
		cancel()
		wantError(t, err, context.DeadlineExceeded)
		if strings.Contains(err.Error(), "left behind") {
			return w
		}
		w.letGo(t) // if this second step waits
	}
	t.Fatal("no step was left behind: a cancelled Run returns when the step is over")
	return waiter{}
}

func TestCancelReturnsAtOnce(t *testing.T) {
	for _, e := range []Executor{Inline, Pool, Auto} {
		t.Run(e.String(), func(t *testing.T) {
			w := leftWaiting(t, e)
			out := values[float32](t, w.out)
			out[0] = -1
			// Nothing lands, not even when the step is over.
			_, err := w.Value(w.Outputs()[0].Name)
			wantError(t, err, ErrNotFetched)
			w.letGo(t)
			must(t, w.wait(bg))
			if out[0] != -1 {
				t.Errorf("a step left behind wrote %v to the caller's array", out[0])
			}
			// And the runner is as good as before.
			w.letGo(t)
			must(t, w.Run(bg))
			if out[0] != 20 {
				t.Errorf("after a cancelled step the result is %v, want 20", out[0])
			}
		})
	}
}

// A step of weeks ends soon after the deadline, or the test never does.
func TestDeadlineStopsTheStep(t *testing.T) {
	r, count := slowRunner(t, math.MaxInt32)
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	wantError(t, r.Run(ctx), context.DeadlineExceeded)
	must(t, r.wait(bg)) // for the step itself
	must(t, r.Feed("n", npy.Scalar[int32](3)))
	must(t, r.Run(bg))
	if got := values[int32](t, count)[0]; got != 3 {
		t.Errorf("after a step that was stopped the result is %d, want 3", got)
	}
}

func TestNextRunWaitsForTheStepLeftBehind(t *testing.T) {
	w := leftWaiting(t, Inline)
	w.letGo(t)
	w.letGo(t)
	must(t, w.Run(bg))
}

func TestEndedContext(t *testing.T) {
	r, count := slowRunner(t, 1)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	wantError(t, r.Run(ctx), context.Canceled)
	if got := values[int32](t, count)[0]; got != 0 {
		t.Errorf("a step ran though the context had ended: %d", got)
	}
	past, cancel := context.WithDeadline(bg, time.Now().Add(-time.Second))
	defer cancel()
	wantError(t, r.Run(past), context.DeadlineExceeded)
}

// A cancellable context that is not cancelled changes nothing.
func TestCancellableContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(bg, time.Hour)
	defer cancel()
	for _, e := range []Executor{Inline, Pool, Auto} {
		r, count := slowRunner(t, 3)
		must(t, r.SetExecutor(e))
		for range 20 {
			values[int32](t, count)[0] = 0
			must(t, r.Run(ctx))
			if got := values[int32](t, count)[0]; got != 3 {
				t.Fatalf("%v: count is %d", e, got)
			}
		}
	}
}

// The array that a step left behind reads is in use until the step is over.
func TestStepLeftBehindHoldsItsFeeds(t *testing.T) {
	w := leftWaiting(t, Inline)
	if !tfc.InUse(w.x) {
		t.Error("the array is not in use while the step is on")
	}
	w.letGo(t)
	must(t, w.wait(bg))
	if tfc.InUse(w.x) {
		t.Error("the array is in use when the step is over")
	}
}

func TestFailedStepLeavesArraysAlone(t *testing.T) {
	m := load(t, "assert")
	r := runner(t, m, "")
	root := array(t, []float32{7, 7, 7})
	must(t, r.Into("root", root))
	x := array(t, []float32{4, -1, 9})
	must(t, r.Feed("x", x))
	for _, e := range []Executor{Inline, Pool} {
		must(t, r.SetExecutor(e))
		for range 3 {
			wantError(t, r.Run(bg), tfc.InvalidArgument, "serving_default", "x is negative")
			if got := values[float32](t, root); got[0] != 7 || got[2] != 7 {
				t.Fatalf("a failed step wrote %v", got)
			}
			_, err := r.Value("root")
			wantError(t, err, ErrNotFetched)
		}
	}
	values[float32](t, x)[1] = 1
	must(t, r.Run(bg))
	if got := values[float32](t, root); got[0] != 2 || got[1] != 1 || got[2] != 3 {
		t.Errorf("after failed steps the result is %v", got)
	}
}
