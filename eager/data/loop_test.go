package data

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
	"unsafe"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// Batches of an array are its own memory, and so are rows, where they are aligned.
func TestElementsLieInTheArray(t *testing.T) {
	c := newContext(t)
	a := counting(t, 10, 16) // of 64 bytes
	for name, d := range map[string]Dataset{
		"rows": FromArrays(c, a), "batches": FromArrays(c, a).Batch(3), "later": FromArrays(c, a).Batch(3).Shuffle(1, 1).Prefetch(2),
	} {
		at := 0
		for x, err := range d.All(bg) {
			must(t, err)
			v, err := x[0].Value()
			must(t, err)
			if b := v.Bytes(); unsafe.SliceData(b) != &a.Bytes()[at] {
				t.Errorf("%s: the element at byte %d is a copy", name, at)
			} else {
				at += len(b)
			}
			v.Release()
		}
		if at != len(a.Bytes()) {
			t.Errorf("%s: elements have %d bytes", name, at)
		}
	}
	// Where they are not, they are right all the same.
	wantAll(t, FromArrays(c, counting(t, 3, 3)), "[0. 1. 2.]", "[3. 4. 5.]", "[6. 7. 8.]")
	odd, err := counting(t, 4, 3).Slice(1, 4)
	must(t, err)
	wantAll(t, FromArrays(c, odd).Batch(2), "[[3. 4. 5.] [6. 7. 8.]]", "[[ 9. 10. 11.]]")
}

// Tensors are the loop's, what is made of them is not.
func TestAllClosesTensors(t *testing.T) {
	c := newContext(t)
	var last *eager.Tensor
	var views []*npy.Array
	for x, err := range FromArrays(c, counting(t, 4, 16)).All(bg) {
		must(t, err)
		if last != nil {
			if _, err := last.Value(); !errors.Is(err, eager.ErrClosed) {
				t.Errorf("the tensor of the element before: %v", err)
			}
		}
		last = x[0]
		v, err := last.Value()
		must(t, err)
		views = append(views, v)
	}
	if _, err := last.Value(); !errors.Is(err, eager.ErrClosed) {
		t.Errorf("the tensor of the last element: %v", err)
	}
	for i, v := range views {
		if got := values[float32](t, v)[0]; got != float32(16*i) {
			t.Errorf("the view of element %d begins with %v", i, got)
		}
		v.Release()
	}
}

// However a loop ends, nothing of it is left, threads that read ahead included.
func TestLoopEnds(t *testing.T) {
	c := newContext(t)
	a := counting(t, 1000, 16)
	d := FromArrays(c, a).Shuffle(50, 1).Batch(4).Map(double(t, c, -1, 16), 2).Prefetch(8)
	dst := counting(t, 4, 16)
	for name, loop := range map[string]func(){
		"end": func() {
			for range d.All(bg) {
			}
		},
		"break": func() {
			for range d.All(bg) {
				break
			}
		},
		"break of Into": func() {
			for range d.Into(bg, dst) {
				break
			}
		},
		"panic": func() {
			defer func() { recover() }()
			for range d.All(bg) {
				panic("in the loop")
			}
		},
		"error": func() {
			for _, err := range Zip(d, FromText(c, []string{"/nonexistent/file"})).All(bg) {
				wantError(t, err, tfc.NotFound)
			}
		},
		"ended ctx": func() {
			ctx, cancel := context.WithCancel(bg)
			n := 0
			for _, err := range d.All(ctx) {
				if n++; n == 3 {
					cancel()
				}
				if n > 3 {
					wantError(t, err, context.Canceled, "element 3")
				}
			}
			cancel()
			if n != 4 {
				t.Errorf("the loop went on for %d elements", n)
			}
		},
	} {
		loop()
		if tfc.InUse(a) {
			t.Errorf("%s: TensorFlow still has the array", name)
		}
	}
	for range d.All(bg) {
		if !tfc.InUse(a) {
			t.Error("the array is not in use while a loop is on")
		}
		break
	}
}

// blocking is a function that waits for something that never comes.
func blocking(t *testing.T, c *eager.Context) Func {
	queue, err := c.Op("FIFOQueueV2").Attr(ops.Types("component_types", npy.Float32)).Output()
	must(t, err)
	t.Cleanup(queue.Close)
	f := function(t, c, func(g *builder) {
		g.input("x", npy.Int64)
		q := g.op("Placeholder", "queue", nil, ops.Type("dtype", ops.Resource))
		g.inputs = append(g.inputs, "queue")
		g.op("QueueDequeueV2", "y", []graph.Output{q}, ops.Types("component_types", npy.Float32))
	}, "y")
	return Capture(f, queue)
}

