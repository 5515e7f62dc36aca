package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"ndflow/cuda/fakecuda"
)

// envChild names what a child process of a test does: a process has one driver,
// so that each way of loading one needs a process of its own.
const envChild = "NDFLOW_CUDA_TEST_CHILD"

var children = map[string]func() error{
	"no library": func() error {
		_, err := Load("/no/such/libcuda.so.1")
		return wantWords(err, ErrUnavailable, "given path", "/no/such/libcuda.so.1", "cannot open", EnvLibrary)
	},
	"no library, by the environment": func() error {
		os.Setenv(EnvLibrary, "/no/such/libcuda.so.1")
		return wantWords(Available(), ErrUnavailable, EnvLibrary, "/no/such/libcuda.so.1")
	},
	"not a driver": func() error {
		_, err := Load("libm.so.6")
		return wantWords(err, ErrUnavailable, "not a CUDA driver")
	},
	"open where there is none": func() error {
		os.Setenv(EnvLibrary, "/no/such/libcuda.so.1")
		_, err := Open(0)
		if _, errOrdinal := OrdinalOf(1); errOrdinal == nil {
			return errors.New("OrdinalOf works without a driver")
		}
		return wantWords(err, ErrUnavailable, "/no/such/libcuda.so.1")
	},
	"driver too old": func() error {
		err := openFake(fakecuda.Settings{Driver: 11030})
		return wantWords(err, ErrUnavailable, "too old", "CUDA 11.3", "11.4")
	},
	"no device": func() error {
		if err := openFake(fakecuda.Settings{Devices: fakecuda.NoDevices}); err != nil {
			return err
		}
		n, err := DeviceCount()
		if n != 0 || err != nil {
			return fmt.Errorf("have %d devices, %v", n, err)
		}
		_, err = Open(0)
		if err := wantWords(err, ErrUnavailable, "no device"); err != nil {
			return err
		}
		return wantWords(Available(), ErrUnavailable, "no device", "CUDA_VISIBLE_DEVICES")
	},
	"driver does not start": func() error {
		if err := openFake(fakecuda.Settings{}); err != nil {
			return err
		}
		fake.Fail("cuInit", 1, int(SystemDriverMismatch))
		if err := wantWords(Available(), ErrUnavailable, "cuInit", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)"); err != nil {
			return err
		}
		return Available() // the next try may succeed
	},
	"another library": func() error {
		if err := openFake(fakecuda.Settings{}); err != nil {
			return err
		}
		if l, err := Load(""); err != nil || l.Path() != fake.Path() {
			return fmt.Errorf("have %v, %v, want the library that is loaded", l, err)
		}
		_, err := Load("libm.so.6")
		return wantWords(err, nil, "libm.so.6", fake.Path(), "only one")
	},
	"by the environment": func() error {
		path, err := fakecuda.Build("")
		if err != nil {
			return err
		}
		os.Setenv(EnvLibrary, path)
		if err := Available(); err != nil {
			return err
		}
		if l := current(); l.Path() != path || len(l.Tried()) != 1 || l.Tried()[0].Place != EnvLibrary {
			return fmt.Errorf("have %v", l.Tried())
		}
		return nil
	},
	"ordinal with no device open": func() error {
		if err := openDriver(); err != nil {
			return err
		}
		_, err := OrdinalOf(4096)
		return wantWords(err, ErrDevice, "0x1000")
	},
	"fork": func() error {
		if err := openDriver(); err != nil {
			return err
		}
		if err := Available(); err != nil {
			return err
		}
		if err := errorOf(forkedStatus()); !errors.Is(err, ErrForked) {
			return fmt.Errorf("a forked child was given %v, want %v", err, ErrForked)
		}
		return Available() // in the parent all goes on
	},
}

func wantWords(err, target error, words ...string) error {
	if err == nil || target != nil && !errors.Is(err, target) {
		return fmt.Errorf("have error %v, want %v", err, target)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			return fmt.Errorf("error %q does not say %q", err, w)
		}
	}
	return nil
}

// withoutFake are those that say something of the real driver, or of none.
var withoutFake = []string{"no library", "no library, by the environment", "not a driver", "open where there is none", "ordinal with no device open", "fork"}

func runChild(name string) int {
	if err := children[name](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestLoad(t *testing.T) {
	exe := get(os.Executable())(t)
	for name := range children {
		if fake == nil && !slices.Contains(withoutFake, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(exe)
			// The race detector would let each of them linger for a second.
			cmd.Env = append(os.Environ(), envChild+"="+name, EnvLibrary+"=", "GORACE=atexit_sleep_ms=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// With -v this says which driver the tests run on.
func TestDriver(t *testing.T) {
	l := get(Load(""))(t)
	major, minor := l.DriverVersion()
	kind := "a real driver"
	if fake != nil {
		kind = "the fake driver"
	}
	t.Logf("these tests run on %s, %s, for CUDA %d.%d", kind, l.Path(), major, minor)
	must(t, Available())
	for i := range get(DeviceCount())(t) {
		d := device(t, i)
		t.Logf("%v, %s, %s", d, d.PCIBusID(), d.UUID())
		free, total, err := d.Memory()
		must(t, err)
		if free <= 0 || free > total || d.TotalMemory() <= 0 {
			t.Errorf("have %d bytes free of %d, of %d", free, total, d.TotalMemory())
		}
		if major, _ := d.Capability(); major < 3 {
			t.Errorf("have capability %d", major)
		}
		if d.Ordinal() != i || d.Name() == "" || !strings.HasPrefix(d.UUID(), "GPU-") || len(d.UUID()) != 40 || d.PCIBusID() == "" {
			t.Errorf("have device %d, %q, %q, %q", d.Ordinal(), d.Name(), d.UUID(), d.PCIBusID())
		}
	}
	for _, n := range []int{-1, 1000} {
		_, err := Open(n)
		wantError(t, err, ErrDevice, fmt.Sprint(n))
	}
}

func TestResult(t *testing.T) {
	err := error(&Error{Code: OutOfMemory, Call: "cuMemAlloc_v2"})
	if !errors.Is(err, OutOfMemory) || errors.Is(err, InvalidValue) || errors.Is(err, ErrDeviceLost) {
		t.Errorf("%v is taken for another error", err)
	}
	if want := "cuMemAlloc_v2: CUDA_ERROR_OUT_OF_MEMORY (2): "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("have %q, want it to begin with %q", err, want)
	}
	if err := error(&Error{Code: LaunchFailed}); !errors.Is(err, ErrDeviceLost) {
		t.Errorf("%v does not say that the device is lost", err)
	}
	if have := Result(12345).Error(); !strings.Contains(have, "12345") {
		t.Errorf("have %q", have)
	}
}
