package cuda

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"ndflow/cuda/fakecuda"
	"ndflow/npy"
)

// viewer is what an array and a buffer have in common.
type viewer[V any] interface {
	Slice(lo, hi int) (V, error)
	Reshape(shape ...int) (V, error)
	Front(shape ...int) (V, error)
	Shape() []int
	Len() int
}

// apply makes a view by name, with numbers as its arguments.
func apply[V viewer[V]](v V, op string, args []int) (V, error) {
	switch op {
	case "slice":
		return v.Slice(args[0], args[1])
	case "reshape":
		return v.Reshape(args...)
	}
	return v.Front(args...)
}

// Views of a buffer are those of an array: what the one takes the other does, and
// what the one refuses the other does, by the same sentinel errors.
func TestViewsAsOfArrays(t *testing.T) {
	d := device(t, 0)
	views := []struct {
		shape []int
		op    string
		args  []int
	}{
		{[]int{6, 4}, "slice", []int{1, 3}},
		{[]int{6, 4}, "slice", []int{6, 6}},
		{[]int{6, 4}, "slice", []int{0, 7}},
		{[]int{6, 4}, "slice", []int{-1, 2}},
		{[]int{6, 4}, "slice", []int{3, 2}},
		{[]int{}, "slice", []int{0, 0}},
		{[]int{0, 4}, "slice", []int{0, 0}},
		{[]int{3, 0}, "slice", []int{1, 2}},
		{[]int{6, 4}, "reshape", []int{2, -1}},
		{[]int{6, 4}, "reshape", []int{24}},
		{[]int{6, 4}, "reshape", []int{5, -1}},
		{[]int{6, 4}, "reshape", []int{-1, -1}},
		{[]int{6, 4}, "reshape", []int{-2, 12}},
		{[]int{6, 4}, "reshape", []int{25}},
		{[]int{6, 4}, "reshape", nil},
		{[]int{1}, "reshape", nil},
		{[]int{0, 4}, "reshape", []int{-1, 0}},
		{[]int{0, 4}, "reshape", []int{-1, 4}},
		{[]int{6, 4}, "reshape", []int{1 << 62, 4}},
		{[]int{6, 4}, "front", []int{2, 4}},
		{[]int{6, 4}, "front", []int{2, 3}},
		{[]int{6, 4}, "front", []int{7, 4}},
		{[]int{6, 4}, "front", []int{8}},
		{[]int{24}, "front", []int{2, 3, 4}},
		{[]int{24}, "front", nil},
		{[]int{24}, "front", []int{5, 5}},
		{[]int{24}, "front", []int{-1}},
		{[]int{}, "front", nil},
		{[]int{}, "front", []int{1}},
	}
	for _, c := range views {
		t.Run(fmt.Sprint(c.shape, c.op, c.args), func(t *testing.T) {
			a := array(t, 1, npy.Int16, c.shape...)
			b := buffer(t, d, npy.Int16, c.shape...)
			must(t, Copy(b, a))
			va, errA := apply(a, c.op, c.args)
			vb, errB := apply(b, c.op, c.args)
			if (errA == nil) != (errB == nil) {
				t.Fatalf("the array's view has error %v, the buffer's %v", errA, errB)
			}
			if errA != nil {
				for _, sentinel := range []error{npy.ErrShape, npy.ErrRange} {
					if errors.Is(errA, sentinel) {
						wantError(t, errB, sentinel)
					}
				}
				return
			}
			defer vb.Close()
			if !slices.Equal(va.Shape(), vb.Shape()) || va.Len() != vb.Len() || vb.NDim() != len(vb.Shape()) {
				t.Fatalf("have a buffer %v of %d, want %v of %d", vb.Shape(), vb.Len(), va.Shape(), va.Len())
			}
			back := get(npy.New(npy.Int16, vb.Shape()...))(t)
			must(t, Copy(back, vb))
			wantBytes(t, back, va)
		})
	}
}

