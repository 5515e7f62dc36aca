package dense_test

import (
	"errors"
	"fmt"
	"log"
	"path/filepath"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/mat"

	"ndflow/npy"
	"ndflow/npy/dense"
)

func Example() {
	a, err := npy.From([]float64{4, 1, 2, 3}, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	m, err := dense.Matrix(a)
	if err != nil {
		log.Fatal(err)
	}
	m.Scale(2, m) // in a's memory
	fmt.Println(a)

	var inverse mat.Dense
	if err := inverse.Inverse(m); err != nil {
		log.Fatal(err)
	}
	back, err := dense.Array(&inverse)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back)
	// Output:
	// [[8. 2.]
	//  [4. 6.]]
	// [[ 0.15 -0.05]
	//  [-0.1   0.2 ]]
}

func of[T npy.Element](t *testing.T, values []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFloat64IsNotCopied(t *testing.T) {
	data := []float64{1, 2, 3, 4, 5, 6}
	m, err := dense.Matrix(of(t, data, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	if m.Set(1, 2, 60); data[5] != 60 || m.At(0, 1) != 2 {
		t.Errorf("have %v after a matrix was written to", data)
	}
	v, err := dense.Vector(of(t, data, 6))
	if err != nil {
		t.Fatal(err)
	}
	if v.SetVec(0, 10); data[0] != 10 {
		t.Errorf("have %v after a vector was written to", data)
	}
	for _, m := range []mat.Matrix{m, v} {
		a, err := dense.Array(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := npy.Values[float64](a)
		if err != nil || &back[0] != &data[0] || len(back) != len(data) {
			t.Errorf("%T: the way back is a copy, %v", m, err)
		}
	}
}

func TestOthersAreConverted(t *testing.T) {
	for _, a := range []*npy.Array{
		of(t, []float32{0, 1, 2, 3}, 2, 2), of(t, []int8{0, 1, 2, 3}, 2, 2), of(t, []int16{0, 1, 2, 3}, 2, 2),
		of(t, []int32{0, 1, 2, 3}, 2, 2), of(t, []int64{0, 1, 2, 3}, 2, 2), of(t, []uint8{0, 1, 2, 3}, 2, 2),
		of(t, []uint16{0, 1, 2, 3}, 2, 2), of(t, []uint32{0, 1, 2, 3}, 2, 2), of(t, []uint64{0, 1, 2, 3}, 2, 2),
		of(t, []npy.I4{0, 1, 2, 3}, 2, 2), of(t, []npy.U4{0, 1, 2, 3}, 2, 2), of(t, []npy.U2{0, 1, 2, 3}, 2, 2),
		of(t, []npy.F16{0, 0x3c00, 0x4000, 0x4200}, 2, 2), of(t, []npy.BF16{0, 0x3f80, 0x4000, 0x4040}, 2, 2),
	} {
		m, err := dense.Matrix(a)
		if err != nil || !mat.Equal(m, mat.NewDense(2, 2, []float64{0, 1, 2, 3})) {
			t.Errorf("%v: have %v, %v", a.DType(), m, err)
		}
	}
	if m, err := dense.Matrix(of(t, []npy.I2{-2, -1, 0, 1}, 2, 2)); err != nil || m.At(0, 0) != -2 || m.At(1, 1) != 1 {
		t.Errorf("int2: have %v, %v", m, err)
	}
	if v, err := dense.Vector(of(t, []bool{true, false}, 2)); err != nil || v.AtVec(0) != 1 || v.AtVec(1) != 0 {
		t.Errorf("bool: have %v, %v", v, err)
	}
}

func TestWhatDoesNotLieInARowIsCopied(t *testing.T) {
	m := mat.NewDense(3, 3, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9})
	for _, c := range []struct {
		m    mat.Matrix
		want string
	}{
		{m.Slice(0, 2, 1, 3), "[[2. 3.]\n [5. 6.]]"},
		{m.T(), "[[1. 4. 7.]\n [2. 5. 8.]\n [3. 6. 9.]]"},
		{m.ColView(1), "[2. 5. 8.]"},
		{mat.NewDiagDense(2, []float64{1, 2}), "[[1. 0.]\n [0. 2.]]"},
		{&mat.Dense{}, "[]"},
	} {
		a, err := dense.Array(c.m)
		if err != nil || a.String() != c.want {
			t.Errorf("%T: have %v, %v, want %s", c.m, a, err, c.want)
		}
	}
	if m.At(0, 1) != 2 {
		t.Error("the matrix has changed")
	}
}

func TestAMappedFileIsAMatrix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.npy")
	if err := npy.WriteFile(path, of(t, []float64{1, 2, 3, 4}, 2, 2)); err != nil {
		t.Fatal(err)
	}
	a, err := npy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := dense.Matrix(a)
	if err != nil || mat.Sum(m) != 10 {
		t.Errorf("have %v, %v", m, err)
	}
	if n := testing.AllocsPerRun(10, func() {
		if _, err := dense.Matrix(a); err != nil {
			t.Fatal(err)
		}
	}); n > 4 {
		t.Errorf("have %v allocations", n)
	}
	runtime.KeepAlive(a)
	a.Release()
	if _, err := dense.Matrix(a); !errors.Is(err, npy.ErrReleased) {
		t.Errorf("have %v, want ErrReleased", err)
	}
}

func TestWhatIsNoMatrix(t *testing.T) {
	for name, c := range map[string]struct {
		a    *npy.Array
		want error
	}{
		"one dimension":    {of(t, []float64{1}, 1), npy.ErrShape},
		"three dimensions": {of(t, []float64{1}, 1, 1, 1), npy.ErrShape},
		"no rows":          {of(t, []float64{}, 0, 3), npy.ErrShape},
		"complex":          {of(t, []complex128{1}, 1, 1), npy.ErrDType},
		"strings":          {of(t, []string{"a"}, 1, 1), npy.ErrDType},
	} {
		if m, err := dense.Matrix(c.a); !errors.Is(err, c.want) {
			t.Errorf("%s: have %v, %v, want %v", name, m, err, c.want)
		}
	}
	for _, a := range []*npy.Array{of(t, []float64{}, 0), of(t, []float64{1}, 1, 1), npy.Scalar(1.0)} {
		if v, err := dense.Vector(a); !errors.Is(err, npy.ErrShape) {
			t.Errorf("%v: have %v, %v", a.Shape(), v, err)
		}
	}
	if _, err := dense.Matrix(nil); err == nil {
		t.Error("nil was a matrix")
	}
	if _, err := dense.Array(nil); err == nil {
		t.Error("nil was an array")
	}
}
