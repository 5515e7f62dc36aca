package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ndflow/npy"
)

// mapWorker runs batches, one at a time.
type mapWorker struct {
	job   *mapJob
	r     *Runner
	spare []*npy.Array // for each output: where a batch lands that has no place of its own
}

func (j *mapJob) newWorker() (*mapWorker, error) {
	r, err := j.newRunner()
	if err != nil {
		return nil, err
	}
	r.tuner, r.executor, r.waits = j.tuner, j.executor, true
	w := &mapWorker{job: j, r: r, spare: make([]*npy.Array, len(j.out))}
	for i := range j.out {
		if err := r.Fetch(j.out[i].spec.Name); err != nil {
			r.Close()
			return nil, err
		}
	}
	return w, nil
}

// feed feeds the rows from lo up to hi, filled up to the batch size that the
// model is made for.
func (w *mapWorker) feed(ctx context.Context, lo, hi int) error {
	for i := range w.job.in {
		in := &w.job.in[i]
		a, err := in.source.Read(ctx, lo, hi)
		if err != nil {
			return fmt.Errorf("input %q: %w", in.spec.Name, err)
		}
		if in.rows {
			if a == nil || a.NDim() == 0 || a.Dim(0) != hi-lo {
				return fmt.Errorf("input %q: the source gave %s, want %d rows", in.spec.Name, describe(a), hi-lo)
			}
			if a, err = w.padded(a); err != nil {
				return fmt.Errorf("input %q: %w", in.spec.Name, err)
			}
		}
		if err := w.r.Feed(in.spec.Name, a); err != nil {
			return err
		}
	}
	return nil
}

// padded returns rows, the last one repeated, for a model that is made for a
// batch size. The last row is as good as any other that the model has to take.
func (w *mapWorker) padded(rows *npy.Array) (*npy.Array, error) {
	n := rows.Dim(0)
	if w.job.fixed == 0 || n == w.job.fixed {
		return rows, nil
	}
	full, err := npy.New(rows.DType(), slices.Concat([]int{w.job.fixed}, rows.Shape()[1:])...)
	if err != nil || n == 0 {
		return full, err
	}
	last, err := rows.Slice(n-1, n)
	if err != nil {
		return nil, err
	}
	for at := 0; at < w.job.fixed; at++ {
		part, err := full.Slice(at, w.job.fixed)
		if err != nil {
			return nil, err
		}
		from := last
		if at == 0 {
			from = rows
			at = n - 1
		}
		if _, err := part.Land(from); err != nil {
			return nil, err
		}
	}
	return full, nil
}

// stepAside runs the batch with its results put aside.
func (w *mapWorker) stepAside(ctx context.Context, lo, hi int) error {
	for i := range w.job.out {
		if err := w.r.Into(w.job.out[i].spec.Name, nil); err != nil {
			return err
		}
	}
	if err := w.feed(ctx, lo, hi); err != nil {
		return err
	}
	return w.r.Run(context.WithoutCancel(ctx))
}

// probe is stepAside, from which the job learns the shape of the outputs' rows.
// No other worker may be at work.
func (w *mapWorker) probe(ctx context.Context, lo, hi int) error {
	if err := w.stepAside(ctx, lo, hi); err != nil {
		return err
	}
	for i := range w.job.out {
		shape, err := w.rowsOf(i, hi-lo)
		if err != nil {
			return err
		}
		w.job.out[i].row = shape[1:]
	}
	return nil
}

// rowsOf returns the shape of an output of a batch of n rows, which must be
// rows as well.
func (w *mapWorker) rowsOf(i, n int) ([]int, error) {
	out := &w.job.out[i]
	shape, err := w.r.Shape(out.spec.Name)
	if err != nil {
		return nil, err
	}
	if w.job.fixed > 0 {
		n = w.job.fixed
	}
	if len(shape) == 0 || shape[0] != n {
		return nil, notRowsError(out.spec.Name, n, shape)
	}
	return shape, nil
}

func notRowsError(output string, in int, shape []int) error {
	return fmt.Errorf("graph: output %q: %w: a step of %d rows gave %v; batches need a row out for each row in, all of one shape",
		output, npy.ErrShape, in, shape)
}

// bring copies the results that probe has put aside to where they belong.
func (w *mapWorker) bring(ctx context.Context, lo, hi int) error {
	for i := range w.job.out {
		value, err := w.r.Value(w.job.out[i].spec.Name)
		if err != nil {
			return err
		}
		err = w.place(i, lo, hi, value)
		value.Release()
		if err != nil {
			return err
		}
	}
	return w.store(ctx, lo, hi)
}

