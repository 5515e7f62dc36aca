//go:build unix

package npy

import "syscall"

// available says whether the system would give this process so many bytes more: its
// limits (ulimit -d, -v) and the system's own are the system's to know.
func available(n int) bool {
	const arena = 64 << 20 // the Go runtime asks for memory in pieces of this size
	n += arena
	if n < 0 {
		return false
	}
	m, err := anonymous(n)
	if err != nil {
		return false
	}
	unmap(m)
	return true
}

// anonymous maps n zeroed bytes of memory.
func anonymous(n int) ([]byte, error) {
	return syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
}
