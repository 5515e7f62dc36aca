package graph

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/tfc"
)

// ramp is a float32 array whose elements are all different.
func ramp(t testing.TB, shape ...int) *npy.Array {
	a := zeros(t, npy.Float32, shape...)
	for i, v := 0, values[float32](t, a); i < len(v); i++ {
		v[i] = float32(i%251)/8 - 9
	}
	return a
}

// rowsOf is Map done by hand: Model.Run for each batch.
func rowsOf(t testing.TB, m *Model, feeds map[string]*npy.Array, output string, batch int) *npy.Array {
	t.Helper()
	var parts []*npy.Array
	rows := 0
	for _, a := range feeds {
		rows = a.Dim(0)
	}
	for lo := 0; lo == 0 || lo < rows; lo += batch {
		part := Feeds{}
		for name, a := range feeds {
			s, err := a.Slice(lo, min(lo+batch, rows))
			must(t, err)
			part[name] = s
		}
		out, err := m.Run(bg, part)
		must(t, err)
		parts = append(parts, out[output])
	}
	all := zeros(t, parts[0].DType(), slices.Concat([]int{rows}, parts[0].Shape()[1:])...)
	at := 0
	for _, p := range parts {
		dst, err := all.Slice(at, at+p.Dim(0))
		must(t, err)
		_, err = dst.Land(p)
		must(t, err)
		at += p.Dim(0)
	}
	return all
}

func one(name string, a *npy.Array) map[string]Source { return map[string]Source{name: FromArray(a)} }

func TestMapEqualsRun(t *testing.T) {
	m := load(t, "mlp")
	const rows = 1000
	x := ramp(t, rows, 16)
	for _, batch := range []int{1, 7, 64, 256, 999, 1000, 4096} {
		want := rowsOf(t, m, Feeds{"x": x}, "probs", batch)
		for _, workers := range []int{1, 2, 5} {
			dst := zeros(t, npy.Float32, rows, 4)
			must(t, Map(bg, m, one("x", x), map[string]Sink{"probs": ToArray(dst)}, MapOptions{Batch: batch, Workers: workers}))
			if !same(dst, want) {
				t.Errorf("batch %d, %d workers: the result differs from Run's", batch, workers)
			}
		}
	}
}

func TestMapSeveralInputsAndOutputs(t *testing.T) {
	m := load(t, "multi")
	const rows = 533
	x, y := ramp(t, rows, 3), zeros(t, npy.Int64, rows)
	for i, v := 0, values[int64](t, y); i < rows; i++ {
		v[i] = int64(i*i) - 700
	}
	feeds := Feeds{"x": x, "y": y}
	label, positive, product := zeros(t, npy.String, rows), zeros(t, npy.Bool, rows+5), zeros(t, npy.Float32, rows, 3)
	must(t, Map(bg, m, map[string]Source{"x": FromArray(x), "y": FromArray(y)},
		map[string]Sink{"label": ToArray(label), "positive": ToArray(positive), "product": ToArray(product)},
		MapOptions{Batch: 50, Workers: 3}))
	positive, err := positive.Slice(0, rows)
	must(t, err)
	for name, have := range map[string]*npy.Array{"label": label, "positive": positive, "product": product} {
		if !same(have, rowsOf(t, m, feeds, name, 50)) {
			t.Errorf("output %q differs from Run's", name)
		}
	}
}

func TestMapFiles(t *testing.T) {
	m, dir := load(t, "mlp"), t.TempDir()
	x := ramp(t, 5000, 16)
	in, out := filepath.Join(dir, "x.npy"), filepath.Join(dir, "probs.npy")
	must(t, npy.WriteFile(in, x))
	mapped, err := npy.Open(in)
	must(t, err)
	defer mapped.Release()
	must(t, Map(bg, m, one("x", mapped), map[string]Sink{"probs": ToFile(out)}, MapOptions{Batch: 128}))
	have, err := npy.ReadFile(out)
	must(t, err)
	if !same(have, rowsOf(t, m, Feeds{"x": x}, "probs", 128)) {
		t.Error("the file differs from Run's results")
	}
}

