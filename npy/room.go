package npy

import (
	"errors"
	"fmt"
)

// ErrMemory says that an array needs more memory than this process may have.
var ErrMemory = errors.New("not enough memory")

// Room is memory that [Blocks.Elements] fills time and again. The zero value is ready,
// and nil stands for new memory each time.
type Room struct{ b []byte }

func (r *Room) bytes(n int) ([]byte, error) {
	if r != nil && n <= cap(r.b) {
		return r.b[:n:n], nil
	}
	b, err := allocate(n)
	if r != nil && err == nil {
		r.b = b
	}
	return b, err
}

// allocate is alignedBytes that tells beforehand if the memory cannot be had: the Go
// runtime would end the program.
func allocate(n int) ([]byte, error) {
	const large = 16 << 20
	if n >= large && !available(n+Align) {
		return nil, fmt.Errorf("%w: %d bytes are more than this process may have", ErrMemory, n)
	}
	return alignedBytes(n), nil
}
