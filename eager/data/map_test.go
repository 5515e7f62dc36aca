package data

import (
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
)

func TestMap(t *testing.T) {
	c := newContext(t)
	d := FromArrays(c, counting(t, 4, 2))
	twice := double(t, c, 2)
	for _, parallel := range []int{1, 2, AutoTune} {
		m := d.Map(twice, parallel)
		wantSpec(t, m, "float32 [2]")
		wantAll(t, m, "[0. 2.]", "[4. 6.]", "[ 8. 10.]", "[12. 14.]")
	}
	// A function of batches, whose size is not said.
	wantAll(t, d.Batch(3).Map(double(t, c, -1, 2), 1).Take(1), "[[ 0. 2.] [ 4. 6.] [ 8. 10.]]")
	// More components, or fewer, of other dtypes.
	f := function(t, c, func(g *builder) {
		x, n := g.input("x", npy.Float32, 2), g.input("n", npy.Int64)
		g.op("Cast", "count", []graph.Output{x}, ops.Type("DstT", npy.Int32))
		g.op("AsString", "name", []graph.Output{n})
		g.op("Identity", "same", []graph.Output{n})
	}, "name", "count", "same")
	m := Zip(d, Range(c, 0, 9, 1)).Map(f, 1)
	wantSpec(t, m, "string []", "int32 [2]", "int64 []")
	wantAll(t, m.Skip(3), "3, [6 7], 3")
}

func TestMapCapturesTensors(t *testing.T) {
	c := newContext(t)
	scale, err := eager.FromSlice(c, []float32{10, 100})
	must(t, err)
	defer scale.Close()
	shift, err := eager.Scalar(c, float32(1))
	must(t, err)
	defer shift.Close()
	f := function(t, c, func(g *builder) {
		x, scale, shift := g.input("x", npy.Float32, -1), g.input("scale", npy.Float32, 2), g.input("shift", npy.Float32)
		g.op("AddV2", "y", []graph.Output{g.op("Mul", "scaled", []graph.Output{x, scale}), shift})
	}, "y")
	d := FromArrays(c, counting(t, 2, 2))
	for _, parallel := range []int{1, 2} {
		wantAll(t, d.Map(Capture(f, scale, shift), parallel), "[ 1. 101.]", "[ 21. 301.]")
		wantAll(t, d.Map(Capture(Capture(f, shift), scale), parallel), "[ 1. 101.]", "[ 21. 301.]")
	}
	m := d.Map(Capture(f, scale, shift), 1)
	shift.Close()
	wantError(t, firstError(m), eager.ErrClosed, "Map")
	wantError(t, d.Map(f, 1).Err(), nil, "Map", "1 components", "takes 3")
	wantError(t, d.Map(Capture(f, shift), 1).Err(), eager.ErrClosed, "Map", "Capture", "tensor 0")
	wantError(t, d.Map(Capture(f, nil), 1).Err(), nil, "Map", "Capture", "nil")
	wantError(t, d.Map(Capture(f, scale, scale), 1).Err(), npy.ErrShape, "Map", `input "shift"`, "float32 [2]", "float32 []")
	wantError(t, d.Map(Capture(f, scale, scale, scale, scale), 1).Err(), nil, "4 tensors", "3 inputs")
	other, err := eager.Scalar(newContext(t), float32(1))
	must(t, err)
	defer other.Close()
	wantError(t, d.Map(Capture(f, scale, other), 1).Err(), eager.ErrContext, "tensor 1")
}