func TestMapStringsToFile(t *testing.T) {
	m, out := load(t, "multi"), filepath.Join(t.TempDir(), "label.npy")
	y := array(t, []int64{3, -1, 1 << 40, 0, 12}, 5)
	must(t, Map(bg, m, map[string]Source{"x": FromArray(ramp(t, 5, 3)), "y": FromArray(y)},
		map[string]Sink{"label": ToFile(out)}, MapOptions{Batch: 2}))
	have, err := npy.ReadFile(out)
	must(t, err)
	if want := []string{"3", "-1", "1099511627776", "0", "12"}; !slices.Equal(values[string](t, have), want) {
		t.Errorf("have %q, want %q", values[string](t, have), want)
	}
}

// A model made for a batch size gets its batches filled up.
func TestMapFixedBatch(t *testing.T) {
	m := load(t, "shapes")
	for _, rows := range []int{0, 1, 2, 7, 64} {
		x, dst := ramp(t, rows, 3), zeros(t, npy.Float32, rows, 3)
		must(t, Map(bg, m, one("x", x), map[string]Sink{"next": ToArray(dst)}, MapOptions{Signature: "fixed", Workers: 2}))
		for i, v := range values[float32](t, dst) {
			if want := values[float32](t, x)[i] + 1; v != want {
				t.Fatalf("%d rows: element %d is %v, want %v", rows, i, v, want)
			}
		}
	}
	err := Map(bg, m, one("x", ramp(t, 4, 3)), map[string]Sink{"next": ToArray(zeros(t, npy.Float32, 4, 3))}, MapOptions{Signature: "fixed", Batch: 3})
	wantError(t, err, nil, "batch 3", "takes 2 rows a step")
}

// What a row of an output looks like may be known only after the first step.
func TestMapShapeKnownLate(t *testing.T) {
	m := load(t, "shapes")
	for _, rows := range []int{0, 1, 10} {
		x, out := ramp(t, rows, 2, 5), filepath.Join(t.TempDir(), "next.npy")
		must(t, Map(bg, m, one("x", x), map[string]Sink{"next": ToFile(out)}, MapOptions{Batch: 4}))
		have, err := npy.ReadFile(out)
		must(t, err)
		if !slices.Equal(have.Shape(), []int{rows, 2, 5}) {
			t.Fatalf("shape is %v, want [%d 2 5]", have.Shape(), rows)
		}
		for i, v := range values[float32](t, have) {
			if v != values[float32](t, x)[i]+1 {
				t.Fatalf("element %d is %v", i, v)
			}
		}
	}
}

func TestMapWholeInput(t *testing.T) {
	m, dst := load(t, "default"), zeros(t, npy.Float32, 100)
	x := ramp(t, 100)
	scale, err := array(t, []float32{3}, 1).Reshape()
	must(t, err)
	must(t, Map(bg, m, map[string]Source{"x": FromArray(x), "scale": FromWhole(scale)}, map[string]Sink{"scaled": ToArray(dst)}, MapOptions{Batch: 9}))
	for i, v := range values[float32](t, dst) {
		if v != 3*values[float32](t, x)[i] {
			t.Fatalf("element %d is %v", i, v)
		}
	}
	must(t, Map(bg, m, one("x", x), map[string]Sink{"scaled": ToArray(dst)}, MapOptions{Batch: 9})) // 2 by default
	if v := values[float32](t, dst)[1]; v != 2*values[float32](t, x)[1] {
		t.Errorf("element 1 is %v", v)
	}
}

// counted is a source of rows that are computed, and a sink of rows that are
// checked as they come.
type counted struct {
	t    *testing.T
	n    int
	next int
	row  []int
}

func (c *counted) Rows() int { return c.n }

func (c *counted) Read(_ context.Context, lo, hi int) (*npy.Array, error) {
	a, err := npy.New(npy.Float32, hi-lo, 4)
	if err != nil {
		return nil, err
	}
	v, err := npy.Values[float32](a)
	for i := range v {
		v[i] = float32(lo + i/4)
	}
	return a, err
}

func (c *counted) Begin(dtype npy.DType, rows int, row []int) error {
	if dtype != npy.Float32 || rows != c.n || !slices.Equal(row, []int{4}) {
		return fmt.Errorf("begun with %v, %d rows of %v", dtype, rows, row)
	}
	c.row = row
	return nil
}

func (c *counted) Write(_ context.Context, lo int, rows *npy.Array) error {
	if lo != c.next {
		return fmt.Errorf("rows from %d come after those up to %d", lo, c.next)
	}
	c.next = lo + rows.Dim(0)
	v, err := npy.Values[float32](rows)
	for i, e := range v {
		if e != 2*float32(lo+i/4) {
			return fmt.Errorf("row %d is %v", lo+i/4, e)
		}
	}
	return err
}

