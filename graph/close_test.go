package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"ndflow/internal/behind"
	"ndflow/internal/canceltest"
	"ndflow/npy"
	"ndflow/ops"
	arrayops "ndflow/ops/array"
	"ndflow/ops/dataflow"
	"ndflow/ops/math"
	"ndflow/ops/state"
)

// eventually waits until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// takeRunner waits for an element of the model's queue, which nobody brings.
func takeRunner(t testing.TB, m *Model) *Runner {
	t.Helper()
	r := runner(t, m, "take")
	must(t, r.Feed("scale", npy.Scalar(float32(2))))
	return r
}

const lockedTwice = "a mutex that is locked twice"

// blocking adds a tensor to a graph that a step waits for and never gets.
var blocking = map[string]func(s *ops.Scope[Output]) Output{
	"an empty queue": func(s *ops.Scope[Output]) Output {
		q := dataflow.FIFOQueueV2(s, []ops.DataType{npy.Float32})
		return dataflow.QueueDequeueV2(s, q, []ops.DataType{npy.Float32})[0]
	},
	"many of an empty queue": func(s *ops.Scope[Output]) Output {
		q := dataflow.FIFOQueueV2(s, []ops.DataType{npy.Float32}, dataflow.FIFOQueueV2Shapes([]int{}))
		return dataflow.QueueDequeueManyV2(s, q, ops.Const(s, npy.Scalar(int32(3))), []ops.DataType{npy.Float32})[0]
	},
	"an accumulator": func(s *ops.Scope[Output]) Output {
		a := dataflow.ResourceConditionalAccumulator(s, npy.Float32, []int{2})
		return dataflow.ResourceAccumulatorTakeGradient(s, a, ops.Const(s, npy.Scalar(int32(1))), npy.Float32)
	},
	lockedTwice: func(s *ops.Scope[Output]) Output {
		mutex := state.MutexV2(s)
		first := state.MutexLock(s, mutex)
		second := state.MutexLock(s.WithControl(first), mutex)
		return state.ConsumeMutexLock(s.WithControl(second), first) // which keeps it locked until then
	},
}

// blockingSession is a session of a new graph with something of blocking, and makes
// Runners that wait for that.
func blockingSession(t testing.TB, add func(s *ops.Scope[Output]) Output, e Executor) (*Session, func() *Runner) {
	t.Helper()
	g, err := New()
	must(t, err)
	t.Cleanup(g.Close)
	scope := ops.NewScope(g)
	y := add(scope)
	must(t, scope.Err())
	s, err := NewSession(g, WithExecutor(e))
	must(t, err)
	t.Cleanup(s.Close)
	return s, func() *Runner {
		t.Helper()
		r, err := s.Runner(nil, nil, []string{y.Operation()})
		must(t, err)
		t.Cleanup(r.Close)
		return r
	}
}

// started runs a step that waits for something, and returns while it does. The Runner's
// lock tells that it runs, and whoever looks may be in the step's way.
func started(t testing.TB, r *Runner, ctx context.Context) <-chan error {
	t.Helper()
	result := make(chan error, 1)
	go func() {
		err := r.Run(ctx)
		for errors.Is(err, ErrBusy) {
			err = r.Run(ctx)
		}
		result <- err
	}()
	eventually(t, "the step runs", func() bool {
		select {
		case err := <-result:
			t.Fatalf("the step is over: %v", err)
		default:
		}
		if !r.mu.TryLock() {
			return true
		}
		r.mu.Unlock()
		return false
	})
	return result
}

// Closing a session ends its steps, whatever they wait for, and whoever called them
// learns why.
func TestCloseEndsBlockedSteps(t *testing.T) {
	for name, add := range blocking {
		for _, e := range []Executor{Inline, Pool, Auto} {
			for how, ctx := range map[string]func() (context.Context, context.CancelFunc){
				"background": func() (context.Context, context.CancelFunc) { return bg, func() {} },
				"cancel":     func() (context.Context, context.CancelFunc) { return context.WithCancel(bg) },
				"deadline":   func() (context.Context, context.CancelFunc) { return context.WithTimeout(bg, time.Hour) },
			} {
				t.Run(fmt.Sprint(name, "/", e, "/", how), func(t *testing.T) {
					s, runner := blockingSession(t, add, e)
					r := runner()
					ctx, cancel := ctx()
					defer cancel()
					result := started(t, r, ctx)
					s.Close()
					wantError(t, <-result, ErrClosed)
					wantError(t, r.Run(ctx), ErrClosed)
				})
			}
		}
	}
}

// A step that waits ends when its ctx does: no thread and no goroutine is left, and the
// session goes on.
func TestCancelEndsBlockedSteps(t *testing.T) {
	canceltest.NeedsPlugin(t)
	for name, add := range blocking {
		for _, e := range []Executor{Inline, Pool} {
			t.Run(fmt.Sprint(name, "/", e), func(t *testing.T) {
				s, runner := blockingSession(t, add, e)
				r := runner()
				for k := range 4 {
					ctx, cancel := context.WithTimeout(bg, time.Duration(k+1)*time.Millisecond)
					wantError(t, r.Run(ctx), context.DeadlineExceeded)
					cancel()
					must(t, r.wait(bg))
				}
				if n := s.behind.Len(); n != 0 {
					t.Errorf("%d steps are counted as left behind when none runs", n)
				}
			})
		}
	}
}

