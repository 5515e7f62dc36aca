package numbers

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"ndflow/npy"
)

const (
	// Piece is how many elements are read at a time: as float64 they fit a core's
	// first cache.
	Piece = 2048
	// share is how many bytes one core takes at a time, and how many are given back
	// of a mapped file at a time.
	share = 4 << 20
	// few elements are not worth a second core.
	few = 16 * Piece
)

// Workers is how many goroutines [Each] calls its function in at once, at most.
func Workers() int { return runtime.GOMAXPROCS(0) }

// Each cuts the numbers from 0 to n, of so many bytes each, into shares of whole
// units, the last of which may be shorter, and calls work for each share on all cores.
// worker tells the goroutines apart, 0 to [Workers]-1.
func Each(ctx context.Context, n, unit, bytes int, work func(worker, lo, hi int) error) error {
	return Span(ctx, 0, n, unit, bytes, work)
}

// Span is [Each] for the numbers from lo to hi. Units are counted from 0, so the first
// may be shorter too.
func Span(ctx context.Context, lo, hi, unit, bytes int, work func(worker, lo, hi int) error) error {
	from := lo / unit * unit
	n := hi - from
	size := max(1, share/max(1, bytes))
	if least := max((n+Workers()-1)/Workers(), few/max(1, unit)); size > least {
		size = least
	}
	size = max(unit, (size+unit-1)/unit*unit)
	shares := (n + size - 1) / size
	var next atomic.Int64
	take := func(worker int) error {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= shares {
				return nil
			}
			if err := work(worker, max(lo, from+i*size), min(from+(i+1)*size, hi)); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	errs := make([]error, max(1, min(Workers(), shares)))
	var wg sync.WaitGroup
	for i := range errs[1:] {
		wg.Go(func() { errs[i+1] = take(i + 1) })
	}
	errs[0] = take(0)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Pieces calls work for elements lo to hi of the array, a [Piece] at a time; values
// are those from at on, until work returns. Then the memory of a mapped file is given
// back, so that one of any size needs little.
func (r *Reader) Pieces(lo, hi int, work func(values []float64, at int)) error {
	var buffer [Piece]float64
	for at := lo; at < hi; at += Piece {
		values := buffer[:min(Piece, hi-at)]
		r.Read(values, at)
		work(values, at)
	}
	return r.Done(lo, hi)
}

// Done gives back the memory of elements lo to hi where it is a mapped file's, and
// enough to be worth it.
func (r *Reader) Done(lo, hi int) error { return Done(r.Array, lo-r.From, hi-r.From) }

// Done gives back the memory of elements lo to hi of an array, as [Reader.Done] does.
func Done(a *npy.Array, lo, hi int) error {
	if !a.ReadOnly() || (hi-lo)*a.DType().Size() < share/2 {
		return nil
	}
	flat, err := a.Reshape(a.Len())
	if err != nil {
		return err
	}
	part, err := flat.Slice(lo, hi)
	if err != nil {
		return err
	}
	return part.DropPages()
}
