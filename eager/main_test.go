package eager

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"ndflow/cuda"
	"ndflow/internal/errtest"
	"ndflow/internal/leaktest"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	fake, err := openFake()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	leaktest.Main(m, tfc.CheckLeaks, cuda.CheckLeaks, func() error {
		if left := fake.Counters().Alive(); left != "" {
			return fmt.Errorf("left over in the fake driver: %s", left)
		}
		return nil
	})
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get is must for a call that returns something.
func get[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func newContext(t testing.TB, opts ...Option) *Context {
	t.Helper()
	c, err := New(opts...)
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

// tensor makes a tensor of a copy of v.
func tensor[T npy.Element](t testing.TB, c *Context, v []T, shape ...int) *Tensor {
	t.Helper()
	x, err := FromSlice(c, v, shape...)
	must(t, err)
	t.Cleanup(x.Close)
	return x
}

func scalar[T npy.Element](t testing.TB, c *Context, v T) *Tensor {
	t.Helper()
	x, err := Scalar(c, v)
	must(t, err)
	t.Cleanup(x.Close)
	return x
}

// output runs an op that makes one tensor.
func output(t testing.TB, o *Op) *Tensor {
	t.Helper()
	y, err := o.Output()
	must(t, err)
	t.Cleanup(y.Close)
	o.Close()
	return y
}

func zeros(t testing.TB, d npy.DType, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.New(d, shape...)
	must(t, err)
	return a
}

func values[T npy.Element](t testing.TB, a *npy.Array) []T {
	t.Helper()
	v, err := npy.Values[T](a)
	must(t, err)
	return v
}

// wantValues checks the elements of a tensor.
func wantValues[T npy.Element](t testing.TB, x *Tensor, want ...T) {
	t.Helper()
	a, err := x.Copy()
	must(t, err)
	got, err := npy.Values[T](a)
	must(t, err)
	if !slices.EqualFunc(got, want, func(a, b T) bool { return any(a) == any(b) }) {
		t.Errorf("have %v, want %v", got, want)
	}
}

var wantError = errtest.Want
