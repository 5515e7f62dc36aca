package eager

import (
	"context"
	"testing"
	"time"

	"ndflow/graph"
	"ndflow/internal/canceltest"
	"ndflow/npy"
	"ndflow/ops"
	arrayops "ndflow/ops/array"
	"ndflow/ops/dataflow"
	"ndflow/ops/math"
	"ndflow/ops/state"
)

// nothingBehind waits until what was left behind is over.
func nothingBehind(t testing.TB, c *Context) {
	t.Helper()
	soon(t, func() bool { return c.behind.Len() == 0 })
}

// soon fails the test where cond does not come to hold.
func soon(t testing.TB, cond func() bool) {
	t.Helper()
	if !eventually(cond) {
		t.Fatal("what was left behind is not over")
	}
}

// calls are all ways to run something until a ctx ends. Each is a call that makes one
// tensor, and leaves nothing to close.
func calls(t testing.TB, m *Model, signature string, feeds graph.Feeds) map[string]func(ctx context.Context) error {
	t.Helper()
	c := m.Context()
	f, err := m.Function(signature)
	must(t, err)
	inputs := make([]*Tensor, len(f.Inputs()))
	named := make(map[string]*Tensor)
	for i, in := range f.Inputs() {
		inputs[i] = get(c.Tensor(feeds[in.Name]))(t)
		t.Cleanup(inputs[i].Close)
		named[in.Name] = inputs[i]
	}
	prepare := func() *Caller {
		caller, err := m.Caller(signature)
		must(t, err)
		t.Cleanup(caller.Close)
		for name, x := range named {
			must(t, caller.Input(name, x))
		}
		return caller
	}
	out := f.Outputs()[0]
	run, land, landed := prepare(), prepare(), zeros(t, out.DType, 8)
	must(t, land.Into(out.Name, landed))
	prepared, to, into := f.Op(inputs...), f.Op(inputs...), f.Op(inputs...)
	must(t, prepared.Prepare())
	target, err := c.Empty()
	must(t, err)
	for _, o := range []*Op{prepared, to, into} {
		t.Cleanup(o.Close)
	}
	t.Cleanup(target.Close)
	return map[string]func(ctx context.Context) error{
		"Model.Call": func(ctx context.Context) error {
			made, err := m.Call(ctx, signature, named)
			for _, x := range made {
				x.Close()
			}
			return err
		},
		"Function.Call": func(ctx context.Context) error {
			made, err := f.Call(ctx, inputs...)
			closeAll(made)
			return err
		},
		"Caller.Run": func(ctx context.Context) error {
			made, err := run.Run(ctx)
			for _, x := range made {
				x.Close()
			}
			return err
		},
		"Caller.RunInto": land.RunInto,
		"Op.Run": func(ctx context.Context) error {
			o := f.Op(inputs...).WithContext(ctx)
			defer o.Close()
			made, err := o.Run()
			closeAll(made)
			return err
		},
		"Op.Run, prepared": func(ctx context.Context) error {
			made, err := prepared.WithContext(ctx).Run()
			closeAll(made)
			return err
		},
		"Op.RunTo":   func(ctx context.Context) error { return to.WithContext(ctx).RunTo(target) },
		"Op.RunInto": func(ctx context.Context) error { return into.WithContext(ctx).RunInto(landed) },
	}
}

// A ctx that has ended already lets nothing run.
func TestEndedCtxDoesNothing(t *testing.T) {
	m := loadModel(t, fixture("counter"))
	cancelled, cancel := context.WithCancel(bg)
	cancel()
	past, cancel := context.WithDeadline(bg, time.Now().Add(-time.Second))
	defer cancel()
	all := calls(t, m, "increment", graph.Feeds{"by": npy.Scalar(int64(1))})
	for name, call := range all {
		wantError(t, call(cancelled), context.Canceled, "eager: ", "increment")
		wantError(t, call(past), context.DeadlineExceeded, "eager: ", "increment")
		if n := m.Context().behind.Len(); n != 0 {
			t.Errorf("%s: %d calls are left behind", name, n)
		}
	}
	read := func() int64 {
		out, err := m.Call(bg, "read", nil)
		must(t, err)
		defer out["count"].Close()
		return get(Item[int64](out["count"]))(t)
	}
	if n := read(); n != 0 {
		t.Errorf("%d calls have run though their ctx had ended", n)
	}
	for _, call := range all {
		must(t, call(bg))
		ctx, cancel := context.WithTimeout(bg, time.Hour)
		must(t, call(ctx))
		cancel()
	}
	if n := read(); n != int64(2*len(all)) {
		t.Errorf("%d calls have run, want %d", n, 2*len(all))
	}
}

