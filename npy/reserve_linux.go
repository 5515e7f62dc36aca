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

// keepSize takes disk space and leaves the file as long as it is.
const keepSize = 1 // FALLOC_FL_KEEP_SIZE

// room takes the disk space for size bytes that are about to be written to f, from
// at on, where the file system can do that at once. A full disk is found before
// anything is written. And ext4, which else writes a file that replaces another back
// to the disk before the rename returns, leaves that for later: from 256 kB on that
// takes a third to a sixth of the time.
func room(f *os.File, at, size int64) error {
	if size == 0 {
		return nil
	}
	for {
		err := syscall.Fallocate(int(f.Fd()), keepSize, at, size)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
			return fmt.Errorf("no room for %d bytes: %w", size, err)
		default: // what else is wrong the writing will tell
			return nil
		}
	}
}
