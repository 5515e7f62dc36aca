package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// run does all batches.
func (j *mapJob) run(ctx context.Context) error {
	first, err := j.newWorker()
	if err != nil {
		return err
	}
	workers := []*mapWorker{first}
	defer func() { j.finish(workers) }()

	if j.Batch == 0 || j.Workers == 0 || j.executor == Auto {
		if !j.repeatable(first.r) {
			j.settle()
		} else if workers, err = j.calibrate(ctx, workers); err != nil {
			return err
		}
	}
	// All rows go by one executor, also where there were too few to compare the two.
	j.executor = j.alone()
	for _, w := range workers {
		w.r.executor = j.executor
	}
	for len(workers) < j.Workers {
		w, err := j.newWorker()
		if err != nil {
			return err
		}
		workers = append(workers, w)
	}
	o := newMapOrder(j)
	if err := o.begin(ctx, workers[0]); err != nil {
		return err
	}
	return o.run(ctx, workers[:j.Workers])
}

// finish closes the workers and adds up what they have counted.
func (j *mapJob) finish(workers []*mapWorker) {
	for k, w := range workers {
		if s, err := w.r.Stats(); err == nil && j.Stats != nil {
			if k == 0 {
				*j.Stats = Stats{Outputs: make([]OutputStats, len(s.Outputs))}
			}
			for i, out := range s.Outputs {
				j.Stats.Outputs[i].Name = out.Name
				j.Stats.Outputs[i].merge(out)
			}
		}
		w.r.Close()
	}
}

// mapOrder hands out batches and takes them in again, in order where that
// matters.
type mapOrder struct {
	job   *mapJob
	mu    sync.Mutex
	turn  *sync.Cond   // done has moved, or all is over
	next  int          // the first row that no worker has
	ended map[int]bool // batches beyond done that are through
	state MapProgress
	err   error
}

func newMapOrder(j *mapJob) *mapOrder {
	o := &mapOrder{job: j, next: j.From, ended: make(map[int]bool)}
	o.turn = sync.NewCond(&o.mu)
	o.state = MapProgress{Done: j.From, Rows: j.rows, Batch: j.Batch, Workers: j.Workers, Executor: j.executor}
	return o
}

// begin finds out the shape of the outputs' rows, from the first batch that
// does not fail, and prepares the sinks.
func (o *mapOrder) begin(ctx context.Context, w *mapWorker) error {
	j := o.job
	if j.knownRows() {
		if err := j.begin(); err != nil {
			return err
		}
		o.report()
		return nil
	}
	var failed []*BatchError
	for {
		lo, hi, ok := o.take(ctx)
		switch {
		case o.err != nil:
			return o.err
		case !ok && len(failed) > 0: // every batch was left out: there is no telling what a row is
			return fmt.Errorf("graph: map: no batch has succeeded; %w", failed[0])
		}
		// Where there is not a single row to do, a step of none tells the shapes.
		err := w.probe(ctx, lo, hi)
		if err == nil {
			return o.first(ctx, w, lo, hi, failed)
		}
		e := &BatchError{Lo: lo, Hi: hi, Err: err}
		if err := o.forgive(ctx, e); err != nil {
			return err
		}
		failed = append(failed, e)
	}
}

// first brings the results of the batch that has told the shapes.
func (o *mapOrder) first(ctx context.Context, w *mapWorker, lo, hi int, failed []*BatchError) error {
	if err := o.job.begin(); err != nil {
		return err
	}
	for _, e := range failed {
		if err := o.leaveOut(ctx, w, e); err != nil {
			return err
		}
	}
	if err := w.bring(ctx, lo, hi); err != nil {
		return err
	}
	if hi == lo {
		o.report()
		return nil
	}
	return o.through(ctx, w, lo, hi)
}

// knownRows takes the shape of the outputs' rows from the signature, if it has
// all of them.
func (j *mapJob) knownRows() bool {
	for i := range j.out {
		out := &j.out[i]
		if out.row != nil {
			continue // seen in the calibration
		}
		if len(out.spec.Shape) == 0 {
			return false
		}
		for _, d := range out.spec.Shape[1:] {
			if d < 0 {
				return false
			}
		}
		out.row = out.spec.Shape[1:]
	}
	return true
}

