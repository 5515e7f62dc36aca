package cuda

import (
	"fmt"
	"slices"

	"ndflow/npy"
)

// view returns a Buffer over a part of b's memory.
func (b *Buffer) view(offset int, shape []int) (*Buffer, error) {
	if err := b.Hold(); err != nil { // the view's own reference
		return nil, err
	}
	addr := b.addr
	if addr != 0 {
		addr += uintptr(offset)
	}
	return newBuffer(b.dev, b.mem, addr, b.dtype, shape, b.readOnly), nil
}

// Slice returns rows lo to hi (not included) of axis 0, sharing memory with b.
func (b *Buffer) Slice(lo, hi int) (*Buffer, error) {
	if len(b.shape) == 0 {
		return nil, fmt.Errorf("cuda: %w: cannot slice a 0-d buffer", npy.ErrRange)
	}
	if lo < 0 || hi < lo || hi > b.shape[0] {
		return nil, fmt.Errorf("cuda: %w: have rows %d to %d, want within 0 to %d", npy.ErrRange, lo, hi, b.shape[0])
	}
	row := 0
	if b.shape[0] > 0 {
		row = b.Size() / b.shape[0]
	}
	return b.view(lo*row, append([]int{hi - lo}, b.shape[1:]...))
}

// Reshape returns the same elements in another shape, sharing memory with b. One
// dimension may be -1: it takes what the others leave.
func (b *Buffer) Reshape(shape ...int) (*Buffer, error) {
	shape = slices.Clone(shape)
	rest := shape
	i := slices.Index(shape, -1)
	if i >= 0 {
		rest = slices.Concat(shape[:i], shape[i+1:])
	}
	n, err := npy.Count(b.dtype, rest...)
	if err != nil {
		return nil, fmt.Errorf("cuda: %w", err)
	}
	if i >= 0 && n > 0 && b.n%n == 0 {
		shape[i] = b.n / n
		n = b.n
	} else if i >= 0 {
		n = -1
	}
	if n != b.n {
		return nil, fmt.Errorf("cuda: %w: cannot reshape %v (%d elements) to %v", npy.ErrShape, b.shape, b.n, shape)
	}
	return b.view(0, shape)
}

// Front returns the front of b's memory in the given shape, as
// [npy.Array.Front] does: either b is flat (one dimension), or it equals shape
// beyond axis 0.
func (b *Buffer) Front(shape ...int) (*Buffer, error) {
	n, err := npy.Count(b.dtype, shape...)
	if err != nil {
		return nil, fmt.Errorf("cuda: %w", err)
	}
	fits := b.NDim() == 1 || b.NDim() == len(shape) && (len(shape) == 0 || slices.Equal(b.shape[1:], shape[1:]))
	if !fits || n > b.n {
		return nil, fmt.Errorf("cuda: %w: have a buffer %v, want %v, or a flat one of at least %d elements", npy.ErrShape, b.shape, shape, n)
	}
	return b.view(0, shape)
}

// AsReadOnly returns a view that no copy writes to.
func (b *Buffer) AsReadOnly() (*Buffer, error) {
	v, err := b.view(0, b.shape)
	if err == nil {
		v.readOnly = true
	}
	return v, err
}
