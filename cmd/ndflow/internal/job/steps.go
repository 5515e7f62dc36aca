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
	runner *graph.Runner
	in     []input
	out    []*result
	done   int // steps
}

func (s *steps) run(ctx context.Context) error {
	for _, res := range s.out {
		for _, spec := range s.runner.Outputs() {
			if spec.Name == res.name {
				res.spec = spec
			}
		}
		if res.spec.DType == npy.Invalid {
			return fmt.Errorf("output %q: a tensor of %s has no array form", res.name, res.spec.Type)
		}
	}
	if s.Batch > 0 {
		return s.batches(ctx)
	}
	return s.once(ctx)
}

// once runs one step over all that there is.
func (s *steps) once(ctx context.Context) error {
	for _, in := range s.in {
		if err := s.runner.Feed(in.name, in.array); err != nil {
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

// batches walks axis 0 of the inputs, and lands each batch in its rows of the
// results. Their full shape is known after the first batch.
func (s *steps) batches(ctx context.Context) error {
	rows, err := s.rows()
	if err != nil {
		return err
	}
	bar := newBar(s.Progress, rows, s.Batch)
	defer bar.stop()
	for lo := 0; lo == 0 || lo < rows; lo += s.Batch {
		hi := min(lo+s.Batch, rows)
		if err := s.batch(ctx, lo, hi, rows); err != nil {
			return err
		}
		s.done++
		bar.add(hi - lo)
	}
	return nil
}

// batch runs one step for rows lo to hi of all rows.
func (s *steps) batch(ctx context.Context, lo, hi, rows int) error {
	if err := s.feedRows(lo, hi); err != nil {
		return err
	}
	first := lo == 0
	for _, res := range s.out {
		if first {
			break
		}
		part, err := res.array.Slice(lo, hi)
		if err != nil {
			return err
		}
		if err := s.runner.Into(res.name, part); err != nil {
			return err
		}
	}
	if err := s.runner.Run(ctx); err != nil {
		var size *graph.SizeError
		if errors.As(err, &size) && !first {
			return notRows(size.Output, size.Need, lo, hi)
		}
		return fmt.Errorf("rows %d to %d: %w", lo, hi-1, err)
	}
	for _, res := range s.out {
		shape, err := s.runner.Shape(res.name)
		if err != nil {
			return err
		}
		if len(shape) == 0 || shape[0] != hi-lo || !first && !slices.Equal(shape[1:], res.shape) {
			return notRows(res.name, shape, lo, hi)
		}
		if first {
			res.shape = shape[1:]
			if err := s.keepFirst(res, rows, hi); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepFirst makes room for all rows and puts those of the first batch there.
func (s *steps) keepFirst(res *result, rows, hi int) error {
	view, err := s.runner.Value(res.name)
	if err != nil {
		return err
	}
	defer view.Release()
	if err := res.create(slices.Concat([]int{rows}, res.shape)); err != nil {
		return err
	}
	part, err := res.array.Slice(0, hi)
	if err != nil {
		return err
	}
	if res.spec.DType == npy.String {
		from, err := npy.Values[string](view)
		if err != nil {
			return err
		}
		to, err := npy.Values[string](part)
		if err != nil {
			return err
		}
		copy(to, from)
		return nil
	}
	copy(part.Bytes(), view.Bytes())
	return nil
}

// notRows says why an output cannot be put together from batches.
func notRows(output string, shape []int, lo, hi int) error {
	return fmt.Errorf("output %q cannot be batched: %s in, %v out; --batch needs one row out for each row in, all of one shape",
		output, count(hi-lo, "row"), shape)
}

// rows returns how many rows all inputs have, and checks that batches can be
// fed. An input that has no axis to walk is fed whole each time.
func (s *steps) rows() (int, error) {
	var walked *input
	for i := range s.in {
		in := &s.in[i]
		if in.array.NDim() == 0 {
			continue
		}
		if walked != nil && walked.array.Dim(0) != in.array.Dim(0) {
			return 0, fmt.Errorf("--batch needs as many rows in every input: %s has %d, %s has %d",
				walked.path, walked.array.Dim(0), in.path, in.array.Dim(0))
		}
		walked = in
		for _, spec := range s.runner.Inputs() {
			if spec.Name == in.name {
				if err := s.checkFixed(in, spec); err != nil {
					return 0, err
				}
			}
		}
	}
	if walked == nil {
		return 0, errors.New("--batch needs an input with rows to walk, and there is none")
	}
	return walked.array.Dim(0), nil
}

// checkFixed refuses batches of another size than the model takes.
func (s *steps) checkFixed(in *input, spec graph.Spec) error {
	if len(spec.Shape) == 0 || spec.Shape[0] < 0 {
		return nil
	}
	fixed, rows := spec.Shape[0], in.array.Dim(0)
	if fixed != s.Batch {
		return fmt.Errorf("input %q is %v: the model takes %s a step, so it cannot be run with --batch %d",
			in.name, spec, count(fixed, "row"), s.Batch)
	}
	if rows%fixed != 0 {
		return fmt.Errorf("input %q is %v: the model takes %s a step, and the %d of %s cannot be divided so",
			in.name, spec, count(fixed, "row"), rows, in.path)
	}
	return nil
}

func (s *steps) feedRows(lo, hi int) error {
	for _, in := range s.in {
		part := in.array
		if in.array.NDim() > 0 {
			var err error
			if part, err = in.array.Slice(lo, hi); err != nil {
				return fmt.Errorf("%s: %w", in.path, err)
			}
		}
		if err := s.runner.Feed(in.name, part); err != nil {
			return fmt.Errorf("%s: %w", in.path, err)
		}
	}
	return nil
}
