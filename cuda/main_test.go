package cuda

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"ndflow/cuda/fakecuda"
	"ndflow/internal/errtest"
	"ndflow/internal/leaktest"
	"ndflow/npy"
)

// envTestLibrary says which driver the tests use: "" is the fake, "real" is the
// machine's own, and anything else is the path of one.
const envTestLibrary = "NDFLOW_TEST_LIBCUDA"

// fake is the driver that the tests use; nil if that is a real one.
var fake *fakecuda.Control

func TestMain(m *testing.M) {
	if name := os.Getenv(envChild); name != "" {
		os.Exit(runChild(name))
	}
	if err := openDriver(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	leaktest.Main(m, CheckLeaks, func() error {
		if left := leftOver(); left != "" {
			return fmt.Errorf("left over in the fake driver: %s", left)
		}
		return nil
	})
}

func openDriver() error {
	switch path := os.Getenv(envTestLibrary); path {
	case "":
		return openFake(fakecuda.Settings{Devices: 2})
	case "real":
		_, err := Load("")
		return err
	default:
		_, err := Load(path)
		return err
	}
}

func openFake(s fakecuda.Settings) error {
	path, err := fakecuda.Build("")
	if err != nil {
		return err
	}
	if fake, err = fakecuda.Open(path); err != nil {
		return err
	}
	if err := fake.Reset(s); err != nil {
		return err
	}
	_, err = Load(path)
	return err
}

// leftOver says what is alive in the fake driver when all is collected that can
// be.
func leftOver() string {
	if fake == nil {
		return ""
	}
	eventually(func() bool { return fake.Counters().Alive() == "" })
	return fake.Counters().Alive()
}

// eventually collects garbage until cond holds, for as long as that can
// reasonably take, and reports whether it does.
func eventually(cond func() bool) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if cond() {
			return true
		}
		runtime.GC()
		reap()
		runtime.Gosched()
	}
	return cond()
}

// onFake reports whether the tests run on the fake driver, for those that need
// it: they ask it for a fault, or for its counters. On a real driver they log
// that and return.
func onFake(t testing.TB) bool {
	t.Helper()
	if fake == nil {
		t.Log("this needs the fake driver, and the tests run on " + current().Path())
	}
	return fake != nil
}

// fresh gives a test the fake driver as new, and back as the other tests expect
// it.
func fresh(t testing.TB, s fakecuda.Settings) {
	t.Helper()
	if left := leftOver(); left != "" {
		t.Fatal("an earlier test has left over:", left)
	}
	must(t, fake.Reset(s))
	t.Cleanup(func() {
		fake.Hold(false)
		if left := leftOver(); left != "" {
			t.Errorf("left over: %s", left)
		}
		must(t, fake.Reset(fakecuda.Settings{Devices: 2}))
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get is must for a call that returns something.
func get[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func device(t testing.TB, ordinal int) *Device {
	t.Helper()
	d := get(Open(ordinal))(t)
	t.Cleanup(d.Close)
	return d
}

// twoDevices returns two devices; ok is false on a machine that has only one.
func twoDevices(t testing.TB) (a, b *Device, ok bool) {
	t.Helper()
	if n := get(DeviceCount())(t); n < 2 {
		t.Logf("this needs two devices, and the driver has %d", n)
		return nil, nil, false
	}
	return device(t, 0), device(t, 1), true
}

func aStream(t testing.TB, d *Device) *Stream {
	t.Helper()
	s := get(d.NewStream())(t)
	t.Cleanup(s.Close)
	return s
}

func buffer(t testing.TB, d *Device, dtype npy.DType, shape ...int) *Buffer {
	t.Helper()
	b := get(d.NewBuffer(dtype, shape...))(t)
	t.Cleanup(b.Close)
	return b
}

func hostBuffer(t testing.TB, d *Device, dtype npy.DType, shape ...int) *HostBuffer {
	t.Helper()
	h := get(d.NewHostBuffer(dtype, shape...))(t)
	t.Cleanup(h.Close)
	return h
}

// array returns an array whose bytes are a pattern of their own for each seed.
func array(t testing.TB, seed int, dtype npy.DType, shape ...int) *npy.Array {
	t.Helper()
	a := get(npy.New(dtype, shape...))(t)
	fill(a, seed)
	return a
}

func fill(a *npy.Array, seed int) {
	x := uint32(seed)*2654435761 + 1
	for i := range a.Bytes() {
		x = x*1664525 + 1013904223
		a.Bytes()[i] = byte(x >> 24)
		if a.DType() == npy.Bool {
			a.Bytes()[i] &= 1
		}
	}
}

func wantBytes(t testing.TB, have, want *npy.Array) {
	t.Helper()
	if string(have.Bytes()) != string(want.Bytes()) {
		t.Fatalf("have other elements than want:\n%.200v\n%.200v", have, want)
	}
}

// wantError checks that err is target and says each of the words.
func wantError(t testing.TB, err, target error, words ...string) {
	t.Helper()
	errtest.Want(t, err, target, words...)
	if strings.Count(err.Error(), "cuda: ") != 1 || !strings.HasPrefix(err.Error(), "cuda: ") {
		t.Errorf("error %q does not name this package once, in front", err)
	}
}

// addressOf is where an array's memory lies.
func addressOf(a *npy.Array) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(a.Bytes()))) }

// yield lets other goroutines and threads run.
func yield() { runtime.Gosched() }
