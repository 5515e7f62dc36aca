//go:build !unix

package npy

import "errors"

func available(int) bool { return true }

func anonymous(int) ([]byte, error) { return nil, errors.ErrUnsupported }