// A call that waits for something ends with its ctx, whatever way it was called, and can
// be called again.
func TestCtxEndsBlockedCalls(t *testing.T) {
	m := loadModel(t, fixture("queue"))
	feeds := graph.Feeds{"scale": npy.Scalar(float32(2))}
	x := tensor(t, m.Context(), []float32{1, 2})
	for name, call := range calls(t, m, "take", feeds) {
		t.Run(name, func(t *testing.T) {
			for k := range 3 {
				ctx, cancel := context.WithTimeout(bg, time.Duration(k+1)*time.Millisecond)
				wantError(t, call(ctx), context.DeadlineExceeded)
				cancel()
				ctx, cancel = context.WithCancel(bg)
				time.AfterFunc(time.Duration(k)*time.Millisecond, cancel)
				wantError(t, call(ctx), context.Canceled)
			}
			nothingBehind(t, m.Context()) // else one of them might take what is put
			put, err := m.Call(bg, "put", map[string]*Tensor{"x": x})
			must(t, err)
			put["y"].Close()
			ctx, cancel := context.WithTimeout(bg, time.Hour)
			defer cancel()
			must(t, call(ctx))
		})
	}
}

// An op that waits, and is no function, ends as well.
func TestCtxEndsBlockedOps(t *testing.T) {
	c := newContext(t)
	s := ops.NewScope[*Tensor](c)
	q := dataflow.FIFOQueueV2(s, []ops.DataType{npy.Float32})
	must(t, s.Err())
	defer q.Close()
	ctx, cancel := context.WithTimeout(bg, time.Millisecond)
	defer cancel()
	_, err := c.Op("QueueDequeueV2").Input(q).Attr(ops.Types("component_types", npy.Float32)).WithContext(ctx).Run()
	wantError(t, err, context.DeadlineExceeded)
	nothingBehind(t, c)
}

// counted is a function that multiplies matrices n times, one after the other, and
// counts that in a variable.
func counted(t testing.TB, c *Context, n int) (f *Function, done func() int32) {
	t.Helper()
	g, err := graph.New()
	must(t, err)
	defer g.Close()
	s := ops.NewScope(g)
	h := state.VarHandleOp(s, npy.Int32, []int{}, state.VarHandleOpSharedName("counter"))
	one := ops.Const(s, npy.Scalar(int32(1)))
	x, err := g.Placeholder("x", npy.Float32, []int{-1, -1})
	must(t, err)
	last := x
	for range n {
		last = math.MatMul(s, last, x)
		last = arrayops.Identity(s.WithControl(state.AssignAddVariableOp(s.WithControl(last), h, one)), last)
	}
	must(t, s.Err())
	f, err = c.Function(g, []string{"x"}, []string{last.String()})
	must(t, err)
	t.Cleanup(f.Close)
	e := ops.NewScope[*Tensor](c)
	handle := state.VarHandleOp(e, npy.Int32, []int{}, state.VarHandleOpSharedName("counter"))
	must(t, e.Err())
	t.Cleanup(handle.Close)
	must(t, c.assign(handle, scalar(t, c, int32(0))))
	return f, func() int32 {
		v, err := c.Op("ReadVariableOp").Input(handle).Type("dtype", npy.Int32).Output()
		must(t, err)
		defer v.Close()
		return get(Item[int32](v))(t)
	}
}

// Between two ops a function looks whether it was cancelled.
func TestCtxEndsBetweenOps(t *testing.T) {
	canceltest.NeedsPlugin(t)
	const n = 800
	for name, opts := range map[string][]FunctionOption{"pool": nil, "single thread": {SingleThread()}} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t)
			f, done := counted(t, c, n)
			f.options = opts
			x := get(c.Tensor(zeros(t, npy.Float32, 300, 300)))(t)
			defer x.Close()
			ctx, cancel := context.WithCancel(bg)
			defer cancel()
			result := make(chan error, 1)
			go func() {
				made, err := f.Call(ctx, x)
				closeAll(made)
				result <- err
			}()
			soon(t, func() bool { return done() > 0 })
			cancel()
			wantError(t, <-result, context.Canceled)
			nothingBehind(t, c)
			if k := done(); k == n {
				t.Errorf("all %d ops have run", k)
			}
		})
	}
}

