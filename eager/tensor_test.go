package eager

import (
	"slices"
	"testing"
	"unsafe"

	"ndflow/npy"
	"ndflow/tfc"
)

func TestTensorIsTheArraysMemory(t *testing.T) {
	c := newContext(t)
	a := zeros(t, npy.Float32, 3, 4)
	x, err := c.Tensor(a)
	must(t, err)
	v, err := x.Value()
	must(t, err)
	if unsafe.SliceData(v.Bytes()) != unsafe.SliceData(a.Bytes()) {
		t.Error("the tensor has a copy of aligned memory")
	}
	if !v.ReadOnly() || !slices.Equal(v.Shape(), []int{3, 4}) || v.DType() != npy.Float32 {
		t.Errorf("the view is %v %v, read-only %v", v.DType(), v.Shape(), v.ReadOnly())
	}
	x.Close()
	if !tfc.InUse(a) {
		t.Error("the array is not in use while a view shares its memory")
	}
	v.Release()
	if tfc.InUse(a) {
		t.Error("the array is in use though nothing shares its memory")
	}
}

// Ops that only look at memory in another way share it, and the library knows.
func TestAliasesKeepTheArrayInUse(t *testing.T) {
	c := newContext(t)
	for _, op := range []string{"Identity", "Reshape"} {
		a := zeros(t, npy.Float32, 64, 64)
		x, err := c.Tensor(a)
		must(t, err)
		o := c.Op(op).Input(x)
		if op == "Reshape" {
			o.Input(tensor(t, c, []int32{-1}))
		}
		y, err := o.Output()
		must(t, err)
		o.Close()
		x.Close()
		if err := y.Into(a); err == nil {
			t.Errorf("%s: a result has landed in the array whose memory it is", op)
		} else {
			wantError(t, err, ErrInUse)
		}
		wantError(t, c.Op("AddV2").Input(y, y).RunInto(a), ErrInUse, "AddV2")
		y.Close()
		if tfc.InUse(a) {
			t.Errorf("%s: the array stays in use", op)
		}
		if err := scalar(t, c, float32(3)).Into(flat(t, a)); err != nil {
			t.Errorf("%s: the array cannot be used again: %v", op, err)
		}
	}
}

func flat(t testing.TB, a *npy.Array) *npy.Array {
	t.Helper()
	f, err := a.Reshape(a.Len())
	must(t, err)
	return f
}

func TestEveryDTypeComesBack(t *testing.T) {
	c := newContext(t)
	for dtype := npy.Bool; dtype.Valid(); dtype++ {
		for _, shape := range [][]int{{}, {0}, {2, 3}} {
			a := zeros(t, dtype, shape...)
			for i := range a.Bytes() {
				a.Bytes()[i] = byte(i % 2)
			}
			if dtype == npy.String {
				for i := range values[string](t, a) {
					values[string](t, a)[i] = "a string that is longer than what lies inside"[:5*i]
				}
			}
			x, err := c.Tensor(a)
			must(t, err)
			own, err := x.Copy()
			must(t, err)
			dst := zeros(t, dtype, a.Len()+3)
			must(t, x.Into(dst))
			landed, err := dst.Front(shape...)
			must(t, err)
			for _, got := range []*npy.Array{own, landed} {
				if got.DType() != dtype || !slices.Equal(got.Shape(), shape) || got.String() != a.String() {
					t.Errorf("%v %v came back as %v %v: %v", dtype, shape, got.DType(), got.Shape(), got)
				}
			}
			x.Close()
		}
	}
}

