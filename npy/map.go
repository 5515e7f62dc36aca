package npy

import (
	"fmt"
	"io"
	"os"
	"slices"
	"unsafe"
)

// Map maps the whole file at path, read-only, as an array of its bytes: Uint8, of
// shape [size]. It is for formats other than .npy that keep numbers as they lie
// in memory; [Array.Part] gives the arrays in it. What is said of mapped files at
// [Open] holds here. A pipe, and any file on a system with no mmap, is read into
// memory.
func Map(path string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if size := info.Size(); info.Mode().IsRegular() && size > 0 && size == int64(int(size)) {
		if m, err := mapFile(f, int(size), false); err == nil {
			return external(Uint8, []int{int(size)}, m, 0, true)
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return External(Uint8, []int{len(b)}, b, true, nil)
}

// Part returns an array over the bytes of a from an offset on. It shares a's
// memory but has a life of its own: its Release, or the garbage collector, gives
// up its share only, and the memory goes when a is released and no part of it is
// left. The offset must suit the dtype, as Go's own values have to be aligned;
// Bool is an [ErrDType], since not every byte is a Go bool, and so is String.
func (a *Array) Part(dtype DType, shape []int, offset int) (*Array, error) {
	if a == nil {
		return nil, errNil
	}
	n, err := checkShape(dtype, shape)
	if err != nil {
		return nil, fmt.Errorf("npy: part: %w", err)
	}
	if dtype == String || dtype == Bool || a.dtype == String {
		return nil, fmt.Errorf("npy: part: %w: cannot see bytes of %v as %v", ErrDType, a.dtype, dtype)
	}
	size := n * dtype.Size()
	if offset < 0 || size > len(a.data) || offset > len(a.data)-size {
		return nil, fmt.Errorf("npy: part: %w: bytes %d to %d of %d", ErrRange, offset, offset+size, len(a.data))
	}
	data := a.data[offset : offset+size : offset+size]
	if at := uintptr(unsafe.Pointer(unsafe.SliceData(data))); size > 0 && at%uintptr(wordSize(dtype)) != 0 {
		return nil, fmt.Errorf("npy: part: %w: byte %d is no place for %v", ErrRange, offset, dtype)
	}
	if a.mem == nil {
		return &Array{dtype: dtype, shape: slices.Clone(shape), data: data}, nil
	}
	if err := a.Hold(); err != nil {
		return nil, err
	}
	part, err := External(dtype, shape, data, a.mem.readOnly, a.Unhold)
	if err != nil {
		a.Unhold()
		return nil, err
	}
	part.mem.mapped = a.mem.mapped
	return part, nil
}
