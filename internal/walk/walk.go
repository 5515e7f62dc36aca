// Package walk gives back the memory of mapped files behind those who go through
// them.
package walk

import (
	"fmt"

	"ndflow/npy"
)

// Walk is a way through the rows of an array, from front to back.
type Walk struct {
	Array *npy.Array
	// Returns says that rows which were passed are read later, here and there:
	// what is behind is given back time and again.
	Returns bool

	behind int // rows whose memory was given back
}

const (
	// So much memory behind a walk is given back at a time.
	dropBytes = 4 << 20
	// All that is behind is given back no more often than this in one walk, as
	// the system looks at each page of it.
	mostReturns = 256
)

// Start tells the system how the array will be read.
func (w *Walk) Start() error {
	if w.Array == nil || w.Returns {
		return nil
	}
	return w.Array.AdviseSequential()
}

// Pass says that all is done with the first so many rows. Their memory is given
// back if it is a mapped file's, and enough to be worth it.
func (w *Walk) Pass(rows int) error {
	a := w.Array
	if a == nil || a.DType() == npy.String || a.NDim() == 0 || rows <= w.behind {
		return nil
	}
	size, least := len(a.Bytes()), dropBytes
	if w.Returns {
		least = max(least, size/mostReturns)
	}
	if size/a.Dim(0)*(rows-w.behind) < least {
		return nil
	}
	from := w.behind
	if w.Returns {
		from = 0
	}
	part, err := a.Slice(from, rows)
	if err != nil {
		return fmt.Errorf("walk: %w", err)
	}
	w.behind = rows
	return part.DropPages()
}
