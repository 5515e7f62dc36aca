package tfc

// #cgo CFLAGS: -std=gnu11 -O2 -Wall -Wextra
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "capi.h"
// #include "loader.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// EnvLibrary names the environment variable that says where the library is: a
// file, or a folder that holds one.
const EnvLibrary = "NDFLOW_LIBTENSORFLOW"

// setUp is the command that puts a library into the cache.
const setUp = "scripts/libtensorflow"

var libraryNames = []string{"libtensorflow_cc.so.2", "libtensorflow.so.2", "libtensorflow.so"}

// Library is the TensorFlow library of this process.
type Library struct {
	path      string
	version   string
	cuda      bool
	tried     []Attempt
	placement string // why results cannot be placed; empty when they can
}

// Attempt is one place in which [Load] looked for the library.
type Attempt struct {
	Place string // why it looked there: "NDFLOW_LIBTENSORFLOW", "cache", ...
	Path  string // what it tried to open
	Err   error  // why that did not do; nil for the library that was loaded
}

// LoadError says that no library could be loaded and where it was looked for.
// It is [ErrLibrary] for errors.Is.
type LoadError struct{ Tried []Attempt }

func (e *LoadError) Error() string {
	var b strings.Builder
	b.WriteString("tfc: no TensorFlow library could be loaded; looked in:")
	for _, t := range e.Tried {
		fmt.Fprintf(&b, "\n  %-20s %s: %v", t.Place, t.Path, t.Err)
	}
	fmt.Fprintf(&b, "\nrun %s to install one into the cache, or set %s to its file or folder", setUp, EnvLibrary)
	return b.String()
}

// Is makes a LoadError an [ErrLibrary].
func (e *LoadError) Is(target error) bool { return target == ErrLibrary }

var (
	loadMu sync.Mutex
	loaded *Library
)

// Load opens the TensorFlow library: path (a file or a folder) if it is not
// empty, else the first that is found in the places the package comment names.
// A library that is already loaded stays: Load returns it, or an error where
// path names another one.
func Load(path string) (*Library, error) {
	loadMu.Lock()
	defer loadMu.Unlock()
	if loaded != nil {
		if path != "" && !slices.ContainsFunc(inFolder(path), func(p string) bool { return sameFile(p, loaded.path) }) {
			return nil, fmt.Errorf("tfc: %w: %s is asked for, but %s is loaded already and a process has only one", ErrLibrary, path, loaded.path)
		}
		return loaded, nil
	}
	var tried []Attempt
	for _, c := range candidates(path) {
		var opened string
		if c.Err == nil {
			opened, c.Err = open(c.Path)
		}
		tried = append(tried, c)
		if c.Err == nil {
			loaded = &Library{path: opened, version: C.GoString(C.TF_Version()), cuda: hasCUDA(), tried: tried}
			loaded.openPlacement()
			return loaded, nil
		}
	}
	return nil, &LoadError{Tried: tried}
}

// Path returns the file the library was loaded from.
func (l *Library) Path() string { return l.path }

// Version returns TensorFlow's version, "2.21.0".
func (l *Library) Version() string { return l.version }

// CUDA reports whether the library was built for NVIDIA's GPUs. It runs on machines
// without one as well.
func (l *Library) CUDA() bool { return l.cuda }

// hasCUDA looks for a function of the CUDA driver, which builds for GPUs export
// themselves: it calls the real one as soon as the driver's library has been found.
func hasCUDA() bool {
	name := C.CString("cuInit")
	defer C.free(unsafe.Pointer(name))
	return bool(C.ndf_exports(name))
}

// Tried returns the places that were looked in, the one that was loaded last.
func (l *Library) Tried() []Attempt { return slices.Clone(l.tried) }

// candidates lists what to try to open, in order.
func candidates(path string) []Attempt {
	var list []Attempt
	add := func(place string, paths ...string) {
		for _, p := range paths {
			list = append(list, Attempt{Place: place, Path: p})
		}
	}
	if path != "" {
		add("given path", inFolder(path)...)
		return list // an explicit path is an order, not a hint
	}
	if env := os.Getenv(EnvLibrary); env != "" {
		add(EnvLibrary, inFolder(env)...)
		return list
	}
	if dir, err := CacheDir(); err != nil {
		// Not looked at: who has set the library up must be told why it is not found.
		list = append(list, Attempt{Place: "cache", Path: "$XDG_CACHE_HOME/ndflow", Err: errors.Unwrap(err)})
	} else {
		add("cache", cached(dir)...)
	}
	add("loader's path", libraryNames...)
	return list
}

// inFolder returns path itself if it is a file, or the libraries in it.
func inFolder(path string) []string {
	if fi, err := os.Stat(path); err != nil || !fi.IsDir() {
		return []string{path}
	}
	var found []string
	for _, dir := range []string{path, filepath.Join(path, "lib")} {
		for _, name := range libraryNames {
			p := filepath.Join(dir, name)
			if _, err := os.Stat(p); err == nil {
				found = append(found, p)
			}
		}
	}
	if found == nil {
		return []string{filepath.Join(path, libraryNames[0])}
	}
	return found
}

// CacheDir returns the folder that the scripts fill, ${XDG_CACHE_HOME}/ndflow.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("tfc: no cache folder: %w", err)
	}
	return filepath.Join(dir, "ndflow"), nil
}

// cached returns the libraries in the cache at dir: those for GPUs first, and the newest
// version first.
func cached(dir string) []string {
	pattern := filepath.Join(dir, "libtensorflow-*", "lib", libraryNames[0])
	found, _ := filepath.Glob(pattern) // its only error is a bad pattern
	if found == nil {
		return []string{pattern}
	}
	slices.SortFunc(found, func(a, b string) int { return compareVersions(b, a) })
	return found
}

// compareVersions orders paths as names with numbers in them, 2.9 before 2.21.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		na, ra := leadingNumber(a)
		nb, rb := leadingNumber(b)
		switch {
		case len(na) > 0 && len(nb) > 0 && na != nb:
			if len(na) != len(nb) {
				return len(na) - len(nb)
			}
			return strings.Compare(na, nb)
		case len(na) > 0 && len(nb) > 0:
			a, b = ra, rb
		case a[0] != b[0]:
			return int(a[0]) - int(b[0])
		default:
			a, b = a[1:], b[1:]
		}
	}
	return len(a) - len(b)
}

func leadingNumber(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

func sameFile(a, b string) bool {
	fa, errA := os.Stat(a)
	fb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(fa, fb)
}

// open fills the table of C functions from the library at path.
func open(path string) (opened string, err error) {
	cpath, err := cName(path)
	if err != nil {
		return "", err
	}
	defer freeName(cpath)
	var copened *C.char
	if msg := C.ndf_open(cpath, &copened); msg != nil {
		defer C.free(unsafe.Pointer(msg))
		// dlerror names the file first, as the caller does.
		return "", errors.New(strings.TrimPrefix(C.GoString(msg), path+": "))
	}
	defer C.free(unsafe.Pointer(copened))
	return C.GoString(copened), nil
}

// ensure loads the library where that has not been done yet, so that every
// constructor of this package can be called first.
func ensure() error {
	loadMu.Lock()
	ok := loaded != nil
	loadMu.Unlock()
	if ok {
		return nil
	}
	_, err := Load("")
	return err
}
