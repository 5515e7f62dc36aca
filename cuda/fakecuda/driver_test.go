package fakecuda

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestDeviceIsWhatWasSet(t *testing.T) {
	f := newFake(t, Settings{Devices: 3, Memory: 1 << 20, Driver: 11080, Capability: [2]int{7, 5}})
	version, rc := cuDriverGetVersion()
	f.ok(rc)
	count, rc := cuDeviceGetCount()
	f.ok(rc)
	memory, rc := cuDeviceTotalMem(2)
	f.ok(rc)
	major, rc := cuDeviceGetAttribute(75, 2)
	f.ok(rc)
	minor, rc := cuDeviceGetAttribute(76, 2)
	f.ok(rc)
	if version != 11080 || count != 3 || memory != 1<<20 || major != 7 || minor != 5 {
		t.Errorf("have driver %d, %d devices, %d bytes, capability %d.%d", version, count, memory, major, minor)
	}
	name, rc := cuDeviceGetName(2)
	f.ok(rc)
	bus, rc := cuDeviceGetPCIBusId(2)
	f.ok(rc)
	uuid, rc := cuDeviceGetUuid(2)
	f.ok(rc)
	other, rc := cuDeviceGetUuid(1)
	f.ok(rc)
	if name != "Fake GPU 2" || bus != "0000:03:00.0" || uuid == other {
		t.Errorf("have name %q, bus id %q, UUIDs %x and %x", name, bus, uuid, other)
	}
	f.ok(cuDeviceGet(2))
	f.is(cuDeviceGet(3), invalidDevice)
	f.is(cuDeviceGet(-1), invalidDevice)
	_, rc = cuDevicePrimaryCtxRetain(3)
	f.is(rc, invalidDevice)
}

func TestMemoryRunsOut(t *testing.T) {
	f := newFake(t, Settings{Memory: 1 << 20})
	p, rc := cuMemAlloc(1 << 19)
	f.ok(rc)
	_, rc = cuMemAlloc(1<<19 + 1)
	f.is(rc, outOfMemory)
	_, rc = cuMemAlloc(0)
	f.is(rc, invalidValue)
	free, total, rc := cuMemGetInfo()
	f.ok(rc)
	if free != 1<<19 || total != 1<<20 {
		t.Errorf("have %d of %d bytes free", free, total)
	}
	f.ok(cuMemFree(p))
	q, rc := cuMemAlloc(1 << 20)
	f.ok(rc)
	f.ok(cuMemFree(q))
	if p == q {
		t.Errorf("the address %#x was used twice in a row", p)
	}
}

func TestAllocationsAreApartAndAligned(t *testing.T) {
	f := newFake(t, Settings{})
	pages := false
	for n := 1; n < 20000; n += 997 {
		p := f.alloc(n)
		if p%256 != 0 {
			t.Errorf("%d bytes at %#x", n, p)
		}
		pages = pages || p%4096 != 0
		if have := f.device(p, n); strings.Contains(have, "\x00") {
			t.Errorf("new memory of %d bytes holds zeros", n)
		}
	}
	if !pages {
		t.Error("all allocations begin with a page; code that needs that would not be found")
	}
}

func TestPointerAttributes(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	ctx := f.retain(1)
	f.ok(cuCtxPushCurrent(ctx))
	t.Cleanup(func() {
		f.ok(cuCtxPopCurrent())
		f.ok(cuDevicePrimaryCtxRelease(1))
	})
	p := f.alloc(1000)
	h := f.pinned(1000)
	check := func(p devptr, want pointerInfo) {
		t.Helper()
		have, rc := cuPointerGetAttributes(p)
		f.ok(rc)
		if have != want {
			t.Errorf("have %+v, want %+v", have, want)
		}
	}
	check(p+999, pointerInfo{2, 1, ctx, p, 1000})
	check(addressOf(h)+5, pointerInfo{1, 1, ctx, addressOf(h), 1000})
	check(p+1000, pointerInfo{ordinal: -2})
	check(addressOf(make([]byte, 8)), pointerInfo{ordinal: -2})

	ordinal, rc := cuPointerGetAttribute(p)
	f.ok(rc)
	if ordinal != 1 {
		t.Errorf("have ordinal %d", ordinal)
	}
	_, rc = cuPointerGetAttribute(p + 1000)
	f.is(rc, invalidValue)
	base, size, rc := cuMemGetAddressRange(p + 1)
	f.ok(rc)
	if base != p || size != 1000 {
		t.Errorf("have %d bytes at %#x, want 1000 at %#x", size, base, p)
	}
	_, _, rc = cuMemGetAddressRange(p + 1000)
	f.is(rc, notFound)
}

