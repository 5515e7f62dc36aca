package tfc

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"ndflow/internal/tftype"
	"ndflow/npy"
)

func mustNew(t testing.TB, d npy.DType, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.New(d, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func values[T npy.Element](t testing.TB, a *npy.Array) []T {
	t.Helper()
	v, err := npy.Values[T](a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTensorSharesAlignedMemory(t *testing.T) {
	a := mustNew(t, npy.Float32, 3, 4)
	tensor, err := NewTensor(a)
	if err != nil {
		t.Fatal(err)
	}
	if !InUse(a) {
		t.Error("the array is not in use while a tensor shares its memory")
	}
	v, err := tensor.View()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Shape(), []int{3, 4}) || v.DType() != npy.Float32 {
		t.Errorf("view is %v %v", v.DType(), v.Shape())
	}
	if unsafe.SliceData(v.Bytes()) != unsafe.SliceData(a.Bytes()) {
		t.Error("the tensor has a copy of aligned memory")
	}
	if !InUse(a) {
		t.Error("the array is not in use while a view shares its memory")
	}
	v.Release()
	if InUse(a) {
		t.Error("the array is in use after the view was released")
	}
}

func TestTensorCopiesMisalignedMemory(t *testing.T) {
	whole := mustNew(t, npy.Float32, 5)
	values[float32](t, whole)[1] = 7
	a, err := whole.Slice(1, 5)
	if err != nil {
		t.Fatal(err)
	}
	tensor, err := NewTensor(a)
	if err != nil {
		t.Fatal(err)
	}
	defer tensor.Close()
	if InUse(a) {
		t.Error("misaligned memory is in use, though TensorFlow must copy it")
	}
	v, err := tensor.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	if got := values[float32](t, v); got[0] != 7 {
		t.Errorf("the copy is %v", got)
	}
}

func TestTensorShapes(t *testing.T) {
	for _, shape := range [][]int{{}, {0}, {1}, {3, 0, 2}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 2}} {
		for dtype := npy.Bool; dtype.Valid(); dtype++ {
			a := mustNew(t, dtype, shape...)
			tensor, err := NewTensor(a)
			if err != nil {
				t.Errorf("%v %v: %v", dtype, shape, err)
				continue
			}
			if got, err := tensor.Shape(); err != nil || !slices.Equal(got, shape) {
				t.Errorf("%v %v: shape is %v, %v", dtype, shape, got, err)
			}
			v, err := tensor.View()
			if err != nil {
				t.Errorf("%v %v: %v", dtype, shape, err)
				continue
			}
			if v.DType() != dtype || !slices.Equal(v.Shape(), shape) {
				t.Errorf("%v %v came back as %v %v", dtype, shape, v.DType(), v.Shape())
			}
			v.Release()
		}
	}
}

func TestAllocateTensor(t *testing.T) {
	tensor, err := AllocateTensor(Float, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tensor.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	if v.ReadOnly() {
		t.Error("memory that was allocated for writing is read-only")
	}
	copy(values[float32](t, v), []float32{1, 2, 3, 4, 5, 6})
	for _, c := range []struct {
		dt    DataType
		shape []int
	}{{StringType, []int{2}}, {Resource, nil}, {Float, []int{-1}}, {Float, []int{1 << 40, 1 << 40}}} {
		if _, err := AllocateTensor(c.dt, c.shape...); err == nil {
			t.Errorf("a tensor of %v %v was allocated", c.dt, c.shape)
		}
	}
}

func TestClosedTensor(t *testing.T) {
	tensor, err := NewTensor(mustNew(t, npy.Int32, 2))
	if err != nil {
		t.Fatal(err)
	}
	tensor.Close()
	tensor.Close()
	if _, err := tensor.View(); !errors.Is(err, ErrClosed) {
		t.Errorf("View: %v", err)
	}
	if _, err := tensor.Shape(); !errors.Is(err, ErrClosed) {
		t.Errorf("Shape: %v", err)
	}
	if _, err := tensor.DataType(); !errors.Is(err, ErrClosed) {
		t.Errorf("DataType: %v", err)
	}
	if _, err := NewTensor(nil); err == nil {
		t.Error("a tensor was made of a nil array")
	}
}

func TestReleasedArrayIsRefused(t *testing.T) {
	tensor, err := AllocateTensor(Float, 4)
	if err != nil {
		t.Fatal(err)
	}
	v, err := tensor.View()
	if err != nil {
		t.Fatal(err)
	}
	v.Release()
	if _, err := NewTensor(v); !errors.Is(err, npy.ErrReleased) {
		t.Errorf("tensor of a released array: %v", err)
	}
}

// The memory of an array that C holds must outlive Release.
func TestReleaseWaitsForTensorFlow(t *testing.T) {
	tensor, err := AllocateTensor(Float, 1024)
	if err != nil {
		t.Fatal(err)
	}
	a, err := tensor.View()
	if err != nil {
		t.Fatal(err)
	}
	values[float32](t, a)[1023] = 5
	shared, err := NewTensor(a)
	if err != nil {
		t.Fatal(err)
	}
	a.Release()
	v, err := shared.View()
	if err != nil {
		t.Fatal(err)
	}
	if got := values[float32](t, v)[1023]; got != 5 {
		t.Errorf("the memory was given back too early: %v", got)
	}
	v.Release()
}

func TestStrings(t *testing.T) {
	many := make([]string, 5000)
	for i := range many {
		many[i] = strings.Repeat(string(rune('a'+i%26)), i%60)
	}
	big := strings.Repeat("0123456789", 300_000) // longer than the staging
	for name, list := range map[string][]string{
		"none":                        {},
		"empty":                       {""},
		"longest inside":              {strings.Repeat("x", smallMax)},
		"shortest outside":            {strings.Repeat("x", smallMax+1)},
		"zero bytes":                  {"a\x00b", "\x00", "\xff\xfe"},
		"mixed":                       many,
		"larger than a staging chunk": {"a", big, "b", big[:smallMax+5], big, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := npy.From(list)
			if err != nil {
				t.Fatal(err)
			}
			tensor, err := NewTensor(a)
			if err != nil {
				t.Fatal(err)
			}
			runtime.GC() // the tensor has copies
			v, err := tensor.View()
			if err != nil {
				t.Fatal(err)
			}
			if got := values[string](t, v); !slices.Equal(got, list) {
				t.Errorf("strings came back changed: %d of %d", len(got), len(list))
			}
		})
	}
}

func TestDataTypes(t *testing.T) {
	for dtype := npy.Bool; dtype.Valid(); dtype++ {
		dt, err := DataTypeOf(dtype)
		if err != nil {
			t.Errorf("%v: %v", dtype, err)
			continue
		}
		if back := dt.DType(); back != dtype {
			t.Errorf("%v becomes %v becomes %v", dtype, dt, back)
		}
	}
	if _, err := DataTypeOf(npy.Invalid); err == nil {
		t.Error("the invalid dtype has a TensorFlow type")
	}
	for dt, want := range map[DataType]string{Float: "float", Float + tftype.Ref: "float_ref", 9999: "DataType(9999)", Resource: "resource"} {
		if got := dt.String(); got != want {
			t.Errorf("DataType(%d) is called %q, want %q", int(dt), got, want)
		}
	}
	if (Float + tftype.Ref).DType() != npy.Float32 {
		t.Error("a reference to float is not float32")
	}
}

func TestUnsupportedNamesFunctionAndVersion(t *testing.T) {
	lib, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	err = unsupported("TF_Something", "doing something")
	if !errors.Is(err, ErrUnsupported) {
		t.Errorf("%v is not ErrUnsupported", err)
	}
	for _, want := range []string{"doing something", "TF_Something", lib.Version()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