func TestCancelWhatBlocks(t *testing.T) {
	for name, opts := range map[string][]eager.Option{"sync": nil, "async": {eager.Async()}} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t, opts...)
			d := Range(c, 0, 9, 1).Map(blocking(t, c), 1)
			for _, d := range []Dataset{d, d.Prefetch(2), Range(c, 0, 9, 1).Map(blocking(t, c), AutoTune)} {
				ctx, cancel := context.WithTimeout(bg, 30*time.Millisecond)
				n := 0
				for _, err := range d.All(ctx) {
					wantError(t, err, context.DeadlineExceeded, "element 0")
					n++
				}
				if n != 1 {
					t.Errorf("%d elements", n)
				}
				for _, err := range d.Into(ctx, counting(t)) {
					wantError(t, err, context.DeadlineExceeded)
				}
				cancel()
			}
			wantAll(t, Range(c, 0, 2, 1), "0", "1")
		})
	}
}

// A function that has nothing more to give has failed: the dataset has not ended.
func TestOutOfRangeInAFunction(t *testing.T) {
	c := newContext(t)
	f := blocking(t, c)
	end := c.Op("QueueCloseV2").Input(f.Captured()...)
	defer end.Close()
	_, err := end.Run()
	must(t, err)
	for _, parallel := range []int{1, 2} {
		wantError(t, firstError(Range(c, 0, 9, 1).Map(f, parallel)), nil, "element 0", "closed")
	}
}

func TestCloseContextInLoop(t *testing.T) {
	c, err := eager.New()
	must(t, err)
	n := 0
	for _, err := range FromArrays(c, counting(t, 9, 2)).Prefetch(2).All(bg) {
		if n++; n == 2 {
			c.Close()
		}
		if n > 2 {
			wantError(t, err, eager.ErrClosed, "element 2")
		}
	}
	if n != 3 {
		t.Errorf("%d elements", n)
	}
}

func TestAsync(t *testing.T) {
	c := newContext(t, eager.Async())
	d := FromArrays(c, counting(t, 5, 2)).Batch(2)
	want := []string{"[[0. 2.] [4. 6.]]", "[[ 8. 10.] [12. 14.]]", "[[16. 18.]]"}
	wantAll(t, d.Map(double(t, c, -1, 2), 2), want...)
	wantError(t, firstError(FromText(c, []string{"/nonexistent/file"})), tfc.NotFound, "element 0")
	dst := counting(t, 2, 2)
	n := 0
	for x, err := range d.Into(bg, dst) {
		must(t, err)
		n += x[0].Dim(0)
	}
	if n != 5 {
		t.Errorf("%d rows have landed", n)
	}
	gone := double(t, c, -1, 2)
	m := d.Map(gone, 1)
	gone.Close()
	wantError(t, firstError(m), nil)
	// In a context that is not, on an executor that is.
	c = newContext(t)
	e, err := c.Executor(true)
	must(t, err)
	defer e.Close()
	must(t, e.Do(func() error {
		wantAll(t, FromArrays(c, counting(t, 5, 2)).Batch(2).Map(double(t, c, -1, 2), 2), want...)
		wantError(t, firstError(FromText(c, []string{"/nonexistent/file"})), tfc.NotFound, "element 0")
		return nil
	}))
}

