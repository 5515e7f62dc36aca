package cuda

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"ndflow/cuda/fakecuda"
	"ndflow/npy"
)

var dtypes = func() (list []npy.DType) {
	for d := npy.Bool; d.Valid(); d++ {
		if d != npy.String {
			list = append(list, d)
		}
	}
	return list
}()

var shapes = [][]int{{}, {0}, {1}, {7}, {3, 5}, {3, 0, 2}, {2, 3, 4}, {129, 17}}

// ways are how the host's side of a copy may lie in memory.
var ways = map[string]func(t testing.TB, d *Device, dt npy.DType, shape ...int) (a *npy.Array, side Memory){
	"array": func(t testing.TB, _ *Device, dt npy.DType, shape ...int) (*npy.Array, Memory) {
		a := array(t, 1, dt, shape...)
		return a, a
	},
	"pinned": func(t testing.TB, d *Device, dt npy.DType, shape ...int) (*npy.Array, Memory) {
		h := hostBuffer(t, d, dt, shape...)
		fill(h.Array, 1)
		return h.Array, h
	},
	"registered": func(t testing.TB, d *Device, dt npy.DType, shape ...int) (*npy.Array, Memory) {
		h := get(d.Register(pages(t, dt, shape...)))(t)
		t.Cleanup(h.Close)
		fill(h.Array, 1)
		return h.Array, h
	},
	"array of registered memory": func(t testing.TB, d *Device, dt npy.DType, shape ...int) (*npy.Array, Memory) {
		a := pages(t, dt, shape...)
		t.Cleanup(get(d.Register(a))(t).Close)
		fill(a, 1)
		return a, a
	},
}

// pages is an array in pages of the Go heap that no other array shares, since whole
// pages are pinned.
func pages(t testing.TB, dt npy.DType, shape ...int) *npy.Array {
	t.Helper()
	page := os.Getpagesize()
	size := get(npy.Count(dt, shape...))(t) * dt.Size()
	b := make([]byte, size+2*page)
	off := page - int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))%uintptr(page))
	return get(npy.External(dt, shape, b[off:off+size:off+size], false, nil))(t)
}

// Every dtype and shape goes to the device, to another buffer, and back, by all
// ways and by both kinds of copies, and comes back the same.
func TestThereAndBack(t *testing.T) {
	d := device(t, 0)
	for way, make := range ways {
		for _, dt := range dtypes {
			t.Run(fmt.Sprint(way, "/", dt), func(t *testing.T) {
				s := aStream(t, d)
				for _, shape := range shapes {
					want, src := make(t, d, dt, shape...)
					one, two := buffer(t, d, dt, shape...), buffer(t, d, dt, shape...)

					have, dst := make(t, d, dt, shape...)
					fill(have, 2)
					must(t, Copy(one, src))
					must(t, Copy(two, one))
					must(t, Copy(dst, two))
					wantBytes(t, have, want)

					have, dst = make(t, d, dt, shape...)
					fill(have, 2)
					get(s.Copy(one, src))(t)
					get(s.Zero(two))(t)
					get(s.Copy(two, one))(t)
					must(t, get(s.Copy(dst, two))(t).Wait(context.Background()))
					wantBytes(t, have, want)
				}
			})
		}
	}
}

func TestMappedFiles(t *testing.T) {
	d := device(t, 0)
	want := array(t, 1, npy.Float32, 3000, 3)
	name := filepath.Join(t.TempDir(), "a.npy")
	must(t, npy.WriteFile(name, want))
	mapped := get(npy.Open(name))(t)
	defer mapped.Release()
	b := buffer(t, d, npy.Float32, 3000, 3)
	must(t, Copy(b, mapped))
	back := get(npy.New(npy.Float32, 3000, 3))(t)
	must(t, Copy(back, b))
	wantBytes(t, back, want)

	wantError(t, Copy(mapped, b), ErrReadOnly, "array float32 [3000 3]")
	h, err := d.Register(mapped)
	if fake == nil && err != nil {
		t.Logf("this driver does not pin files that are mapped to be read: %v", err)
		return
	}
	must(t, err)
	defer h.Close()
	if !h.ReadOnly() {
		t.Error("a file that is mapped to be read can be written to once it is registered")
	}
	wantError(t, Copy(h, b), ErrReadOnly)
	must(t, Copy(b, h))
}

func TestZero(t *testing.T) {
	d := device(t, 0)
	s := aStream(t, d)
	b := buffer(t, d, npy.Float64, 50, 3)
	want := array(t, 1, npy.Float64, 50, 3)
	must(t, Copy(b, want))
	rows := get(b.Slice(10, 20))(t)
	defer rows.Close()
	must(t, get(s.Zero(rows))(t).Wait(context.Background()))
	clear(get(want.Slice(10, 20))(t).Bytes())
	have := get(npy.New(npy.Float64, 50, 3))(t)
	must(t, Copy(have, b))
	wantBytes(t, have, want)
}

