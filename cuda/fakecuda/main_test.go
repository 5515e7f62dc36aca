package fakecuda

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// fake is an opened fake with device 0's context current on the test's thread.
type fake struct {
	*Control
	t   *testing.T
	ctx context
}

// newFake gives a test the fake as new, and the thread that contexts are
// current on. At the end nothing may be alive.
func newFake(t *testing.T, s Settings) *fake {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	f := &fake{Control: open(t), t: t}
	if err := f.Reset(s); err != nil {
		t.Fatal(err)
	}
	f.ok(cuInit())
	f.ctx = f.retain(0)
	f.ok(cuCtxPushCurrent(f.ctx))
	t.Cleanup(func() {
		f.Hold(false)
		cuCtxPopCurrent()
		cuDevicePrimaryCtxRelease(0)
		if alive := f.Counters().Alive(); alive != "" && !t.Failed() {
			t.Errorf("left over:%s", alive)
		}
	})
	return f
}

func open(t *testing.T) *Control {
	t.Helper()
	path, err := Build("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fake) ok(rc code) { f.t.Helper(); f.is(rc, success) }

func (f *fake) is(have, want code) {
	f.t.Helper()
	if have != want {
		f.t.Fatalf("have %v, want %v", have, want)
	}
}

// The following make things that go with the test.

func (f *fake) retain(device int) context {
	f.t.Helper()
	c, rc := cuDevicePrimaryCtxRetain(device)
	f.ok(rc)
	return c
}

func (f *fake) alloc(n int) devptr {
	f.t.Helper()
	p, rc := cuMemAlloc(n)
	f.ok(rc)
	f.t.Cleanup(func() { f.ok(cuMemFree(p)) })
	return p
}

func (f *fake) pinned(n int) []byte {
	f.t.Helper()
	b, rc := cuMemHostAlloc(n)
	f.ok(rc)
	f.t.Cleanup(func() { f.ok(cuMemFreeHost(b)) })
	return b
}

func (f *fake) stream() stream {
	f.t.Helper()
	s, rc := cuStreamCreate(1)
	f.ok(rc)
	f.t.Cleanup(func() { f.ok(cuStreamSynchronize(s)); f.ok(cuStreamDestroy(s)) })
	return s
}

func (f *fake) event() event {
	f.t.Helper()
	e, rc := cuEventCreate(0)
	f.ok(rc)
	f.t.Cleanup(func() { f.ok(cuEventDestroy(e)) })
	return e
}

// device reads device memory past all queues.
func (f *fake) device(p devptr, n int) string {
	f.t.Helper()
	b := make([]byte, n)
	if err := f.Read(b, uintptr(p)); err != nil {
		f.t.Fatal(err)
	}
	return string(b)
}

// child names the test that a child process is to run in itself.
const child = "FAKECUDA_TEST_CHILD"

func isChild(t *testing.T) bool { return os.Getenv(child) == t.Name() }

// runChild runs this test alone in a process of its own, and returns what that
// prints and whether it succeeded.
func runChild(t *testing.T, env ...string) (out string, ok bool) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i := range parts {
		parts[i] = "^" + parts[i] + "$"
	}
	cmd := exec.Command(os.Args[0], "-test.run="+strings.Join(parts, "/"), "-test.v")
	cmd.Env = append(append(os.Environ(), child+"="+t.Name(), "GOTRACEBACK=none"), env...)
	b, err := cmd.CombinedOutput()
	return string(b), err == nil
}

// mapped is memory outside of Go's that unmap takes away.
func mapped(n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	return b
}

func unmap(b []byte) {
	if err := syscall.Munmap(b); err != nil {
		panic(err)
	}
}

func addressOf(b []byte) devptr { return devptr(uintptr(unsafe.Pointer(&b[0]))) }
