//go:build !linux

package npy

import "os"

// reserve makes f size bytes long and takes the disk space for them.
func reserve(f *os.File, size int64) error { return writeZeros(f, size) }

// room takes the disk space for what is about to be written to f where that can be
// done at once, which it cannot here.
func room(f *os.File, at, size int64) error { return nil }
