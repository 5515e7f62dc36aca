package arrowio

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"ndflow/npy"
)

// guard turns a panic of arrow-go, which a corrupt file can bring about in many
// places, into an error: it is deferred wherever a file's bytes reach that
// library. Nothing of ours is left half done by it, as what was read of the
// batch is dropped.
func guard(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if e, ok := p.(error); ok {
		*err = badFile(e)
		return
	}
	*err = fmt.Errorf("%w: %v", npy.ErrFormat, p)
}

// name puts the package and the file into an error: deferred, before guard, by
// what is exported.
func name(path string, err *error) {
	switch {
	case *err == nil || *err == io.EOF:
	case path == "":
		*err = fmt.Errorf("arrowio: %w", *err)
	default:
		*err = fmt.Errorf("arrowio: %s: %w", path, *err)
	}
}

// badFile says of arrow-go's errors that the file is to blame, where they do not
// come from the system.
func badFile(err error) error {
	if err == nil || errors.Is(err, npy.ErrFormat) || errors.Is(err, errMemory) {
		return err
	}
	return fmt.Errorf("%w: %w", npy.ErrFormat, err)
}

// errMemory is what a batch says that takes more than the reader may allocate.
var errMemory = errors.New("the batch takes more memory than allowed; the option MemoryLimit allows more")

// meter is an allocator that gives no more than so many bytes in all between two
// resets: a file may claim any size for what it unpacks to, and Go ends the
// program when the system has no such memory.
type meter struct {
	memory.Allocator
	limit, used int64
}

func newMeter(limit int64) *meter {
	return &meter{Allocator: memory.NewGoAllocator(), limit: limit}
}

func (m *meter) reset() { m.used = 0 }

func (m *meter) take(n int) {
	if n < 0 || int64(n) > m.limit-m.used {
		panic(fmt.Errorf("%w: %d bytes and %d more, of %d", errMemory, m.used, n, m.limit))
	}
	m.used += int64(n)
}

func (m *meter) Allocate(n int) []byte {
	m.take(n)
	return m.Allocator.Allocate(n)
}

func (m *meter) Reallocate(n int, b []byte) []byte {
	if n > len(b) {
		m.take(n)
		m.used -= int64(len(b))
	}
	return m.Allocator.Reallocate(n, b)
}