func TestInto(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2, 3, 4}, 2, 2)
	dst := zeros(t, npy.Float32, 3, 2)
	must(t, x.Into(dst))
	if !slices.Equal(values[float32](t, dst), []float32{1, 2, 3, 4, 0, 0}) {
		t.Errorf("landed in %v", dst)
	}
	if n := testing.AllocsPerRun(100, func() { must(t, x.Into(dst)) }); n != 0 {
		t.Errorf("Into allocates %v times", n)
	}
	rows, err := dst.Slice(1, 3)
	must(t, err)
	must(t, x.Into(rows))
	if !slices.Equal(values[float32](t, dst), []float32{1, 2, 1, 2, 3, 4}) {
		t.Errorf("landed in rows: %v", dst)
	}
	for _, bad := range []struct {
		dst    *npy.Array
		target error
		words  []string
	}{
		{zeros(t, npy.Float64, 4), npy.ErrDType, []string{"float64", "float"}},
		{zeros(t, npy.Float32, 3), npy.ErrShape, []string{"[3]", "[2 2]", "4 elements"}},
		{zeros(t, npy.Float32, 2, 3), npy.ErrShape, []string{"[2 3]", "[2 2]"}},
		{zeros(t, npy.Float32, 1, 2), npy.ErrShape, []string{"[1 2]", "[2 2]"}},
		{zeros(t, npy.String, 4), npy.ErrDType, nil},
		{nil, nil, []string{"nil"}},
	} {
		wantError(t, x.Into(bad.dst), bad.target, bad.words...)
	}
}

func TestItem(t *testing.T) {
	c := newContext(t)
	if got, err := Item[int64](scalar(t, c, int64(7))); err != nil || got != 7 {
		t.Errorf("have %v, %v", got, err)
	}
	if got, err := Item[string](tensor(t, c, []string{"seven"}, 1, 1)); err != nil || got != "seven" {
		t.Errorf("have %v, %v", got, err)
	}
	_, err := Item[float32](scalar(t, c, int64(7)))
	wantError(t, err, npy.ErrDType, "int64", "float32")
	_, err = Item[float32](tensor(t, c, []float32{1, 2}))
	wantError(t, err, npy.ErrShape, "[2]")
}

func TestDevices(t *testing.T) {
	c := newContext(t, WithLogicalCPUs(3))
	devices := c.Devices()
	if len(devices) != 3 || devices[2].String() != "CPU:2" || devices[2].Type != "CPU" {
		t.Fatalf("devices are %v", devices)
	}
	x := tensor(t, c, []float32{1, 2})
	for _, name := range []string{"CPU:2", "cpu:2", "/cpu:2", "/CPU:2", "/device:CPU:2", "device:cpu:2", devices[2].Name} {
		y, err := x.To(name)
		must(t, err)
		if on, err := y.Device(); err != nil || on != "CPU:2" {
			t.Errorf("to %s: is on %v, %v", name, on, err)
		}
		z := output(t, c.Op("Neg").Input(y).Device(name))
		if on, err := z.Device(); err != nil || on != "CPU:2" {
			t.Errorf("op on %s: made on %v, %v", name, on, err)
		}
		wantValues(t, z, float32(-1), -2)
		y.Close()
	}
	for _, name := range []string{"CPU:3", "GPU:0", "nonsense", "/job:worker/task:1/device:CPU:0"} {
		_, err := x.To(name)
		wantError(t, err, nil, "eager: no device", name, "CPU:0", "CPU:2")
		_, err = c.Op("Neg").Input(x).Device(name).Output()
		wantError(t, err, nil, "eager: no device", name, "Neg")
	}
}

func TestDevicePolicy(t *testing.T) {
	c := newContext(t, WithLogicalCPUs(2), WithDevicePolicy(RefuseCopies))
	x := tensor(t, c, []float32{1, 2})
	y, err := x.To("CPU:1")
	must(t, err)
	defer y.Close()
	_, err = c.Op("AddV2").Input(x, y).Device("CPU:0").Output()
	wantError(t, err, tfc.InvalidArgument, "AddV2", "CPU:1")
	wantValues(t, output(t, c.Op("AddV2").Input(y, y).Device("CPU:1")), float32(2), 4)

	c = newContext(t, WithLogicalCPUs(2))
	x = tensor(t, c, []float32{1, 2})
	z, err := x.To("CPU:1")
	must(t, err)
	defer z.Close()
	wantValues(t, output(t, c.Op("AddV2").Input(x, z).Device("CPU:0")), float32(2), 4)
}

