package eager

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

func TestOps(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2, 3, 4}, 2, 2)
	w := tensor(t, c, []float32{1, 0, 0, 2}, 2, 2)
	wantValues(t, output(t, c.Op("MatMul").Input(x, w).Bool("transpose_b", true)), float32(1), 4, 3, 8)

	axis := scalar(t, c, int32(0))
	wantValues(t, output(t, c.Op("ConcatV2").InputList(x, w).Input(axis)), float32(1), 2, 3, 4, 1, 0, 0, 2)

	parts, err := c.Op("Split").Input(axis, x).Int("num_split", 2).Run()
	must(t, err)
	defer closeAll(parts)
	if len(parts) != 2 {
		t.Fatalf("Split makes %d tensors", len(parts))
	}
	wantValues(t, parts[1], float32(3), 4)

	three, err := c.Op("IdentityN").InputList(x, axis, tensor(t, c, []string{"s"})).Run()
	must(t, err)
	defer closeAll(three)
	wantValues(t, three[2], "s")

	none, err := c.Op("NoOp").Run()
	if err != nil || len(none) != 0 {
		t.Errorf("NoOp: %v, %v", none, err)
	}
	_, err = c.Op("Split").Input(axis, x).Int("num_split", 2).Output()
	wantError(t, err, nil, "Split", "2 tensors")
}

func TestOpErrorsSayTheSignature(t *testing.T) {
	c := newContext(t)
	f, d := tensor(t, c, []float32{1, 2, 3, 4}, 2, 2), tensor(t, c, []float64{1, 2, 3, 4}, 2, 2)
	const signature = "MatMul(a: T, b: T;"
	for name, o := range map[string]*Op{
		"unknown attribute": c.Op("MatMul").Input(f, f).Bool("transpose_c", true),
		"wrong kind":        c.Op("MatMul").Input(f, f).Int("transpose_b", 1),
		"value not allowed": c.Op("MatMul").Input(f, f).Type("T", npy.String),
		"missing input":     c.Op("MatMul").Input(f),
		"too many inputs":   c.Op("MatMul").Input(f, f, f),
		"a list":            c.Op("MatMul").InputList(f).Input(f),
		"two dtypes":        c.Op("MatMul").Input(f, d),
	} {
		_, err := o.Run()
		var def *ops.DefError
		if !errors.As(err, &def) {
			t.Errorf("%s: %v is no DefError", name, err)
			continue
		}
		wantError(t, err, nil, signature)
	}
	_, err := c.Op("MatMul").Input(f, d).Run()
	wantError(t, err, npy.ErrDType)
	_, err = c.Op("MatMull").Input(f, f).Run()
	wantError(t, err, tfc.NotFound, `eager: no op "MatMull"`, "MatMul")
	_, err = c.Op("MatMul").Input(f, tensor(t, c, []float32{1, 2, 3}, 3, 1)).Run()
	wantError(t, err, tfc.InvalidArgument, "MatMul")
	_, err = c.Op("Neg").Input(nil).Run()
	wantError(t, err, nil, "Neg", "nil")
	other := newContext(t)
	_, err = other.Op("Neg").Input(f).Run()
	wantError(t, err, ErrContext, "Neg")
	o := c.Op("Neg").Input(f)
	defer o.Close()
	wantError(t, o.RunTo(), nil, "Neg", "have 0", "want 1")
	wantError(t, o.RunTo(tensor(t, other, []float32{1})), ErrContext)
	wantError(t, o.RunInto(), nil, "have 0 arrays", "want 1")
	wantError(t, o.SetInput(1, f), nil, "no input 1")
	wantError(t, o.SetInput(-1, f), nil, "no input -1")
	list := c.Op("AddN").InputList(f, f)
	defer list.Close()
	wantError(t, list.SetInput(-1, f), nil, "no input -1")
	// After all that, the context works.
	wantValues(t, output(t, c.Op("MatMul").Input(f, f)), float32(7), 10, 15, 22)
}