// countedSteps is a chain of ops that count themselves: n products of matrices, one
// after the other.
func countedSteps(t testing.TB, s *ops.Scope[Output], g *Graph, n int) (begin, last, count Output) {
	t.Helper()
	counter := state.VarHandleOp(s, npy.Int32, []int{})
	zero, one := ops.Const(s, npy.Scalar(int32(0))), ops.Const(s, npy.Scalar(int32(1)))
	begin = state.AssignVariableOp(s, counter, zero)
	count = state.ReadVariableOp(s, counter, npy.Int32)
	x, err := g.Placeholder("x", npy.Float32, []int{-1, -1})
	must(t, err)
	last = x
	for range n {
		last = math.MatMul(s, last, x)
		last = arrayops.Identity(s.WithControl(state.AssignAddVariableOp(s.WithControl(last), counter, one)), last)
	}
	return begin, last, count
}

// Between two ops a step looks whether it was cancelled.
func TestCancelStopsBetweenOps(t *testing.T) {
	canceltest.NeedsPlugin(t)
	const n = 2000
	for _, e := range []Executor{Inline, Pool} {
		t.Run(e.String(), func(t *testing.T) {
			g, err := New()
			must(t, err)
			defer g.Close()
			scope := ops.NewScope(g)
			begin, last, count := countedSteps(t, scope, g, n)
			must(t, scope.Err())
			s, err := NewSession(g, WithExecutor(e))
			must(t, err)
			defer s.Close()
			_, err = s.Run(bg, nil, nil, []string{begin.Operation()})
			must(t, err)
			counter, err := s.Runner(nil, []string{count.String()}, nil)
			must(t, err)
			defer counter.Close()
			must(t, counter.SetExecutor(Inline)) // the pool may have one thread, and that is busy
			done := func() int32 {
				must(t, counter.Run(bg))
				a, err := counter.Value(count.String())
				must(t, err)
				defer a.Release()
				return values[int32](t, a)[0]
			}
			r, err := s.Runner([]string{"x"}, []string{last.String()}, nil)
			must(t, err)
			defer r.Close()
			must(t, r.Feed("x", zeros(t, npy.Float32, 300, 300)))
			ctx, cancel := context.WithCancel(bg)
			result := make(chan error, 1)
			go func() { result <- r.Run(ctx) }()
			eventually(t, "an op is done", func() bool { return done() > 0 })
			cancel()
			wantError(t, <-result, context.Canceled)
			must(t, r.wait(bg))
			if k := done(); k == n {
				t.Errorf("all %d ops have run", k)
			}
		})
	}
}

// Steps that were cancelled, or timed out, leave no threads and no goroutines.
func TestManyCancelledSteps(t *testing.T) {
	canceltest.NeedsPlugin(t)
	m := load(t, "queue")
	feeds := Feeds{"scale": npy.Scalar(float32(2))}
	one := map[string]func(){
		"cancelled": func() {
			ctx, cancel := context.WithCancel(bg)
			go cancel()
			_, err := m.Call(ctx, "take", feeds)
			wantError(t, err, context.Canceled)
		},
		"timed out": func() {
			ctx, cancel := context.WithTimeout(bg, 100*time.Microsecond)
			defer cancel()
			_, err := m.Call(ctx, "take", feeds)
			wantError(t, err, context.DeadlineExceeded)
		},
	}
	for how, run := range one {
		t.Run(how, func(t *testing.T) {
			n := times(1000)
			for range n {
				run()
			}
			threads := canceltest.Threads(t)
			for range n {
				run()
			}
			if more := canceltest.Threads(t) - threads; more > 8 {
				t.Errorf("%d steps have made %d threads more", n, more)
			}
			eventually(t, "no step is left", func() bool { return m.session.behind.Len() == 0 })
		})
	}
}

// Steps end whoever else waits: TensorFlow's queues keep those that were cancelled until
// the one before them has ended, and must not take a new one for one of those.
func TestCancelBesideWaitingStep(t *testing.T) {
	canceltest.NeedsPlugin(t)
	for name, add := range blocking {
		if name == lockedTwice {
			continue // a mutex serves those that wait one after the other, also when they are told to end
		}
		for _, e := range []Executor{Inline, Pool} {
			t.Run(fmt.Sprint(name, "/", e), func(t *testing.T) {
				s, runner := blockingSession(t, add, e)
				result := started(t, runner(), bg)
				time.Sleep(20 * time.Millisecond)
				r := runner()
				for range 100 {
					ctx, cancel := context.WithTimeout(bg, 500*time.Microsecond)
					wantError(t, r.Run(ctx), context.DeadlineExceeded)
					cancel()
					must(t, r.wait(bg))
				}
				s.Close()
				wantError(t, <-result, ErrClosed)
			})
		}
	}
}

// Where steps cannot be ended there are at most so many.
func TestStepsLeftBehindAreBounded(t *testing.T) {
	m := load(t, "queue")
	for range behind.Most {
		m.session.behind.Add()
	}
	r := takeRunner(t, m)
	ctx, cancel := context.WithCancel(bg)
	wantError(t, r.Run(ctx), ErrFull, "cannot be interrupted", "64")
	short, stop := context.WithTimeout(bg, time.Millisecond)
	defer stop()
	wantError(t, r.Run(short), context.DeadlineExceeded, "64 steps left behind")
	m.session.behind.Remove() // makes room for a step
	result := started(t, r, ctx)
	cancel()
	wantError(t, <-result, context.Canceled)
	for range behind.Most - 1 {
		m.session.behind.Remove()
	}
	must(t, r.wait(bg))
}
