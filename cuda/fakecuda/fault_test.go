package fakecuda

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// calls makes a call of each of the driver's functions that would succeed.
func (f *fake) calls() map[string]func() code {
	p, q, h, s, e := f.alloc(64), f.alloc(64), f.pinned(64), f.stream(), f.event()
	f.ok(cuEventRecord(e, s))
	f.ok(cuEventSynchronize(e))
	late := f.event()
	f.ok(cuEventRecord(late, s))
	f.ok(cuEventSynchronize(late))
	other := f.retain(1)
	f.t.Cleanup(func() { cuDevicePrimaryCtxRelease(1) })
	mine := make([]byte, 64)
	f.ok(cuMemHostRegister(mine))
	spare, _ := cuMemAlloc(64)
	spareHost, _ := cuMemHostAlloc(64)
	spareStream, _ := cuStreamCreate(1)
	spareEvent, _ := cuEventCreate(0)
	f.retain(0)
	f.ok(cuCtxPushCurrent(f.ctx))
	number := newInt()
	f.t.Cleanup(func() { freeInt(number) })
	fresh := make([]byte, 64)
	return map[string]func() code{
		"cuInit":                       cuInit,
		"cuDriverGetVersion":           func() code { _, rc := cuDriverGetVersion(); return rc },
		"cuGetErrorName":               func() code { return nameCode() },
		"cuGetErrorString":             func() code { return textCode() },
		"cuDeviceGetCount":             func() code { _, rc := cuDeviceGetCount(); return rc },
		"cuDeviceGet":                  func() code { return cuDeviceGet(0) },
		"cuDeviceGetName":              func() code { _, rc := cuDeviceGetName(0); return rc },
		"cuDeviceTotalMem_v2":          func() code { _, rc := cuDeviceTotalMem(0); return rc },
		"cuDeviceGetAttribute":         func() code { _, rc := cuDeviceGetAttribute(75, 0); return rc },
		"cuDeviceGetUuid_v2":           func() code { _, rc := cuDeviceGetUuid(0); return rc },
		"cuDeviceGetPCIBusId":          func() code { _, rc := cuDeviceGetPCIBusId(0); return rc },
		"cuDeviceCanAccessPeer":        func() code { _, rc := cuDeviceCanAccessPeer(0, 1); return rc },
		"cuDevicePrimaryCtxRetain":     func() code { _, rc := cuDevicePrimaryCtxRetain(0); return rc },
		"cuDevicePrimaryCtxRelease_v2": func() code { return cuDevicePrimaryCtxRelease(0) },
		"cuDevicePrimaryCtxGetState":   func() code { _, rc := cuDevicePrimaryCtxGetState(0); return rc },
		"cuCtxPushCurrent_v2":          func() code { return cuCtxPushCurrent(f.ctx) },
		"cuCtxPopCurrent_v2":           cuCtxPopCurrent,
		"cuCtxGetCurrent":              func() code { _, rc := cuCtxGetCurrent(); return rc },
		"cuCtxSynchronize":             cuCtxSynchronize,
		"cuCtxEnablePeerAccess":        func() code { return cuCtxEnablePeerAccess(other) },
		"cuMemAlloc_v2":                func() code { _, rc := cuMemAlloc(64); return rc },
		"cuMemFree_v2":                 func() code { return cuMemFree(spare) },
		"cuMemGetInfo_v2":              func() code { _, _, rc := cuMemGetInfo(); return rc },
		"cuMemGetAddressRange_v2":      func() code { _, _, rc := cuMemGetAddressRange(p); return rc },
		"cuMemHostAlloc":               func() code { return hostAllocCode(64) },
		"cuMemFreeHost":                func() code { return cuMemFreeHost(spareHost) },
		"cuMemHostRegister_v2":         func() code { return cuMemHostRegister(fresh) },
		"cuMemHostUnregister":          func() code { return cuMemHostUnregister(mine) },
		"cuMemHostGetFlags":            func() code { return cuMemHostGetFlags(h) },
		"cuMemcpyHtoDAsync_v2":         func() code { return cuMemcpyHtoDAsync(p, h, s) },
		"cuMemcpyDtoHAsync_v2":         func() code { return cuMemcpyDtoHAsync(h, p, s) },
		"cuMemcpyDtoDAsync_v2":         func() code { return cuMemcpyDtoDAsync(q, p, 64, s) },
		"cuMemcpyPeerAsync":            func() code { return cuMemcpyPeerAsync(q, f.ctx, p, f.ctx, 64, s) },
		"cuMemsetD8Async":              func() code { return cuMemsetD8Async(p, 0, 64, s) },
		"cuStreamCreate":               func() code { _, rc := cuStreamCreate(1); return rc },
		"cuStreamDestroy_v2":           func() code { return cuStreamDestroy(spareStream) },
		"cuStreamSynchronize":          func() code { return cuStreamSynchronize(s) },
		"cuStreamQuery":                func() code { return cuStreamQuery(s) },
		"cuStreamWaitEvent":            func() code { return cuStreamWaitEvent(s, e) },
		"cuLaunchHostFunc":             func() code { return cuLaunchHostFunc(s, number, false) },
		"cuEventCreate":                func() code { _, rc := cuEventCreate(0); return rc },
		"cuEventDestroy_v2":            func() code { return cuEventDestroy(spareEvent) },
		"cuEventRecord":                func() code { return cuEventRecord(e, s) },
		"cuEventQuery":                 func() code { return cuEventQuery(e) },
		"cuEventSynchronize":           func() code { return cuEventSynchronize(e) },
		"cuEventElapsedTime":           func() code { _, rc := cuEventElapsedTime(e, late); return rc },
		"cuPointerGetAttribute":        func() code { _, rc := cuPointerGetAttribute(p); return rc },
		"cuPointerGetAttributes":       func() code { _, rc := cuPointerGetAttributes(p); return rc },
	}
}

