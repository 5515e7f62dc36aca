//go:build unix

package npy

import (
	"os"
	"syscall"
)

// mapFile maps the first size bytes of f, shared with all who map or read it.
func mapFile(f *os.File, size int, write bool) ([]byte, error) {
	prot := syscall.PROT_READ
	if write {
		prot |= syscall.PROT_WRITE
	}
	return syscall.Mmap(int(f.Fd()), 0, size, prot, syscall.MAP_SHARED)
}

// unmap ends a mapping. Munmap fails only for memory that is not mapped.
func unmap(b []byte) { syscall.Munmap(b) }