// take hands out the next batch.
func (o *mapOrder) take(ctx context.Context) (lo, hi int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil && ctx.Err() != nil {
		o.stop(fmt.Errorf("graph: map: stopped at row %d of %d: %w", o.state.Done, o.job.rows, ctx.Err()))
	}
	if o.err != nil || o.next >= o.job.rows {
		return o.next, o.next, false
	}
	lo = o.next
	o.next = min(lo+o.job.Batch, o.job.rows)
	return lo, o.next, true
}

// mostAhead is how many batches, for each worker, may be begun beyond the first that is
// not done. Memory is given back behind that one only, so that the others must not run
// away while it takes its time.
const mostAhead = 4

// keepNear waits while the work is too far ahead.
func (o *mapOrder) keepNear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && o.next-o.state.Done >= mostAhead*o.job.Workers*o.job.Batch {
		o.turn.Wait()
	}
}

// stop ends all work. Of several batches that fail it is the first by its rows
// that Map returns: batches are begun in order, so it does not matter which
// fails earlier. The caller has locked o.
func (o *mapOrder) stop(err error) {
	var old, e *BatchError
	if o.err == nil || errors.As(o.err, &old) && errors.As(err, &e) && e.Lo < old.Lo {
		o.err = err
	}
	o.turn.Broadcast()
}

// run lets the workers do what there is.
func (o *mapOrder) run(ctx context.Context, workers []*mapWorker) error {
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() { o.work(ctx, w) })
	}
	wg.Wait()
	return o.err
}

func (o *mapOrder) work(ctx context.Context, w *mapWorker) {
	for {
		o.keepNear()
		lo, hi, ok := o.take(ctx)
		if !ok {
			return
		}
		err := w.run(ctx, lo, hi)
		if err == nil {
			err = o.through(ctx, w, lo, hi)
		} else {
			err = o.skip(ctx, w, &BatchError{Lo: lo, Hi: hi, Err: err})
		}
		if err != nil {
			o.failed(err)
		}
	}
}

func (o *mapOrder) failed(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stop(err)
}

// skip leaves a failed batch out, if that is wanted.
func (o *mapOrder) skip(ctx context.Context, w *mapWorker, e *BatchError) error {
	o.mu.Lock()
	err := o.forgive(ctx, e)
	o.mu.Unlock()
	if err != nil {
		return err
	}
	return o.leaveOut(ctx, w, e)
}

func (o *mapOrder) leaveOut(ctx context.Context, w *mapWorker, e *BatchError) error {
	if err := w.clear(ctx, e.Lo, e.Hi); err != nil {
		return err
	}
	o.mu.Lock()
	o.state.Skipped += e.Hi - e.Lo
	o.mu.Unlock()
	return o.through(ctx, nil, e.Lo, e.Hi)
}

// forgive asks what to do about a batch that has failed. The caller has locked
// o, or is alone.
func (o *mapOrder) forgive(ctx context.Context, e *BatchError) error {
	var sink *sinkError
	if errors.As(e.Err, &sink) {
		return sink
	}
	if o.job.OnError == nil || errors.Is(e.Err, ErrClosed) || ctx.Err() != nil {
		return e
	}
	return o.job.OnError(e)
}

// through takes a batch in. Sinks that are written to get theirs in order: who
// is early waits. A nil worker has nothing to write.
func (o *mapOrder) through(ctx context.Context, w *mapWorker, lo, hi int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w != nil && o.job.writes() {
		for o.state.Done != lo && o.err == nil {
			o.turn.Wait()
		}
		if o.err != nil {
			return nil // it is told already
		}
		if err := w.write(ctx, lo, hi); err != nil {
			return err
		}
	}
	o.ended[lo] = true
	before := o.state.Done
	for o.ended[o.state.Done] {
		delete(o.ended, o.state.Done)
		o.state.Done = min(o.state.Done+o.job.Batch, o.job.rows)
	}
	if o.state.Done == before {
		return nil
	}
	o.turn.Broadcast()
	if err := o.job.passers(func(p passer) error { return p.Pass(o.state.Done) }); err != nil {
		return err
	}
	o.report()
	return nil
}

func (o *mapOrder) report() {
	if o.job.Progress != nil {
		o.job.Progress(o.state)
	}
}

// writes reports whether a sink wants its rows in order.
func (j *mapJob) writes() bool {
	for i := range j.out {
		if j.out[i].write != nil {
			return true
		}
	}
	return false
}