func TestMapOwnSourceAndSink(t *testing.T) {
	m := load(t, "add4")
	for _, workers := range []int{1, 5} {
		c := &counted{t: t, n: 10_007}
		must(t, Map(bg, m, map[string]Source{"x": c, "y": c}, map[string]Sink{"sum": c}, MapOptions{Batch: 64, Workers: workers}))
		if c.next != c.n {
			t.Errorf("%d rows were written, want %d", c.next, c.n)
		}
	}
}

// failing fails after some rows.
type failing struct {
	counted
	after int
	err   error
}

func (f *failing) Write(ctx context.Context, lo int, rows *npy.Array) error {
	if lo >= f.after {
		return f.err
	}
	return f.counted.Write(ctx, lo, rows)
}

func TestMapSinkFails(t *testing.T) {
	m, full := load(t, "add4"), errors.New("disk is full")
	f := &failing{counted: counted{t: t, n: 5000}, after: 640, err: full}
	err := Map(bg, m, map[string]Source{"x": f, "y": f}, map[string]Sink{"sum": f}, MapOptions{Batch: 64, Workers: 4})
	wantError(t, err, full, `output "sum"`)
	if f.next != 640 {
		t.Errorf("rows up to %d were written, want 640", f.next)
	}
}

func TestMapFailingBatch(t *testing.T) {
	m := load(t, "assert")
	x := zeros(t, npy.Float32, 100)
	for i, v := 0, values[float32](t, x); i < len(v); i++ {
		v[i] = float32(i * i)
	}
	values[float32](t, x)[3] = -1 // in the first batch, before shapes are known
	values[float32](t, x)[57] = -1
	values[float32](t, x)[99] = -1
	out := filepath.Join(t.TempDir(), "root.npy")
	must(t, os.WriteFile(out, []byte("as it was"), 0o666))
	sink := func() map[string]Sink { return map[string]Sink{"root": ToFile(out)} }

	err := Map(bg, m, one("x", x), sink(), MapOptions{Batch: 10, Workers: 3})
	wantError(t, err, tfc.InvalidArgument, "rows 0 to 9", "x is negative")
	var batch *BatchError
	if !errors.As(err, &batch) || batch.Lo != 0 || batch.Hi != 10 {
		t.Errorf("the error is %#v", batch)
	}
	if b, _ := os.ReadFile(out); string(b) != "as it was" {
		t.Error("the file was touched")
	}

	for _, workers := range []int{1, 4} {
		var left []int
		var last MapProgress
		must(t, Map(bg, m, one("x", x), sink(), MapOptions{Batch: 10, Workers: workers,
			OnError:  func(e *BatchError) error { left = append(left, e.Lo); return nil },
			Progress: func(p MapProgress) { last = p }}))
		slices.Sort(left)
		if !slices.Equal(left, []int{0, 50, 90}) || last.Skipped != 30 || last.Done != 100 {
			t.Errorf("left out the batches from %v, and says %+v", left, last)
		}
		have, err := npy.ReadFile(out)
		must(t, err)
		for i, v := range values[float32](t, have) {
			want := float32(i)
			if i < 10 || i >= 50 && i < 60 || i >= 90 {
				want = 0
			}
			if v != want {
				t.Errorf("row %d is %v, want %v", i, v, want)
			}
		}
	}

	never := errors.New("enough")
	err = Map(bg, m, one("x", x), sink(), MapOptions{Batch: 10, OnError: func(*BatchError) error { return never }})
	wantError(t, err, never)
}

// Where no batch tells what the outputs look like, there is nothing to land.
func TestMapNoBatchSucceeds(t *testing.T) {
	full := errors.New("cannot read")
	err := Map(bg, load(t, "shapes"), map[string]Source{"x": unreadable{full}},
		map[string]Sink{"next": ToArray(zeros(t, npy.Float32, 100))}, MapOptions{OnError: func(*BatchError) error { return nil }})
	wantError(t, err, full, "no batch has succeeded")
}

type unreadable struct{ err error }

func (unreadable) Rows() int                                            { return 100 }
func (u unreadable) Read(context.Context, int, int) (*npy.Array, error) { return nil, u.err }

