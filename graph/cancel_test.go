package graph

import (
	"context"
	"errors"
	"math"
	"slices"
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

// waiter is a Runner whose step waits until the test lets it go, by putting an array
// in the queue from which it takes one: what happens meanwhile needs no clock.
type waiter struct {
	*Runner
	m     *Model
	scale *npy.Array // what the step is fed: 10
	taken *npy.Array // where it lands: 20 times what was put
}

func newWaiter(t *testing.T) waiter {
	t.Helper()
	m := load(t, "queue")
	w := waiter{runner(t, m, "take"), m, zeros(t, npy.Float32), zeros(t, npy.Float32, 3)}
	values[float32](t, w.scale)[0] = 10
	must(t, w.Feed("scale", w.scale))
	must(t, w.Into("taken", w.taken))
	return w
}

// letGo lets one step go, the one that waits or else the next.
func (w waiter) letGo(t *testing.T) {
	t.Helper()
	_, err := w.m.Call(bg, "put", Feeds{"x": array(t, []float32{1, 2, 3})})
	must(t, err)
}

// leaveBehind cancels a Run while its step waits.
func leaveBehind(t *testing.T, r *Runner) {
	t.Helper()
	for after := time.Millisecond; r.behind == nil; after *= 2 { // until the step has begun by then
		ctx, cancel := context.WithCancel(bg)
		time.AfterFunc(after, cancel)
		wantError(t, r.Run(ctx), context.Canceled)
	}
}

func TestCancelReturnsAtOnce(t *testing.T) {
	for _, e := range []Executor{Inline, Pool, Auto} {
		t.Run(e.String(), func(t *testing.T) {
			w := newWaiter(t)
			must(t, w.SetExecutor(e))
			taken := values[float32](t, w.taken)
			taken[0] = -1
			leaveBehind(t, w.Runner)
			select {
			case <-w.behind:
				t.Error("a cancelled Run returns when the step is over")
			default:
			}
			// Nothing lands, not even when the step is over.
			_, err := w.Value("taken")
			wantError(t, err, ErrNotFetched)
			w.letGo(t)
			must(t, w.wait(bg))
			if taken[0] != -1 {
				t.Errorf("a step left behind wrote %v to the caller's array", taken)
			}
			// And the runner is as good as before.
			w.letGo(t)
			must(t, w.Run(bg))
			if want := []float32{20, 40, 60}; !slices.Equal(taken, want) {
				t.Errorf("after a cancelled step the result is %v, want %v", taken, want)
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
	w := newWaiter(t)
	must(t, w.SetExecutor(Inline))
	leaveBehind(t, w.Runner)
	short, cancel := context.WithTimeout(bg, time.Millisecond)
	defer cancel()
	wantError(t, w.Run(short), context.DeadlineExceeded, "left behind")
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
	g := newGraph(t)
	queue := apply(t, g, "FIFOQueueV2", nil, ops.Types("component_types", npy.Float32))
	taken := apply(t, g, "QueueDequeueV2", ops.In(queue), ops.Types("component_types", npy.Float32))
	in := placeholder(t, g, "x", npy.Float32, -1)
	product := apply(t, g, "Mul", ops.In(in, taken))
	one, err := g.Constant("", npy.Scalar[float32](1))
	must(t, err)
	_, err = g.Apply(&ops.Call[Output]{Op: "QueueEnqueueV2", Name: "put", Inputs: []ops.Input[Output]{ops.One(queue), ops.List(one)}})
	must(t, err)
	s := session(t, g)
	let := func() {
		t.Helper()
		_, err := s.Run(bg, nil, nil, []string{"put"})
		must(t, err)
	}
	r, err := s.Runner([]string{in.String()}, []string{product.String()}, nil)
	must(t, err)
	defer r.Close()
	x := zeros(t, npy.Float32, 1<<20)
	must(t, r.Feed(in.String(), x))
	must(t, r.Fetch(product.String()))
	for range 3 { // the first steps are fed copies
		let()
		must(t, r.Run(bg))
	}
	leaveBehind(t, r)
	if !tfc.InUse(x) {
		t.Error("the array is not in use while the step is on")
	}
	let()
	must(t, r.wait(bg))
	if tfc.InUse(x) {
		t.Error("the array is in use when the step is over")
	}
}

// Close of the model waits for a step that was left behind, which here ends at its own
// deadline.
func TestCloseWaitsForTheStepLeftBehind(t *testing.T) {
	w := newWaiter(t)
	must(t, w.SetExecutor(Pool))
	var deadline time.Time
	for limit := 200 * time.Millisecond; w.behind == nil; limit *= 2 { // until the step has begun by a tenth of it
		deadline = time.Now().Add(limit)
		ctx, cancel := context.WithDeadline(bg, deadline)
		time.AfterFunc(limit/10, cancel)
		if err := w.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			wantError(t, err, context.Canceled)
		}
	}
	w.m.Close()
	if early := time.Until(deadline); early > 10*time.Millisecond { // TensorFlow counts milliseconds
		t.Errorf("Close returned %v before the step could be over", early)
	}
	wantError(t, w.Run(bg), ErrClosed)
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
