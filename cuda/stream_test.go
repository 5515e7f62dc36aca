package cuda

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"ndflow/cuda/fakecuda"
	"ndflow/npy"
)

// Work of different streams that waits for events is done in that order, in
// whatever order the driver takes all else.
func TestStreamsWaitForEvents(t *testing.T) {
	seeds := []int64{0}
	if fake != nil {
		for seed := range int64(30) {
			seeds = append(seeds, seed+1)
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			if seed > 0 {
				fresh(t, fakecuda.Settings{Seed: seed})
			}
			d := device(t, 0)
			src, dst := hostBuffer(t, d, npy.Float32, 700), hostBuffer(t, d, npy.Float32, 700)
			fill(src.Array, int(seed))
			one, two := buffer(t, d, npy.Float32, 700), buffer(t, d, npy.Float32, 700)
			there, across, back := aStream(t, d), aStream(t, d), aStream(t, d)
			get(across.Zero(two))(t)
			must(t, across.WaitFor(get(there.Copy(one, src))(t)))
			must(t, back.WaitFor(get(across.Copy(two, one))(t)))
			e := get(back.Copy(dst, two))(t)
			must(t, e.Wait(context.Background()))
			wantBytes(t, dst.Array, src.Array)
		})
	}
}

func TestEvents(t *testing.T) {
	d := device(t, 0)
	s := aStream(t, d)
	ctx := context.Background()
	b, h := buffer(t, d, npy.Float32, 1000), hostBuffer(t, d, npy.Float32, 1000)
	begin := get(s.Record())(t)
	copied := get(s.Copy(b, h))(t)
	end := get(s.Record())(t)
	must(t, end.Wait(ctx))
	for _, e := range []*Event{begin, copied, end} {
		must(t, e.Wait(ctx))
		if done, err := e.Done(); !done || err != nil {
			t.Errorf("an event before one that has passed: done %v, %v", done, err)
		}
	}
	if took := get(end.Since(begin))(t); took < 0 {
		t.Errorf("a copy took %v", took)
	}
	if took := get(begin.Since(end))(t); took > 0 {
		t.Errorf("going back takes %v", took)
	}
	_, err := copied.Since(begin)
	wantError(t, err, nil, "the event of a copy has no time")
	_, err = end.Since(copied)
	wantError(t, err, nil, "the event of a copy has no time")
	_, err = end.Since(nil)
	wantError(t, err, nil, "nil event")

	must(t, s.WaitFor(end)) // it has passed already
	end.Close()
	end.Close()
	_, err = end.Since(begin)
	wantError(t, err, ErrClosed, "event")
	wantError(t, end.Wait(ctx), ErrClosed)
	wantError(t, s.WaitFor(end), ErrClosed)
	_, err = end.Done()
	wantError(t, err, ErrClosed)
	begin.Close()
	for _, e := range []*Event{nil, new(Event)} {
		wantError(t, e.Wait(ctx), nil, "nil event")
		_, err := e.Done()
		wantError(t, err, nil, "nil event")
		e.Close()
	}
}

func TestStreamProperties(t *testing.T) {
	d := device(t, 0)
	s := aStream(t, d)
	if s.Device() != d || s.Handle() == 0 || s.String() == "" {
		t.Errorf("have %v, a stream of %v", s, s.Device())
	}
	must(t, s.Synchronize(context.Background()))
	if done, err := s.Done(); !done || err != nil {
		t.Errorf("a stream with no work: done %v, %v", done, err)
	}
	s.Close()
	if have := s.String(); have != "stream of GPU 0, closed" {
		t.Errorf("have %q", have)
	}
	if have := (*Stream)(nil).String(); have != "nil stream" {
		t.Errorf("have %q", have)
	}
}

// A device is waited for as a whole, whatever stream its work is on.
func TestSynchronizeDevice(t *testing.T) {
	d := device(t, 0)
	want := array(t, 1, npy.Float32, 900)
	b := buffer(t, d, npy.Float32, 900)
	must(t, Copy(b, want))
	var pinned []*HostBuffer
	for range 3 {
		pinned = append(pinned, hostBuffer(t, d, npy.Float32, 900))
		get(aStream(t, d).Copy(pinned[len(pinned)-1], b))(t)
	}
	must(t, d.Synchronize())
	for _, h := range pinned {
		wantBytes(t, h.Array, want)
	}
}

// Waits end with their context; the work goes on, and can be waited for again.
func TestWaitsEndWithTheirContext(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	d := device(t, 0)
	s := aStream(t, d)
	b, h := buffer(t, d, npy.Int32, 100), hostBuffer(t, d, npy.Int32, 100)
	want := array(t, 1, npy.Int32, 100)
	must(t, Copy(b, want))
	fake.Hold(true)
	e := get(s.Copy(h, b))(t)
	timed := get(s.Record())(t)
	for _, done := range []func() (bool, error){e.Done, timed.Done, s.Done} {
		if yes, err := done(); yes || err != nil {
			t.Errorf("what is held back: done %v, %v", yes, err)
		}
	}
	_, err := timed.Since(timed)
	wantError(t, err, NotReady, "Wait for both first")
	for _, wait := range []func(context.Context) error{e.Wait, timed.Wait, s.Synchronize} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		wantError(t, wait(ctx), context.Canceled)
	}
	s.Close() // the copy is done all the same
	b.Close()
	fake.Hold(false)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	must(t, e.Wait(ctx))
	must(t, timed.Wait(ctx))
	wantBytes(t, h.Array, want)
	timed.Close()
}