// Calls that were cancelled, or timed out, leave no threads.
func TestManyCancelledCalls(t *testing.T) {
	canceltest.NeedsPlugin(t)
	m := loadModel(t, fixture("queue"))
	scale := map[string]*Tensor{"scale": scalar(t, m.Context(), float32(2))}
	n := 400
	if testing.Short() {
		n = 100
	}
	for how, run := range map[string]func(t testing.TB){
		"cancelled": func(t testing.TB) {
			ctx, cancel := context.WithCancel(bg)
			go cancel()
			_, err := m.Call(ctx, "take", scale)
			wantError(t, err, context.Canceled)
		},
		"timed out": func(t testing.TB) {
			ctx, cancel := context.WithTimeout(bg, 100*time.Microsecond)
			defer cancel()
			_, err := m.Call(ctx, "take", scale)
			wantError(t, err, context.DeadlineExceeded)
		},
	} {
		t.Run(how, func(t *testing.T) {
			for range n {
				run(t)
			}
			nothingBehind(t, m.Context())
			threads := canceltest.Threads(t)
			level(t, n, 64<<20, func() {
				run(t)
				nothingBehind(t, m.Context())
			})
			if more := canceltest.Threads(t) - threads; more > 16 {
				t.Errorf("cancelled calls have made %d threads more", more)
			}
		})
	}
}

// Calls end whoever else waits: TensorFlow's queues keep those that were cancelled until
// the one before them has ended, and must not take a new one for one of those.
func TestCtxEndsCallsBesideWaitingOne(t *testing.T) {
	canceltest.NeedsPlugin(t)
	m := loadModel(t, fixture("queue"))
	c := m.Context()
	s := ops.NewScope[*Tensor](c)
	q := dataflow.FIFOQueueV2(s, []ops.DataType{npy.Float32})
	must(t, s.Err())
	defer q.Close()
	scale := map[string]*Tensor{"scale": scalar(t, c, float32(2))}
	for name, take := range map[string]func(ctx context.Context) error{
		"function": func(ctx context.Context) error {
			_, err := m.Call(ctx, "take", scale)
			return err
		},
		"op": func(ctx context.Context) error {
			_, err := c.Op("QueueDequeueV2").Input(q).Attr(ops.Types("component_types", npy.Float32)).WithContext(ctx).Run()
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			first, cancel := context.WithCancel(bg)
			result := make(chan error, 1)
			go func() { result <- take(first) }()
			time.Sleep(20 * time.Millisecond)
			for range 100 {
				ctx, cancel := context.WithTimeout(bg, 500*time.Microsecond)
				wantError(t, take(ctx), context.DeadlineExceeded)
				cancel()
				nothingBehind(t, c)
			}
			cancel()
			wantError(t, <-result, context.Canceled)
			nothingBehind(t, c)
		})
	}
}

// On an executor of its own a call ends with its ctx too, and the executor is kept until
// what was left behind is over.
func TestCtxEndsCallsOnExecutors(t *testing.T) {
	for name, opts := range map[string][]Option{"sync": nil, "async": {Async()}} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t, opts...)
			endless := endless(t, c)
			defer endless.Close()
			_, long := long(t, c)
			defer long.Close()
			for _, o := range []*Op{endless, long} {
				e, err := c.Executor(false)
				must(t, err)
				ctx, cancel := context.WithTimeout(bg, time.Millisecond)
				err = e.Do(func() error {
					_, err := o.WithContext(ctx).Run()
					return err
				})
				wantError(t, err, context.DeadlineExceeded)
				cancel()
				must(t, e.Do(func() error {
					wantValues(t, output(t, c.Op("Neg").Input(scalar(t, c, int32(3)))), int32(-3))
					return nil
				}))
				e.Close()
				nothingBehind(t, c)
			}
		})
	}
}

// A prepared op whose ctx cannot end is one call, whatever that ctx is.
func TestCtxThatCannotEndCostsNothing(t *testing.T) {
	m := loadModel(t, fixture("slow"))
	caller := get(m.Caller(""))(t)
	defer caller.Close()
	must(t, caller.Feed("n", npy.Scalar(int32(1))))
	must(t, caller.Into("count", zeros(t, npy.Int32)))
	for name, ctx := range map[string]context.Context{"background": bg, "with a value": context.WithValue(bg, t, 1)} {
		must(t, caller.RunInto(ctx))
		if n := testing.AllocsPerRun(20, func() { must(t, caller.RunInto(ctx)) }); n != 0 {
			t.Errorf("%s: RunInto allocates %v times", name, n)
		}
	}
}
