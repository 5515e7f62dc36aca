//go:build !unix

package npy

import (
	"errors"
	"os"
)

func mapFile(f *os.File, size int, write bool) ([]byte, error) { return nil, errors.ErrUnsupported }

func mapPart(f *os.File, offset int64, size int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmap([]byte) {}

func adviseSequential([]byte) error { return nil }

func dropPages([]byte) error { return nil }