// stopAt cancels a ctx once so many rows are done.
func stopAt(t *testing.T, rows int) (context.Context, func(MapProgress)) {
	ctx, cancel := context.WithCancel(bg)
	t.Cleanup(cancel)
	return ctx, func(p MapProgress) {
		if p.Done >= rows {
			cancel()
		}
	}
}

// gatedSource is a source whose rows from some one on come when ctx is cancelled, so
// that no worker can be through with all of them before.
type gatedSource struct {
	Source
	from int
	ctx  context.Context
}

func (g gatedSource) Read(ctx context.Context, lo, hi int) (*npy.Array, error) {
	if lo >= g.from {
		<-g.ctx.Done()
	}
	return g.Source.Read(ctx, lo, hi)
}

func TestMapCancelAndGoOn(t *testing.T) {
	m := load(t, "mlp")
	const rows, batch = 4000, 32
	x := ramp(t, rows, 16)
	want := rowsOf(t, m, Feeds{"x": x}, "probs", batch)
	for _, workers := range []int{1, 3} {
		dst := zeros(t, npy.Float32, rows, 4)
		ctx, stop := stopAt(t, rows/3)
		done := 0
		in := map[string]Source{"x": gatedSource{FromArray(x), 2 * rows / 3, ctx}}
		err := Map(ctx, m, in, map[string]Sink{"probs": ToArray(dst)}, MapOptions{Batch: batch, Workers: workers,
			Progress: func(p MapProgress) {
				if p.Done < done {
					t.Errorf("progress went from %d to %d", done, p.Done)
				}
				done = p.Done
				stop(p)
			}})
		wantError(t, err, context.Canceled, fmt.Sprintf("of %d", rows))
		if done < rows/3 || done >= rows {
			t.Fatalf("stopped at row %d", done)
		}
		rest, err := dst.Slice(done, rows)
		must(t, err)
		fill(rest)
		must(t, Map(bg, m, one("x", x), map[string]Sink{"probs": ToArray(dst)}, MapOptions{Batch: batch, Workers: workers, From: done}))
		if !same(dst, want) {
			t.Error("what was gone on with differs from what was not stopped")
		}
	}
}

func TestMapCalibrates(t *testing.T) {
	m := load(t, "mlp")
	x := ramp(t, 40_000, 16)
	dst := zeros(t, npy.Float32, 40_000, 4)
	var p MapProgress
	var s Stats
	must(t, Map(bg, m, one("x", x), map[string]Sink{"probs": ToArray(dst)}, MapOptions{Progress: func(now MapProgress) { p = now }, Stats: &s}))
	if p.Done != 40_000 || p.Batch < 16 || p.Workers < 1 || p.Executor == Auto {
		t.Errorf("chosen: %+v", p)
	}
	if !same(dst, rowsOf(t, m, Feeds{"x": x}, "probs", p.Batch)) {
		t.Error("the result differs from Run's")
	}
	if out := s.Outputs[0]; out.Name != "probs" || out.Placed+out.Copied == 0 {
		t.Errorf("stats: %+v", s)
	}
}

func TestMapPlaces(t *testing.T) {
	m := load(t, "mlp", WithExecutor(Inline))
	x, dst := ramp(t, 100_000, 16), zeros(t, npy.Float32, 100_000, 4)
	var s Stats
	must(t, Map(bg, m, one("x", x), map[string]Sink{"probs": ToArray(dst)}, MapOptions{Batch: 1000, Workers: 2, Stats: &s}))
	if out := s.Outputs[0]; out.Placed < 80 {
		t.Errorf("%d of 100 batches were placed: %s", out.Placed, out.Why)
	}
	if !same(dst, rowsOf(t, m, Feeds{"x": x}, "probs", 1000)) {
		t.Error("the result differs from Run's")
	}
}

