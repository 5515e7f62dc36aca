package npy

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// reserve makes f size bytes long and takes the disk space for them, so that a
// full disk is an error here and not a signal at the first write to a page.
func reserve(f *os.File, size int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return writeZeros(f, size) // NFS before 4.2, for one
		default:
			return fmt.Errorf("no room for %d bytes: %w", size, err)
		}
	}
}
