package job

import (
	"context"
	"errors"
	"slices"
	"time"

	"ndflow/cmd/ndflow/internal/progress"
	"ndflow/graph"
	"ndflow/npy"
)

// batches runs the model over the rows of its inputs. Each batch lands in its
// rows of the results.
func (s *steps) batches(ctx context.Context) error {
	o := graph.MapOptions{Workers: s.Workers, Stats: &s.stats}
	if s.Batch != BatchAuto {
		o.Batch = s.Batch
	}
	runners := s.newRunner
	if s.journal != nil {
		runners = s.runnersBy(s.journal.by)
		o.From = s.journal.done
		if o.Batch == 0 {
			o.Batch = s.journal.batch
		}
		for _, res := range s.out {
			res.goOn = true
		}
	}
	var failed failures
	if s.journal != nil {
		failed.list = s.journal.failed
	}
	if s.SkipErrors {
		o.OnError = func(e *graph.BatchError) error {
			f := failed.add(e)
			if s.journal != nil {
				return s.journal.skip(f)
			}
			return nil
		}
	}
	var bar *progress.Bar
	o.Progress = func(p graph.MapProgress) {
		s.chosen = p
		if bar == nil {
			bar = progress.Rows(s.Progress, p.Rows, p.Batch)
		}
		bar.Set(p.Done)
		if s.journal != nil {
			s.journal.progress(p)
		}
	}
	in := make(map[string]graph.Source, len(s.in))
	for i := range s.in {
		in[s.in[i].name] = graph.FromBlocks(s.in[i].blocks)
	}
	out := make(map[string]graph.Sink, len(s.out))
	for _, res := range s.out {
		out[res.name] = sink{res}
	}
	stop := s.journal.keepUp(s.out)
	err := untilEnd(ctx, func() error { return graph.MapRunners(ctx, runners, in, out, o) })
	bar.Stop()
	err = errors.Join(err, stop(err == nil))
	if err != nil {
		return err
	}
	s.done = (s.chosen.Rows - o.From + s.chosen.Batch - 1) / s.chosen.Batch
	s.failed = failed.sorted()
	return nil
}

// runnersBy makes runners of an executor, so that all rows of a job that is resumed go
// the way that it was begun with; Auto leaves them as they are.
func (s *steps) runnersBy(e graph.Executor) func() (*graph.Runner, error) {
	if e == graph.Auto {
		return s.newRunner
	}
	return func() (*graph.Runner, error) {
		r, err := s.newRunner()
		if err != nil {
			return nil, err
		}
		if err := r.SetExecutor(e); err != nil {
			r.Close()
			return nil, err
		}
		return r, nil
	}
}

// untilEnd waits for do, but when ctx has ended, which do heeds as soon as it
// can, not for long: a step of TensorFlow's may take any time.
func untilEnd(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(2 * time.Second):
		return ctx.Err()
	}
}

// sink brings rows to a result.
type sink struct{ res *result }

func (s sink) Begin(_ npy.DType, rows int, row []int) error {
	shape := slices.Concat([]int{rows}, row)
	if s.res.goOn {
		return s.res.resume(shape)
	}
	return s.res.create(shape)
}

func (s sink) Store(_ context.Context, lo int, rows *npy.Array) error {
	if s.res.mapped != nil {
		return s.res.mapped.WriteRows(lo, rows)
	}
	dst, err := s.res.array.Slice(lo, lo+rows.Dim(0))
	if err != nil {
		return err
	}
	if rows.DType() != npy.String {
		copy(dst.Bytes(), rows.Bytes())
		return nil
	}
	from, err := npy.Values[string](rows)
	if err != nil {
		return err
	}
	to, err := npy.Values[string](dst)
	if err != nil {
		return err
	}
	copy(to, from)
	return nil
}