func TestRunTo(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2})
	sum, err := c.Empty()
	must(t, err)
	defer sum.Close()
	if _, err := sum.Value(); !errors.Is(err, ErrClosed) {
		t.Errorf("an empty tensor has a value: %v", err)
	}
	double := c.Op("AddV2").Input(x, x)
	defer double.Close()
	must(t, double.RunTo(sum))
	wantValues(t, sum, float32(2), 4)
	// The output of one op as the input of another, and of itself.
	again := c.Op("AddV2").Input(sum, sum)
	defer again.Close()
	for range 3 {
		must(t, again.RunTo(sum))
	}
	wantValues(t, sum, float32(16), 32)
	must(t, double.RunTo(sum))
	wantValues(t, sum, float32(2), 4)
	must(t, double.SetInput(1, sum))
	must(t, double.RunTo(sum))
	wantValues(t, sum, float32(3), 6)
}

func TestRunIntoCopiesOrPlaces(t *testing.T) {
	for _, on := range []bool{false, true} {
		c := newContext(t, WithPlacement(on))
		const n = 1 << 16
		x := tensor(t, c, slices.Repeat([]float32{3}, n))
		dst := zeros(t, npy.Float32, n+16)
		o := c.Op("AddV2").Input(x, x)
		for run := range 8 {
			clear(values[float32](t, dst))
			must(t, o.RunInto(dst))
			for i, v := range values[float32](t, dst) {
				if want := float32(6); i < n && v != want || i >= n && v != 0 {
					t.Fatalf("placement %v, run %d: element %d is %v", on, run, i, v)
				}
			}
		}
		s := o.Stats(0)
		if s.Placed+s.Copied != 8 || on && placement(t) != (s.Placed > 0) || !on && s.Placed > 0 {
			t.Errorf("placement %v: %+v", on, s)
		}
		got, err := o.Landed(0)
		must(t, err)
		if !slices.Equal(got.Shape(), []int{n}) {
			t.Errorf("landed %v", got.Shape())
		}
		o.Close()
	}
}

// placement reports whether the library can place results.
func placement(t testing.TB) bool {
	t.Helper()
	lib, err := tfc.Load("")
	must(t, err)
	on, _ := lib.Placement()
	return on
}

func TestRunIntoErrors(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2, 3, 4}, 2, 2)
	o := c.Op("Neg").Input(x)
	defer o.Close()
	wantError(t, o.RunInto(zeros(t, npy.Float64, 4)), npy.ErrDType, "Neg", "output 0", "float64")
	wantError(t, o.RunInto(zeros(t, npy.Float32, 3)), npy.ErrShape, "Neg", "[2 2]")
	dst := zeros(t, npy.Float32, 2, 2)
	must(t, o.RunInto(dst))
	if got := values[float32](t, dst); got[3] != -4 {
		t.Errorf("landed %v", got)
	}
	names := c.Op("Identity").Input(tensor(t, c, []string{"a", "b"}))
	defer names.Close()
	strs := zeros(t, npy.String, 3)
	must(t, names.RunInto(strs))
	if got := values[string](t, strs); !slices.Equal(got, []string{"a", "b", ""}) {
		t.Errorf("landed %q", got)
	}
}

