package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ndflow/npy"
	"ndflow/tfc"
)

// picture is an item: n rows of 16 numbers for the model "mlp".
type picture struct{ n int }

func (p picture) rows(t testing.TB) *npy.Array {
	a := zeros(t, npy.Float32, 1+p.n%7, 16)
	for i, v := 0, values[float32](t, a); i < len(v); i++ {
		v[i] = float32((p.n*31+i)%17) / 8
	}
	return a
}

func feedPictures(t testing.TB) func(picture) (Feeds, error) {
	return func(p picture) (Feeds, error) { return Feeds{"x": p.rows(t)}, nil }
}

// probs are what Run makes of pictures.
func probs(t testing.TB, m *Model, n int) []*npy.Array {
	t.Helper()
	list := make([]*npy.Array, n)
	for i := range list {
		out, err := m.Run(bg, Feeds{"x": picture{i}.rows(t)})
		must(t, err)
		list[i] = out["probs"]
	}
	return list
}

// noGoroutinesLeft fails the test if it ends with more goroutines than it has
// begun with.
func noGoroutinesLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 60_000 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(time.Millisecond) // those that are done are a moment behind
		}
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
	})
}

func TestPipelineEqualsRun(t *testing.T) {
	m := load(t, "mlp")
	const n = 300
	want := probs(t, m, n)
	for _, o := range []PipelineOptions{{}, {Ordered: true}, {Workers: 1, Queue: 1}, {Workers: 16, Queue: 1, Ordered: true}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			noGoroutinesLeft(t)
			var mu sync.Mutex
			var have []int
			p, err := NewPipeline(bg, m, feedPictures(t), func(r Result[picture]) error {
				mu.Lock()
				defer mu.Unlock()
				have = append(have, r.Item.n)
				if r.Err != nil || !same(r.Outputs["probs"], want[r.Item.n]) {
					t.Errorf("item %d: %v, %v", r.Item.n, r.Outputs["probs"], r.Err)
				}
				return nil
			}, o)
			must(t, err)
			for i := range n {
				must(t, p.Submit(bg, picture{i}))
			}
			must(t, p.Close())
			must(t, p.Close())
			wantError(t, p.Submit(bg, picture{0}), ErrClosed)
			wantError(t, p.TrySubmit(picture{0}), ErrClosed)
			if o.Ordered && !slices.IsSorted(have) {
				t.Errorf("the order is %v", have)
			}
			slices.Sort(have)
			if len(slices.Compact(have)) != n {
				t.Errorf("%d of %d items were handled", len(slices.Compact(have)), n)
			}
		})
	}
}

// Workers that are through in another order: the first item waits for the third.
func TestPipelineOrder(t *testing.T) {
	m := load(t, "mlp")
	for _, ordered := range []bool{true, false} {
		noGoroutinesLeft(t)
		third := make(chan struct{})
		feed := func(p picture) (Feeds, error) {
			if ordered && p.n == 2 {
				close(third)
			}
			if p.n == 0 {
				<-third
			}
			return feedPictures(t)(p)
		}
		var have []int
		handle := func(r Result[picture]) error {
			if have = append(have, r.Item.n); !ordered && r.Item.n == 2 {
				close(third)
			}
			return r.Err
		}
		p, err := NewPipeline(bg, m, feed, handle, PipelineOptions{Workers: 2, Ordered: ordered})
		must(t, err)
		for i := range 3 {
			must(t, p.Submit(bg, picture{i}))
		}
		must(t, p.Close())
		want := []int{0, 1, 2}
		if !ordered {
			want = []int{1, 2, 0} // the one worker is stuck until the other is through
		}
		if !slices.Equal(have, want) {
			t.Errorf("ordered %v: the order is %v, want %v", ordered, have, want)
		}
	}
}

// stuck is a Pipeline whose handler waits until it is opened. It is full.
func stuck(t *testing.T, ctx context.Context, o PipelineOptions) (p *Pipeline[picture], taken int, open func(), handled *atomic.Int64) {
	gate := make(chan struct{})
	handled = new(atomic.Int64)
	p, err := NewPipeline(ctx, load(t, "mlp"), feedPictures(t), func(r Result[picture]) error {
		<-gate
		handled.Add(1)
		if r.Err != nil && !errors.Is(r.Err, context.Canceled) {
			t.Error(r.Err)
		}
		return nil
	}, o)
	must(t, err)
	for {
		err := p.TrySubmit(picture{taken})
		if err == nil {
			taken++
			continue
		}
		wantError(t, err, ErrFull)
		// It has to stay so: perhaps the workers have not taken theirs yet.
		ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
		err = p.Submit(ctx, picture{taken})
		cancel()
		if err != nil {
			wantError(t, err, context.DeadlineExceeded, "room")
			return p, taken, sync.OnceFunc(func() { close(gate) }), handled
		}
		taken++
	}
}

