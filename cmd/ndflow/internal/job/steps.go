package job

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ndflow/graph"
	"ndflow/npy"
)

// steps runs the model and lands its results.
type steps struct {
	Options
	runner    *graph.Runner
	in        []input
	out       []*result
	newRunner func() (*graph.Runner, error)
	journal   *journal // of what is done, where that can be gone on with

	// What was done.
	done   int // steps
	chosen graph.MapProgress
	stats  graph.Stats
	failed []failure
}

// prepare finds out what the outputs are.
func (s *steps) prepare() error {
	for _, res := range s.out {
		for _, spec := range s.runner.Outputs() {
			if spec.Name == res.name {
				res.spec = spec
			}
		}
		if res.spec.DType == npy.Invalid {
			return fmt.Errorf("output %q: %s", res.name, problem(res.spec))
		}
	}
	return nil
}

// run does the steps. With a batch size a journal is kept where it can be, so
// that a job which was killed can be gone on with.
func (s *steps) run(ctx context.Context, m *model, files *files) error {
	if s.Batch == 0 {
		return s.once(ctx)
	}
	if files.resumable() {
		id, err := newIdentity(s.Options, m, s.in, s.out)
		if err != nil {
			return err
		}
		if s.journal, err = openJournal(s.Options, id, files); err != nil {
			return err
		}
	} else if s.Resume {
		return errors.New("--resume needs every output in a .npy file of its own, and no strings among them")
	}
	err := s.batches(ctx)
	switch {
	case err == nil || s.journal == nil:
	case s.Resume && s.journal.done > 0:
		files.keep()
		s.journal.close()
		s.Note("%d of %d rows are kept; the same command goes on from there", s.journal.done, s.journal.rows)
	default:
		s.journal.remove()
	}
	return err
}

// once runs one step over all that there is.
func (s *steps) once(ctx context.Context) error {
	for _, in := range s.in {
		a, err := in.blocks.Array()
		if err == nil {
			err = s.runner.Feed(in.name, a)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.path, err)
		}
	}
	for _, res := range s.out {
		if shape := res.spec.Shape; res.direct != nil && shape != nil && !slices.Contains(shape, -1) && res.spec.DType != npy.String {
			if err := res.create(shape); err != nil {
				return err
			}
			if err := s.runner.Into(res.name, res.array); err != nil {
				return err
			}
		}
	}
	if err := s.runner.Run(ctx); err != nil {
		return err
	}
	s.done++
	for _, res := range s.out {
		if res.array == nil {
			var err error
			if res.array, err = s.runner.Value(res.name); err != nil {
				return err
			}
			continue
		}
		shape, err := s.runner.Shape(res.name)
		if err != nil {
			return err
		}
		if !slices.Equal(shape, res.spec.Shape) {
			return fmt.Errorf("output %q: the model gave %v, but says that it gives %v", res.name, shape, res.spec.Shape)
		}
	}
	return nil
}