func TestOpsAllocateNothing(t *testing.T) {
	c := newContext(t)
	x, y := scalar(t, c, float32(1)), scalar(t, c, float32(2))
	o := c.Op("AddV2").Input(x, y)
	defer o.Close()
	z, err := c.Empty()
	must(t, err)
	defer z.Close()
	dst := zeros(t, npy.Float32)
	for name, run := range map[string]func() error{
		"RunTo":   func() error { return o.RunTo(z) },
		"RunInto": func() error { return o.RunInto(dst) },
	} {
		if n := testing.AllocsPerRun(100, func() { must(t, run()) }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestOpIsForOneGoroutine(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, slices.Repeat([]float32{3}, 1<<20))
	o := c.Op("Exp").Input(x)
	defer o.Close()
	z, err := c.Empty()
	must(t, err)
	defer z.Close()
	must(t, o.RunTo(z))
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			for range 20 {
				if err := o.RunTo(z); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	busy := 0
	for _, err := range errs {
		if err != nil {
			wantError(t, err, ErrBusy)
			busy++
		}
	}
	if busy == 0 {
		t.Error("8 goroutines have used one op and nobody has noticed")
	}
}

// Many goroutines may use one tensor and one context.
func TestConcurrentOps(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, slices.Repeat([]float32{3}, 1000))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				y, err := c.Op("AddV2").Input(x, x).Output()
				if err != nil {
					t.Error(err)
					return
				}
				v, err := y.Value()
				if err != nil {
					t.Error(err)
					return
				}
				y.Close()
				if got, err := npy.Values[float32](v); err != nil || got[999] != 6 {
					t.Errorf("have %v, %v", got[999], err)
				}
				v.Release()
			}
		})
	}
	wg.Wait()
}

// TensorFlow itself takes lists wrongly: the type of a second one from the first,
// and one that is empty from beyond all inputs.
func TestOpsWithLists(t *testing.T) {
	c := newContext(t)
	first, second := tensor(t, c, []int32{1}), tensor(t, c, []int32{0, 2})
	x, y := tensor(t, c, []float64{10}), tensor(t, c, []float64{20, 30})
	stitch := c.Op("DynamicStitch").InputList(first, second).InputList(x, y)
	got, err := stitch.Output()
	must(t, err)
	t.Cleanup(got.Close)
	wantValues(t, got, 20.0, 10, 30)

	// Other tensors of another type take their places.
	must(t, stitch.SetInput(2, tensor(t, c, []int64{1})))
	must(t, stitch.SetInput(3, tensor(t, c, []int64{2, 3})))
	wantValues(t, output(t, stitch), int64(2), 1, 3)

	ragged := c.Op("RaggedTensorToVariant").InputList().Input(y).Bool("batched_input", false)
	v := output(t, ragged)
	rows := c.Op("RaggedTensorFromVariant").Input(v).Int("input_ragged_rank", 0).Int("output_ragged_rank", 0).Type("Tvalues", npy.Float64)
	wantValues(t, output(t, rows), 20.0, 30)
}

// Errors name the package and the op once, wherever they come from.
func TestErrorsNameTheOpOnce(t *testing.T) {
	c := newContext(t)
	x, i := tensor(t, c, []float32{1, 2}), tensor(t, c, []int32{1, 2})
	gone := get(Scalar(c, float32(1)))(t)
	gone.Close()
	closed := c.Op("Neg").Input(x)
	closed.Close()
	ended, cancel := context.WithCancel(bg)
	cancel()
	for name, o := range map[string]*Op{
		"an empty list":         c.Op("Pack").InputList(),
		"a list of two types":   c.Op("Pack").InputList(x, i),
		"a nil tensor":          c.Op("Pack").InputList(x, nil),
		"an attribute too many": c.Op("Pack").InputList(x, x).Int("none", 1),
		"a closed tensor":       c.Op("Neg").Input(gone),
		"a closed op":           closed,
		"an input too few":      c.Op("AddV2").Input(x),
		"one that fails":        c.Op("AddV2").Input(x, tensor(t, c, []float32{1, 2, 3})),
		"a ctx that has ended":  c.Op("Neg").Input(x).WithContext(ended),
		"an unknown op":         c.Op("Nog").Input(x),
		"two types":             c.Op("MatMul").Input(i, x),
	} {
		defer o.Close()
		_, runErr := o.Run()
		for how, err := range map[string]error{"Run": runErr, "RunInto": o.RunInto(nil)} {
			if err == nil || strings.Count(err.Error(), "eager: ") != 1 {
				t.Errorf("%s: %s: %v", name, how, err)
			}
		}
	}
}
