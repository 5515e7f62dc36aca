package fakecuda

import (
	"strings"
	"testing"
	"unsafe"
)

// violations are mistakes, each with what the fake says about it. A mistake
// ends the process, so each is made in one of its own.
var violations = []struct {
	name string
	want string
	make func(f *fake)
}{
	{"memory freed twice", "cuMemFree_v2: 0x* is no allocation: it is device memory that was freed, 64 bytes at 0x*", func(f *fake) {
		p, _ := cuMemAlloc(64)
		cuMemFree(p)
		cuMemFree(p)
	}},
	{"free of a view", "cuMemFree_v2: 0x* is no allocation: it is device memory of device 0, 64 bytes at 0x*, and frees go by its beginning", func(f *fake) {
		cuMemFree(f.alloc(64) + 16)
	}},
	{"free of host memory", "cuMemFree_v2: 0x* is no allocation: it is pageable host memory", func(f *fake) {
		cuMemFree(64)
	}},
	{"free while a copy uses it", "cuMemFree_v2: 0x* is in use by 1 queued operations", func(f *fake) {
		p := f.alloc(64)
		cuMemsetD8Async(p, 0, 64, f.stream())
		cuMemFree(p)
	}},
	{"free in another device's context", "cuMemFree_v2: 0x* is of device 0, but the context of device 1 is current", func(f *fake) {
		p := f.alloc(64)
		cuCtxPushCurrent(f.retain(1))
		cuMemFree(p)
	}},
	{"pinned memory freed while a copy uses it", "cuMemFreeHost: 0x* is in use by 1 queued operations", func(f *fake) {
		h := f.pinned(64)
		cuMemcpyHtoDAsync(f.alloc(64), h, f.stream())
		cuMemFreeHost(h)
	}},
	{"pinned memory freed twice", "cuMemFreeHost: 0x* was not allocated by cuMemHostAlloc: it is pinned host memory that was freed, 64 bytes at 0x*", func(f *fake) {
		h, _ := cuMemHostAlloc(64)
		cuMemFreeHost(h)
		cuMemFreeHost(h)
	}},
	{"memory unregistered while a copy uses it", "cuMemHostUnregister: 0x* is in use by 1 queued operations", func(f *fake) {
		h := make([]byte, 64)
		cuMemHostRegister(h)
		cuMemcpyHtoDAsync(f.alloc(64), h, f.stream())
		cuMemHostUnregister(h)
	}},
	{"copy past the end of device memory", "cuMemcpyHtoDAsync_v2: the destination runs 1 bytes past its end: 0x* and 64 bytes, in 64 bytes at 0x*", func(f *fake) {
		cuMemcpyHtoDAsync(f.alloc(64)+1, make([]byte, 64), nil)
	}},
	{"copy past the end of pinned memory", "cuMemcpyDtoHAsync_v2: the destination runs 8 bytes past its end: 0x* and 72 bytes, in 64 bytes at 0x*", func(f *fake) {
		h := f.pinned(72)
		cuMemFreeHost(h)
		h = make([]byte, 72)
		cuMemHostRegister(h[:64])
		cuMemcpyDtoHAsync(h, f.alloc(72), nil)
	}},
	{"copy that begins before pinned memory", "cuMemcpyDtoHAsync_v2: the destination, 0x* and 72 bytes, is pinned in part only: from 0x*", func(f *fake) {
		h := make([]byte, 72)
		cuMemHostRegister(h[8:])
		cuMemcpyDtoHAsync(h, f.alloc(72), nil)
	}},
	{"copy into freed device memory", "cuMemcpyHtoDAsync_v2: the destination, 0x*, is not device memory: it is device memory that was freed, 64 bytes at 0x*", func(f *fake) {
		p, _ := cuMemAlloc(64)
		cuMemFree(p)
		cuMemcpyHtoDAsync(p, make([]byte, 64), nil)
	}},
	{"copy to the device from the device", "cuMemcpyHtoDAsync_v2: the source, 0x*, is not host memory: it is device memory of device 0, 64 bytes at 0x*", func(f *fake) {
		cuMemcpyHtoDFrom(f.alloc(64), f.alloc(64), 64)
	}},
	{"copy between devices that is none", "cuMemcpyDtoDAsync_v2: the source, 0x*, is not device memory: it is pinned host memory of device 0, 64 bytes at 0x*", func(f *fake) {
		cuMemcpyDtoDAsync(f.alloc(64), addressOf(f.pinned(64)), 64, nil)
	}},
	{"copy onto itself", "cuMemcpyDtoDAsync_v2: source 0x* and destination 0x* of 48 bytes overlap", func(f *fake) {
		p := f.alloc(64)
		cuMemcpyDtoDAsync(p, p+16, 48, nil)
	}},
	{"copy from another device without access", "cuMemcpyDtoDAsync_v2: the source, 0x*, is of device 1, not of device 0", func(f *fake) {
		cuCtxPushCurrent(f.retain(1))
		p := f.alloc(64)
		cuCtxPopCurrent()
		cuMemcpyDtoDAsync(f.alloc(64), p, 64, nil)
	}},
	{"copy between devices with the contexts changed", "cuMemcpyPeerAsync: the destination, 0x*, is of device 0, not of device 1", func(f *fake) {
		other := f.retain(1)
		p := f.alloc(64)
		cuCtxPushCurrent(other)
		q := f.alloc(64)
		cuMemcpyPeerAsync(p, other, q, f.ctx, 64, nil)
	}},
	{"stream of another device", "cuStreamSynchronize: stream 0x* is of device 0, but the context of device 1 is current", func(f *fake) {
		s := f.stream()
		cuCtxPushCurrent(f.retain(1))
		cuStreamSynchronize(s)
	}},
	{"stream destroyed twice", "cuStreamDestroy_v2: stream 0x* was destroyed", func(f *fake) {
		s, _ := cuStreamCreate(1)
		cuStreamDestroy(s)
		cuStreamDestroy(s)
	}},
	{"copy in a stream of a released context", "cuMemsetD8Async: stream 0x* was destroyed", func(f *fake) {
		s := f.stream()
		cuCtxPopCurrent()
		cuDevicePrimaryCtxRelease(0)
		cuCtxPushCurrent(f.retain(0))
		cuMemsetD8Async(f.alloc(64), 0, 64, s)
	}},
	{"event destroyed twice", "cuEventDestroy_v2: event 0x* was destroyed", func(f *fake) {
		e, _ := cuEventCreate(0)
		cuEventDestroy(e)
		cuEventDestroy(e)
	}},
	{"query of an event that was not recorded", "cuEventQuery: event 0x* is used before it was recorded", func(f *fake) {
		cuEventQuery(f.event())
	}},
	{"wait for an event that was not recorded", "cuStreamWaitEvent: event 0x* is used before it was recorded", func(f *fake) {
		cuStreamWaitEvent(f.stream(), f.event())
	}},
	{"event that is none", "cuEventRecord: 0x* is not an event", func(f *fake) {
		cuEventRecord(event(unsafe.Pointer(f.stream())), nil)
	}},
	{"context released once too often", "cuDevicePrimaryCtxRelease_v2: the context of device 1 is not retained", func(f *fake) {
		f.retain(1)
		cuDevicePrimaryCtxRelease(1)
		cuDevicePrimaryCtxRelease(1)
	}},
	{"context released with work queued", "cuDevicePrimaryCtxRelease_v2: the last reference to device 0's context goes while 1 operations are queued in it", func(f *fake) {
		cuMemsetD8Async(f.alloc(64), 0, 64, f.stream())
		cuDevicePrimaryCtxRelease(0)
	}},
	{"released context pushed", "cuCtxPushCurrent_v2: the context of device 1 was released", func(f *fake) {
		c := f.retain(1)
		cuDevicePrimaryCtxRelease(1)
		cuCtxPushCurrent(c)
	}},
	{"read of what another stream writes", "cuMemcpyDtoHAsync_v2: 0x* is used by cuMemsetD8Async in another stream, and no event orders the two", func(f *fake) {
		p := f.alloc(64)
		cuMemsetD8Async(p, 0, 64, f.stream())
		cuMemcpyDtoHAsync(f.pinned(64), p, f.stream())
	}},
	{"pinned memory written by two streams", "cuMemcpyDtoHAsync_v2: 0x* is used by cuMemcpyDtoHAsync_v2 in another stream, and no event orders the two", func(f *fake) {
		h := f.pinned(64)
		cuMemcpyDtoHAsync(h[:48], f.alloc(64), f.stream())
		cuMemcpyDtoHAsync(h[32:], f.alloc(64), f.stream())
	}},
	{"event recorded too early", "cuMemcpyDtoDAsync_v2: 0x* is used by cuMemsetD8Async in another stream, and no event orders the two", func(f *fake) {
		p, s, t, e := f.alloc(64), f.stream(), f.stream(), f.event()
		cuEventRecord(e, s)
		cuMemsetD8Async(p, 0, 64, s)
		cuStreamWaitEvent(t, e)
		cuMemcpyDtoDAsync(f.alloc(64), p, 64, t)
	}},
	{"host memory unmapped before the copy", "cuMemcpyHtoDAsync_v2: the host memory at 0x* is not there any more to be read when the copy is done", func(f *fake) {
		h := mapped(4096)
		cuMemHostRegister(h)
		cuMemcpyHtoDAsync(f.alloc(4096), h, nil)
		unmap(h)
		cuStreamSynchronize(nil)
	}},
}