func TestPipelineHoldsBack(t *testing.T) {
	for _, o := range []PipelineOptions{{}, {Ordered: true}, {Workers: 2, Queue: 3}, {Workers: 2, Queue: 3, Ordered: true}} {
		noGoroutinesLeft(t)
		p, taken, open, handled := stuck(t, bg, o)
		o = o.orDefaults()
		most := o.Queue + o.Workers
		if o.Ordered {
			most += o.Queue + 1
		}
		if taken < o.Queue || taken > most {
			t.Errorf("%+v: %d items were taken, want at most %d", o, taken, most)
		}
		// Close beside a Submit that waits: both come through.
		waiting := make(chan error)
		go func() { waiting <- p.Submit(bg, picture{taken}) }()
		closed := make(chan error)
		go func() { closed <- p.Close() }()
		open()
		if err := <-waiting; err == nil {
			taken++
		} else {
			wantError(t, err, ErrClosed)
		}
		must(t, <-closed)
		if handled.Load() != int64(taken) {
			t.Errorf("%+v: %d of %d items were handled", o, handled.Load(), taken)
		}
	}
}

func TestPipelineCancelled(t *testing.T) {
	for _, o := range []PipelineOptions{{}, {Ordered: true}} {
		noGoroutinesLeft(t)
		ctx, cancel := context.WithCancel(bg)
		p, taken, open, handled := stuck(t, ctx, o)
		waiting := make(chan error)
		go func() { waiting <- p.Submit(bg, picture{taken}) }()
		cancel()
		wantError(t, <-waiting, context.Canceled)
		wantError(t, p.Submit(bg, picture{taken}), context.Canceled)
		wantError(t, p.TrySubmit(picture{taken}), context.Canceled)
		open()
		wantError(t, p.Close(), context.Canceled)
		if handled.Load() != int64(taken) {
			t.Errorf("%+v: %d of %d items were handled", o, handled.Load(), taken)
		}
	}
}

// Failing items are told with their item; the others are not touched.
func TestPipelineFailingItems(t *testing.T) {
	noGoroutinesLeft(t)
	m := load(t, "assert")
	bad := errors.New("no such picture")
	feed := func(v float32) (Feeds, error) {
		switch v {
		case 3:
			return nil, bad
		case 4:
			return Feeds{}, nil // fed before, by another item
		case 5:
			return Feeds{"y": npy.Scalar(v)}, nil
		}
		return Feeds{"x": array(t, []float32{v})}, nil
	}
	failed := map[float32]error{}
	p, err := NewPipeline(bg, m, feed, func(r Result[float32]) error {
		var e *ItemError
		switch {
		case r.Err == nil:
			if v := values[float32](t, r.Outputs["root"])[0]; v*v != r.Item {
				t.Errorf("the root of %v is %v", r.Item, v)
			}
		case !errors.As(r.Err, &e) || e.Item != r.Item || r.Outputs != nil:
			t.Errorf("item %v: %#v", r.Item, r)
		default:
			failed[r.Item] = r.Err
		}
		return nil
	}, PipelineOptions{Workers: 1})
	must(t, err)
	for _, v := range []float32{1, -2, 3, 4, 5, 16} {
		must(t, p.Submit(bg, v))
	}
	must(t, p.Close())
	wantError(t, failed[-2], tfc.InvalidArgument, "item 1", "x is negative")
	wantError(t, failed[3], bad, "item 2")
	wantError(t, failed[4], ErrNotFed, "item 3", `"x"`)
	wantError(t, failed[5], nil, "item 4", `no input "y"`)
	if len(failed) != 4 {
		t.Errorf("%d items have failed: %v", len(failed), failed)
	}
}

func TestPipelineEndedByItsHandler(t *testing.T) {
	for _, o := range []PipelineOptions{{}, {Ordered: true}} {
		noGoroutinesLeft(t)
		enough := errors.New("enough")
		var handled atomic.Int64
		p, err := NewPipeline(bg, load(t, "mlp"), feedPictures(t), func(r Result[picture]) error {
			if handled.Add(1) >= 10 {
				return enough
			}
			return nil
		}, o)
		must(t, err)
		for err == nil {
			err = p.Submit(bg, picture{})
		}
		wantError(t, err, enough)
		wantError(t, p.Close(), enough)
		wantError(t, p.Submit(bg, picture{}), ErrClosed)
		if n := handled.Load(); n < 10 || n > 10+int64(o.orDefaults().Workers) {
			t.Errorf("%d items were handled", n)
		}
	}
}

