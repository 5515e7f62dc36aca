package graph

import (
	"context"
	"fmt"

	"ndflow/npy"
)

// Source is where [Map] reads an input: its rows are what lies along axis 0.
type Source interface {
	// Rows returns how many rows there are, -1 for an input that has none and
	// is fed whole at each step.
	Rows() int
	// Read returns the rows from lo up to hi, an array of shape [hi-lo, ...].
	// Map calls it from several goroutines at once. The array must not change
	// until all of these rows are done.
	Read(ctx context.Context, lo, hi int) (*npy.Array, error)
}

// FromArray is a [Source] of the rows of an array, or of a mapped file
// ([npy.Open]), which is read where it lies. Map gives back the memory of a
// mapped file that is behind it.
func FromArray(a *npy.Array) Source { return &arraySource{walk{a: a}} }

// FromWhole is a [Source] of an array that is fed whole at each step: a scalar,
// a table.
func FromWhole(a *npy.Array) Source { return wholeSource{a} }

type wholeSource struct{ a *npy.Array }

func (wholeSource) Rows() int { return -1 }

func (s wholeSource) Read(context.Context, int, int) (*npy.Array, error) { return s.a, nil }

type arraySource struct{ walk }

func (s *arraySource) Rows() int {
	if s.a == nil || s.a.NDim() == 0 {
		return -1
	}
	return s.a.Dim(0)
}

func (s *arraySource) Read(_ context.Context, lo, hi int) (*npy.Array, error) {
	if s.Rows() < 0 {
		return s.a, nil // a nil one is told apart when it is fed
	}
	return s.a.Slice(lo, hi)
}

// passer is a Source or Sink that wants to know how far all is done.
type passer interface {
	begin() error
	pass(rows int) error
}

// walk is an array that is gone through once, from front to back.
type walk struct {
	a      *npy.Array
	behind int // rows whose memory was given back
}

// So much memory behind a walk is given back at a time.
const dropBytes = 4 << 20

func (w *walk) begin() error {
	if w.a == nil {
		return nil
	}
	return w.a.AdviseSequential()
}

func (w *walk) pass(rows int) error {
	if w.a == nil || w.a.DType() == npy.String || w.a.NDim() == 0 || rows <= w.behind {
		return nil
	}
	part, err := w.a.Slice(w.behind, rows)
	if err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	if len(part.Bytes()) < dropBytes {
		return nil
	}
	w.behind = rows
	return part.DropPages()
}