// place copies the rows of a result to where they land.
func (w *mapWorker) place(i, lo, hi int, value *npy.Array) error {
	value, err := value.Slice(0, hi-lo)
	if err != nil {
		return err
	}
	dst, err := w.destination(i, lo, hi)
	if err != nil {
		return err
	}
	_, err = dst.Land(value)
	return err
}

// destination is where the rows of an output land: in the sink's memory, or in
// the worker's, from which they are brought to the sink.
func (w *mapWorker) destination(i, lo, hi int) (*npy.Array, error) {
	out := &w.job.out[i]
	if out.land != nil {
		return out.land.Land(lo, hi)
	}
	if w.spare[i] == nil {
		var err error
		if w.spare[i], err = npy.New(out.spec.DType, slices.Concat([]int{w.job.Batch}, out.row)...); err != nil {
			return nil, err
		}
	}
	return w.spare[i].Slice(0, hi-lo)
}

// run runs a batch: its results are where they land, or in w.spare.
func (w *mapWorker) run(ctx context.Context, lo, hi int) error {
	if w.job.fixed > 0 && hi-lo < w.job.fixed {
		if err := w.stepAside(ctx, lo, hi); err != nil {
			return err
		}
		if err := w.checkRows(hi - lo); err != nil {
			return err
		}
		return w.bring(ctx, lo, hi)
	}
	if err := w.feed(ctx, lo, hi); err != nil {
		return err
	}
	for i := range w.job.out {
		dst, err := w.destination(i, lo, hi)
		if err != nil {
			return fmt.Errorf("output %q: %w", w.job.out[i].spec.Name, err)
		}
		if err := w.r.Into(w.job.out[i].spec.Name, dst); err != nil {
			return err
		}
	}
	// A step that can be cancelled would have to land with a copy. It is let
	// run to its end instead.
	if err := w.r.Run(context.WithoutCancel(ctx)); err != nil {
		var size *SizeError
		if errors.As(err, &size) {
			return notRowsError(size.Output, hi-lo, size.Need)
		}
		return err
	}
	if err := w.checkRows(hi - lo); err != nil {
		return err
	}
	return w.store(ctx, lo, hi)
}

// checkRows sees whether the outputs of n rows are rows of the known shape.
func (w *mapWorker) checkRows(n int) error {
	for i := range w.job.out {
		shape, err := w.rowsOf(i, n)
		if err == nil && !slices.Equal(shape[1:], w.job.out[i].row) {
			err = notRowsError(w.job.out[i].spec.Name, n, shape)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// store brings a batch to the sinks that take it in any order.
func (w *mapWorker) store(ctx context.Context, lo, hi int) error {
	for i := range w.job.out {
		out := &w.job.out[i]
		if out.store == nil || lo == hi {
			continue
		}
		rows, err := w.destination(i, lo, hi)
		if err != nil {
			return err
		}
		if err := out.store.Store(ctx, lo, rows); err != nil {
			return &sinkError{out.spec.Name, err}
		}
	}
	return nil
}

// write brings a batch to the sinks that take it in order.
func (w *mapWorker) write(ctx context.Context, lo, hi int) error {
	for i := range w.job.out {
		out := &w.job.out[i]
		if out.write == nil || lo == hi {
			continue
		}
		rows, err := w.destination(i, lo, hi)
		if err != nil {
			return err
		}
		if err := out.write.Write(ctx, lo, rows); err != nil {
			return &sinkError{out.spec.Name, err}
		}
	}
	return nil
}

// sinkError says that a sink has failed: nothing that leaving a batch out mends.
type sinkError struct {
	output string
	err    error
}

func (e *sinkError) Error() string { return fmt.Sprintf("graph: map: output %q: %v", e.output, e.err) }

func (e *sinkError) Unwrap() error { return e.err }

// clear makes the rows of a batch that is left out zero.
func (w *mapWorker) clear(ctx context.Context, lo, hi int) error {
	for i := range w.job.out {
		dst, err := w.destination(i, lo, hi)
		if err != nil {
			return err
		}
		if v, err := npy.Values[string](dst); err == nil {
			clear(v)
		} else {
			clear(dst.Bytes())
		}
	}
	return w.store(ctx, lo, hi)
}
