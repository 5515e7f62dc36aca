package fakecuda

// #cgo CFLAGS: -std=gnu11 -O2 -Wall -Wextra
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "open.h"
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

// Control is the test's side of an opened fake: settings, failures, counters.
// Its methods may be called at any time, from any goroutine.
type Control struct{ path string }

var opened struct {
	sync.Mutex
	control *Control
}

// Open opens a library that [Build] has made. That is the same library in the
// process as the one that the code under test opens by the same path. A
// process has one fake: another path is an error.
func Open(path string) (*Control, error) {
	opened.Lock()
	defer opened.Unlock()
	if c := opened.control; c != nil {
		if c.path != path {
			return nil, fmt.Errorf("fakecuda: %s is open in this process, not %s", c.path, path)
		}
		return c, nil
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	if msg := C.ndf_fake_open(cpath); msg != nil {
		return nil, fmt.Errorf("fakecuda: %s", C.GoString(msg))
	}
	opened.control = &Control{path: path}
	return opened.control, nil
}

// Path is where the library was opened.
func (c *Control) Path() string { return c.path }

// Lateness says when queued work is done.
type Lateness int

const (
	// WhenAsked does work as late as can be: in a call that waits for it, or a
	// little at a time in calls that ask about it. In a test of one goroutine
	// the order is the same each time for a seed.
	WhenAsked Lateness = iota
	// ByThread does work in a thread, after short pauses, whoever asks.
	ByThread
)

// Settings is what the fake pretends to be. Zero fields stand for the defaults,
// which are named beside them.
type Settings struct {
	Devices    int    // 1; at most 16. NoDevices: none
	Memory     int64  // bytes of each device: 256 MiB
	Driver     int    // as cuDriverGetVersion gives it: 12040 is 12.4
	Capability [2]int // {8, 6}
	Seed       int64  // of the order of work: 1
	Late       Lateness
}

// NoDevices in [Settings] means that there is none: cuInit gives
// CUDA_ERROR_NO_DEVICE, or, if it has run before, cuDeviceGetCount 0.
const NoDevices = -1

// Reset makes the fake new, with settings: primary contexts and all that is in
// them go without a word, counters are zero, no failure is asked for. Only
// cuInit stays done. Handles from before are stale.
func (c *Control) Reset(s Settings) error {
	C.call_fakecuda_reset()
	if s.Devices == NoDevices {
		c.set("devices", 0)
	} else if s.Devices != 0 && !c.set("devices", int64(s.Devices)) {
		return fmt.Errorf("fakecuda: have %d devices, want 1 to 16, or NoDevices", s.Devices)
	}
	if s.Memory != 0 && !c.set("memory", s.Memory) {
		return fmt.Errorf("fakecuda: have %d bytes of memory, want 1 to 32 GiB", s.Memory)
	}
	if s.Driver != 0 && !c.set("driver", int64(s.Driver)) {
		return fmt.Errorf("fakecuda: have driver version %d, want one such as 12040", s.Driver)
	}
	if s.Capability != [2]int{} {
		major, minor := c.set("major", int64(s.Capability[0])), c.set("minor", int64(s.Capability[1]))
		if !major || !minor {
			return fmt.Errorf("fakecuda: have capability %v, want one such as [8 6]", s.Capability)
		}
	}
	if s.Seed != 0 {
		c.set("seed", s.Seed)
	}
	if !c.set("late", int64(s.Late)) {
		return fmt.Errorf("fakecuda: have lateness %d, want WhenAsked or ByThread", s.Late)
	}
	return nil
}

func (c *Control) set(key string, value int64) bool {
	ckey := C.CString(key)
	defer C.free(unsafe.Pointer(ckey))
	return bool(C.call_fakecuda_set(ckey, C.int64_t(value)))
}

// Fail lets the nth call from now of a function of the driver (1 is the next)
// give a code; nth 0 takes that back. It panics if there is no such function
// or nth is negative, since that is a mistake in the test.
//
// What frees, destroys, pops or waits is done all the same, as with a driver
// that reports there the failure of something earlier.
func (c *Control) Fail(call string, nth int, code int) {
	ccall := C.CString(call)
	defer C.free(unsafe.Pointer(ccall))
	if !C.call_fakecuda_fail(ccall, C.int64_t(nth), C.int(code)) {
		panic(fmt.Sprintf("fakecuda: no call %d of %q can fail", nth, call))
	}
}

// LoseDevice loses a device in the middle of the nth copy from now that is
// begun: half of it has been done then. From there on everything that is asked
// of the device gives code, a sticky one such as CUDA_ERROR_LAUNCH_FAILED
// (719). nth 0 takes that back.
func (c *Control) LoseDevice(nth int, code int) {
	if !C.call_fakecuda_lose(C.int64_t(nth), C.int(code)) {
		panic(fmt.Sprintf("fakecuda: no device can be lost at copy %d", nth))
	}
}

// DestroyContext ends a device's primary context, with all that is in it, as
// another library in the process may. It reports whether there was one.
func (c *Control) DestroyContext(device int) bool {
	return bool(C.call_fakecuda_destroy(C.int(device)))
}

// Hold lets no queued work be done, until it is called with false. What waits
// for work waits until then.
func (c *Control) Hold(on bool) {
	var value int64
	if on {
		value = 1
	}
	c.set("held", value)
}

// Calls is how often a function of the driver was called since the last
// [Control.Reset]; -1 if the fake has none of that name.
func (c *Control) Calls(call string) int64 {
	ccall := C.CString(call)
	defer C.free(unsafe.Pointer(ccall))
	return int64(C.call_fakecuda_calls(ccall))
}

// CallNames are the functions of the driver that the fake has, all of which
// [Control.Fail] knows.
func CallNames() []string {
	names := make([]string, len(C.ndf_fake_names))
	for i := range names {
		names[i] = C.GoString(C.ndf_fake_names[i])
	}
	return names
}

// Counters counts what is alive, and what was done since the last
// [Control.Reset].
type Counters struct {
	Allocations, AllocatedBytes int64 // device memory that is alive
	Pinned, PinnedBytes         int64 // of cuMemHostAlloc
	Registered                  int64 // ranges of cuMemHostRegister
	Streams, Events             int64
	Contexts                    int64 // references to primary contexts
	Pushed                      int64 // contexts on the stacks of all threads
	Queued                      int64 // operations that are not done
	Orphaned                    int64 // things that went with a released context

	Copies                                     int64 // copies begun
	ToDevice, ToHost, OnDevice, BetweenDevices int64 // bytes copied
	Filled                                     int64 // bytes set
	Dropped                                    int64 // operations of lost and destroyed contexts
}

// Alive is what is alive as text, for a test's message; "" if nothing is and
// nothing was left for a context's end to free.
func (n Counters) Alive() string {
	var text string
	for _, c := range []struct {
		name string
		n    int64
	}{
		{"allocations", n.Allocations}, {"pinned", n.Pinned}, {"registered", n.Registered},
		{"streams", n.Streams}, {"events", n.Events}, {"contexts", n.Contexts},
		{"pushed", n.Pushed}, {"queued", n.Queued}, {"orphaned", n.Orphaned},
	} {
		if c.n != 0 {
			text += fmt.Sprintf(" %s %d", c.name, c.n)
		}
	}
	return text
}

// Counters returns the counters of now.
func (c *Control) Counters() Counters {
	var n C.fc_counters
	C.call_fakecuda_counters(&n)
	return Counters{
		Allocations: int64(n.allocations), AllocatedBytes: int64(n.allocated_bytes),
		Pinned: int64(n.pinned), PinnedBytes: int64(n.pinned_bytes),
		Registered: int64(n.registered),
		Streams:    int64(n.streams), Events: int64(n.events),
		Contexts: int64(n.contexts), Pushed: int64(n.pushed),
		Queued: int64(n.queued), Orphaned: int64(n.orphaned),
		Copies:   int64(n.copies),
		ToDevice: int64(n.to_device), ToHost: int64(n.to_host),
		OnDevice: int64(n.on_device), BetweenDevices: int64(n.between_devices),
		Filled: int64(n.filled), Dropped: int64(n.dropped),
	}
}

// Read copies what device memory holds now, with no regard to queued work.
func (c *Control) Read(to []byte, from uintptr) error {
	if !C.call_fakecuda_read(unsafe.Pointer(unsafe.SliceData(to)), C.uint64_t(from), C.size_t(len(to))) {
		return fmt.Errorf("fakecuda: no %d bytes of device memory at %#x", len(to), from)
	}
	return nil
}

// Write sets what device memory holds, with no regard to queued work.
func (c *Control) Write(to uintptr, from []byte) error {
	if !C.call_fakecuda_write(C.uint64_t(to), unsafe.Pointer(unsafe.SliceData(from)), C.size_t(len(from))) {
		return fmt.Errorf("fakecuda: no %d bytes of device memory at %#x", len(from), to)
	}
	return nil
}

// Touchable lets the host read and write the allocation that holds p, or ends
// that. It is for TensorFlow's logical CPU devices that pose as GPUs.
func (c *Control) Touchable(p uintptr, on bool) error {
	if !C.call_fakecuda_touchable(C.uint64_t(p), C.bool(on)) {
		return fmt.Errorf("fakecuda: no device memory at %#x", p)
	}
	return nil
}
