package fakecuda

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCopyFromPinnedMemoryReadsItLate(t *testing.T) {
	f := newFake(t, Settings{})
	p, h, s := f.alloc(4), f.pinned(4), f.stream()
	copy(h, "soon")
	f.ok(cuMemcpyHtoDAsync(p, h, s))
	copy(h, "late")
	f.ok(cuStreamSynchronize(s))
	if have := f.device(p, 4); have != "late" {
		t.Errorf("the device has %q; the copy was not done late", have)
	}
}

func TestCopyFromPageableMemoryReadsItAtOnce(t *testing.T) {
	f := newFake(t, Settings{})
	p, s := f.alloc(4), f.stream()
	h := []byte("soon")
	f.ok(cuMemcpyHtoDAsync(p, h, s))
	copy(h, "late")
	if have := f.device(p, 4); have == "soon" {
		t.Error("the copy into device memory was not late")
	}
	f.ok(cuStreamSynchronize(s))
	if have := f.device(p, 4); have != "soon" {
		t.Errorf("the device has %q", have)
	}
}

func TestCopyToPinnedMemoryWritesItLate(t *testing.T) {
	f := newFake(t, Settings{})
	p, h, s := f.alloc(4), f.pinned(4), f.stream()
	if err := f.Write(uintptr(p), []byte("soon")); err != nil {
		t.Fatal(err)
	}
	copy(h, "....")
	f.ok(cuMemcpyDtoHAsync(h, p, s))
	if string(h) != "...." {
		t.Errorf("the host has %q before anything was waited for", h)
	}
	f.ok(cuStreamSynchronize(s))
	if string(h) != "soon" {
		t.Errorf("the host has %q", h)
	}
}

func TestCopyToPageableMemoryIsDoneWhenItReturns(t *testing.T) {
	f := newFake(t, Settings{})
	p, s := f.alloc(4), f.stream()
	f.ok(cuMemcpyHtoDAsync(p, []byte("done"), s))
	h := make([]byte, 4)
	f.ok(cuMemcpyDtoHAsync(h, p, s))
	if string(h) != "done" {
		t.Errorf("the host has %q", h)
	}
}

func TestRegisteredMemoryIsPinned(t *testing.T) {
	f := newFake(t, Settings{})
	p, s := f.alloc(4), f.stream()
	h := []byte("soon")
	f.ok(cuMemHostRegister(h))
	f.is(cuMemHostRegister(h[1:2]), registered)
	f.ok(cuMemHostGetFlags(h))
	f.ok(cuMemcpyHtoDAsync(p, h, s))
	copy(h, "late")
	f.ok(cuStreamSynchronize(s))
	if have := f.device(p, 4); have != "late" {
		t.Errorf("the device has %q", have)
	}
	f.is(cuMemHostUnregister(h[1:]), invalidValue)
	f.ok(cuMemHostUnregister(h))
	f.is(cuMemHostUnregister(h), notRegistered)
	f.is(cuMemHostGetFlags(h), invalidValue)
}

func TestQueriesBringWorkToItsEnd(t *testing.T) {
	f := newFake(t, Settings{})
	p, h, s, e := f.alloc(1<<20), f.pinned(1<<20), f.stream(), f.event()
	f.ok(cuMemcpyHtoDAsync(p, h, s))
	f.ok(cuEventRecord(e, s))
	notReadys := 0
	for rc := cuEventQuery(e); rc != success; rc = cuEventQuery(e) {
		f.is(rc, notReady)
		if notReadys++; notReadys > 100 {
			t.Fatal("100 queries do not bring a copy to its end")
		}
	}
	f.ok(cuStreamQuery(s))
	if notReadys == 0 {
		t.Error("the first query found the copy done")
	}
}

func TestHeldWorkIsNotDone(t *testing.T) {
	f := newFake(t, Settings{Late: ByThread})
	p, h, s := f.alloc(4), f.pinned(4), f.stream()
	f.Hold(true)
	f.ok(cuMemcpyHtoDAsync(p, h, s))
	for range 1000 {
		f.is(cuStreamQuery(s), notReady)
	}
	f.Hold(false)
	f.ok(cuStreamSynchronize(s))
}

// finishOrder puts a copy into each of several streams and returns in which
// order they are done.
func finishOrder(f *fake, seed int64) (order []int) {
	f.t.Helper()
	f.set("seed", seed)
	const n = 6
	var streams [n]stream
	var sides [n][]byte
	for i := range n {
		streams[i], sides[i] = f.stream(), f.pinned(64)
		p := f.alloc(64)
		for j := range sides[i] {
			sides[i][j] = 1
		}
		f.ok(cuMemsetD8Async(p, 2, 64, streams[i]))
		f.ok(cuMemcpyDtoHAsync(sides[i], p, streams[i]))
	}
	for len(order) < n {
		cuStreamQuery(streams[0])
		cuStreamQuery(streams[n-1])
		for i := range n {
			if !slices.Contains(order, i) && !bytes.ContainsRune(sides[i], 1) {
				order = append(order, i)
			}
		}
		if cuStreamQuery(streams[0]) == success && cuStreamQuery(streams[n-1]) == success {
			f.ok(cuCtxSynchronize())
		}
	}
	return order
}