// Slices of slices hold the rows that the same slices of an array do.
func TestRandomSlices(t *testing.T) {
	d := device(t, 0)
	seed := rand.Uint64()
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		a := array(t, 3, npy.Float32, 1+r.IntN(40), 3)
		b := buffer(t, d, npy.Float32, a.Shape()...)
		must(t, Copy(b, a))
		for range 3 {
			lo := r.IntN(a.Dim(0) + 1)
			hi := lo + r.IntN(a.Dim(0)-lo+1)
			a = get(a.Slice(lo, hi))(t)
			v := get(b.Slice(lo, hi))(t)
			b.Close() // the view keeps the memory
			b = v
		}
		back := get(npy.New(npy.Float32, a.Shape()...))(t)
		must(t, Copy(back, b))
		wantBytes(t, back, a)
		// And the other way: a part is written, all else stays.
		b.Close()
	}
}

func TestWriteToSlice(t *testing.T) {
	d := device(t, 0)
	want := array(t, 1, npy.Int32, 10, 3)
	b := buffer(t, d, npy.Int32, 10, 3)
	must(t, Copy(b, want))
	part := array(t, 2, npy.Int32, 4, 3)
	rows := get(b.Slice(5, 9))(t)
	defer rows.Close()
	must(t, Copy(rows, part))
	copy(get(want.Slice(5, 9))(t).Bytes(), part.Bytes())
	have := array(t, 9, npy.Int32, 10, 3)
	must(t, Copy(have, b))
	wantBytes(t, have, want)
}

func TestBufferProperties(t *testing.T) {
	d := device(t, 0)
	b := buffer(t, d, npy.Complex128, 3, 5)
	if b.DType() != npy.Complex128 || b.NDim() != 2 || b.Dim(1) != 5 || b.Len() != 15 || b.Size() != 240 || b.Device() != d || b.ReadOnly() {
		t.Errorf("have %v, %d dimensions, %d elements, %d bytes", b.DType(), b.NDim(), b.Len(), b.Size())
	}
	if b.Pointer() == 0 || b.Pointer()%256 != 0 {
		t.Errorf("have address %#x, want it at a multiple of 256", b.Pointer())
	}
	if have, want := b.String(), "complex128 [3 5] on GPU 0"; have != want {
		t.Errorf("have %q, want %q", have, want)
	}
	rows := get(b.Slice(2, 3))(t)
	defer rows.Close()
	if rows.Pointer() != b.Pointer()+160 {
		t.Errorf("row 2 is at %#x in a buffer at %#x", rows.Pointer(), b.Pointer())
	}
	if n := get(OrdinalOf(rows.Pointer()))(t); n != 0 {
		t.Errorf("the buffer is of device %d, want 0", n)
	}
	b.Close()
	if b.Pointer() != 0 {
		t.Error("a closed buffer has an address")
	}
	if have, want := b.String(), "complex128 [3 5] on GPU 0, closed"; have != want {
		t.Errorf("have %q, want %q", have, want)
	}
	if have := (*Buffer)(nil).String(); have != "nil buffer" {
		t.Errorf("have %q", have)
	}
	empty := buffer(t, d, npy.Float32, 4, 0)
	if empty.Pointer() != 0 || empty.Size() != 0 {
		t.Errorf("an empty buffer has address %#x and %d bytes", empty.Pointer(), empty.Size())
	}
}

func TestMemoryIsGivenBackAtTheLastClose(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	allocations := func() int64 { return fake.Counters().Allocations }
	d := device(t, 0)
	b := buffer(t, d, npy.Float32, 100)
	v := get(b.Slice(10, 20))(t)
	w := get(v.Reshape(2, 5))(t)
	must(t, w.Hold())
	for i, end := range []func(){b.Close, v.Close, w.Close, w.Unhold} {
		if allocations() != 1 {
			t.Fatalf("after %d of 4 ends there are %d allocations, want 1", i, allocations())
		}
		end()
	}
	if allocations() != 0 {
		t.Errorf("after the last end there are %d allocations", allocations())
	}
	b.Close()
	v.Close()
	wantError(t, w.Hold(), ErrClosed)
	_, err := v.Slice(0, 1)
	wantError(t, err, ErrClosed)
	_, err = b.Reshape(100)
	wantError(t, err, ErrClosed)
}

