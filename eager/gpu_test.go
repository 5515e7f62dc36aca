package eager

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ndflow/cuda"
	"ndflow/cuda/fakecuda"
	"ndflow/npy"
	"ndflow/tfc"
)

// There is no GPU in these tests. Logical CPU devices of TensorFlow's pose as GPUs:
// their tensors lie in the memory of a fake driver's devices, which the host cannot
// touch, so that whoever has TensorFlow copy one, or look at it, is stopped. Ops that
// only pass memory on run on such devices, and so do functions of them.

// fake is the driver of the tests, from the first call of openFake on.
var fake struct {
	sync.Once
	*fakecuda.Control
	err error
}

// openFake opens the fake driver, with two devices.
func openFake() (*fakecuda.Control, error) {
	fake.Do(func() {
		path, err := fakecuda.Build("")
		if err == nil {
			fake.Control, err = fakecuda.Open(path)
		}
		if err == nil {
			err = fake.Reset(fakecuda.Settings{Devices: 2})
		}
		if err == nil {
			_, err = cuda.Load(path)
		}
		fake.err = err
	})
	return fake.Control, fake.err
}

// driver gives a test the fake driver as new. Nothing may be left of it afterwards.
func driver(t testing.TB, s fakecuda.Settings) *fakecuda.Control {
	t.Helper()
	c, err := openFake()
	must(t, err)
	if s.Devices == 0 {
		s.Devices = 2
	}
	must(t, c.Reset(s))
	t.Cleanup(func() {
		t.Helper()
		c.Hold(false)
		if !eventually(func() bool { return c.Counters().Alive() == "" }) {
			t.Errorf("left over in the driver: %s", c.Counters().Alive())
		}
	})
	return c
}

// eventually waits for what other goroutines do.
func eventually(cond func() bool) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if cond() {
			return true
		}
		runtime.GC()
		runtime.Gosched()
	}
	return cond()
}

// posed is a context whose devices CPU:1, CPU:2 and so on pose as the driver's of the
// given numbers.
func posed(t testing.TB, ordinals []int, opts ...Option) *Context {
	t.Helper()
	c := newContext(t, append(opts, WithLogicalCPUs(len(ordinals)+1))...)
	g := &gpus{ordinal: make(map[string]int), open: make(map[int]*cuda.Device)}
	for i, o := range ordinals {
		g.ordinal[c.devices[i+1].Name] = o
	}
	c.gpus = g
	return c
}

func device(t testing.TB, ordinal int) *cuda.Device {
	t.Helper()
	d, err := cuda.Open(ordinal)
	must(t, err)
	t.Cleanup(d.Close)
	return d
}

