//go:build !linux

package npy

import "os"

// reserve makes f size bytes long and takes the disk space for them.
func reserve(f *os.File, size int64) error { return writeZeros(f, size) }