func TestOrderBetweenStreamsIsOddAndOfTheSeed(t *testing.T) {
	f := newFake(t, Settings{})
	seen := map[string]bool{}
	for seed := range int64(8) {
		first, again := finishOrder(f, seed), finishOrder(f, seed)
		if !slices.Equal(first, again) {
			t.Errorf("seed %d: %v, then %v", seed, first, again)
		}
		seen[fmt.Sprint(first)] = true
	}
	if len(seen) < 4 {
		t.Errorf("8 seeds give only the orders %v", seen)
	}
}

func TestStreamsWaitForEvents(t *testing.T) {
	f := newFake(t, Settings{})
	for seed := range int64(20) {
		f.set("seed", seed)
		a, b := f.alloc(1<<16), f.alloc(1<<16)
		s1, s2, e := f.stream(), f.stream(), f.event()
		f.ok(cuMemsetD8Async(a, 7, 1<<16, s1))
		f.ok(cuEventRecord(e, s1))
		f.ok(cuStreamWaitEvent(s2, e))
		f.ok(cuMemcpyDtoDAsync(b, a, 1<<16, s2))
		f.ok(cuStreamSynchronize(s2))
		if have := f.device(b, 1<<16); have != strings.Repeat("\x07", 1<<16) {
			t.Fatalf("seed %d: the copy came before the event", seed)
		}
	}
}

// A wait is for the record that was the last when it was queued.
func TestWaitIsForTheRecordBefore(t *testing.T) {
	f := newFake(t, Settings{})
	a, b := f.alloc(64), f.alloc(64)
	s1, s2, e := f.stream(), f.stream(), f.event()
	f.ok(cuMemsetD8Async(a, 7, 64, s1))
	f.ok(cuEventRecord(e, s1))
	f.ok(cuStreamWaitEvent(s2, e))
	f.ok(cuMemcpyDtoDAsync(b, a, 64, s2))
	f.ok(cuEventRecord(e, s2))
	f.ok(cuEventSynchronize(e))
	if have := f.device(b, 64); have != strings.Repeat("\x07", 64) {
		t.Errorf("the event has passed, and the device has %q", have)
	}
}

func TestLegacyStreamWaitsForBlockingStreams(t *testing.T) {
	f := newFake(t, Settings{})
	a, b := f.alloc(64), f.alloc(64)
	blocking, rc := cuStreamCreate(0)
	f.ok(rc)
	f.ok(cuMemsetD8Async(a, 7, 64, blocking))
	f.ok(cuMemcpyDtoDAsync(b, a, 64, nil))
	f.ok(cuMemsetD8Async(a, 8, 64, blocking))
	f.ok(cuStreamSynchronize(nil))
	if have := f.device(b, 64); have != strings.Repeat("\x07", 64) {
		t.Errorf("the legacy stream copied %q", have)
	}
	f.ok(cuStreamSynchronize(blocking))
	f.ok(cuStreamDestroy(blocking))
}

func TestWorkOfADestroyedStreamIsDone(t *testing.T) {
	f := newFake(t, Settings{})
	p := f.alloc(64)
	s, rc := cuStreamCreate(1)
	f.ok(rc)
	e, rc := cuEventCreate(0)
	f.ok(rc)
	f.ok(cuMemsetD8Async(p, 7, 64, s))
	f.ok(cuEventRecord(e, s))
	f.ok(cuStreamDestroy(s))
	f.ok(cuEventSynchronize(e))
	f.ok(cuEventDestroy(e))
	if have := f.device(p, 64); have != strings.Repeat("\x07", 64) {
		t.Errorf("the device has %q", have)
	}
}

func TestHostFunctionComesAfterWhatWasBefore(t *testing.T) {
	f := newFake(t, Settings{})
	s, h, p := f.stream(), f.pinned(64), f.alloc(64)
	called := newInt()
	defer freeInt(called)
	f.ok(cuMemsetD8Async(p, 7, 64, s))
	f.ok(cuMemcpyDtoHAsync(h, p, s))
	f.ok(cuLaunchHostFunc(s, called, false))
	for intValue(called) == 0 { // it comes with no call of the driver
	}
	if string(h) != strings.Repeat("\x07", 64) {
		t.Errorf("the host function came before the copy: the host has %q", h)
	}
	f.ok(cuLaunchHostFunc(s, called, true))
	f.ok(cuStreamSynchronize(s))
	if have := code(intValue(called)); have != notPermitted {
		t.Errorf("a call from a host function gives %v, want %v", have, notPermitted)
	}
}

func TestThreadDoesWorkUnasked(t *testing.T) {
	f := newFake(t, Settings{Late: ByThread})
	s, p := f.stream(), f.alloc(64)
	f.ok(cuMemsetD8Async(p, 7, 64, s))
	for f.Counters().Queued > 0 {
	}
	if have := f.device(p, 64); have != strings.Repeat("\x07", 64) {
		t.Errorf("the device has %q", have)
	}
}
