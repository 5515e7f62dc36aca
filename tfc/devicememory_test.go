package tfc

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"ndflow/npy"
)

func eagerContext(t *testing.T, o EagerOptions) *EagerContext {
	t.Helper()
	c, err := NewEagerContext(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// owner holds an array's memory as that of a device, and tells when it is let go.
type owner struct {
	array *npy.Array
	held  int
	err   error
	let   chan struct{}
}

func (o *owner) Hold() error {
	if o.err == nil {
		o.held++
	}
	return o.err
}

func (o *owner) Unhold() { o.let <- struct{}{} }

// letGo waits until the owner's memory is let go.
func (o *owner) letGo(t *testing.T) {
	t.Helper()
	select {
	case <-o.let:
	case <-time.After(time.Minute):
		t.Fatal("the owner still holds the memory")
	}
}

// onDevice is memory that a test says to be a device's: [2 3] of float32.
func onDevice(t *testing.T) (DeviceMemory, *owner) {
	t.Helper()
	a, err := npy.New(npy.Float32, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := npy.Values[float32](a)
	copy(v, []float32{1, 2, 3, 4, 5, 6})
	var pin runtime.Pinner
	pin.Pin(&v[0])
	t.Cleanup(pin.Unpin)
	lo, hi := extent(a.Bytes())
	o := &owner{array: a, let: make(chan struct{}, 1)}
	return DeviceMemory{Device: "/device:CPU:0", DType: npy.Float32, Shape: []int{2, 3}, Address: lo, Size: int(hi - lo), Owner: o}, o
}

func TestDeviceMemoryIsUsedInPlace(t *testing.T) {
	c := eagerContext(t, EagerOptions{})
	m, o := onDevice(t)
	h, err := c.NewHandleFromDevice(m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.InPlace()
	if err != nil {
		t.Fatal(err)
	}
	if p.Address != m.Address || p.Size != m.Size || p.DataType != Float || !slices.Equal(p.Shape, m.Shape) || !strings.HasSuffix(p.Device, "/device:CPU:0") {
		t.Errorf("is in place %+v", p)
	}
	if o.held != 1 || !InUseAt(m.Address+4, 4) || !InUse(o.array) || InUseAt(m.Address+uintptr(m.Size), 64) || InUseAt(m.Address+4, 0) {
		t.Errorf("held %d times, in use at all: %v", o.held, InUseAt(m.Address, m.Size))
	}
	h.Close()
	if err := p.Hold(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.Close()
	if err := p.Hold(); !errors.Is(err, ErrClosed) {
		t.Errorf("held after Close: %v", err)
	}
	if !InUse(o.array) {
		t.Error("the memory was let go while it was held")
	}
	p.Unhold()
	o.letGo(t) // though nobody looks for holds
	if InUseAt(m.Address, m.Size) {
		t.Error("the memory stays in use")
	}
	if _, err := h.InPlace(); !errors.Is(err, ErrClosed) {
		t.Errorf("in place after Close: %v", err)
	}
}

// waiting is an owner whose device is not done when TensorFlow is.
type waiting struct{ begun, end chan struct{} }

func (w *waiting) Hold() error { return nil }
func (w *waiting) Unhold()     { close(w.begun); <-w.end }

// Memory is in use until its owner says that the device is done with it.
func TestInUseWaitsForTheDevice(t *testing.T) {
	c := eagerContext(t, EagerOptions{})
	m, _ := onDevice(t)
	w := &waiting{begun: make(chan struct{}), end: make(chan struct{})}
	m.Owner = w
	h, err := c.NewHandleFromDevice(m)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	<-w.begun
	var done atomic.Bool
	go func() {
		for range 1000 {
			runtime.Gosched()
		}
		done.Store(true)
		close(w.end)
	}()
	if InUseAt(m.Address, m.Size) {
		t.Error("the memory is in use after its device is done")
	}
	if !done.Load() {
		t.Error("InUseAt does not wait for the device")
	}
}

func TestDeviceMemoryIsChecked(t *testing.T) {
	c := eagerContext(t, EagerOptions{})
	refused := errors.New("refused")
	for name, bad := range map[string]struct {
		change func(*DeviceMemory)
		target error
		words  string
	}{
		"size":       {func(m *DeviceMemory) { m.Size -= 4 }, npy.ErrShape, "have 20 bytes, want 24"},
		"shape":      {func(m *DeviceMemory) { m.Shape = []int{3, 3} }, npy.ErrShape, "have 24 bytes, want 36"},
		"negative":   {func(m *DeviceMemory) { m.Shape = []int{-2, -3} }, npy.ErrShape, "negative"},
		"too large":  {func(m *DeviceMemory) { m.Shape = []int{math.MaxInt, 2} }, npy.ErrShape, "more bytes than fit"},
		"dimensions": {func(m *DeviceMemory) { m.Shape = slices.Repeat([]int{1}, 255) }, npy.ErrShape, "255 dimensions"},
		"strings":    {func(m *DeviceMemory) { m.DType = npy.String }, npy.ErrDType, "strings"},
		"dtype":      {func(m *DeviceMemory) { m.DType = npy.Invalid }, nil, "invalid"},
		"alignment":  {func(m *DeviceMemory) { m.Address += 32 }, ErrAligned, "64 bytes"},
		"nowhere":    {func(m *DeviceMemory) { m.Address = 0 }, nil, "address 0x0"},
		"beyond":     {func(m *DeviceMemory) { m.Address = math.MaxUint - 63; m.Shape[0], m.Size = 100, 1200 }, nil, "1200 bytes"},
		"device":     {func(m *DeviceMemory) { m.Device = "/device:GPU:7" }, InvalidArgument, "GPU:7"},
		"no owner":   {func(m *DeviceMemory) { m.Owner = nil }, nil, "owner"},
		"owner":      {func(m *DeviceMemory) { m.Owner = &owner{err: refused} }, refused, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, o := onDevice(t)
			bad.change(&m)
			h, err := c.NewHandleFromDevice(m)
			if err == nil {
				h.Close()
				t.Fatal("no error")
			}
			if bad.target != nil && !errors.Is(err, bad.target) || !strings.Contains(err.Error(), bad.words) {
				t.Errorf("error is %q, want %v, %q", err, bad.target, bad.words)
			}
			if o.held > 0 {
				o.letGo(t)
			}
			if InUse(o.array) {
				t.Error("the memory stays in use")
			}
		})
	}
	empty := DeviceMemory{Device: "/device:CPU:0", DType: npy.Float64, Shape: []int{0, 3}, Owner: &owner{let: make(chan struct{}, 1)}}
	h, err := c.NewHandleFromDevice(empty)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	closed := eagerContext(t, EagerOptions{})
	closed.Close()
	m, o := onDevice(t)
	if _, err := closed.NewHandleFromDevice(m); !errors.Is(err, ErrClosed) || o.held != 0 {
		t.Errorf("of a closed context: %v, held %d times", err, o.held)
	}
}

// A tensor that is still being computed is waited for, and where it lies outlives
// what the handle is given next.
func TestInPlaceWaits(t *testing.T) {
	for _, async := range []bool{false, true} {
		c := eagerContext(t, EagerOptions{Async: async})
		a, err := npy.New(npy.Float32, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := npy.Values[float32](a)
		for i := range v {
			v[i] = 1
		}
		x, err := c.NewHandle(a)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		op, err := c.NewOp(EagerCall{Op: "AddV2", Inputs: 2, Outputs: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer op.Close()
		y, err := c.EmptyHandle()
		if err != nil {
			t.Fatal(err)
		}
		defer y.Close()
		step := func(in *Handle) {
			t.Helper()
			if err := errors.Join(op.SetInput(0, in), op.SetInput(1, in), op.SetTarget(0, y), op.RunTo(context.Background())); err != nil {
				t.Fatal(err)
			}
		}
		step(x)
		first, err := y.InPlace()
		if err != nil {
			t.Fatal(err)
		}
		step(x) // replaces y, which is not busy
		second, err := y.InPlace()
		if err != nil {
			t.Fatal(err)
		}
		if first.Address == second.Address {
			t.Error("memory is used again while it is kept")
		}
		for _, p := range []*InPlace{first, second} {
			got, err := npy.External(npy.Float32, p.Shape, bytesAt(p.Address, p.Size), true, nil)
			if err != nil {
				t.Fatal(err)
			}
			g, _ := npy.Values[float32](got)
			if i := slices.IndexFunc(g, func(f float32) bool { return f != 2 }); i >= 0 {
				t.Errorf("async %v: element %d is %v, want 2", async, i, g[i])
			}
			p.Close()
		}
	}
}

func TestInPlaceErrors(t *testing.T) {
	c := eagerContext(t, EagerOptions{})
	words, err := npy.From([]string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.NewHandle(words)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := h.InPlace(); !errors.Is(err, npy.ErrDType) {
		t.Errorf("strings in place: %v", err)
	}
	empty, err := c.EmptyHandle()
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if _, err := empty.InPlace(); !errors.Is(err, ErrClosed) {
		t.Errorf("nothing in place: %v", err)
	}
	m, _ := onDevice(t)
	dropped, err := c.NewHandleFromDevice(m)
	if err != nil {
		t.Fatal(err)
	}
	defer dropped.Close()
	if _, err := dropped.InPlace(); err != nil { // TestMain finds what is not collected
		t.Fatal(err)
	}
}

// bytesAt is memory of the host at an address.
func bytesAt(address uintptr, size int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), size)
}