// Every call can be made to fail. What makes things makes nothing then; what
// frees or ends them does so all the same.
func TestEachCallFails(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	calls := f.calls()
	names := slices.Sorted(maps.Keys(calls))
	if all := slices.Sorted(slices.Values(CallNames())); !slices.Equal(names, all) {
		t.Fatalf("the test calls %v, and the fake has %v", names, all)
	}
	before := f.Counters()
	for _, name := range names {
		f.Fail(name, 1, int(outOfMemory))
		n := f.Calls(name)
		if rc := calls[name](); rc != outOfMemory {
			t.Errorf("%s gives %v", name, rc)
		}
		if f.Calls(name) <= n {
			t.Errorf("%s is not counted", name)
		}
	}
	after := f.Counters()
	want := before
	want.Contexts-- // released
	want.Pushed--
	want.Allocations--
	want.AllocatedBytes -= 64
	want.Pinned--
	want.PinnedBytes -= 64
	want.Registered--
	want.Streams--
	want.Events--
	if after != want {
		t.Errorf("counted\n%+v, want\n%+v", after, want)
	}
	f.ok(cuMemcpyHtoDAsync(0, nil, nil))
}

func TestTheNthCallFails(t *testing.T) {
	f := newFake(t, Settings{})
	f.Fail("cuMemAlloc_v2", 3, int(launchFailed))
	f.alloc(1)
	f.alloc(1)
	_, rc := cuMemAlloc(1)
	f.is(rc, launchFailed)
	f.alloc(1)
	f.Fail("cuMemAlloc_v2", 1, int(launchFailed))
	f.Fail("cuMemAlloc_v2", 0, 0)
	f.alloc(1)
}

func TestDeviceIsLostInTheMiddleOfACopy(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	other := f.retain(1)
	p, _ := cuMemAlloc(64)
	h, _ := cuMemHostAlloc(64)
	s, _ := cuStreamCreate(1)
	e, _ := cuEventCreate(0)
	f.ok(cuMemsetD8Async(p, 7, 64, s))
	f.LoseDevice(2, int(launchFailed))
	f.ok(cuMemcpyDtoHAsync(h[:32], p, s))
	f.ok(cuMemcpyDtoHAsync(h[32:], p+32, s))
	f.ok(cuEventRecord(e, s))
	f.is(cuStreamSynchronize(s), launchFailed)
	if want := strings.Repeat("\x07", 48) + strings.Repeat("\xa5", 16); string(h) != want {
		t.Errorf("the host has %x, want %x", h, want)
	}
	_, rc := cuMemAlloc(64)
	f.is(rc, launchFailed)
	f.is(cuEventQuery(e), launchFailed)
	f.is(cuMemcpyHtoDAsync(p, h, s), launchFailed)
	f.is(cuMemcpyPeerAsync(p, f.ctx, p, f.ctx, 1, s), launchFailed)
	f.is(cuStreamQuery(s), launchFailed)
	f.is(cuCtxSynchronize(), launchFailed)

	// The other device works.
	f.ok(cuCtxPushCurrent(other))
	f.ok(cuMemFree(func() devptr { p, _ := cuMemAlloc(8); return p }()))
	f.ok(cuCtxPopCurrent())
	f.ok(cuDevicePrimaryCtxRelease(1))

	// What frees gives the error, and frees.
	f.is(cuMemFree(p), launchFailed)
	f.is(cuMemFreeHost(h), launchFailed)
	f.is(cuEventDestroy(e), launchFailed)
	f.is(cuStreamDestroy(s), launchFailed)
}