func TestContextIsGivenBackWithTheLastThing(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	d, again := get(Open(0))(t), get(Open(0))(t)
	b := get(d.NewBuffer(npy.Int8, 3))(t)
	s := get(d.NewStream())(t)
	h := get(d.NewHostBuffer(npy.Int8, 3))(t)
	e := get(s.Record())(t)
	ends := []func(){d.Close, again.Close, b.Close, s.Close, h.Close, e.Close}
	for i, end := range ends {
		if n := fake.Counters().Contexts; n != 1 {
			t.Fatalf("after %d of %d ends the context is retained %d times, want once", i, len(ends), n)
		}
		end()
	}
	if left := leftOver(); left != "" {
		t.Error("left over:", left)
	}
	_, err := d.NewBuffer(npy.Int8)
	wantError(t, err, ErrClosed, "device 0")
	_, err = d.NewStream()
	wantError(t, err, ErrClosed)
	_, err = d.NewHostBuffer(npy.Int8)
	wantError(t, err, ErrClosed)
	_, _, err = d.Memory()
	wantError(t, err, ErrClosed)
	wantError(t, d.Synchronize(), ErrClosed)
	d.Close()
	must(t, Copy(array(t, 1, npy.Int8, 2), array(t, 2, npy.Int8, 2)))
}

// What is dropped is given back by the garbage collector, copies that are under
// way included.
func TestDroppedIsGivenBack(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	fake.Hold(true)
	func() {
		d := get(Open(0))(t)
		b := get(d.NewBuffer(npy.Float32, 1000))(t)
		v := get(b.Slice(1, 999))(t)
		h := get(d.NewHostBuffer(npy.Float32, 998))(t)
		r := get(d.Register(array(t, 1, npy.Float32, 998)))(t)
		s := get(d.NewStream())(t)
		get(s.Copy(v, h))(t)
		get(s.Copy(r, v))(t)
		get(s.Copy(get(h.Slice(1, 3))(t), get(v.Slice(3, 5))(t)))(t)
		get(s.Record())(t)
	}()
	for range 5 {
		runtime.GC()
	}
	n := fake.Counters()
	if n.Allocations != 1 || n.Pinned != 1 || n.Registered != 1 || n.Streams != 1 {
		t.Fatalf("while copies are under way there are:%s", n.Alive())
	}
	fake.Hold(false)
	if left := leftOver(); left != "" {
		t.Error("left over:", left)
	}
}

func TestWrap(t *testing.T) {
	d := device(t, 0)
	a := array(t, 1, npy.Float32, 8, 4)
	own := buffer(t, d, npy.Float32, 8, 4)
	must(t, Copy(own, a))
	var freed atomic.Int64
	b := get(d.Wrap(own.Pointer()+32, npy.Float32, []int{3, 4}, func() { freed.Add(1) }))(t)
	v := get(b.AsReadOnly())(t)
	if !v.ReadOnly() || v.Pointer() != own.Pointer()+32 {
		t.Errorf("have a view at %#x, read-only: %v", v.Pointer(), v.ReadOnly())
	}
	_, err := v.Slice(0, 1)
	must(t, err)
	wantError(t, Copy(v, a), npy.ErrShape)
	back := get(npy.New(npy.Float32, 3, 4))(t)
	must(t, Copy(back, v))
	wantBytes(t, back, get(a.Slice(2, 5))(t))
	wantError(t, Copy(v, back), ErrReadOnly, "buffer float32 [3 4] on GPU 0")
	b.Close()
	if freed.Load() != 0 {
		t.Error("the memory was given back while a view uses it")
	}
	v.Close()
	eventually(func() bool { return freed.Load() == 1 }) // the slice of v was dropped
	if freed.Load() != 1 {
		t.Errorf("the memory was given back %d times, want once", freed.Load())
	}

	other := hostBuffer(t, d, npy.Float32, 32)
	for _, c := range []struct {
		name   string
		ptr    uintptr
		dtype  npy.DType
		shape  []int
		target error
		word   string
	}{
		{"past its end", own.Pointer() + 64, npy.Float32, []int{4096, 4096}, npy.ErrShape, "bytes behind it, want 67108864"},
		{"not aligned", own.Pointer() + 2, npy.Float32, []int{4}, nil, "not aligned"},
		{"not memory", 4096, npy.Float32, []int{4}, ErrDevice, "0x1000"},
		{"nil", 0, npy.Float32, []int{4}, ErrDevice, "0x0"},
		{"pinned memory", addressOf(other.Array), npy.Float32, []int{4}, ErrDevice, "not of a device's memory"},
		{"memory of Go", addressOf(a), npy.Float32, []int{4}, ErrDevice, "not of a device's memory"},
		{"strings", own.Pointer(), npy.String, []int{4}, npy.ErrDType, "strings"},
		{"no dtype", own.Pointer(), npy.Invalid, []int{4}, npy.ErrDType, "invalid"},
		{"negative shape", own.Pointer(), npy.Int8, []int{-4}, npy.ErrShape, "negative"},
		{"overflow", own.Pointer(), npy.Int8, []int{1 << 40, 1 << 40}, npy.ErrShape, "more elements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.Wrap(c.ptr, c.dtype, c.shape, func() { t.Error("free was called") })
			wantError(t, err, c.target, c.word)
		})
	}
	empty := get(d.Wrap(0, npy.Float32, []int{0, 3}, nil))(t)
	empty.Close()
}

