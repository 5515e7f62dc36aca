package numbers

import (
	"context"
	"runtime"

	"ndflow/npy"
)

// Walk calls work for elements lo to hi of arrays of one length, block by block from
// front to back: parts are those from at on, the same of each array, until work returns.
// What is there already comes as it is, all at once. A block is of whole units, the last
// of which may be shorter.
func Walk(ctx context.Context, lo, hi, unit int, work func(at int, parts []*npy.Array) error, list ...*npy.Blocks) error {
	step := hi - lo
	for _, b := range list {
		if err := b.Hold(); err != nil {
			return err
		}
		defer b.Unhold()
		step = min(step, b.Step())
	}
	if step < hi-lo {
		step = max(unit, step-step%unit)
	}
	rooms, parts := make([]npy.Room, len(list)), make([]*npy.Array, len(list))
	for at := lo; at < hi; at += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i, b := range list {
			var err error
			if parts[i], err = b.Elements(at, min(at+step, hi), &rooms[i]); err != nil {
				return err
			}
		}
		err := work(at, parts)
		runtime.KeepAlive(parts) // and with them what they are read from
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// OfDType returns the reader of no elements: an error where a dtype cannot be read.
func OfDType(d npy.DType) (*Reader, error) {
	a, err := npy.New(d, 0)
	if err != nil {
		return nil, err
	}
	return Of(a)
}

// Read calls work for elements lo to hi of an array, block by block, as [Walk] does.
func Read(ctx context.Context, b *npy.Blocks, lo, hi, unit int, work func(r *Reader) error) error {
	return Walk(ctx, lo, hi, unit, func(at int, parts []*npy.Array) error {
		r, err := Of(parts[0])
		if err != nil {
			return err
		}
		r.From = at
		return work(r)
	}, b)
}
