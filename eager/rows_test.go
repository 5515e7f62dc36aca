package eager

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"ndflow/cuda"
	"ndflow/cuda/fakecuda"
	"ndflow/npy"
)

// shards are tensors of the rows of an array: on each of two devices, and on the CPU.
func shards(t testing.TB, c *Context, a *npy.Array) []*Tensor {
	t.Helper()
	n := a.Dim(0)
	part := func(lo, hi int) *npy.Array {
		p, err := get(a.Slice(lo, hi))(t).Clone()
		must(t, err)
		return p
	}
	onCPU, err := c.Tensor(part(n/2, n/2+1))
	must(t, err)
	t.Cleanup(onCPU.Close)
	return []*Tensor{
		resident(t, c, device(t, 0), part(0, n/2)),
		onCPU,
		resident(t, c, device(t, 1), part(n/2+1, n/2+1)), // no rows
		resident(t, c, device(t, 1), part(n/2+1, n)),
	}
}

func TestIntoRows(t *testing.T) {
	for name, late := range map[string]fakecuda.Lateness{"when asked": fakecuda.WhenAsked, "by a thread": fakecuda.ByThread} {
		t.Run(name, func(t *testing.T) {
			driver(t, fakecuda.Settings{Late: late})
			c := posed(t, []int{1, 0})
			a := pattern(t, npy.Float32, 9, 5)
			parts := shards(t, c, a)
			for name, dst := range targetsOf(t, device(t, 0), device(t, 1), npy.Float32, a.Shape()) {
				must(t, IntoRows(dst, parts...))
				wantLanded(t, name, dst, a)
			}
		})
	}
	c := newContext(t)
	dst := zeros(t, npy.String, 3)
	must(t, IntoRows(dst, tensor(t, c, []string{"a"}), tensor(t, c, []string{"b", "c"})))
	if got := values[string](t, dst); got[0] != "a" || got[2] != "c" {
		t.Errorf("landed %q", got)
	}
}

func TestIntoRowsErrors(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	c := posed(t, []int{1, 0})
	d := device(t, 0)
	parts := shards(t, c, pattern(t, npy.Float32, 9, 5))
	closed := tensor(t, c, []float32{1, 2, 3, 4, 5}, 1, 5)
	closed.Close()
	ended := newBuffer(t, d, npy.Float32, 45)
	ended.Close()
	fill := bytes.Repeat([]byte{9}, 45*4)
	whole := pinned(t, d, npy.Float32, 9, 5)
	for name, bad := range map[string]struct {
		dst    Target
		ts     []*Tensor
		target error
		words  []string
	}{
		"too short":       {pinned(t, d, npy.Float32, 8, 5), parts, npy.ErrShape, []string{"[8 5]", "[9 5]"}},
		"other rows":      {newBuffer(t, d, npy.Float32, 9, 4), parts, npy.ErrShape, []string{"[9 4]", "[9 5]"}},
		"flat, too short": {zeros(t, npy.Float32, 44), parts, npy.ErrShape, []string{"[44]", "45 elements"}},
		"dtype":           {zeros(t, npy.Int32, 9, 5), parts, npy.ErrDType, []string{"int32", "float"}},
		"a shard's dtype": {whole, append(parts[:3:3], tensor(t, c, []int32{1, 2, 3, 4, 5}, 1, 5)), npy.ErrDType, []string{"int32"}},
		"a shard's shape": {whole, append(parts[:3:3], tensor(t, c, make([]float32, 12), 3, 4)), npy.ErrShape, []string{"tensor 3", "[3 4]", "axis 0"}},
		"scalar":          {whole, append(parts[:3:3], scalar(t, c, float32(1))), npy.ErrShape, []string{"tensor 3", "scalar"}},
		"closed":          {whole, append(parts[:3:3], closed), ErrClosed, []string{"tensor 3"}},
		"nil tensor":      {whole, append(parts[:3:3], nil), nil, []string{"tensor 3", "nil"}},
		"no tensors":      {whole, nil, nil, []string{"no tensors"}},
		"nil":             {nil, parts, nil, []string{"nil"}},
		"closed buffer":   {ended, parts, cuda.ErrClosed, nil},
	} {
		before := fake.Counters().Copies
		copy(whole.Bytes(), fill)
		wantError(t, IntoRows(bad.dst, bad.ts...), bad.target, append(bad.words, "eager: into rows: ")...)
		if fake.Counters().Copies != before || !bytes.Equal(whole.Bytes(), fill) {
			t.Errorf("%s: something was written", name)
		}
	}
	must(t, IntoRows(whole, parts...))
	fake.Fail("cuMemcpyDtoHAsync_v2", 2, 2)
	err := IntoRows(whole, parts...)
	wantError(t, err, ErrPartial, "CUDA_ERROR_OUT_OF_MEMORY")
	wantError(t, err, cuda.OutOfMemory)
	must(t, IntoRows(whole, parts...))
	wantLanded(t, "afterwards", whole, pattern(t, npy.Float32, 9, 5))
}