func TestBetweenDevices(t *testing.T) {
	a, b, ok := twoDevices(t)
	if !ok {
		return
	}
	want := array(t, 1, npy.Float32, 300, 5)
	onA, onB := buffer(t, a, npy.Float32, 300, 5), buffer(t, b, npy.Float32, 300, 5)
	must(t, Copy(onA, want))
	must(t, Copy(onB, onA))
	have := get(npy.New(npy.Float32, 300, 5))(t)
	must(t, Copy(have, onB))
	wantBytes(t, have, want)

	// A stream of either device will do.
	for _, d := range []*Device{a, b} {
		s := aStream(t, d)
		must(t, get(s.Zero(map[*Device]*Buffer{a: onA, b: onB}[d]))(t).Wait(context.Background()))
		must(t, Copy(onA, want))
		must(t, get(s.Copy(onB, onA))(t).Wait(context.Background()))
		fill(have, 7)
		must(t, Copy(have, onB))
		wantBytes(t, have, want)
	}
	s := aStream(t, a)
	_, err := s.Copy(have, onB)
	wantError(t, err, ErrDevice, "buffer float32 [300 5] on GPU 1", "the stream is of GPU 0")
	_, err = s.Copy(onB, have)
	wantError(t, err, ErrDevice, "GPU 1", "GPU 0")
	_, err = s.Zero(onB)
	wantError(t, err, ErrDevice, "GPU 1", "GPU 0")
	wantError(t, a.CopyFrom(have, onB.Pointer(), onB.Size()), ErrDevice, "device 1", "want device 0")

	// Work of one device waits for an event of the other.
	must(t, s.WaitFor(get(aStream(t, b).Copy(onB, want))(t)))
	fill(have, 7)
	get(s.Copy(onA, onB))(t)
	must(t, get(s.Copy(have, onA))(t).Wait(context.Background()))
	wantBytes(t, have, want)
}

func TestHostToHost(t *testing.T) {
	d := device(t, 0)
	src, dst := hostBuffer(t, d, npy.Int8, 5), array(t, 2, npy.Int8, 9)
	fill(src.Array, 1)
	must(t, Copy(dst, src))
	wantBytes(t, get(dst.Slice(0, 5))(t), src.Array)
	wantError(t, Copy(src, dst), npy.ErrShape)
	_, err := aStream(t, d).Copy(dst, src)
	wantError(t, err, ErrDevice, "both sides are in the host's memory", "npy.Array.Land")
}