func TestPeerCopies(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	other := f.retain(1)
	can, rc := cuDeviceCanAccessPeer(0, 1)
	f.ok(rc)
	self, rc := cuDeviceCanAccessPeer(0, 0)
	f.ok(rc)
	if !can || self {
		t.Errorf("access to the other device %v, to itself %v", can, self)
	}
	p, s := f.alloc(64), f.stream()
	f.ok(cuCtxPushCurrent(other))
	q, rc := cuMemAlloc(64)
	f.ok(rc)
	f.ok(cuCtxPopCurrent())
	f.ok(cuMemsetD8Async(p, 7, 64, s))
	f.ok(cuMemcpyPeerAsync(q, other, p, f.ctx, 64, s))
	f.ok(cuStreamSynchronize(s))
	f.ok(cuCtxEnablePeerAccess(other))
	f.is(cuCtxEnablePeerAccess(other), peerTwice)
	f.ok(cuMemcpyDtoDAsync(q, p, 32, s))
	f.ok(cuStreamSynchronize(s))
	if n := f.Counters(); n.BetweenDevices != 96 || n.OnDevice != 0 || n.Filled != 64 {
		t.Errorf("counted %+v", n)
	}
	f.ok(cuCtxPushCurrent(other))
	f.ok(cuMemFree(q))
	f.ok(cuCtxPopCurrent())
	f.ok(cuDevicePrimaryCtxRelease(1))
}

func TestContextsAreOfTheThread(t *testing.T) {
	f := newFake(t, Settings{})
	var rc code
	var c context
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		c, rc = cuCtxGetCurrent()
		_, rc = cuMemAlloc(1)
	}()
	<-done
	f.is(rc, invalidContext)
	if c != nil {
		t.Errorf("the context %p is current on another thread", c)
	}
	if c, _ := cuCtxGetCurrent(); c != f.ctx {
		t.Errorf("have context %p, want %p", c, f.ctx)
	}
	f.ok(cuCtxPopCurrent())
	f.is(cuCtxPopCurrent(), invalidContext)
	f.is(cuCtxSynchronize(), invalidContext)
	active, rc := cuDevicePrimaryCtxGetState(0)
	f.ok(rc)
	if !active {
		t.Error("a retained context is not active")
	}
	f.ok(cuCtxPushCurrent(f.ctx))
}

func TestReleasedContextFreesWhatIsInIt(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	f.ok(cuCtxPushCurrent(f.retain(1)))
	for range 3 {
		_, rc := cuMemAlloc(100)
		f.ok(rc)
	}
	_, rc := cuStreamCreate(0)
	f.ok(rc)
	_, rc = cuMemHostAlloc(100)
	f.ok(rc)
	f.ok(cuDevicePrimaryCtxRelease(1))
	f.is(cuCtxSynchronize(), destroyed)
	f.ok(cuCtxPopCurrent())
	if n := f.Counters(); n.Orphaned != 5 || n.Allocations != 0 || n.Streams != 0 || n.Pinned != 0 {
		t.Errorf("counted %+v", n)
	}
	if err := f.Reset(Settings{}); err != nil {
		t.Fatal(err)
	}
	f.ctx = f.retain(0)
}