func TestWrapOfAnotherDevice(t *testing.T) {
	d, other, ok := twoDevices(t)
	if !ok {
		return
	}
	b := buffer(t, other, npy.Float32, 10)
	_, err := d.Wrap(b.Pointer(), npy.Float32, []int{10}, nil)
	wantError(t, err, ErrDevice, "device 1", "want device 0")
	if n := get(OrdinalOf(b.Pointer()))(t); n != 1 {
		t.Errorf("have device %d, want 1", n)
	}
	must(t, func() error {
		w, err := other.Wrap(b.Pointer(), npy.Float32, []int{10}, nil)
		w.Close()
		return err
	}())
}

func TestOutOfMemory(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{Memory: 1 << 20})
	d := device(t, 0)
	b := buffer(t, d, npy.Uint8, 700<<10)
	_, err := d.NewBuffer(npy.Uint8, 700<<10)
	wantError(t, err, OutOfMemory, "cuMemAlloc_v2", "CUDA_ERROR_OUT_OF_MEMORY (2)", "device 0", "uint8 [716800]", "716800 bytes", "are free")

	// What is closed but still needed by a copy is waited for.
	h := hostBuffer(t, d, npy.Uint8, 700<<10)
	s := aStream(t, d)
	get(s.Copy(b, h))(t)
	b.Close()
	buffer(t, d, npy.Uint8, 700<<10)
}

func TestBadBuffers(t *testing.T) {
	d := device(t, 0)
	makers := map[string]func(npy.DType, ...int) error{
		"NewBuffer": func(dt npy.DType, s ...int) error {
			_, err := d.NewBuffer(dt, s...)
			return err
		},
		"NewHostBuffer": func(dt npy.DType, s ...int) error {
			_, err := d.NewHostBuffer(dt, s...)
			return err
		},
	}
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			wantError(t, make(npy.String, 3), npy.ErrDType, "strings")
			wantError(t, make(npy.Invalid, 3), npy.ErrDType, "invalid")
			wantError(t, make(npy.DType(200), 3), npy.ErrDType, "DType(200)")
			wantError(t, make(npy.Int8, 3, -1), npy.ErrShape, "[3 -1]")
			wantError(t, make(npy.Int8, 1<<40, 1<<40), npy.ErrShape)
			wantError(t, make(npy.Float64, 1<<45), OutOfMemory, "float64 [35184372088832]", "281474976710656 bytes")
		})
	}
	var none *Device
	_, err := none.NewBuffer(npy.Int8)
	wantError(t, err, nil, "nil device")
	_, err = new(Device).NewStream()
	wantError(t, err, nil, "nil device")
	_, err = OrdinalOf(0)
	wantError(t, err, ErrDevice, "0x0")
	none.Close()
	if have := none.String(); have != "nil device" {
		t.Errorf("have %q", have)
	}
}