// The front of a destination is written, and nothing behind it.
func TestFront(t *testing.T) {
	d := device(t, 0)
	for _, c := range []struct {
		dst, src []int
		ok       bool
	}{
		{[]int{20}, []int{3, 4}, true},
		{[]int{20}, []int{20}, true},
		{[]int{20}, []int{}, true},
		{[]int{20}, []int{3, 7}, false},
		{[]int{5, 4}, []int{3, 4}, true},
		{[]int{5, 4}, []int{5, 4}, true},
		{[]int{5, 4}, []int{6, 4}, false},
		{[]int{5, 4}, []int{4, 5}, false},
		{[]int{5, 4}, []int{8}, false},
		{[]int{5, 4}, []int{1, 1, 4}, false},
		{[]int{}, []int{}, true},
		{[]int{}, []int{1}, false},
		{[]int{1}, []int{}, true},
		{[]int{0, 4}, []int{0, 4}, true},
	} {
		t.Run(fmt.Sprint(c.src, " to ", c.dst), func(t *testing.T) {
			src := array(t, 1, npy.Int16, c.src...)
			on := buffer(t, d, npy.Int16, c.src...)
			must(t, Copy(on, src))
			want := array(t, 2, npy.Int16, c.dst...)
			_, errLand := get(want.Clone())(t).Land(src)
			if (errLand == nil) != c.ok {
				t.Fatalf("npy disagrees: %v", errLand)
			}
			have := array(t, 2, npy.Int16, c.dst...)
			onDst := buffer(t, d, npy.Int16, c.dst...)
			must(t, Copy(onDst, have))
			errs := []error{Copy(have, on), Copy(onDst, src), Copy(onDst, on)}
			for _, err := range errs {
				if !c.ok {
					wantError(t, err, npy.ErrShape, fmt.Sprint(c.src), fmt.Sprint(c.dst))
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if c.ok {
				copy(want.Bytes(), src.Bytes())
			}
			wantBytes(t, have, want)
			must(t, Copy(have, onDst))
			wantBytes(t, have, want)
		})
	}
}

func TestBadCopies(t *testing.T) {
	d := device(t, 0)
	s := aStream(t, d)
	b := buffer(t, d, npy.Float32, 4, 4)
	a := array(t, 1, npy.Float32, 4, 4)
	closed := get(d.NewBuffer(npy.Float32, 4, 4))(t)
	closed.Close()
	released := get(d.NewHostBuffer(npy.Float32, 4, 4))(t)
	released.Close()
	readOnly := get(b.AsReadOnly())(t)
	defer readOnly.Close()
	lower, upper := get(b.Slice(0, 3))(t), get(b.Slice(1, 4))(t)
	defer lower.Close()
	defer upper.Close()
	before := get(a.Clone())(t)
	for _, c := range []struct {
		name     string
		dst, src Memory
		target   error
		words    []string
	}{
		{"no dst", nil, b, nil, []string{"dst is nil"}},
		{"no src", b, nil, nil, []string{"src is nil"}},
		{"nil array", b, (*npy.Array)(nil), nil, []string{"src is nil"}},
		{"nil buffer", (*Buffer)(nil), a, nil, []string{"dst is nil"}},
		{"empty buffer", new(Buffer), a, nil, []string{"dst is nil"}},
		{"nil host buffer", (*HostBuffer)(nil), b, nil, []string{"dst is nil"}},
		{"empty host buffer", new(HostBuffer), b, nil, []string{"dst is nil"}},
		{"another type", struct{ Memory }{a}, b, nil, []string{"struct", "want an *npy.Array"}},
		{"another dtype", array(t, 1, npy.Int32, 4, 4), b, npy.ErrDType, []string{"buffer float32 [4 4] on GPU 0", "array int32 [4 4]"}},
		{"strings", get(npy.New(npy.String, 4, 4))(t), b, npy.ErrDType, []string{"dst", "strings"}},
		{"another shape", array(t, 1, npy.Float32, 4, 5), b, npy.ErrShape, []string{"[4 4]", "[4 5]"}},
		{"too small", array(t, 1, npy.Float32, 3, 4), b, npy.ErrShape, []string{"[4 4]", "[3 4]"}},
		{"closed src", a, closed, ErrClosed, []string{"src"}},
		{"closed dst", closed, a, ErrClosed, []string{"dst"}},
		{"released src", b, released, npy.ErrReleased, []string{"src"}},
		{"released dst", released, b, npy.ErrReleased, []string{"dst"}},
		{"read-only", readOnly, a, ErrReadOnly, []string{"dst"}},
		{"onto itself", b, b, ErrOverlap, []string{"src is buffer float32 [4 4] on GPU 0"}},
		{"overlapping", lower, upper, ErrOverlap, []string{"[3 4]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, Copy(c.dst, c.src), c.target, c.words...)
			e, err := s.Copy(c.dst, c.src)
			wantError(t, err, c.target, c.words...)
			if e != nil {
				t.Error("an event beside the error")
			}
		})
	}
	wantBytes(t, a, before)
	_, err := s.Zero(nil)
	wantError(t, err, nil, "nil")
	_, err = s.Zero(closed)
	wantError(t, err, ErrClosed)
	_, err = s.Zero(readOnly)
	wantError(t, err, ErrReadOnly)

	gone := get(d.NewStream())(t)
	gone.Close()
	gone.Close()
	for _, s := range []*Stream{nil, new(Stream), gone} {
		want := "nil stream"
		if s == gone {
			want = "already closed"
		}
		calls := []error{s.WaitFor(nil), s.Synchronize(context.Background())}
		_, err := s.Copy(b, a)
		calls = append(calls, err)
		_, err = s.Zero(b)
		calls = append(calls, err)
		_, err = s.Record()
		calls = append(calls, err)
		_, err = s.Done()
		calls = append(calls, err)
		_, err = s.CopyFrom(a, b.Pointer(), b.Size(), nil)
		calls = append(calls, err)
		for _, err := range calls {
			wantError(t, err, nil, want)
		}
	}
	if gone.Handle() != 0 {
		t.Error("a closed stream has a handle")
	}
}

// A copy that cannot be put on a stream leaves nothing held.
func TestRefusedCopiesHoldNothing(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	d := device(t, 0)
	s := aStream(t, d)
	b := buffer(t, d, npy.Float32, 4)
	closed := get(d.NewBuffer(npy.Float32, 4))(t)
	closed.Close()
	_, err := s.Copy(b, closed)
	wantError(t, err, ErrClosed)
	v := get(b.Slice(1, 4))(t)
	_, err = s.Copy(get(b.Slice(0, 3))(t), v)
	wantError(t, err, ErrOverlap)
	v.Close()
	b.Close()
	if !eventually(func() bool { return fake.Counters().Allocations == 0 }) {
		t.Error("the memory of a copy that was refused is still held")
	}
}

type owner struct {
	mu             sync.Mutex
	holds, unholds int
	err            error
}

func (o *owner) Hold() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holds++
	return o.err
}

func (o *owner) Unhold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unholds++
}