func TestEventTimes(t *testing.T) {
	f := newFake(t, Settings{})
	start, end, s := f.event(), f.event(), f.stream()
	_, rc := cuEventElapsedTime(start, end)
	f.is(rc, invalidHandle)
	f.ok(cuEventRecord(start, s))
	f.ok(cuMemsetD8Async(f.alloc(64), 0, 64, s))
	f.ok(cuEventRecord(end, s))
	_, rc = cuEventElapsedTime(start, end)
	f.is(rc, notReady)
	f.ok(cuEventSynchronize(end))
	ms, rc := cuEventElapsedTime(start, end)
	f.ok(rc)
	if ms < 0 {
		t.Errorf("%v ms passed", ms)
	}
	untimed, rc := cuEventCreate(2)
	f.ok(rc)
	f.ok(cuEventRecord(untimed, s))
	_, rc = cuEventElapsedTime(start, untimed)
	f.is(rc, invalidHandle)
	f.ok(cuEventDestroy(untimed))
}

func TestEventOfAnotherContextIsNotRecorded(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	e := f.event()
	f.ok(cuCtxPushCurrent(f.retain(1)))
	f.is(cuEventRecord(e, nil), invalidHandle)
	f.ok(cuCtxPopCurrent())
	f.ok(cuDevicePrimaryCtxRelease(1))
}

func TestDriverIsNotThereInAForkedChild(t *testing.T) {
	f := newFake(t, Settings{})
	f.is(inFork(), notInitialized)
	f.alloc(64)
}

func TestBytesAreCountedByDirection(t *testing.T) {
	f := newFake(t, Settings{})
	p, q, h, s := f.alloc(100), f.alloc(100), f.pinned(100), f.stream()
	f.ok(cuMemcpyHtoDAsync(p, h[:10], s))
	f.ok(cuMemcpyHtoDAsync(p, make([]byte, 5), s))
	f.ok(cuMemcpyDtoDAsync(q, p, 20, s))
	f.ok(cuMemcpyDtoHAsync(h[:40], q, s))
	f.ok(cuMemcpyDtoHAsync(h[:0], q, s))
	f.ok(cuMemsetD8Async(p, 1, 80, s))
	have := f.Counters()
	want := Counters{Allocations: 2, AllocatedBytes: 200, Pinned: 1, PinnedBytes: 100, Streams: 1, Contexts: 1, Pushed: 1, Queued: 5}
	if have != want {
		t.Errorf("before: counted\n%+v, want\n%+v", have, want)
	}
	f.ok(cuStreamSynchronize(s))
	want.Queued, want.Copies = 0, 4
	want.ToDevice, want.OnDevice, want.ToHost, want.Filled = 15, 20, 40, 80
	if have := f.Counters(); have != want {
		t.Errorf("after: counted\n%+v, want\n%+v", have, want)
	}
	if n := f.Calls("cuMemcpyDtoHAsync_v2"); n != 2 || f.Calls("cuNothing") != -1 {
		t.Errorf("%d copies to the host", n)
	}
}

func TestCodesHaveNamesAndTexts(t *testing.T) {
	open(t)
	if name, text := outOfMemory.String(), outOfMemory.text(); name != "CUDA_ERROR_OUT_OF_MEMORY" || text != "out of memory" {
		t.Errorf("have %q, %q", name, text)
	}
	if name := code(12345).String(); name != "a code with no name" {
		t.Errorf("have %q", name)
	}
}

func TestManyThreads(t *testing.T) {
	f := newFake(t, Settings{Late: ByThread})
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			bad := func(rc code) {
				if rc != success {
					t.Errorf("goroutine %d: %v", i, rc)
				}
			}
			bad(cuCtxPushCurrent(f.ctx))
			s, rc := cuStreamCreate(1)
			bad(rc)
			e, rc := cuEventCreate(2)
			bad(rc)
			for range 20 {
				p, rc := cuMemAlloc(1000)
				bad(rc)
				h, rc := cuMemHostAlloc(1000)
				bad(rc)
				bad(cuMemsetD8Async(p, byte(i), 1000, s))
				bad(cuMemcpyDtoHAsync(h, p, s))
				bad(cuEventRecord(e, s))
				bad(cuEventSynchronize(e))
				if h[0] != byte(i) || h[999] != byte(i) {
					t.Errorf("goroutine %d has %d, %d", i, h[0], h[999])
				}
				bad(cuMemFree(p))
				bad(cuMemFreeHost(h))
			}
			bad(cuEventDestroy(e))
			bad(cuStreamDestroy(s))
			bad(cuCtxPopCurrent())
		})
	}
	all.Wait()
}