func TestPipelineOfManyProducers(t *testing.T) {
	noGoroutinesLeft(t)
	m := load(t, "mlp")
	const producers, n = 16, 200
	var handled [producers * n]atomic.Int64
	var turn [producers]int
	p, err := NewPipeline(bg, m, feedPictures(t), func(r Result[picture]) error {
		handled[r.Item.n].Add(1)
		if at := r.Item.n % n; at < turn[r.Item.n/n] {
			t.Errorf("producer %d: item %d comes after %d", r.Item.n/n, at, turn[r.Item.n/n])
		} else {
			turn[r.Item.n/n] = at
		}
		return r.Err
	}, PipelineOptions{Ordered: true})
	must(t, err)
	var wg sync.WaitGroup
	for g := range producers {
		wg.Go(func() {
			for i := range n {
				item := picture{g*n + i}
				err := p.TrySubmit(item)
				if errors.Is(err, ErrFull) {
					err = p.Submit(bg, item)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	must(t, p.Close())
	for i := range handled {
		if n := handled[i].Load(); n != 1 {
			t.Fatalf("item %d was handled %d times", i, n)
		}
	}
}

func TestPipelineBadInput(t *testing.T) {
	noGoroutinesLeft(t)
	m := load(t, "mlp")
	handle := func(Result[picture]) error { return nil }
	_, err := NewPipeline(bg, m, feedPictures(t), handle, PipelineOptions{Workers: -1})
	wantError(t, err, nil, "-1 workers")
	_, err = NewPipeline(bg, m, feedPictures(t), handle, PipelineOptions{Queue: -2})
	wantError(t, err, nil, "a queue of -2")
	_, err = NewPipeline(bg, m, feedPictures(t), handle, PipelineOptions{Signature: "none"})
	wantError(t, err, nil, `no signature "none"`)
	p, err := NewPipeline(bg, m, feedPictures(t), handle, PipelineOptions{})
	must(t, err)
	must(t, p.Close())
	m.Close()
	_, err = NewPipeline(bg, m, feedPictures(t), handle, PipelineOptions{})
	wantError(t, err, ErrClosed)
	n := 0
	for r := range Stream(bg, m, slices.Values([]picture{{1}, {2}}), feedPictures(t), PipelineOptions{}) {
		wantError(t, r.Err, ErrClosed, "item 0")
		n++
	}
	if n != 1 {
		t.Errorf("%d results of a closed model", n)
	}
}

func TestStream(t *testing.T) {
	m := load(t, "mlp")
	const n = 100
	want := probs(t, m, n)
	pictures := func(yield func(picture) bool) {
		for i := range n {
			if !yield(picture{i}) {
				return
			}
		}
	}
	for _, o := range []PipelineOptions{{}, {Ordered: true}, {Workers: 1, Queue: 1}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			noGoroutinesLeft(t)
			var have []Result[picture]
			for r := range Stream(bg, m, pictures, feedPictures(t), o) {
				have = append(have, r)
			}
			if len(have) != n {
				t.Fatalf("%d results of %d", len(have), n)
			}
			for i, r := range have { // the outputs are the caller's: they are still there
				if r.Err != nil || !same(r.Outputs["probs"], want[r.Item.n]) || o.Ordered && r.Item.n != i {
					t.Errorf("result %d: %+v", i, r)
				}
			}

			seen := 0
			for r := range Stream(bg, m, pictures, feedPictures(t), o) {
				must(t, r.Err)
				if seen++; seen == 5 {
					break
				}
			}

			ctx, cancel := context.WithCancel(bg)
			defer cancel()
			var last Result[picture]
			done := 0
			for last = range Stream(ctx, m, pictures, feedPictures(t), o) {
				if last.Err == nil {
					done++
				} else {
					wantError(t, last.Err, context.Canceled)
				}
				cancel()
			}
			if last.Err == nil || done == 0 || done == n {
				t.Errorf("%d items were done after a cancel, and the last has %v", done, last.Err)
			}
		})
	}
}

// What an item costs does not depend on how large its arrays are.
func TestPipelineAllocatesLittle(t *testing.T) {
	m := load(t, "mlp")
	x := zeros(t, npy.Float32, 4096, 16)
	feeds := Feeds{"x": x}
	done := make(chan error, 1)
	p, err := NewPipeline(bg, m, func(int) (Feeds, error) { return feeds, nil },
		func(r Result[int]) error { done <- r.Err; return nil }, PipelineOptions{Workers: 1})
	must(t, err)
	defer p.Close()
	step := func() {
		must(t, p.Submit(bg, 1))
		must(t, <-done)
	}
	for range 50 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n > 16 {
		t.Errorf("an item makes %v allocations", n)
	} else {
		t.Logf("%v allocations", n)
	}
}