// Tensors land from many goroutines at once, while others are closed.
func TestIntoConcurrently(t *testing.T) {
	for _, opts := range [][]Option{nil, {Async()}} {
		t.Run(fmt.Sprintf("%d options", len(opts)), func(t *testing.T) {
			driver(t, fakecuda.Settings{Late: fakecuda.ByThread})
			c := posed(t, []int{0, 1}, opts...)
			d := device(t, 0)
			a := pattern(t, npy.Float32, 64, 4)
			x := resident(t, c, d, a)
			s := stream(t, d)
			var wg sync.WaitGroup
			for range 4 {
				array, buffer := zeros(t, npy.Float32, 64, 4), newBuffer(t, d, npy.Float32, 64, 4)
				wg.Go(func() {
					for range 10 {
						y, err := c.Op("Identity").Input(x).Device("CPU:1").Output()
						if err != nil {
							t.Error(err)
							return
						}
						e, err := y.IntoStream(s, buffer)
						if err != nil {
							t.Error(err)
							return
						}
						if err := y.Into(array); err != nil {
							t.Error(err)
						}
						y.Close()
						if !bytes.Equal(array.Bytes(), a.Bytes()) {
							t.Error("other elements have landed")
						}
						if err := e.Wait(bg); err != nil {
							t.Error(err)
						}
						z, err := c.TensorOnDevice(buffer, s)
						if err != nil {
							t.Error(err)
							return
						}
						if err := y.Into(array); err == nil {
							t.Error("a closed tensor has landed")
						}
						if err := z.Into(array); err != nil {
							t.Error(err)
						}
						z.Close()
						if err := x.Into(buffer); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// What is dropped without Close is given back.
func TestDroppedOnDevice(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	c := posed(t, []int{0})
	d := device(t, 0)
	drop := func() {
		b, err := d.NewBuffer(npy.Float32, 64)
		must(t, err)
		x, err := c.TensorOnDevice(b)
		must(t, err)
		_, err = x.Buffer()
		must(t, err)
		s, err := d.NewStream()
		must(t, err)
		_, err = x.IntoStream(s, zeros(t, npy.Float32, 64))
		must(t, err)
	}
	for range 5 {
		drop()
	}
	if !eventually(func() bool { return fake.Counters().Allocations == 0 }) {
		t.Errorf("left over: %s", fake.Counters().Alive())
	}
}

// Another library may end the context that all share.
func TestContextIsDestroyed(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	c := posed(t, []int{0})
	d := device(t, 0)
	x := resident(t, c, d, pattern(t, npy.Float32, 6))
	s := stream(t, d)
	b := newBuffer(t, d, npy.Float32, 6)
	fake.DestroyContext(0)
	dst := pattern(t, npy.Float32, 6)
	err := x.Into(dst)
	wantError(t, err, nil, "eager: into: ")
	_, err = x.IntoStream(s, dst)
	wantError(t, err, nil, "eager: into: ")
	_, err = c.TensorOnDevice(b, s)
	wantError(t, err, nil, "eager: tensor: ")
	wantLanded(t, "untouched", dst, pattern(t, npy.Float32, 6))
}