func TestPrint(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2.5})
	y := tensor(t, c, []int32{1, 2, 3, 4}, 2, 2)
	for _, p := range []struct {
		t    *Tensor
		want string
	}{
		{x, "[1.  2.5] float32 [2] on CPU:0"},
		{y, "[[1 2]\n [3 4]]\nint32 [2 2] on CPU:0"},
		{scalar(t, c, true), "True bool [] on CPU:0"},
		{output(t, c.Op("VarHandleOp").Type("dtype", npy.Float32).Shape("shape", nil)), "<resource> [] on CPU:0"},
	} {
		if got := p.t.String(); got != p.want {
			t.Errorf("have %q, want %q", got, p.want)
		}
	}
	x.Close()
	if got := x.String(); got != "<closed>" {
		t.Errorf("a closed tensor prints as %q", got)
	}
}

func TestClosedTensor(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2})
	o := c.Op("Neg").Input(x)
	defer o.Close()
	x.Close()
	x.Close()
	_, err := x.Value()
	wantError(t, err, ErrClosed)
	wantError(t, x.Into(zeros(t, npy.Float32, 2)), ErrClosed)
	_, err = x.Shape()
	wantError(t, err, ErrClosed)
	_, err = x.DType()
	wantError(t, err, ErrClosed)
	_, err = x.To("CPU:0")
	wantError(t, err, ErrClosed)
	_, err = x.Device()
	wantError(t, err, ErrClosed)
	_, err = o.Output()
	wantError(t, err, ErrClosed, "Neg", "input 0")
	_, err = c.Tensor(nil)
	wantError(t, err, nil, "nil")
}

// Tensors outlive their context, as values do.
func TestClosedContext(t *testing.T) {
	c, err := New()
	must(t, err)
	x := tensor(t, c, []float32{1, 2})
	y, err := c.Op("Neg").Input(x).Output()
	must(t, err)
	o := c.Op("Neg").Input(x)
	must(t, o.RunInto(zeros(t, npy.Float32, 2)))
	c.Close()
	c.Close()
	wantValues(t, y, float32(-1), -2)
	y.Close()
	_, err = c.Tensor(zeros(t, npy.Float32, 2))
	wantError(t, err, ErrClosed)
	_, err = c.Op("Neg").Input(x).Output()
	wantError(t, err, ErrClosed, "Neg")
	wantError(t, o.RunInto(zeros(t, npy.Float32, 2)), ErrClosed)
	o.Close()
}

func TestTensorOn(t *testing.T) {
	c := newContext(t, WithLogicalCPUs(2))
	a := zeros(t, npy.Float32, 16, 17)
	values[float32](t, a)[1] = 7
	x, err := c.TensorOn("CPU:1", a)
	must(t, err)
	if on, err := x.Device(); err != nil || on != "CPU:1" {
		t.Errorf("is on %v, %v", on, err)
	}
	v, err := x.Value()
	must(t, err)
	if unsafe.SliceData(v.Bytes()) != unsafe.SliceData(a.Bytes()) {
		t.Error("the tensor is not the array's memory")
	}
	v.Release()
	wantError(t, scalar(t, c, float32(1)).Into(flat(t, a)), ErrInUse)
	x.Close()
	if tfc.InUse(a) {
		t.Error("the array stays in use")
	}
	// TensorFlow would end the process.
	rows, err := a.Slice(1, 16)
	must(t, err)
	_, err = c.TensorOn("CPU:1", rows)
	wantError(t, err, ErrAligned, "float32", "[15 17]", "64 bytes")
	for _, bad := range []*npy.Array{nil, zeros(t, npy.String, 2)} {
		if _, err := c.TensorOn("CPU:1", bad); err == nil {
			t.Errorf("%v became a tensor", bad)
		}
	}
	_, err = c.TensorOn("GPU:7", a)
	wantError(t, err, nil, "GPU:7", "CPU:1")
	if tfc.InUse(a) {
		t.Error("the array is in use after calls that have failed")
	}
	wantValues(t, output(t, c.Op("Neg").Input(scalar(t, c, int32(3)))), int32(-3))
}

func TestOptions(t *testing.T) {
	// What is about GPUs holds for those that there are, if any.
	c := newContext(t, WithThreads(1, 1), WithMemoryGrowth(), WithMemoryFraction(0.5))
	wantValues(t, output(t, c.Op("Neg").Input(scalar(t, c, int32(3)))), int32(-3))
	_, err := New(WithDevicePolicy(7))
	wantError(t, err, nil, "device policy 7")
}
