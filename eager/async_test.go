package eager

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestAsync(t *testing.T) {
	c := newContext(t, Async())
	x := tensor(t, c, slices.Repeat([]float32{1}, 1<<20))
	sum := c.Op("AddV2").Input(x, x)
	defer sum.Close()
	y, err := sum.Output()
	must(t, err)
	defer y.Close()
	for range 10 {
		must(t, sum.SetInput(0, y))
		must(t, sum.RunTo(y))
	}
	dst := zeros(t, npy.Float32, 1<<20)
	must(t, sum.RunInto(dst))
	if got := values[float32](t, dst)[1<<20-1]; got != 13 {
		t.Errorf("have %v, want 13", got)
	}
	if s := sum.Stats(0); s.Placed != 0 || s.Why == "" {
		t.Errorf("an async result: %+v", s)
	}
	must(t, c.Sync())
	if shape, err := y.Shape(); err != nil || !slices.Equal(shape, []int{1 << 20}) {
		t.Errorf("shape %v, %v", shape, err)
	}
}

// An op that fails fails its own tensors. The executor goes on.
func TestAsyncErrorsBelongToTheirTensors(t *testing.T) {
	c := newContext(t, Async())
	// Gather fails when it runs, not before.
	x, bad, good := tensor(t, c, []float32{1, 2, 3}), tensor(t, c, []int32{7}), tensor(t, c, []int32{2})
	axis := scalar(t, c, int32(0))
	gather := func(indices *Tensor) *Op { return c.Op("GatherV2").Input(x, indices, axis) }
	failed, err := gather(bad).Output()
	must(t, err)
	defer failed.Close()
	_, err = failed.Value()
	wantError(t, err, tfc.InvalidArgument, "7")
	for range 3 {
		wantValues(t, output(t, gather(good)), float32(3))
		_, err = failed.Value()
		wantError(t, err, tfc.InvalidArgument, "7")
		_, err = failed.Shape()
		wantError(t, err, tfc.InvalidArgument, "7")
	}
	// What is made of the failed tensor fails with its error.
	after, err := c.Op("Neg").Input(failed).Output()
	if err == nil {
		defer after.Close()
		_, err = after.Value()
	}
	wantError(t, err, tfc.InvalidArgument, "7")
	wantError(t, gather(bad).RunInto(zeros(t, npy.Float32, 1)), tfc.InvalidArgument, "7")
	wantValues(t, output(t, gather(good)), float32(3))
	must(t, c.Sync())
}

// Sync tells of an op that has failed, once.
func TestSyncReportsOnce(t *testing.T) {
	c := newContext(t, Async())
	x, bad, axis := tensor(t, c, []float32{1, 2, 3}), tensor(t, c, []int32{7}), scalar(t, c, int32(0))
	failed, err := c.Op("GatherV2").Input(x, bad, axis).Output()
	must(t, err)
	defer failed.Close()
	wantError(t, c.Sync(), tfc.InvalidArgument, "7")
	must(t, c.Sync())
	wantValues(t, output(t, c.Op("Neg").Input(axis)), int32(0))
}

func TestExecutor(t *testing.T) {
	c := newContext(t)
	e, err := c.Executor(true)
	must(t, err)
	x := tensor(t, c, slices.Repeat([]float32{1}, 1<<18))
	var y *Tensor
	must(t, e.Do(func() error {
		y, err = c.Op("Exp").Input(x).Output()
		return err
	}))
	defer y.Close()
	must(t, e.Wait())
	inner := errors.New("of f")
	if err := e.Do(func() error { return inner }); err != inner {
		t.Errorf("Do returns %v", err)
	}
	// Within one executor another can be entered, and both keep their order.
	other, err := c.Executor(false)
	must(t, err)
	must(t, e.Do(func() error {
		return other.Do(func() error {
			wantValues(t, output(t, c.Op("Neg").Input(scalar(t, c, int32(3)))), int32(-3))
			return nil
		})
	}))
	other.Close()
	other.Close()
	wantError(t, other.Do(func() error { return nil }), ErrClosed)
	e.Close()
	wantError(t, e.Wait(), ErrClosed)
	v, err := y.Value()
	must(t, err)
	defer v.Release()
	if v.Len() != 1<<18 {
		t.Errorf("result has %d elements", v.Len())
	}
}

