package npy

import (
	"errors"
	"fmt"
)

// ErrMemory says that an array needs more memory than this process may have.
var ErrMemory = errors.New("not enough memory")

// Room is memory that [Blocks.Elements] fills time and again. The zero value is ready,
// and nil stands for new memory each time.
type Room struct {
	b   []byte
	mem *memory // where b is not of the Go heap
}

// bytes returns n bytes, and who owns them where that is not the Go heap. A large room
// lies outside of that, which would keep as much again for what is thrown away.
func (r *Room) bytes(n int) ([]byte, *memory, error) {
	switch {
	case r == nil:
		b, err := allocate(n)
		return b, nil, err
	case n <= cap(r.b):
		return r.b[:n:n], r.mem, nil
	case n >= large:
		if m, err := anonymous(n); err == nil {
			a, err := External(Uint8, []int{n}, m, false, func() { unmap(m) })
			if err != nil {
				unmap(m)
				return nil, nil, err
			}
			r.b, r.mem = a.data, a.mem
			return r.b, r.mem, nil
		}
	}
	b, err := allocate(n)
	if err != nil {
		return nil, nil, err
	}
	r.b, r.mem = b, nil
	return b, nil, nil
}

// large is what is worth a question to the system.
const large = 16 << 20

// allocate is alignedBytes that tells beforehand if the memory cannot be had: the Go
// runtime would end the program.
func allocate(n int) ([]byte, error) {
	if n >= large && !available(n+Align) {
		return nil, fmt.Errorf("%w: %d bytes are more than this process may have", ErrMemory, n)
	}
	return alignedBytes(n), nil
}
