package graph

import (
	"context"
	"testing"
	"time"

	"ndflow/npy"
	"ndflow/tfc"
)

// slowRunner runs steps of about n milliseconds.
func slowRunner(t *testing.T, n int32) (r *Runner, count *npy.Array) {
	t.Helper()
	r = runner(t, load(t, "slow"), "")
	must(t, r.Feed("n", npy.Scalar(n)))
	count = zeros(t, npy.Int32, 1)
	must(t, r.Into("count", count))
	return r, count
}

// calibrated is a slow runner whose step takes a few hundred milliseconds here.
func calibrated(t *testing.T) (r *Runner, count *npy.Array, n int32, step time.Duration) {
	r, count = slowRunner(t, 20)
	must(t, r.Run(bg))
	start := time.Now()
	must(t, r.Run(bg))
	n = max(20, int32(20*400*time.Millisecond/time.Since(start)))
	must(t, r.Feed("n", npy.Scalar(n)))
	start = time.Now()
	must(t, r.Run(bg))
	return r, count, n, time.Since(start)
}

func TestCancelReturnsAtOnce(t *testing.T) {
	r, count, n, step := calibrated(t)
	for _, e := range []Executor{Inline, Pool, Auto} {
		t.Run(e.String(), func(t *testing.T) {
			must(t, r.SetExecutor(e))
			values[int32](t, count)[0] = -1
			ctx, cancel := context.WithCancel(bg)
			time.AfterFunc(step/10, cancel)
			start := time.Now()
			err := r.Run(ctx)
			took := time.Since(start)
			wantError(t, err, context.Canceled)
			if took > step/2 {
				t.Errorf("a cancelled Run took %v of a step of %v", took, step)
			}
			// Nothing lands, not even when the step is over.
			_, err = r.Value("count")
			wantError(t, err, ErrNotFetched)
			must(t, r.wait(bg))
			if got := values[int32](t, count)[0]; got != -1 {
				t.Errorf("a step left behind wrote %d to the caller's array", got)
			}
			// And the runner is as good as before.
			must(t, r.Run(bg))
			if got := values[int32](t, count)[0]; got != n {
				t.Errorf("after a cancelled step the result is %d, want %d", got, n)
			}
		})
	}
}

func TestDeadlineStopsTheStep(t *testing.T) {
	r, _, _, step := calibrated(t)
	ctx, cancel := context.WithTimeout(bg, step/10)
	defer cancel()
	start := time.Now()
	wantError(t, r.Run(ctx), context.DeadlineExceeded)
	must(t, r.wait(bg)) // for the step itself
	if took := time.Since(start); took > step/2 {
		t.Errorf("a step with a deadline of %v went on for %v of %v", step/10, took, step)
	}
	must(t, r.Run(bg))
}

func TestNextRunWaitsForTheStepLeftBehind(t *testing.T) {
	r, _ := slowRunner(t, 1)
	over := make(chan struct{})
	r.behind = over // as with an op that cannot be interrupted
	short, cancel := context.WithTimeout(bg, time.Millisecond)
	defer cancel()
	wantError(t, r.Run(short), context.DeadlineExceeded, "left behind")
	close(over)
	must(t, r.Run(bg))
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
	m := load(t, "slow")
	r := runner(t, m, "")
	must(t, r.SetExecutor(Inline))
	_, _, n, step := calibrated(t)
	must(t, r.Feed("n", npy.Scalar(n)))
	must(t, r.Fetch("count"))
	must(t, r.Run(bg))
	ctx, cancel := context.WithCancel(bg)
	time.AfterFunc(step/10, cancel)
	wantError(t, r.Run(ctx), context.Canceled)
	m.Close()
	wantError(t, r.Run(bg), ErrClosed)
	must(t, r.wait(bg)) // what was left behind has ended
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