func (o *owner) counts() (holds, unholds int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.holds, o.unholds
}

func TestCopyFrom(t *testing.T) {
	d := device(t, 0)
	s := aStream(t, d)
	want := array(t, 1, npy.Float32, 6, 4)
	b := buffer(t, d, npy.Float32, 6, 4)
	must(t, Copy(b, want))

	have := array(t, 2, npy.Float32, 30)
	must(t, d.CopyFrom(have, b.Pointer(), b.Size()))
	wantBytes(t, get(have.Front(6, 4))(t), want)

	o := new(owner)
	dst := hostBuffer(t, d, npy.Float32, 6, 4)
	e := get(s.CopyFrom(dst, b.Pointer(), b.Size(), o))(t)
	must(t, e.Wait(context.Background()))
	wantBytes(t, dst.Array, want)
	if h, u := o.counts(); h != 1 || u != 1 {
		t.Errorf("the owner was held %d times and let go %d times, want once each", h, u)
	}
	on := buffer(t, d, npy.Float32, 4)
	must(t, get(s.CopyFrom(on, b.Pointer()+16, 16, nil))(t).Wait(context.Background()))
	row := get(npy.New(npy.Float32, 1, 4))(t)
	must(t, Copy(row, get(on.Reshape(1, 4))(t)))
	wantBytes(t, row, get(want.Slice(1, 2))(t))

	refused := &owner{err: errors.New("gone")}
	_, err := s.CopyFrom(dst, b.Pointer(), b.Size(), refused)
	wantError(t, err, refused.err, "src")
	if h, u := refused.counts(); h != 1 || u != 0 {
		t.Errorf("an owner that refused was held %d times and let go %d times", h, u)
	}
	readOnly := get(on.AsReadOnly())(t)
	defer readOnly.Close()
	large := get(npy.New(npy.Int8, 64<<20))(t)
	for _, c := range []struct {
		name   string
		dst    Memory
		ptr    uintptr
		size   int
		target error
		word   string
	}{
		{"too large", dst, b.Pointer(), 100, npy.ErrShape, "have 100 bytes"},
		{"negative", dst, b.Pointer(), -4, npy.ErrShape, "have -4 bytes"},
		{"part of an element", dst, b.Pointer(), 6, npy.ErrShape, "have 6 bytes"},
		{"past its end", large, b.Pointer() + 64, large.Len(), npy.ErrShape, "bytes behind it, want 67108864"},
		{"memory of the host", dst, addressOf(want), 16, ErrDevice, "not of a device's memory"},
		{"nil", dst, 0, 16, ErrDevice, "0x0"},
		{"no dst", nil, b.Pointer(), 16, nil, "dst is nil"},
		{"read-only", readOnly, b.Pointer(), 16, ErrReadOnly, "dst"},
		{"itself", on, on.Pointer(), 16, ErrOverlap, "overlap"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantError(t, d.CopyFrom(c.dst, c.ptr, c.size), c.target, c.word)
			_, err := s.CopyFrom(c.dst, c.ptr, c.size, nil)
			wantError(t, err, c.target, c.word)
		})
	}
	must(t, d.CopyFrom(dst, 0, 0))
}

func TestRegister(t *testing.T) {
	d := device(t, 0)
	a := array(t, 1, npy.Int64, 1000)
	h := get(d.Register(a))(t)
	if addressOf(h.Array) != addressOf(a) {
		t.Error("the registered array lies elsewhere")
	}
	_, err := d.Register(a)
	wantError(t, err, AlreadyRegistered, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED", "int64 [1000]")
	h.Close()
	h.Close()
	h = get(d.Register(a))(t)
	h.Close()
	_, err = d.Register(nil)
	wantError(t, err, nil, "nil array")
	_, err = d.Register(get(npy.New(npy.String, 2))(t))
	wantError(t, err, npy.ErrDType, "strings")
	_, err = d.Register(h.Array)
	wantError(t, err, npy.ErrReleased)
	get(d.Register(get(npy.New(npy.Int8, 0))(t)))(t).Close()
}

// Memory is unpinned only when copies of the array itself are done, which do not
// know that it is registered.
func TestUnregisterWaitsForCopies(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	d := device(t, 0)
	s := aStream(t, d)
	want := array(t, 1, npy.Float32, 5000)
	b := buffer(t, d, npy.Float32, 5000)
	must(t, Copy(b, want))
	a := array(t, 2, npy.Float32, 5000)
	h := get(d.Register(a))(t)
	e := get(s.Copy(a, b))(t)
	h.Close()
	must(t, e.Wait(context.Background()))
	wantBytes(t, a, want)
}