func TestInto(t *testing.T) {
	c := newContext(t)
	d := FromArrays(c, counting(t, 5, 2), arrayOf(t, []string{"a", "b", "c", "d", "e"})).Batch(2)
	x, s := counting(t, 3, 2), arrayOf(t, []string{"", "", ""})
	var got []string
	for out, err := range d.Into(bg, x, s) {
		must(t, err)
		if unsafe.SliceData(out[0].Bytes()) != unsafe.SliceData(x.Bytes()) {
			t.Error("the batch is elsewhere")
		}
		got = append(got, out[0].String(), out[1].String())
	}
	want := []string{"[[0. 1.]\n [2. 3.]]", "['a' 'b']", "[[4. 5.]\n [6. 7.]]", "['c' 'd']", "[[8. 9.]]", "['e']"}
	if !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
	for out, err := range d.Into(bg, nil, s) {
		must(t, err)
		if out[0] != nil || out[1] == nil {
			t.Errorf("landed: %v", out)
		}
	}
	into := func(d Dataset, dst ...*npy.Array) (err error) {
		for _, err = range d.Into(bg, dst...) {
		}
		return err
	}
	wantError(t, into(d, x), nil, "have 1 arrays", "want 2")
	wantError(t, into(d, s, x), npy.ErrDType, "component 0", "string", "float32 [-1 2]")
	wantError(t, into(d, counting(t, 1, 2), s), npy.ErrShape, "element 0", "[1 2]", "[2 2]")
	wantError(t, into(d, counting(t, 3, 3), s), npy.ErrShape, "element 0", "[3 3]", "[2 2]")
	mine := counting(t, 5, 2)
	wantError(t, into(FromArrays(c, mine).Batch(2), mine), eager.ErrInUse, "element 0")
	must(t, into(d, mine, nil))
	// A buffer of batches must not be where they land.
	for range 20 {
		seen := make(map[float32]bool)
		for out, err := range FromArrays(c, counting(t, 64, 1024)).Map(double(t, c, 1024), 1).Batch(2).Shuffle(2, 5).Into(bg, counting(t, 2, 1024)) {
			must(t, err)
			v := values[float32](t, out[0])
			seen[v[0]] = true
			if v[2047] != v[0]+2*2047 {
				t.Fatalf("the batch from %v on ends with %v", v[0], v[2047])
			}
		}
		if len(seen) != 32 {
			t.Fatalf("%d batches of 32", len(seen))
		}
	}
}

func TestIntoAllocatesNothing(t *testing.T) {
	c := newContext(t)
	allocs := func(d Dataset, dst *npy.Array) float64 {
		return testing.AllocsPerRun(3, func() {
			for _, err := range d.Into(bg, dst) {
				must(t, err)
			}
		})
	}
	x, dst := counting(t, 4000, 16), counting(t, 4, 16)
	for name, d := range map[string]Dataset{
		"batches":  FromArrays(c, x).Batch(4),
		"gathered": FromArrays(c, x).Shuffle(100, 1).Batch(4),
		"mapped":   FromArrays(c, x).Batch(4).Map(double(t, c, -1, 16), 1),
	} {
		few, many := allocs(d.Take(100), dst), allocs(d.Take(1000), dst)
		if many-few > 9 { // 1 in 100
			t.Errorf("%s: 900 more elements take %v more allocations", name, many-few)
		}
	}
}

func TestConcurrentLoops(t *testing.T) {
	c := newContext(t)
	d := FromArrays(c, counting(t, 200, 4)).Shuffle(20, 1).Batch(7).Cache().Map(double(t, c, -1, 4), AutoTune).Prefetch(AutoTune)
	defer d.Close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				sum, rows := float32(0), 0
				for x, err := range d.All(bg) {
					if err != nil {
						t.Error(err)
						return
					}
					a, err := x[0].Copy()
					if err != nil {
						t.Error(err)
						return
					}
					v, _ := npy.Values[float32](a)
					rows += a.Dim(0)
					for i := 0; i < len(v); i += 4 {
						sum += v[i]
					}
				}
				if rows != 200 || sum != 2*4*199*200/2 {
					t.Errorf("%d rows with the sum %v", rows, sum)
				}
			}
		})
	}
	wg.Wait()
}

