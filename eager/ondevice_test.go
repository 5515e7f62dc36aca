package eager

import (
	"runtime"
	"slices"
	"testing"

	"ndflow/cuda"
	"ndflow/cuda/fakecuda"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/array"
	"ndflow/tfc"
)

// identity is a graph whose y is its x.
func identity(t testing.TB) *graph.Graph {
	t.Helper()
	g, err := graph.New()
	must(t, err)
	t.Cleanup(g.Close)
	s := ops.NewScope(g)
	x, err := g.Placeholder("x", npy.Float32, []int{-1, -1})
	must(t, err)
	array.Identity(s.Named("y"), x)
	must(t, s.Err())
	return g
}

// A tensor of a buffer is the buffer's own memory, which is held for it.
func TestTensorOnDevice(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	for _, opts := range [][]Option{nil, {Async()}} {
		c := posed(t, []int{1, 0}, opts...)
		d := device(t, 0)
		a := pattern(t, npy.Float32, 32, 16)
		b := newBuffer(t, d, npy.Float32, 32, 16)
		must(t, cuda.Copy(b, a))
		x, err := c.TensorOnDevice(b)
		must(t, err)
		if on, err := x.Device(); err != nil || on != "CPU:2" {
			t.Errorf("is on %s, %v", on, err)
		}
		v, err := x.Buffer()
		must(t, err)
		if v.Pointer() != b.Pointer() || !v.ReadOnly() || v.DType() != npy.Float32 || !slices.Equal(v.Shape(), []int{32, 16}) || v.Device().Ordinal() != 0 {
			t.Errorf("the tensor is %v at %#x, the buffer %v at %#x", v, v.Pointer(), b, b.Pointer())
		}
		held := fake.Counters().AllocatedBytes
		x.Close()
		b.Close()
		if fake.Counters().AllocatedBytes != held {
			t.Error("the memory was given back while a view is open")
		}
		wantLanded(t, "view", onHost(t, v), a)
		v.Close()
		if !eventually(func() bool { return fake.Counters().AllocatedBytes < held }) {
			t.Error("the memory is not given back")
		}
	}
}

// Which of the driver's devices one of TensorFlow's is, the first tensor there tells.
func TestOrdinalsAreFoundFromPointers(t *testing.T) {
	fake := driver(t, fakecuda.Settings{Devices: 3})
	c := posed(t, []int{2, 0})
	a := pattern(t, npy.Float32, 6)
	name := c.devices[1].Name
	x := resident(t, c, device(t, 2), a)
	c.gpus.ordinal[name] = unknown
	for _, asked := range []int64{2, 1} {
		before := fake.Calls("cuPointerGetAttributes")
		dst := zeros(t, npy.Float32, 6)
		must(t, x.Into(dst))
		wantLanded(t, "found", dst, a)
		if c.gpus.known(name) != 2 {
			t.Errorf("the tensor is on GPU %d of the driver's, want 2", c.gpus.known(name))
		}
		if n := fake.Calls("cuPointerGetAttributes") - before; n != asked {
			t.Errorf("the driver was asked about pointers %d times, want %d", n, asked)
		}
	}
	c.gpus.ordinal[name] = 1
	wantError(t, x.Into(zeros(t, npy.Float32, 6)), cuda.ErrDevice, "eager: into: ", "device 2", "device 1")
}

// What passes memory on shares it, on a device as on the CPU, and functions leave
// their results where they are.
func TestOpsOnDevice(t *testing.T) {
	driver(t, fakecuda.Settings{})
	for _, opts := range [][]Option{nil, {Async()}} {
		c := posed(t, []int{1}, opts...)
		d := device(t, 1)
		a := pattern(t, npy.Float32, 8, 16)
		x := resident(t, c, d, a)
		f, err := c.Function(identity(t), []string{"x"}, []string{"y"}, On("CPU:1"))
		must(t, err)
		defer f.Close()
		out, err := f.Call(bg, x)
		must(t, err)
		flat := c.Op("Reshape").Input(x, tensor(t, c, []int32{-1})).Device("CPU:1")
		for name, y := range map[string]*Tensor{"op": output(t, flat), "function": out[0]} {
			dst := pinned(t, d, npy.Float32, 200)
			must(t, y.Into(dst))
			wantLanded(t, name, dst, a)
			e, err := y.IntoStream(stream(t, d), dst)
			must(t, err)
			y.Close()
			must(t, e.Wait(bg))
		}
		// The error of an op that has failed is that of what lands.
		if c.Async() {
			bad := c.Op("GatherV2").Input(tensor(t, c, []float32{1}), tensor(t, c, []int32{7}), scalar(t, c, int32(0)))
			y := output(t, bad)
			_, err := y.IntoStream(stream(t, d), newBuffer(t, d, npy.Float32, 1))
			wantError(t, err, tfc.InvalidArgument, "7")
			wantError(t, y.Into(newBuffer(t, d, npy.Float32, 1)), tfc.InvalidArgument, "7")
			must(t, c.Sync())
		}
	}
}

