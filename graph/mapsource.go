package graph

import (
	"context"
	"sync"

	"ndflow/internal/walk"
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
// mapped file that is behind it. See [FromBlocks] for files that cannot be mapped.
func FromArray(a *npy.Array) Source { return &arraySource{walk.Walk{Array: a}} }

// FromBlocks is a [Source] of the rows of an array that is read in blocks
// ([npy.OpenBlocks]): of a file that cannot be used as it lies, in constant memory. Each
// batch is read into memory of its own. As workers do not ask in order, an array in a
// compressed archive is read whole.
func FromBlocks(b *npy.Blocks) Source {
	if b == nil {
		return FromArray(nil)
	}
	s := &blockSource{Blocks: b, whole: sync.OnceValues(b.Array)}
	if b.View() {
		if a, err := s.whole(); err == nil {
			return FromArray(a)
		}
	}
	return s
}

type blockSource struct {
	*npy.Blocks
	whole func() (*npy.Array, error)
}

func (s *blockSource) Rows() int {
	if shape := s.Shape(); len(shape) > 0 {
		return shape[0]
	}
	return -1
}

func (s *blockSource) Read(_ context.Context, lo, hi int) (*npy.Array, error) {
	if s.Random() && s.Rows() >= 0 {
		return s.Blocks.Rows(lo, hi)
	}
	a, err := s.whole()
	if err != nil || s.Rows() < 0 {
		return a, err
	}
	return a.Slice(lo, hi)
}

// FromWhole is a [Source] of an array that is fed whole at each step: a scalar,
// a table.
func FromWhole(a *npy.Array) Source { return wholeSource{a} }

type wholeSource struct{ a *npy.Array }

func (wholeSource) Rows() int { return -1 }

func (s wholeSource) Read(context.Context, int, int) (*npy.Array, error) { return s.a, nil }

type arraySource struct{ walk.Walk }

func (s *arraySource) Rows() int {
	if s.Array == nil || s.Array.NDim() == 0 {
		return -1
	}
	return s.Array.Dim(0)
}

func (s *arraySource) Read(_ context.Context, lo, hi int) (*npy.Array, error) {
	if s.Rows() < 0 {
		return s.Array, nil // a nil one is told apart when it is fed
	}
	return s.Array.Slice(lo, hi)
}

// passer is a Source or Sink that wants to know how far all is done.
type passer interface {
	Start() error
	Pass(rows int) error
}