// Everything may be closed while copies are under way, in any order, and nobody
// need call again.
func TestCloseWhileCopying(t *testing.T) {
	if !onFake(t) {
		return
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 30 {
		late := []fakecuda.Lateness{fakecuda.ByThread, fakecuda.WhenAsked}[i%2]
		fresh(t, fakecuda.Settings{Late: late, Seed: r.Int64()})
		d := get(Open(0))(t)
		s, other := get(d.NewStream())(t), get(d.NewStream())(t)
		a := array(t, 1, npy.Float64, 500)
		registered := get(d.Register(a))(t)
		h := get(d.NewHostBuffer(npy.Float64, 500))(t)
		b, c := get(d.NewBuffer(npy.Float64, 500))(t), get(d.NewBuffer(npy.Float64, 500))(t)
		e1 := get(s.Copy(b, a))(t)
		must(t, other.WaitFor(e1))
		e2 := get(other.Copy(c, b))(t)
		e3 := get(other.Record())(t)
		must(t, s.WaitFor(e3))
		e4 := get(s.Copy(h, c))(t)
		ends := []func(){d.Close, s.Close, other.Close, registered.Close, h.Close, b.Close, c.Close, e1.Close, e2.Close, e3.Close, e4.Close}
		r.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
		for _, end := range ends {
			end()
		}
		// No call but that to the fake's own counters: it is given back all the same.
		for fake.Counters().Contexts > 0 {
			yield()
		}
		if alive := fake.Counters().Alive(); alive != "" {
			t.Fatal("left over:", alive)
		}
	}
}

// Several goroutines share a device, its streams and its buffers.
func TestConcurrentUse(t *testing.T) {
	if fake != nil {
		fresh(t, fakecuda.Settings{Late: fakecuda.ByThread})
	}
	d := device(t, 0)
	shared := aStream(t, d)
	want := array(t, 1, npy.Float32, 400)
	src := buffer(t, d, npy.Float32, 400)
	must(t, Copy(src, want))
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			own, err := d.NewStream()
			if err != nil {
				t.Error(err)
				return
			}
			defer own.Close()
			for i := range 15 {
				if err := shareOnce(d, []*Stream{shared, own}[(g+i)%2], src, want); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// shareOnce copies out of src in several ways.
func shareOnce(d *Device, s *Stream, src *Buffer, want *npy.Array) error {
	b, err := d.NewBuffer(npy.Float32, 400)
	if err != nil {
		return err
	}
	defer b.Close()
	h, err := d.NewHostBuffer(npy.Float32, 400)
	if err != nil {
		return err
	}
	defer h.Close()
	if _, err := s.Copy(b, src); err != nil {
		return err
	}
	e, err := s.Copy(h, b)
	if err != nil {
		return err
	}
	var both sync.WaitGroup
	var waits [2]error
	for i := range waits {
		both.Go(func() { waits[i] = e.Wait(context.Background()) })
	}
	both.Wait()
	if err := errors.Join(waits[:]...); err != nil {
		return err
	}
	a, err := npy.New(npy.Float32, 400)
	if err != nil {
		return err
	}
	if err := Copy(a, b); err != nil {
		return err
	}
	if string(h.Bytes()) != string(want.Bytes()) || string(a.Bytes()) != string(want.Bytes()) {
		return errors.New("other elements came back")
	}
	return s.Synchronize(context.Background())
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates on its own")
		return
	}
	d := device(t, 0)
	s := aStream(t, d)
	b, c := buffer(t, d, npy.Float32, 64), buffer(t, d, npy.Float32, 64)
	h := hostBuffer(t, d, npy.Float32, 64)
	a := array(t, 1, npy.Float32, 64)
	for _, c := range []struct {
		name     string
		dst, src Memory
		want     float64
	}{
		{"device to device", c, b, 1}, // the event
		{"pinned to device", b, h, 1},
		{"device to pinned", h, b, 1},
		{"array to device", b, a, 1},
		{"device to array", a, b, 1},
	} {
		ctx := context.Background()
		have := testing.AllocsPerRun(100, func() {
			e, err := s.Copy(c.dst, c.src)
			if err == nil {
				err = e.Wait(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		if have > c.want {
			t.Errorf("%s: a copy and its wait allocate %v times, want %v", c.name, have, c.want)
		}
		have = testing.AllocsPerRun(100, func() {
			if err := Copy(c.dst, c.src); err != nil {
				t.Fatal(err)
			}
		})
		if have > c.want {
			t.Errorf("%s: a copy that is waited for allocates %v times, want %v", c.name, have, c.want)
		}
	}
}