func TestMapBadInput(t *testing.T) {
	m, x := load(t, "mlp"), ramp(t, 8, 16)
	dst := func(shape ...int) map[string]Sink {
		return map[string]Sink{"probs": ToArray(zeros(t, npy.Float32, shape...))}
	}
	closed := load(t, "mlp")
	closed.Close()
	add, any, dynamic := load(t, "add4"), load(t, "shapes"), load(t, "dynamic")
	for _, c := range []struct {
		name  string
		m     *Model
		in    map[string]Source
		out   map[string]Sink
		o     MapOptions
		is    error
		words string
	}{
		{"unknown input", m, one("z", x), dst(8, 4), MapOptions{}, nil, `no input "z"; there are: "x"`},
		{"unknown output", m, one("x", x), map[string]Sink{"y": ToArray(x)}, MapOptions{}, nil, `no output "y"; there are: "probs"`},
		{"unknown signature", m, one("x", x), dst(8, 4), MapOptions{Signature: "none"}, nil, `no signature "none"`},
		{"no input", m, nil, dst(8, 4), MapOptions{}, nil, "no input has rows"},
		{"no output", m, one("x", x), nil, MapOptions{}, nil, "no output is wanted"},
		{"nil source", m, map[string]Source{"x": nil}, dst(8, 4), MapOptions{}, nil, "source is nil"},
		{"nil sink", m, one("x", x), map[string]Sink{"probs": nil}, MapOptions{}, nil, "sink is nil"},
		{"nil array in", m, one("x", nil), dst(8, 4), MapOptions{}, nil, "no input has rows"},
		{"nil array out", m, one("x", x), map[string]Sink{"probs": ToArray(nil)}, MapOptions{}, npy.ErrDType, "a nil array"},
		{"missing input", add, one("x", ramp(t, 8, 4)), map[string]Sink{"sum": ToArray(ramp(t, 8, 4))}, MapOptions{}, ErrNotFed, `"y"`},
		{"unequal rows", add, map[string]Source{"x": FromArray(ramp(t, 8, 4)), "y": FromArray(ramp(t, 9, 4))},
			map[string]Sink{"sum": ToArray(ramp(t, 8, 4))}, MapOptions{}, npy.ErrShape, `"x" has 8 rows, input "y" has 9`},
		{"dtype in", m, one("x", zeros(t, npy.Float64, 8, 16)), dst(8, 4), MapOptions{}, npy.ErrDType, "float64"},
		{"shape in", m, one("x", ramp(t, 8, 15)), dst(8, 4), MapOptions{}, npy.ErrShape, "[8 15]"},
		{"dtype out", m, one("x", x), map[string]Sink{"probs": ToArray(zeros(t, npy.Int32, 8, 4))}, MapOptions{}, npy.ErrDType, "int32"},
		{"rows out", m, one("x", x), dst(7, 4), MapOptions{}, npy.ErrShape, "[7 4]"},
		{"shape out", m, one("x", x), dst(8, 5), MapOptions{}, npy.ErrShape, "[8 5]"},
		{"negative batch", m, one("x", x), dst(8, 4), MapOptions{Batch: -1}, nil, "batch -1"},
		{"from within a batch", m, one("x", x), dst(8, 4), MapOptions{Batch: 4, From: 3}, nil, "from row 3"},
		{"from beyond", m, one("x", x), dst(8, 4), MapOptions{Batch: 4, From: 12}, nil, "from row 12"},
		{"from without a batch", m, one("x", x), dst(8, 4), MapOptions{From: 4}, nil, "say the batch size"},
		{"closed model", closed, one("x", x), dst(8, 4), MapOptions{}, ErrClosed, ""},
		{"output without rows", any, one("x", ramp(t, 8, 3)), map[string]Sink{"total": ToArray(zeros(t, npy.Float32, 8))}, MapOptions{Batch: 4}, npy.ErrShape, "a row out for each row in"},
		{"output of other rows", dynamic, one("x", ramp(t, 300)), map[string]Sink{"positive": ToArray(zeros(t, npy.Float32, 300))}, MapOptions{Batch: 100}, npy.ErrShape, "a row out for each row in"},
		{"folder that is none", m, one("x", x), map[string]Sink{"probs": ToFile("/nowhere/probs.npy")}, MapOptions{}, os.ErrNotExist, "/nowhere"},
		{"in and out are one", add, map[string]Source{"x": FromArray(x), "y": FromArray(x)}, nil, MapOptions{}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.out == nil && strings.HasPrefix(c.name, "in and out") {
				a := ramp(t, 8, 4)
				c.in, c.out, c.words = map[string]Source{"x": FromArray(a), "y": FromArray(a)}, map[string]Sink{"sum": ToArray(a)}, "shares memory"
			}
			wantError(t, Map(bg, c.m, c.in, c.out, c.o), c.is, c.words)
		})
	}
}