func TestViolations(t *testing.T) {
	for _, v := range violations {
		t.Run(strings.ReplaceAll(v.name, " ", "_"), func(t *testing.T) {
			if isChild(t) {
				v.make(newFake(t, Settings{Devices: 2}))
				return
			}
			t.Parallel()
			out, ok := runChild(t)
			if ok {
				t.Fatalf("the process went on:\n%s", out)
			}
			if !hasLine(out, "fakecuda: "+v.want) {
				t.Errorf("have:\n%s\nwant the line:\nfakecuda: %s", out, v.want)
			}
		})
	}
}

// hasLine reports whether a line of out is want, in which "0x*" stands for any
// address.
func hasLine(out, want string) bool {
	parts := strings.Split(want, "0x*")
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), parts[0])
		for _, part := range parts[1:] {
			if !ok {
				break
			}
			rest, ok = strings.CutPrefix(rest, "0x")
			rest = strings.TrimLeft(rest, "0123456789abcdef")
			if ok {
				rest, ok = strings.CutPrefix(rest, part)
			}
		}
		if ok && rest == "" {
			return true
		}
	}
	return false
}

// What is allowed stays allowed: each has an order, or only reads.
func TestOrderedUseIsNoViolation(t *testing.T) {
	f := newFake(t, Settings{})
	p, q := f.alloc(64), f.alloc(64)
	h := f.pinned(64)
	streams := []stream{f.stream(), f.stream(), f.stream()}
	for _, order := range [][3]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		a, b, c := streams[order[0]], streams[order[1]], streams[order[2]]
		e1, e2 := f.event(), f.event()
		f.ok(cuMemsetD8Async(p, 1, 64, a))
		f.ok(cuEventRecord(e1, a))
		f.ok(cuStreamWaitEvent(b, e1)) // a before b
		f.ok(cuMemcpyDtoDAsync(q, p, 64, b))
		f.ok(cuMemcpyDtoHAsync(h, p, b))
		f.ok(cuEventRecord(e2, b))
		f.ok(cuStreamWaitEvent(c, e2)) // a before c, through b
		f.ok(cuMemsetD8Async(p, 2, 64, c))
		f.ok(cuStreamSynchronize(c))
		if have := f.device(p, 1) + f.device(q, 1); have != "\x02\x01" {
			t.Errorf("the device has %q", have)
		}
	}
}

func TestHostFaultsOnDeviceMemory(t *testing.T) {
	if isChild(t) {
		f := newFake(t, Settings{})
		p := f.alloc(64)
		if err := f.Touchable(uintptr(p), true); err != nil {
			t.Fatal(err)
		}
		t.Logf("touched %#x", touch(p))
		if err := f.Touchable(uintptr(p), false); err != nil {
			t.Fatal(err)
		}
		touch(p)
		t.Log("went on")
		return
	}
	out, ok := runChild(t)
	if ok || !strings.Contains(out, "SIGSEGV") || !strings.Contains(out, "touched") || strings.Contains(out, "went on") {
		t.Errorf("touching device memory: success %v, and\n%s", ok, out)
	}
}