// TensorFlow reads on streams of its own, so what writes to a buffer is waited for.
func TestProducersAreWaitedFor(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	c := posed(t, []int{0})
	d := device(t, 0)
	first, second := stream(t, d), stream(t, d)
	a := pattern(t, npy.Float32, 64)
	from := pinned(t, d, npy.Float32, 64)
	_, err := from.Land(a)
	must(t, err)
	b := newBuffer(t, d, npy.Float32, 64)
	for lo, s := range map[int]*cuda.Stream{0: first, 32: second} {
		_, err := s.Copy(get(b.Slice(lo, lo+32))(t), get(from.Slice(lo, lo+32))(t))
		must(t, err)
	}
	if n := fake.Counters().Queued; n == 0 {
		t.Fatal("the copies are done already")
	}
	x, err := c.TensorOnDevice(b, first, second)
	must(t, err)
	defer x.Close()
	there := zeros(t, npy.Float32, 64)
	must(t, fake.Read(there.Bytes(), b.Pointer())) // as TensorFlow would, at once
	same(t, "what TensorFlow sees", there, a)
	closed := stream(t, d)
	closed.Close()
	_, err = c.TensorOnDevice(b, closed)
	wantError(t, err, cuda.ErrClosed, "producer")
	_, err = c.TensorOnDevice(b, nil)
	wantError(t, err, nil, "producer", "nil")
}

// Nothing lands in memory that TensorFlow reads, until it is done with it.
func TestNothingLandsInLentMemory(t *testing.T) {
	driver(t, fakecuda.Settings{})
	c := posed(t, []int{0})
	d := device(t, 0)
	s := stream(t, d)
	b := newBuffer(t, d, npy.Float32, 64, 4)
	x, err := c.TensorOnDevice(b)
	must(t, err)
	y := resident(t, c, d, pattern(t, npy.Float32, 2, 4))
	z := tensor(t, c, make([]float32, 8), 2, 4)
	rows, err := b.Slice(60, 64)
	must(t, err)
	defer rows.Close()
	for _, from := range []*Tensor{x, y, z} {
		for _, dst := range []Target{b, rows} {
			wantError(t, IntoRows(dst, y), ErrInUse, "eager: into rows")
			if from == x && dst == rows {
				continue // it does not fit
			}
			wantError(t, from.Into(dst), ErrInUse, "eager: into")
			_, err := from.IntoStream(s, dst)
			wantError(t, err, ErrInUse, "eager: into")
		}
	}
	x.Close()
	must(t, y.Into(rows))
	wantLanded(t, "afterwards", rows, pattern(t, npy.Float32, 2, 4))
}

// TensorFlow lets memory go when what reads it is on a stream. It is in use until
// that is done: here it is a copy on a stream that nobody knows to belong to it.
func TestMemoryIsKeptUntilTheDeviceIsDone(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	c := posed(t, []int{0})
	d := device(t, 0)
	a := pattern(t, npy.Float32, 256)
	b := newBuffer(t, d, npy.Float32, 256)
	must(t, cuda.Copy(b, a))
	x, err := c.TensorOnDevice(b)
	must(t, err)
	kernel, err := d.Wrap(b.Pointer(), npy.Float32, []int{256}, nil)
	must(t, err)
	defer kernel.Close()
	dst := pinned(t, d, npy.Float32, 256)
	s := stream(t, d)
	fake.Hold(true)
	e, err := s.Copy(dst, kernel)
	must(t, err)
	x.Close()
	go func() {
		for range 1000 {
			runtime.Gosched()
		}
		fake.Hold(false)
	}()
	if tfc.InUseAt(b.Pointer(), b.Size()) {
		t.Error("the memory stays in use")
	}
	if done, err := e.Done(); err != nil || !done {
		t.Errorf("the memory may be written to while the device reads it (%v)", err)
	}
	wantLanded(t, "read late", dst, a)
	held := fake.Counters().AllocatedBytes
	b.Close()
	if fake.Counters().AllocatedBytes == held {
		t.Error("the memory is not given back")
	}
}

func TestWhichDevicesAreGPUs(t *testing.T) {
	cpu, gpu := Device{Name: "cpu", Type: "CPU"}, Device{Name: "gpu", Type: "GPU"}
	if g := newGPUs([]Device{cpu}); g != nil {
		t.Errorf("there are GPUs: %v", g.ordinal)
	}
	g := newGPUs([]Device{cpu, gpu})
	if g.has("cpu") || !g.has("gpu") || g.known("gpu") != unknown {
		t.Errorf("the GPUs are %v", g.ordinal)
	}
}
