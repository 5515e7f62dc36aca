package eager

import (
	"context"
	"testing"
	"time"

	"ndflow/graph"
	"ndflow/internal/behind"
	"ndflow/npy"
	"ndflow/tfc"
)

// long is an op that cannot be interrupted, and takes many milliseconds wherever it
// runs; what it makes is all ones.
func long(t testing.TB, c *Context) (x *Tensor, o *Op) {
	t.Helper()
	const n = 1500
	a := zeros(t, npy.Float32, n, n)
	for i, v := 0, values[float32](t, a); i < n; i++ {
		v[i*n+i] = 1
	}
	x = get(c.Tensor(a))(t)
	return x, c.Op("MatMul").Input(x, x)
}

// An op that cannot be interrupted is left behind, with what it reads: nothing lands,
// and what is closed meanwhile is kept until it is over.
func TestCtxLeavesLongOpsBehind(t *testing.T) {
	c := newContext(t)
	x, o := long(t, c)
	defer o.Close()
	must(t, o.Prepare())
	shape, err := x.Shape()
	must(t, err)
	dst := zeros(t, npy.Float32, shape...)
	for i, v := 0, values[float32](t, dst); i < len(v); i++ {
		v[i] = -1
	}
	target := scalar(t, c, float32(7))
	for name, run := range map[string]func() error{
		"Run": func() error {
			made, err := o.Run()
			closeAll(made)
			return err
		},
		"RunTo":   func() error { return o.RunTo(target) },
		"RunInto": func() error { return o.RunInto(dst) },
	} {
		ctx, cancel := context.WithTimeout(bg, time.Millisecond)
		o.WithContext(ctx)
		wantError(t, run(), context.DeadlineExceeded, "eager: MatMul")
		cancel()
		wantValues(t, target, float32(7))
		for _, v := range values[float32](t, dst) {
			if v != -1 {
				t.Fatalf("%s: an op left behind has written %v", name, v)
			}
		}
	}
	nothingBehind(t, c)
	wantValues(t, target, float32(7))
	for _, v := range values[float32](t, dst) {
		if v != -1 {
			t.Fatalf("an op left behind wrote %v", v)
		}
	}
	ctx, cancel := context.WithTimeout(bg, time.Hour)
	defer cancel()
	must(t, o.WithContext(ctx).RunInto(dst))
	if v := values[float32](t, dst); v[0] != 1 || v[1] != 0 {
		t.Errorf("after an op was left behind the result begins %v", v[:2])
	}
	short, cancel := context.WithTimeout(bg, time.Millisecond)
	defer cancel()
	wantError(t, o.WithContext(short).RunInto(dst), context.DeadlineExceeded)
	o.Close()
	x.Close()
	c.Close() // waits for nothing; TestMain checks that all is given back
	soon(t, func() bool { return c.behind.Len() == 0 })
}

// What is left behind keeps the arrays that it reads.
func TestCallLeftBehindHoldsItsFeeds(t *testing.T) {
	m := loadModel(t, fixture("slow"))
	n := zeros(t, npy.Int32)
	values[int32](t, n)[0] = 1 << 30
	ctx, cancel := context.WithTimeout(bg, 5*time.Millisecond)
	defer cancel()
	_, err := m.Run(ctx, graph.Feeds{"n": n})
	wantError(t, err, context.DeadlineExceeded)
	nothingBehind(t, m.Context())
	soon(t, func() bool { return !tfc.InUse(n) })
	values[int32](t, n)[0] = 2
	out, err := m.Run(bg, graph.Feeds{"n": n})
	must(t, err)
	if got := values[int32](t, out["count"])[0]; got != 2 {
		t.Errorf("count is %d, want 2", got)
	}
}

// Where calls cannot be ended there are at most so many.
func TestCallsLeftBehindAreBounded(t *testing.T) {
	m := loadModel(t, fixture("slow"))
	c := m.Context()
	for range behind.Most {
		c.behind.Add()
	}
	one := graph.Feeds{"n": npy.Scalar(int32(1))}
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	_, err := m.Run(ctx, one)
	wantError(t, err, ErrFull, "eager: ", "cannot be interrupted", "64")
	_, err = m.Run(bg, one) // which cannot be left behind
	must(t, err)
	c.behind.Remove()
	_, err = m.Run(ctx, one)
	must(t, err)
	for range behind.Most - 1 {
		c.behind.Remove()
	}
}

// Close does not wait long for a call that goes on; the model is given back when that is
// over.
func TestModelCloseBesideCallLeftBehind(t *testing.T) {
	m, err := Load(fixture("queue"))
	must(t, err)
	must(t, m.begin()) // as a call does that cannot be interrupted
	m.Close()
	_, err = m.Call(bg, "take", nil)
	wantError(t, err, ErrClosed)
	wantError(t, m.begin(), ErrClosed)
	if m.Context().c.Closed() {
		t.Error("the context was closed before the call was over")
	}
	m.end()
	soon(t, m.Context().c.Closed)
}

// A model that is closed beside calls whose ctx ends gives all back.
func TestModelCloseBesideCancelledCalls(t *testing.T) {
	for range 20 {
		m, err := Load(fixture("slow"))
		must(t, err)
		ctx, cancel := context.WithCancel(bg)
		result := make(chan error, 1)
		go func() {
			_, err := m.Run(ctx, graph.Feeds{"n": npy.Scalar(int32(1 << 30))})
			result <- err
		}()
		cancel()
		wantError(t, <-result, context.Canceled)
		m.Close()
		soon(t, m.Context().c.Closed)
	}
}
