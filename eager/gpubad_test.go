package eager

import (
	"bytes"
	"errors"
	"testing"

	"ndflow/cuda"
	"ndflow/cuda/fakecuda"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestIntoMemoryThatDoesNotDo(t *testing.T) {
	fake := driver(t, fakecuda.Settings{Devices: 3})
	c := posed(t, []int{0, 1})
	d, third := device(t, 0), device(t, 2)
	s := stream(t, d)
	x := resident(t, c, d, pattern(t, npy.Float32, 2, 3))
	onCPU := tensor(t, c, make([]float32, 6), 2, 3)
	words := tensor(t, c, []string{"a"})
	closed := newBuffer(t, d, npy.Float32, 2, 3)
	closed.Close()
	gone := pinned(t, d, npy.Float32, 2, 3)
	gone.Close()
	whole := newBuffer(t, d, npy.Float32, 2, 3)
	readOnly, err := whole.AsReadOnly()
	must(t, err)
	defer readOnly.Close()
	mapped, err := npy.External(npy.Float32, []int{2, 3}, make([]byte, 24), true, nil)
	must(t, err)
	before := fake.Counters().Copies
	for name, bad := range map[string]struct {
		dst    Target
		target error
		words  []string
	}{
		"dtype of a buffer":      {newBuffer(t, d, npy.Int32, 2, 3), npy.ErrDType, []string{"int32", "float"}},
		"dtype of an array":      {zeros(t, npy.Float64, 2, 3), npy.ErrDType, []string{"float64", "float"}},
		"strings":                {zeros(t, npy.String, 6), npy.ErrDType, nil},
		"a buffer too short":     {newBuffer(t, d, npy.Float32, 1, 3), npy.ErrShape, []string{"[1 3]", "[2 3]", "6 elements"}},
		"a flat buffer":          {newBuffer(t, d, npy.Float32, 5), npy.ErrShape, []string{"[5]", "[2 3]"}},
		"rows of another length": {pinned(t, d, npy.Float32, 4, 2), npy.ErrShape, []string{"[4 2]", "[2 3]"}},
		"another rank":           {zeros(t, npy.Float32, 2, 3, 1), npy.ErrShape, []string{"[2 3 1]", "[2 3]"}},
		"closed buffer":          {closed, cuda.ErrClosed, nil},
		"closed pinned array":    {gone, npy.ErrReleased, nil},
		"read-only buffer":       {readOnly, cuda.ErrReadOnly, nil},
		"read-only array":        {mapped, nil, []string{"read-only"}},
		"nothing":                {nil, nil, []string{"nil"}},
		"nil array":              {(*npy.Array)(nil), nil, []string{"nil"}},
		"nil buffer":             {(*cuda.Buffer)(nil), nil, []string{"nil"}},
		"nil pinned array":       {(*cuda.HostBuffer)(nil), nil, []string{"nil"}},
	} {
		for _, from := range []*Tensor{x, onCPU} {
			err := from.Into(bad.dst)
			wantError(t, err, bad.target, append(bad.words, "eager: into: ")...)
			e, err := from.IntoStream(s, bad.dst)
			wantError(t, err, bad.target, append(bad.words, "eager: into: ")...)
			if e != nil {
				t.Errorf("%s: there is an event beside an error", name)
			}
		}
	}
	wantError(t, words.Into(whole), npy.ErrDType, "string", "float32")
	_, err = words.IntoStream(s, whole)
	wantError(t, err, npy.ErrDType, "string", "float32")
	_, err = x.IntoStream(nil, whole)
	wantError(t, err, nil, "nil stream")
	_, err = x.IntoStream(stream(t, third), whole)
	wantError(t, err, cuda.ErrDevice, "GPU 0", "GPU 2")
	ended := stream(t, d)
	ended.Close()
	for _, from := range []*Tensor{x, onCPU} {
		for _, dst := range []Target{whole, zeros(t, npy.Float32, 6)} {
			_, err = from.IntoStream(ended, dst)
			wantError(t, err, cuda.ErrClosed, "eager: into: ", "stream")
		}
	}
	if n := fake.Counters().Copies - before; n != 0 {
		t.Errorf("%d copies were begun", n)
	}
	x.Close()
	for _, dst := range []Target{whole, zeros(t, npy.Float32, 6)} {
		wantError(t, x.Into(dst), ErrClosed)
		_, err = x.IntoStream(s, dst)
		wantError(t, err, ErrClosed)
	}
	_, err = x.Buffer()
	wantError(t, err, ErrClosed, "eager: buffer")
	_, err = onCPU.Buffer()
	wantError(t, err, cuda.ErrDevice, "eager: buffer", "host")
}

func TestBuffersThatAreNoTensors(t *testing.T) {
	driver(t, fakecuda.Settings{Devices: 3})
	c := posed(t, []int{0, 1})
	d := device(t, 0)
	b := newBuffer(t, d, npy.Float32, 8, 3)
	_, err := c.TensorOnDevice(nil)
	wantError(t, err, nil, "eager: tensor: ", "nil")
	rows, err := b.Slice(1, 8)
	must(t, err)
	defer rows.Close()
	_, err = c.TensorOnDevice(rows)
	wantError(t, err, ErrAligned, "eager: tensor: ", "float32", "[7 3]", "64 bytes")
	_, err = c.TensorOnDevice(newBuffer(t, device(t, 2), npy.Float32, 2))
	wantError(t, err, cuda.ErrDevice, "eager: tensor: ", "GPU 2", "CPU:1", "CPU:2")
	_, err = newContext(t).TensorOnDevice(b)
	wantError(t, err, cuda.ErrDevice, "eager: tensor: ", "no GPU")
	closed := newBuffer(t, d, npy.Float32, 2)
	closed.Close()
	_, err = c.TensorOnDevice(closed)
	wantError(t, err, cuda.ErrClosed, "eager: tensor: ")
	deep := make([]int, 300)
	for i := range deep {
		deep[i] = 1
	}
	_, err = c.TensorOnDevice(newBuffer(t, d, npy.Float32, deep...))
	wantError(t, err, npy.ErrShape, "300 dimensions")
	// A GPU of TensorFlow's whose tensors are not where the driver has memory.
	c.gpus.ordinal[c.devices[1].Name] = unknown
	_, err = c.TensorOnDevice(b)
	wantError(t, err, cuda.ErrDevice, "which", "CPU:1")
	c.gpus.ordinal[c.devices[1].Name] = 0
	c.Close()
	_, err = c.TensorOnDevice(b)
	wantError(t, err, ErrClosed, "eager: tensor: ", "context")
	// A tensor of nothing needs no memory.
	c = posed(t, []int{0, 1})
	empty, err := c.TensorOnDevice(newBuffer(t, d, npy.Float32, 0, 3))
	must(t, err)
	must(t, empty.Into(zeros(t, npy.Float32, 0, 3)))
	view, err := empty.Buffer()
	must(t, err)
	view.Close()
	empty.Close()
	if tfc.InUseAt(b.Pointer(), b.Size()) {
		t.Error("a buffer that has not become a tensor is in use")
	}
}

// Tensors outlive their context, on a device too.
func TestIntoAfterTheContextIsClosed(t *testing.T) {
	driver(t, fakecuda.Settings{})
	c := posed(t, []int{0})
	d := device(t, 0)
	a := pattern(t, npy.Float32, 5)
	x := resident(t, c, d, a)
	y := resident(t, c, d, a)
	must(t, y.Into(zeros(t, npy.Float32, 5)))
	c.Close()
	for name, from := range map[string]*Tensor{"first": x, "second": y} {
		dst := zeros(t, npy.Float32, 5)
		must(t, from.Into(dst))
		wantLanded(t, name, dst, a)
	}
}

// A transfer that the driver refuses leaves memory as it was, one that fails on the
// way says so, and neither leaves anything behind.
func TestIntoFails(t *testing.T) {
	const launchFailed, outOfMemory = 719, 2
	fill := bytes.Repeat([]byte{9}, 24)
	land := map[string]func(x *Tensor, s *cuda.Stream, dst Target) error{
		"now": func(x *Tensor, _ *cuda.Stream, dst Target) error { return x.Into(dst) },
		"on a stream": func(x *Tensor, s *cuda.Stream, dst Target) error {
			e, err := x.IntoStream(s, dst)
			if err == nil {
				err = e.Wait(bg)
			}
			return err
		},
	}
	for how, into := range land {
		for _, call := range []string{"cuMemcpyDtoHAsync_v2", "cuPointerGetAttributes", "cuCtxPushCurrent_v2"} {
			t.Run(how+"/"+call, func(t *testing.T) {
				fake := driver(t, fakecuda.Settings{})
				c, d := posed(t, []int{0}), device(t, 0)
				s := stream(t, d)
				x := resident(t, c, d, pattern(t, npy.Float32, 2, 3))
				dst := pinned(t, d, npy.Float32, 2, 3)
				copy(dst.Bytes(), fill)
				must(t, into(x, s, zeros(t, npy.Float32, 6))) // all that is made once is there
				fake.Fail(call, 1, outOfMemory)
				err := into(x, s, dst)
				fake.Fail(call, 0, 0)
				wantError(t, err, cuda.OutOfMemory, call, "CUDA_ERROR_OUT_OF_MEMORY")
				if errors.Is(err, ErrPartial) || !bytes.Equal(dst.Bytes(), fill) {
					t.Errorf("error is %v, the memory %v", err, dst.Bytes())
				}
				must(t, into(x, s, dst))
				wantLanded(t, "afterwards", dst, pattern(t, npy.Float32, 2, 3))
			})
		}
		t.Run(how+"/device lost", func(t *testing.T) {
			fake := driver(t, fakecuda.Settings{})
			c, d := posed(t, []int{0}), device(t, 0)
			s := stream(t, d)
			x := resident(t, c, d, pattern(t, npy.Float32, 2, 3))
			onto := newBuffer(t, d, npy.Float32, 6)
			fake.LoseDevice(1, launchFailed)
			err := into(x, s, onto)
			wantError(t, err, cuda.ErrDeviceLost, "CUDA_ERROR_LAUNCH_FAILED")
			if how == "now" {
				wantError(t, err, ErrPartial, "eager: into: ")
			}
			wantError(t, err, cuda.ErrPartial)
			wantError(t, into(x, s, zeros(t, npy.Float32, 6)), cuda.ErrDeviceLost)
			_, err = c.TensorOnDevice(onto, s)
			wantError(t, err, cuda.ErrDeviceLost, "eager: tensor: ")
		})
	}
}