func stream(t testing.TB, d *cuda.Device) *cuda.Stream {
	t.Helper()
	s, err := d.NewStream()
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

func newBuffer(t testing.TB, d *cuda.Device, dtype npy.DType, shape ...int) *cuda.Buffer {
	t.Helper()
	b, err := d.NewBuffer(dtype, shape...)
	must(t, err)
	t.Cleanup(b.Close)
	return b
}

func pinned(t testing.TB, d *cuda.Device, dtype npy.DType, shape ...int) *cuda.HostBuffer {
	t.Helper()
	h, err := d.NewHostBuffer(dtype, shape...)
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

// pattern is an array of bytes that are not all the same.
func pattern(t testing.TB, dtype npy.DType, shape ...int) *npy.Array {
	t.Helper()
	a := zeros(t, dtype, shape...)
	for i := range a.Bytes() {
		a.Bytes()[i] = byte(i*7 + 1)
	}
	return a
}

// resident is a tensor on a device that holds a's elements. Its buffer is closed.
func resident(t testing.TB, c *Context, d *cuda.Device, a *npy.Array) *Tensor {
	t.Helper()
	b := newBuffer(t, d, a.DType(), a.Shape()...)
	must(t, cuda.Copy(b, a))
	x, err := c.TensorOnDevice(b)
	must(t, err)
	t.Cleanup(x.Close)
	b.Close()
	return x
}

// onHost returns what is in any memory.
func onHost(t testing.TB, m Target) *npy.Array {
	t.Helper()
	a := zeros(t, m.DType(), m.Shape()...)
	must(t, cuda.Copy(a, m))
	return a
}

// targetsOf returns memory of every kind for a tensor that is on device d: as large as
// it, longer, flat, and rows of something larger.
func targetsOf(t testing.TB, d, other *cuda.Device, dtype npy.DType, shape []int) map[string]Target {
	t.Helper()
	list := map[string]Target{}
	n := 1
	for _, dim := range shape {
		n *= dim
	}
	shapes := map[string][]int{"": shape, "flat ": {n + 5}}
	if len(shape) > 0 {
		shapes["longer "] = append([]int{shape[0] + 3}, shape[1:]...)
	}
	for name, shape := range shapes {
		list[name+"array"] = zeros(t, dtype, shape...)
		list[name+"pinned"] = pinned(t, d, dtype, shape...)
		list[name+"buffer"] = newBuffer(t, d, dtype, shape...)
		list[name+"buffer of the other device"] = newBuffer(t, other, dtype, shape...)
	}
	for name, m := range list {
		if rows := m.Shape(); len(rows) > 0 && name[0] == 'l' {
			row, err := sliceOf(m, 1, rows[0])
			must(t, err)
			if b, ok := row.(*cuda.Buffer); ok {
				t.Cleanup(b.Close)
			}
			list["rows of "+name] = row
		}
	}
	return list
}

// wantLanded checks that a is in the front of m.
func wantLanded(t testing.TB, name string, m Target, a *npy.Array) {
	t.Helper()
	got := onHost(t, m).Bytes()
	if !bytes.HasPrefix(got, a.Bytes()) {
		t.Errorf("%s: landed %v, want %v", name, got, a.Bytes())
	}
}

// A tensor on a GPU lands in any memory by one transfer of its own bytes.
func TestIntoFromGPU(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	d, other := device(t, 1), device(t, 0)
	for _, opts := range [][]Option{nil, {Async()}} {
		c := posed(t, []int{1, 0}, opts...)
		for _, dtype := range []npy.DType{npy.Float32, npy.Bool, npy.BFloat16, npy.Int64, npy.Complex128} {
			for _, shape := range [][]int{{5, 3}, {}, {0, 3}, {7}} {
				a := pattern(t, dtype, shape...)
				x := resident(t, c, d, a)
				if on, err := x.Device(); err != nil || on != "CPU:1" {
					t.Fatalf("is on %s, %v", on, err)
				}
				own, err := x.Copy()
				must(t, err)
				same(t, "copy", own, a)
				for name, dst := range targetsOf(t, d, other, dtype, shape) {
					name = fmt.Sprintf("%v %v to %s", dtype, shape, name)
					before := fake.Counters()
					must(t, x.Into(dst))
					after := fake.Counters()
					moved := after.ToHost + after.OnDevice + after.BetweenDevices - before.ToHost - before.OnDevice - before.BetweenDevices
					if moved != int64(len(a.Bytes())) || after.ToDevice != before.ToDevice || after.Copies-before.Copies > 1 {
						t.Errorf("%s: %d bytes in %d copies were moved, want %d in one", name, moved, after.Copies-before.Copies, len(a.Bytes()))
					}
					wantLanded(t, name, dst, a)
				}
				x.Close()
			}
		}
	}
}

// IntoStream returns at once. The tensor is kept until the copy is done, though it is
// closed, and so is dst.
func TestIntoStream(t *testing.T) {
	for name, late := range map[string]fakecuda.Lateness{"when asked": fakecuda.WhenAsked, "by a thread": fakecuda.ByThread} {
		t.Run(name, func(t *testing.T) { testIntoStream(t, driver(t, fakecuda.Settings{Late: late})) })
	}
}

func testIntoStream(t *testing.T, fake *fakecuda.Control) {
	d, other := device(t, 1), device(t, 0)
	s := stream(t, d)
	c := posed(t, []int{1, 0})
	a := pattern(t, npy.Float32, 50, 3)
	for name, dst := range targetsOf(t, d, other, npy.Float32, a.Shape()) {
		x := resident(t, c, d, a)
		// The driver copies to memory that is not pinned before it returns.
		waits := strings.Contains(name, "array")
		fake.Hold(!waits)
		e, err := x.IntoStream(s, dst)
		must(t, err)
		x.Close()
		if done, err := e.Done(); err != nil || done && !waits {
			t.Errorf("%s: done %v, %v before the stream is", name, done, err)
		}
		fake.Hold(false)
		must(t, e.Wait(bg))
		wantLanded(t, name, dst, a)
	}
	x := resident(t, c, d, a)
	dst := newBuffer(t, d, npy.Float32, 50, 3)
	fake.Hold(true)
	e, err := x.IntoStream(s, dst)
	must(t, err)
	x.Close()
	dst.Close()
	fake.Hold(false)
	must(t, e.Wait(bg))
}

// reused is memory of a tensor that is used for something else as soon as it is let
// go, as TensorFlow's allocator does with that of its results.
type reused struct {
	buffer *cuda.Buffer
	fake   *fakecuda.Control
	let    chan struct{}
}

func (r *reused) Hold() error { return nil }

func (r *reused) Unhold() {
	_ = r.fake.Write(r.buffer.Pointer(), make([]byte, r.buffer.Size())) // what is copied is wrong then
	close(r.let)
}

// result is a tensor in memory that TensorFlow will use again.
func result(t testing.TB, c *Context, d *cuda.Device, a *npy.Array, fake *fakecuda.Control) (*Tensor, *reused) {
	t.Helper()
	b := newBuffer(t, d, a.DType(), a.Shape()...)
	must(t, cuda.Copy(b, a))
	r := &reused{buffer: b, fake: fake, let: make(chan struct{})}
	device, err := c.named(d.Ordinal())
	must(t, err)
	h, err := c.c.NewHandleFromDevice(tfc.DeviceMemory{Device: device, DType: a.DType(), Shape: a.Shape(), Address: b.Pointer(), Size: b.Size(), Owner: r})
	must(t, err)
	x := &Tensor{ctx: c, h: h}
	t.Cleanup(x.Close)
	return x, r
}

// TensorFlow has a result's memory back when the stream has passed, and not before:
// the tensor may be closed, or another one put in its place, while it is copied.
func TestMemoryIsKeptUntilTheStreamHasPassed(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	d := device(t, 0)
	s := stream(t, d)
	c := posed(t, []int{0})
	a := pattern(t, npy.Float32, 50, 3)
	for name, leave := range map[string]func(x *Tensor){
		"closed": func(x *Tensor) { x.Close() },
		"replaced": func(x *Tensor) {
			o := c.Op("Identity").Input(scalar(t, c, float32(0)))
			defer o.Close()
			must(t, o.RunTo(x))
		},
		"open": func(*Tensor) {},
	} {
		x, memory := result(t, c, d, a, fake)
		dst := zeros(t, npy.Float32, 50, 3)
		onto := newBuffer(t, d, npy.Float32, 200)
		fake.Hold(true)
		first, err := x.IntoStream(s, onto)
		must(t, err)
		leave(x)
		if !tfc.InUseAt(memory.buffer.Pointer(), memory.buffer.Size()) {
			t.Errorf("%s: the memory was let go before it was copied", name)
		}
		fake.Hold(false)
		must(t, first.Wait(bg))
		must(t, cuda.Copy(dst, get(onto.Front(50, 3))(t)))
		wantLanded(t, name, onto, a)
		wantLanded(t, name, dst, a)
		x.Close()
		<-memory.let
	}
}

// What is on the CPU lands on a device, too.
func TestIntoFromCPU(t *testing.T) {
	fake := driver(t, fakecuda.Settings{})
	d, other := device(t, 1), device(t, 0)
	s := stream(t, d)
	for _, c := range []*Context{newContext(t), posed(t, []int{1, 0}), newContext(t, Async())} {
		a := pattern(t, npy.Float64, 6, 2)
		x, err := c.Tensor(a)
		must(t, err)
		for name, dst := range targetsOf(t, d, other, npy.Float64, a.Shape()) {
			before := fake.Counters()
			must(t, x.Into(dst))
			if _, ok := dst.(*cuda.Buffer); ok != (fake.Counters().Copies == before.Copies+1) {
				t.Errorf("%s: there were %d copies of the driver's", name, fake.Counters().Copies-before.Copies)
			}
			wantLanded(t, name, dst, a)
		}
		for name, dst := range targetsOf(t, d, other, npy.Float64, a.Shape()) {
			if b, ok := dst.(*cuda.Buffer); ok && b.Device() == other {
				_, err := x.IntoStream(s, dst)
				wantError(t, err, cuda.ErrDevice, "GPU 0", "GPU 1")
				continue
			}
			e, err := x.IntoStream(s, dst)
			must(t, err)
			must(t, e.Wait(bg))
			wantLanded(t, name, dst, a)
		}
		// An array that is to be read by the stream's work, or written to, is not written
		// to before.
		dst := pinned(t, d, npy.Float64, 12)
		before := bytes.Repeat([]byte{9}, 12*8)
		copy(dst.Bytes(), before)
		onto := newBuffer(t, d, npy.Float64, 12)
		_, err = s.Copy(onto, dst)
		must(t, err)
		e, err := x.IntoStream(s, dst)
		must(t, err)
		must(t, e.Wait(bg))
		wantLanded(t, "after the stream's work", dst, a)
		if !bytes.Equal(onHost(t, onto).Bytes(), before) {
			t.Error("an array was written to before the stream's work has read it")
		}
		x.Close()
	}
	c := newContext(t)
	words := tensor(t, c, []string{"a", "b"})
	dst := zeros(t, npy.String, 2)
	e, err := words.IntoStream(s, dst)
	must(t, err)
	must(t, e.Wait(bg))
	if got := values[string](t, dst); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("landed %q", got)
	}
}
