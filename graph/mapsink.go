package graph

import (
	"context"
	"fmt"
	"slices"

	"ndflow/internal/walk"
	"ndflow/npy"
)

// Sink is where [Map] brings an output, a row for each row that goes in. It is
// a [Lander], which has memory for all rows, a [RowStorer], which takes them in
// any order, or a [RowWriter], which takes them from the first to the last.
type Sink interface {
	// Begin is called once, before the first rows come: with the dtype, how
	// many rows there will be, and the shape of one, which for many models is
	// only known after their first step.
	Begin(dtype npy.DType, rows int, row []int) error
}

// Lander is a [Sink] whose rows have their place. Land returns the memory of the
// rows from lo up to hi, an array of shape [hi-lo, row...], in which they land.
// It is called from several goroutines at once.
type Lander interface {
	Sink
	Land(lo, hi int) (*npy.Array, error)
}

// RowStorer is a [Sink] that is brought batches as they come: from several
// goroutines at once, in any order. The rows from lo on are valid until Store
// returns. Those of batches that were left out are zero.
type RowStorer interface {
	Sink
	Store(ctx context.Context, lo int, rows *npy.Array) error
}

// RowWriter is a [Sink] that is brought its rows in order, one batch at a time.
// Each begins where the one before it has ended, but for those that were left
// out. The array is valid until Write returns.
type RowWriter interface {
	Sink
	Write(ctx context.Context, lo int, rows *npy.Array) error
}

// ToArray is a [Sink] that lands rows in an array of the output's dtype, in
// front of its axis 0, which may be longer than there are rows.
func ToArray(a *npy.Array) Sink { return &arraySink{walk.Walk{Array: a}} }

// ToFile is a [Sink] that lands rows in a new .npy file, which gets its name
// when Map has succeeded; until then, and if Map fails, what path names is as
// it was. Strings have no fixed size, so their file is written at the end.
func ToFile(path string) Sink { return &fileSink{path: path} }

type arraySink struct{ walk.Walk }

func (s *arraySink) Begin(dtype npy.DType, rows int, row []int) error {
	want := slices.Concat([]int{rows}, row)
	if s.Array == nil || s.Array.DType() != dtype {
		return fmt.Errorf("%w: have %s, want %v %v", npy.ErrDType, describe(s.Array), dtype, want)
	}
	if s.Array.NDim() != len(want) || s.Array.Dim(0) < rows || !slices.Equal(s.Array.Shape()[1:], row) {
		return fmt.Errorf("%w: have %s, want %v %v", npy.ErrShape, describe(s.Array), dtype, want)
	}
	return nil
}

func (s *arraySink) Land(lo, hi int) (*npy.Array, error) { return s.Array.Slice(lo, hi) }

// fileSink stores rows in a file that it makes. Landing in the mapped file would
// save a copy, but costs more in page faults.
type fileSink struct {
	path    string
	file    *npy.File
	strings *npy.Array // instead of the file, until the end
}

func (s *fileSink) Begin(dtype npy.DType, rows int, row []int) (err error) {
	shape := slices.Concat([]int{rows}, row)
	if dtype == npy.String {
		s.strings, err = npy.New(dtype, shape...)
	} else {
		s.file, err = npy.Create(s.path, dtype, shape...)
	}
	return err
}

func (s *fileSink) Store(_ context.Context, lo int, rows *npy.Array) error {
	if s.file != nil {
		return s.file.WriteRows(lo, rows)
	}
	dst, err := s.strings.Slice(lo, lo+rows.Dim(0))
	if err != nil {
		return err
	}
	_, err = dst.Land(rows)
	return err
}

// end completes the file, or takes it away.
func (s *fileSink) end(ok bool) error {
	switch {
	case s.file != nil && ok:
		return s.file.Close()
	case s.file != nil:
		return s.file.Abort()
	case s.strings != nil && ok:
		return npy.WriteFile(s.path, s.strings)
	}
	return nil
}
