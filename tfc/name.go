package tfc

// #include <stdlib.h>
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// ErrName: a name, a path or another such text has a NUL, at which it would end for
// TensorFlow.
var ErrName = errors.New("a NUL in the name")

// checkName refuses what C would cut off.
func checkName(name string) error {
	if strings.IndexByte(name, 0) >= 0 {
		return fmt.Errorf("tfc: name %q: %w", name, ErrName)
	}
	return nil
}

// cName returns a copy of a name for C, which freeName frees. It is the one way there.
func cName(name string) (*C.char, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return C.CString(name), nil
}

func freeName(c *C.char) { C.free(unsafe.Pointer(c)) }

// cNames returns copies of names, nil for none, and what frees them.
func cNames(names []string) (c []*C.char, free func(), err error) {
	free = func() {
		for _, name := range c {
			freeName(name)
		}
	}
	for _, name := range names {
		cname, err := cName(name)
		if err != nil {
			free()
			return nil, nil, err
		}
		c = append(c, cname)
	}
	return c, free, nil
}