func TestContextDestroyedByOthers(t *testing.T) {
	f := newFake(t, Settings{})
	p, _ := cuMemAlloc(64)
	s, _ := cuStreamCreate(1)
	f.ok(cuMemsetD8Async(p, 7, 64, s))
	if !f.DestroyContext(0) || f.DestroyContext(0) {
		t.Fatal("the context was not there, or twice")
	}
	f.is(cuMemFree(p), destroyed)
	f.is(cuStreamSynchronize(s), destroyed)
	_, rc := cuMemAlloc(64)
	f.is(rc, destroyed)
	f.ok(cuCtxPopCurrent())
	f.is(cuCtxPushCurrent(f.ctx), destroyed)
	if n := f.Counters(); n.Alive() != " contexts 1" || n.Dropped != 1 {
		t.Errorf("counted %+v", n)
	}
	f.ok(cuDevicePrimaryCtxRelease(0))
	f.ctx = f.retain(0) // a new one
	f.ok(cuCtxPushCurrent(f.ctx))
	f.alloc(64)
}

// A context of another device that others destroyed takes with it whoever
// copies from there.
func TestPeerDestroyedByOthers(t *testing.T) {
	f := newFake(t, Settings{Devices: 2})
	other := f.retain(1)
	f.ok(cuCtxPushCurrent(other))
	q, rc := cuMemAlloc(64)
	f.ok(rc)
	f.ok(cuCtxPopCurrent())
	p, rc := cuMemAlloc(64)
	f.ok(rc)
	f.ok(cuMemcpyPeerAsync(p, f.ctx, q, other, 64, nil))
	f.DestroyContext(1)
	f.is(cuCtxSynchronize(), illegalAddress)
	f.is(cuMemFree(p), illegalAddress)
	f.is(cuMemcpyPeerAsync(p, f.ctx, q, other, 64, nil), illegalAddress)
	f.ok(cuDevicePrimaryCtxRelease(1))
}

func TestEnvironment(t *testing.T) {
	if isChild(t) {
		open(t)
		if rc := cuInit(); rc != noDevice {
			t.Fatalf("the first call gives %v", rc)
		}
		if rc := cuInit(); rc != success {
			t.Fatal(rc)
		}
		n, _ := cuDeviceGetCount()
		memory, _ := cuDeviceTotalMem(0)
		version, _ := cuDriverGetVersion()
		major, _ := cuDeviceGetAttribute(75, 0)
		minor, _ := cuDeviceGetAttribute(76, 0)
		t.Log("have", n, memory, version, major, minor)
		return
	}
	out, ok := runChild(t, "FAKECUDA_DEVICES=5", "FAKECUDA_MEMORY=1048576", "FAKECUDA_DRIVER=12080", "FAKECUDA_CAPABILITY=9.0",
		"FAKECUDA_FAIL=cuInit:1:100,cuMemAlloc_v2:7:2", "FAKECUDA_SEED=5", "FAKECUDA_LATE=1", "FAKECUDA_LOSE=7:700")
	if !ok || !strings.Contains(out, "have 5 1048576 12080 9 0") {
		t.Errorf("have:\n%s", out)
	}
	for _, wrong := range []string{"FAKECUDA_DEVICES=many", "FAKECUDA_CAPABILITY=9", "FAKECUDA_FAIL=cuNothing:1:1", "FAKECUDA_LOSE=x"} {
		name, value, _ := strings.Cut(wrong, "=")
		out, ok := runChild(t, wrong)
		if want := "fakecuda: " + name + ": " + value + " is not a value of it"; ok || !strings.Contains(out, want) {
			t.Errorf("%s: have:\n%s\nwant: %s", wrong, out, want)
		}
	}
}

func TestNoDevice(t *testing.T) {
	if isChild(t) {
		c := open(t)
		if err := c.Reset(Settings{Devices: NoDevices}); err != nil {
			t.Fatal(err)
		}
		if _, rc := cuDeviceGetCount(); rc != notInitialized {
			t.Errorf("before cuInit: %v", rc)
		}
		if rc := cuInit(); rc != noDevice {
			t.Errorf("cuInit: %v", rc)
		}
		return
	}
	if out, ok := runChild(t); !ok {
		t.Error(out)
	}
}

func TestBadSettings(t *testing.T) {
	c := open(t)
	for name, s := range map[string]Settings{
		"devices":    {Devices: 17},
		"memory":     {Memory: -1},
		"driver":     {Driver: -1},
		"capability": {Capability: [2]int{-1, 0}},
		"lateness":   {Late: 2},
	} {
		if err := c.Reset(s); err == nil || !strings.Contains(err.Error(), name[:6]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Reset(Settings{}); err != nil {
		t.Fatal(err)
	}
}