func TestMistakesAreKept(t *testing.T) {
	c := newContext(t)
	x := counting(t, 4, 2)
	d := FromArrays(c, x)
	released, err := npy.External(npy.Float32, []int{4, 2}, make([]byte, 32), true, nil)
	must(t, err)
	released.Release()
	other := newContext(t)
	for _, bad := range []struct {
		d      Dataset
		target error
		words  []string
	}{
		{FromArrays(c), nil, []string{"FromArrays", "no arrays"}},
		{FromArrays(nil, x), nil, []string{"FromArrays", "nil"}},
		{FromArrays(c, x, nil), nil, []string{"FromArrays", "array 1", "nil"}},
		{FromArrays(c, x, npy.Scalar(1.5)), npy.ErrShape, []string{"array 1", "float64 []"}},
		{FromArrays(c, x, counting(t, 3, 2)), npy.ErrShape, []string{"array 1", "3 rows", "float32 [3 2]", "want 4"}},
		{FromArrays(c, released), npy.ErrReleased, []string{"array 0"}},
		{d.Batch(0), nil, []string{"Batch", "size of 0", "at least 1"}},
		{d.Batch(AutoTune), nil, []string{"Batch", "size of -1"}},
		{d.Batch(2, Parallel(0)), nil, []string{"Batch", "Parallel of 0", "AutoTune"}},
		{d.Batch(2, PadTo(nil)), nil, []string{"Batch", "PaddedBatch"}},
		{d.PaddedBatch(0), nil, []string{"PaddedBatch", "size of 0"}},
		{d.PaddedBatch(2, Parallel(2)), nil, []string{"PaddedBatch", "Parallel"}},
		{d.PaddedBatch(2, PadTo(nil, nil)), nil, []string{"PadTo has 2 shapes", "want 1"}},
		{d.PaddedBatch(2, PadTo([]int{1})), npy.ErrShape, []string{"component 0", "float32 [2]", "[1]"}},
		{d.PaddedBatch(2, PadTo([]int{2, 2})), npy.ErrShape, []string{"float32 [2]", "[2 2]"}},
		{d.PaddedBatch(2, PadTo([]int{-2})), npy.ErrShape, []string{"[-2]"}},
		{d.PaddedBatch(2, PadWith(npy.Scalar(1.0), nil)), nil, []string{"PadWith has 2 values", "want 1"}},
		{d.PaddedBatch(2, PadWith(npy.Scalar(int32(1)))), npy.ErrDType, []string{"PadWith has int32, want float32"}},
		{d.PaddedBatch(2, PadWith(x)), npy.ErrShape, []string{"PadWith has [4 2]"}},
		{d.Shuffle(0, 1), nil, []string{"Shuffle", "buffer of 0"}},
		{d.Prefetch(0), nil, []string{"Prefetch", "buffer of 0", "AutoTune"}},
		{d.Repeat(0), nil, []string{"Repeat", "count of 0", "Forever"}},
		{d.Repeat(-2), nil, []string{"Repeat", "count of -2"}},
		{d.Take(-1), nil, []string{"Take", "count of -1"}},
		{d.Skip(-1), nil, []string{"Skip", "count of -1"}},
		{Range(c, 0, 1, 0), nil, []string{"Range", "step of 0"}},
		{Zip(), nil, []string{"Zip", "no datasets"}},
		{Zip(d, FromArrays(other, x)), eager.ErrContext, []string{"Zip"}},
		{Zip(d, d.Batch(0)), nil, []string{"Batch", "size of 0"}},
		{Dataset{}, nil, []string{"not made by"}},
		{Dataset{}.Batch(2), nil, []string{"Batch", "not made by"}},
		{Zip(Dataset{}), nil, []string{"Zip", "not made by"}},
	} {
		wantError(t, bad.d.Err(), bad.target, bad.words...)
		after := bad.d.Prefetch(1).Batch(0)
		if after.Err().Error() != bad.d.Err().Error() && bad.d.n != nil {
			t.Errorf("the first mistake is %q, a later step says %q", bad.d.Err(), after.Err())
		}
		n := 0
		for x, err := range bad.d.All(bg) {
			wantError(t, err, bad.target, bad.words...)
			if n++; x != nil || n > 1 {
				t.Errorf("the loop gives %v, number %d", x, n)
			}
		}
		for x, err := range bad.d.Into(bg) {
			wantError(t, err, bad.target, bad.words...)
			if n++; x != nil || n > 2 {
				t.Errorf("the loop gives %v, number %d", x, n)
			}
		}
		if s := bad.d.Spec(); s != nil {
			t.Errorf("the spec is %v", s)
		}
		if _, known := bad.d.Len(); known {
			t.Error("the length is known")
		}
		bad.d.Close()
	}
	wantAll(t, d.Batch(4), "[[0. 1.] [2. 3.] [4. 5.] [6. 7.]]")
	var none context.Context
	for _, err := range d.All(none) {
		wantError(t, err, nil, "ctx is nil")
	}
	later, err := npy.External(npy.Float32, []int{4, 2}, make([]byte, 32), true, nil)
	must(t, err)
	d = FromArrays(c, later)
	later.Release()
	wantError(t, firstError(d), npy.ErrReleased, "FromArrays")
	d = FromArrays(other, x).Batch(2)
	other.Close()
	wantError(t, firstError(d), eager.ErrClosed, "Batch")
}