// endless is a call that would take weeks: so many products of matrices.
func endless(t testing.TB, c *Context) *Op {
	t.Helper()
	m, err := graph.Load(filepath.Join("..", "testdata", "models", "slow"))
	must(t, err)
	defer m.Close()
	sig, err := m.Signature("")
	must(t, err)
	f, err := c.Function(m.Session().Graph(), []string{sig.Inputs[0].Tensor}, []string{sig.Outputs[0].Tensor})
	must(t, err)
	t.Cleanup(f.Close)
	return f.Op(scalar(t, c, int32(math.MaxInt32)))
}

func TestCancel(t *testing.T) {
	for name, opts := range map[string][]Option{"sync": nil, "async": {Async()}} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t, opts...)
			o := endless(t, c)
			defer o.Close()
			// Only a call that has begun is cancelled by TensorFlow; it cannot end by itself.
			for after := time.Millisecond; ; after *= 2 {
				ctx, cancel := context.WithCancel(bg)
				time.AfterFunc(after, cancel)
				out, err := o.WithContext(ctx).Run()
				if err == nil {
					_, err = out[0].Value()
					closeAll(out)
				}
				if name == "sync" {
					wantError(t, err, context.Canceled)
				}
				if after < time.Minute && !errors.Is(err, tfc.Cancelled) {
					continue
				}
				wantError(t, err, tfc.Cancelled)
				break
			}
			ctx, cancel := context.WithCancel(bg)
			cancel()
			_, err := o.WithContext(ctx).Run()
			wantError(t, err, context.Canceled)
			// What an async executor has in its queue when an op fails fails too.
			if err := c.Sync(); err != nil {
				wantError(t, err, tfc.Cancelled)
			}
			wantValues(t, output(t, c.Op("Neg").Input(scalar(t, c, int32(3)))), int32(-3))
		})
	}
}

// A ctx may end long after what it could have cancelled.
func TestCtxEndsAfterAsyncOps(t *testing.T) {
	c := newContext(t, Async())
	x := tensor(t, c, []float32{1, 2})
	var cancels []context.CancelFunc
	for range 200 {
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		cancels = append(cancels, cancel)
		o := c.Op("Neg").Input(x).WithContext(ctx)
		output(t, o)
	}
	must(t, c.Sync())
	for _, cancel := range cancels {
		cancel()
	}
	wantValues(t, output(t, c.Op("Neg").Input(x)), float32(-1), -2)
}

// A context that is closed, or dropped, while its ops are still running.
func TestCloseWhileAsyncOpsRun(t *testing.T) {
	for i := range 20 {
		c, err := New(Async())
		must(t, err)
		x, err := FromSlice(c, slices.Repeat([]float32{1}, 1<<18), 512, 512)
		must(t, err)
		o := c.Op("MatMul").Input(x, x)
		y, err := c.Empty()
		must(t, err)
		for range 5 {
			must(t, o.RunTo(y))
		}
		if i%2 == 0 {
			c.Close()
			o.Close()
			x.Close()
			y.Close()
		}
	}
}

// An op that was prepared on one executor runs on others, and when that is gone.
func TestOpsOutliveExecutors(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2})
	prepared := c.Op("Neg").Input(x)
	defer prepared.Close()
	for i := range 200 {
		e, err := c.Executor(i%2 == 0)
		must(t, err)
		must(t, e.Do(func() error {
			output(t, c.Op("Neg").Input(x))
			return prepared.RunInto(zeros(t, npy.Float32, 2))
		}))
		e.Close()
		wantValues(t, output(t, c.Op("Neg").Input(x)), float32(-1), -2)
		must(t, prepared.RunInto(zeros(t, npy.Float32, 2)))
	}
}
