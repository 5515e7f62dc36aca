package npy

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// memory is memory outside the Go heap, shared by an Array and its views. It
// is given back once: when released and no longer held, or when the garbage
// collector finds it unreachable.
type memory struct {
	mu       sync.Mutex
	released bool
	holds    int
	readOnly bool
	mapped   bool // from a file
	free     func()
	cleanup  runtime.Cleanup
}

// External returns an Array over memory outside the Go heap (a C library's
// buffer, a mapped file). free is called once, by [Array.Release] or by the
// garbage collector when neither the Array nor a view of it is reachable; it
// must not refer to the Array. A nil free leaves the memory alone; on an error
// free is not called and the memory stays the caller's. A read-only array must
// not be written to; nothing but the operating system enforces it.
func External(dtype DType, shape []int, data []byte, readOnly bool, free func()) (*Array, error) {
	n, err := checkShape(dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if dtype == String {
		return nil, fmt.Errorf("npy: %w: string arrays live in the Go heap", ErrDType)
	}
	if n*dtype.Size() != len(data) {
		return nil, fmt.Errorf("npy: %w: have %d bytes, want %d for %v of %v", ErrShape, len(data), n*dtype.Size(), shape, dtype)
	}
	m := &memory{readOnly: readOnly, free: free}
	if free != nil {
		m.cleanup = runtime.AddCleanup(m, func(free func()) { free() }, free)
	}
	return &Array{dtype: dtype, shape: slices.Clone(shape), data: data, mem: m}, nil
}

// external is External for the memory of a mapped file, from an offset on.
func external(dtype DType, shape []int, m []byte, offset int, readOnly bool) (*Array, error) {
	a, err := External(dtype, shape, m[offset:], readOnly, func() { unmap(m) })
	if err == nil {
		a.mem.mapped = true
	}
	return a, err
}

// ReadOnly reports whether the array's memory must not be written to.
func (a *Array) ReadOnly() bool { return a.mem != nil && a.mem.readOnly }

// Release gives memory outside the Go heap back now instead of leaving it to
// the garbage collector. The array and all views of it are unusable from then
// on. It does nothing for arrays in the Go heap, and nothing the second time.
func (a *Array) Release() {
	if m := a.mem; m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.released = true
		m.freeIfUnused()
	}
}

// Hold keeps the array's memory from being given back, even by Release, until
// [Array.Unhold] is called as often. Bindings hold arrays that C code reads.
func (a *Array) Hold() error {
	if m := a.mem; m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.released {
			return fmt.Errorf("npy: %w", ErrReleased)
		}
		m.holds++
	}
	return nil
}

// Unhold undoes one [Array.Hold].
func (a *Array) Unhold() {
	if m := a.mem; m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.holds--
		m.freeIfUnused()
	}
}

// freeIfUnused frees the memory, once, if it was released and no one holds it.
// The caller has locked m.
func (m *memory) freeIfUnused() {
	if m.released && m.holds == 0 && m.free != nil {
		m.cleanup.Stop()
		m.free()
		m.free = nil
	}
}

// releaseIfIdle is Release, but only if nobody holds the memory; it reports
// whether nobody did.
func (a *Array) releaseIfIdle() bool {
	m := a.mem
	if m == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holds > 0 {
		return false
	}
	m.released = true
	m.freeIfUnused()
	return true
}

func (a *Array) released() bool {
	if m := a.mem; m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.released
	}
	return false
}

func keepAlive(a *Array) { runtime.KeepAlive(a) }