func TestMapErrors(t *testing.T) {
	c := newContext(t)
	d := FromArrays(c, counting(t, 4, 2))
	f := double(t, c, 2)
	var none *eager.Function
	wantError(t, d.Map(none, 1).Err(), nil, "Map", "nil")
	wantError(t, d.Map(nil, 1).Err(), nil, "Map", "nil")
	wantError(t, d.Map(Capture(nil), 1).Err(), nil, "Map", "nil")
	wantError(t, d.Map(Capture(none), 1).Err(), nil, "Map", "nil")
	wantError(t, d.Map(f, 0).Err(), nil, "Map", "parallel of 0", "AutoTune")
	wantError(t, d.Batch(2).Map(f, 1).Err(), npy.ErrShape, `input "x"`, "have float32 [2 2], want float32 [2]")
	wantError(t, Range(c, 0, 1, 1).Map(f, 1).Err(), npy.ErrDType, `input "x"`, "have int64 [], want float32 [2]")
	wantError(t, Zip(d, d).Map(f, 1).Err(), nil, "2 components", "takes 1", "x")
	wantError(t, d.Map(double(t, newContext(t), 2), 1).Err(), eager.ErrContext, "function")
	m := d.Map(f, 1)
	f.Close()
	wantError(t, firstError(m), nil, "Map", f.Name())
	// The error of the function itself, and at which element.
	check := function(t, c, func(g *builder) {
		x := g.input("x", npy.Float32)
		g.op("CheckNumerics", "y", []graph.Output{x}, ops.String("message", "this is no number"))
	}, "y")
	zero := npy.Scalar(float32(0))
	bad := values[float32](t, zero)[0] / values[float32](t, zero)[0]
	err := firstError(FromArrays(c, arrayOf(t, []float32{1, 2, bad})).Map(check, 1))
	wantError(t, err, nil, "element 2", "this is no number")
}

func TestInterleave(t *testing.T) {
	c := newContext(t)
	// From n come n, n+10 and n+20.
	f := function(t, c, func(g *builder) {
		n := g.input("n", npy.Int64)
		stop, err := g.Constant("", npy.Scalar(int64(30)))
		must(t, err)
		step, err := g.Constant("", npy.Scalar(int64(10)))
		must(t, err)
		g.op("RangeDataset", "set", []graph.Output{n, stop, step}, ops.Types("output_types", npy.Int64), ops.Shapes("output_shapes", []int{}))
	}, "set")
	sets := DatasetFunc{Func: f, Elements: []graph.Spec{{DType: npy.Int64, Shape: []int{}}}}
	d := Range(c, 0, 3, 1)
	for _, parallel := range []int{1, 2, AutoTune} {
		i := d.Interleave(sets, 2, 1, parallel)
		wantSpec(t, i, "int64 []")
		wantAll(t, i, "0", "1", "10", "11", "20", "21", "2", "12", "22")
		wantAll(t, d.Interleave(sets, 2, 3, parallel), "0", "10", "20", "1", "11", "21", "2", "12", "22")
	}
	if n, known := d.Interleave(sets, 2, 1, 1).Len(); known {
		t.Errorf("it says that there are %d elements", n)
	}
	wantError(t, d.Interleave(sets, 0, 1, 1).Err(), nil, "Interleave", "cycle of 0")
	wantError(t, d.Interleave(sets, 1, 0, 1).Err(), nil, "Interleave", "block of 0")
	wantError(t, d.Interleave(sets, 1, 1, 0).Err(), nil, "Interleave", "parallel of 0")
	wantError(t, d.Interleave(DatasetFunc{}, 1, 1, 1).Err(), nil, "Interleave", "nil")
	wantError(t, d.Interleave(DatasetFunc{Func: f}, 1, 1, 1).Err(), nil, "Interleave", "no components")
	wantError(t, d.Batch(2).Interleave(sets, 1, 1, 1).Err(), npy.ErrShape, "Interleave", `input "n"`)
	wantError(t, FromArrays(c, counting(t, 2, 2)).Interleave(DatasetFunc{Func: double(t, c, 2), Elements: sets.Elements}, 1, 1, 1).Err(),
		nil, "Interleave", "want one dataset")
	wrong := DatasetFunc{Func: f, Elements: []graph.Spec{{DType: npy.Float32, Shape: []int{}}}}
	wantError(t, firstError(d.Interleave(wrong, 1, 1, 1)), nil, "element 0")
}
