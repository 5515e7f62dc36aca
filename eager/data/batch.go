package data

import (
	"errors"
	"fmt"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
)

// BatchOption says more of how batches are made.
type BatchOption func(*batchOptions)

type batchOptions struct {
	dropRest bool
	parallel int
	shapes   [][]int
	values   []*npy.Array
}

// DropRemainder leaves out the last batch if it is smaller than the others.
func DropRemainder() BatchOption { return func(o *batchOptions) { o.dropRest = true } }

// Parallel makes [Dataset.Batch] gather so many batches at once, or [AutoTune].
func Parallel(batches int) BatchOption { return func(o *batchOptions) { o.parallel = batches } }

func batchOptionsOf(opts []BatchOption) batchOptions {
	o := batchOptions{parallel: 1}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// Batch puts each n elements that follow each other together, along a new axis 0.
// The last batch may be smaller. The shapes of the elements must be the same in a
// batch.
func (d Dataset) Batch(n int, opts ...BatchOption) Dataset {
	o := batchOptionsOf(opts)
	return d.then("Batch", func(in, out *node) error {
		if err := atLeast(1, n, "size"); err != nil {
			return err
		}
		if o.shapes != nil || o.values != nil {
			return errors.New("it does not pad; PaddedBatch does")
		}
		if err := checkBatchable(in.elem); err != nil {
			return err
		}
		size := out.gather(in, n, o.dropRest)
		out.elem = batched(in.elem, size)
		if err := out.size(o.parallel, "Parallel"); err != nil {
			return err
		}
		if in.rows != nil {
			return batchRows(in, out, n, o.dropRest)
		}
		out.call = call{op: "BatchDatasetV2", attrs: elements(out.elem),
			inputs: []input{of(in), number(n), constant(o.dropRest)}}
		if o.parallel != 1 {
			out.call.op = "ParallelBatchDataset"
			out.call.inputs = []input{of(in), number(n), number(o.parallel), constant(o.dropRest)}
			out.call.attrs = append(out.call.attrs, ops.String("deterministic", "true"))
		}
		return nil
	})
}

// gather counts batches of n elements, and returns how large each is: -1 where not
// all are of one size.
func (out *node) gather(in *node, n int, dropRest bool) (size int) {
	out.walks = stretch(in.walks, n)
	if in.count < 0 {
		out.count = in.count
		if in.count == forever || dropRest {
			return n
		}
		return -1
	}
	whole, rest := in.count/n, in.count%n
	out.count = whole
	switch {
	case rest == 0 || dropRest:
		return n
	case whole == 0:
		out.count = 1
		return rest
	}
	out.count++
	return -1
}

func checkBatchable(elem []graph.Spec) error {
	for i, s := range elem {
		if s.Type == string(ops.Resource) {
			return fmt.Errorf("component %d: %w: a resource cannot be in a batch", i, npy.ErrDType)
		}
	}
	return nil
}
