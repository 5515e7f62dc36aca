//go:build unix

package npy

import (
	"os"
	"syscall"
)

// mapPart maps size bytes of f for reading, from an offset that is a multiple of the page
// size.
func mapPart(f *os.File, offset int64, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), offset, size, syscall.PROT_READ, syscall.MAP_SHARED)
}

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

// adviseSequential tells the system that mapped memory will be read from front
// to back.
func adviseSequential(b []byte) error { return syscall.Madvise(b, syscall.MADV_SEQUENTIAL) }

// dropPages gives back the physical memory behind mapped memory, whole pages.
// What was written to them is the file's already.
func dropPages(b []byte) error { return syscall.Madvise(b, syscall.MADV_DONTNEED) }
