package cuda

// #cgo CFLAGS: -std=gnu11 -O2 -Wall -Wextra
// #cgo LDFLAGS: -ldl -lpthread
// #include <stdlib.h>
// #include "driver.h"
// #include "loader.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// EnvLibrary names the environment variable that says which file the driver's
// library is.
const EnvLibrary = "NDFLOW_LIBCUDA"

// libraryName is what the dynamic loader is asked for. It is the driver's, and
// installed with it; no toolkit is needed.
const libraryName = "libcuda.so.1"

// The oldest driver that will do: CUDA 11.4 brought the last of the functions in
// capi.h.
const minVersion = 11040

// Library is the CUDA driver of this process.
type Library struct {
	path    string
	version int
	tried   []Attempt
}

// Attempt is one place in which [Load] looked for the driver.
type Attempt struct {
	Place string // why it looked there: "given path", "NDFLOW_LIBCUDA", "loader's path"
	Path  string // what it tried to open
	Err   error  // why that did not do; nil for the library that was loaded
}

// LoadError says that no driver could be loaded, and where it was looked for. It
// is [ErrUnavailable] for errors.Is.
type LoadError struct{ Tried []Attempt }

func (e *LoadError) Error() string {
	var b strings.Builder
	b.WriteString("cuda: no CUDA driver could be loaded; looked in:")
	for _, t := range e.Tried {
		fmt.Fprintf(&b, "\n  %-14s %s: %v", t.Place, t.Path, t.Err)
	}
	fmt.Fprintf(&b, "\ninstall NVIDIA's driver, or set %s to the file of its library, %s", EnvLibrary, libraryName)
	return b.String()
}

// Is makes a LoadError an [ErrUnavailable].
func (e *LoadError) Is(target error) bool { return target == ErrUnavailable }

var (
	loadMu sync.Mutex
	loaded atomic.Pointer[Library]
)

// current returns the library that is loaded; nil where none is.
func current() *Library { return loaded.Load() }

// Load opens the driver's library: the file at path if that is not empty, else
// the one that NDFLOW_LIBCUDA names, else libcuda.so.1 as the dynamic loader
// finds it. A library that is already loaded stays: Load returns it, or an error
// where path names another one.
//
// No device is needed yet; see [Available].
func Load(path string) (*Library, error) {
	loadMu.Lock()
	defer loadMu.Unlock()
	if l := current(); l != nil {
		if path != "" && !sameFile(path, l.path) {
			return nil, fmt.Errorf("cuda: %s is asked for, but %s is loaded already and a process has only one", path, l.path)
		}
		return l, nil
	}
	try := candidate(path)
	l, err := open(try.Path)
	if err != nil {
		try.Err = err
		return nil, &LoadError{Tried: []Attempt{try}}
	}
	l.tried = []Attempt{try}
	loaded.Store(l)
	return l, nil
}

// candidate is the one place to look in: whoever names a file means that one.
func candidate(path string) Attempt {
	if path != "" {
		return Attempt{Place: "given path", Path: path}
	}
	if env := os.Getenv(EnvLibrary); env != "" {
		return Attempt{Place: EnvLibrary, Path: env}
	}
	return Attempt{Place: "loader's path", Path: libraryName}
}

// open fills the table of C functions from the library at path.
func open(path string) (*Library, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var opened *C.char
	var version C.int
	if msg := C.ndc_cuda_open(cpath, minVersion, &opened, &version); msg != nil {
		defer C.free(unsafe.Pointer(msg))
		// dlerror names the file first, as the caller does.
		return nil, errors.New(strings.TrimPrefix(C.GoString(msg), path+": "))
	}
	defer C.free(unsafe.Pointer(opened))
	return &Library{path: C.GoString(opened), version: int(version)}, nil
}

// Path returns the file that the library was loaded from.
func (l *Library) Path() string { return l.path }

// DriverVersion returns the newest CUDA that the driver is for, 12 and 4 for 12.4
// (cuDriverGetVersion).
func (l *Library) DriverVersion() (major, minor int) {
	return l.version / 1000, l.version % 1000 / 10
}

// Tried returns the places that were looked in, the one that was loaded last.
func (l *Library) Tried() []Attempt { return append([]Attempt{}, l.tried...) }

func sameFile(a, b string) bool {
	fa, errA := os.Stat(a)
	fb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}

// ensure loads the library where that has not been done yet, so that every
// function of this package can be called first.
func ensure() error {
	if current() != nil {
		return nil
	}
	_, err := Load("")
	return err
}

// DeviceCount returns the number of devices that this process may use
// (cuDeviceGetCount); CUDA_VISIBLE_DEVICES hides some.
func DeviceCount() (int, error) {
	if err := ensure(); err != nil {
		return 0, err
	}
	c := C.ndc_device_count()
	if err := errorOf(c.status); err != nil {
		if errors.Is(err, NoDevice) {
			return 0, nil
		}
		return 0, fmt.Errorf("cuda: %w: %w", ErrUnavailable, err)
	}
	return int(c.n), nil
}

// Available returns nil where this process can use a CUDA device, else why it
// cannot: no driver, one that is too old or does not start, or no device. The
// error is [ErrUnavailable].
func Available() error {
	_, err := available()
	return err
}

// available returns the number of devices, or why there are none.
func available() (int, error) {
	n, err := DeviceCount()
	if err == nil && n == 0 {
		err = fmt.Errorf("cuda: %w: the driver %s finds no device (CUDA_VISIBLE_DEVICES is %q)", ErrUnavailable, current().path, os.Getenv("CUDA_VISIBLE_DEVICES"))
	}
	return n, err
}
