package data

import (
	"errors"
	"fmt"
	"slices"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
)

// PadTo says for [Dataset.PaddedBatch] to which shape each component is padded: -1,
// and a nil shape, stand for the longest of a batch.
func PadTo(shapes ...[]int) BatchOption { return func(o *batchOptions) { o.shapes = shapes } }

// PadWith says for [Dataset.PaddedBatch] what each component is padded with: an
// array of one element, of the component's dtype; nil for zeros and empty strings.
func PadWith(values ...*npy.Array) BatchOption { return func(o *batchOptions) { o.values = values } }

// PaddedBatch is [Dataset.Batch] for elements of different shapes, but of one rank:
// each is padded at its ends to the longest of the batch, or as [PadTo] and
// [PadWith] say.
func (d Dataset) PaddedBatch(n int, opts ...BatchOption) Dataset {
	o := batchOptionsOf(opts)
	return d.then("PaddedBatch", func(in, out *node) error {
		if err := atLeast(1, n, "size"); err != nil {
			return err
		}
		if o.parallel != 1 {
			return errors.New("Parallel is for Batch")
		}
		if err := checkBatchable(in.elem); err != nil {
			return err
		}
		padded, err := o.paddedShapes(in.elem)
		if err != nil {
			return err
		}
		values, err := o.paddingValues(in.elem)
		if err != nil {
			return err
		}
		size := out.gather(in, n, o.dropRest)
		out.elem = batched(padded, size)
		out.call = call{op: "PaddedBatchDatasetV2",
			inputs: []input{of(in), number(n), arrays(shapeArrays(padded)), arrays(values), constant(o.dropRest)},
			attrs:  []ops.Attr{types("Toutput_types", out.elem), shapes("output_shapes", out.elem)}}
		return nil
	})
}

func (o *batchOptions) paddedShapes(elem []graph.Spec) ([]graph.Spec, error) {
	if o.shapes != nil && len(o.shapes) != len(elem) {
		return nil, fmt.Errorf("PadTo has %d shapes, want %d, one for each component", len(o.shapes), len(elem))
	}
	padded := slices.Clone(elem)
	for i, s := range elem {
		to := s.Shape
		if o.shapes != nil && o.shapes[i] != nil {
			to = slices.Clone(o.shapes[i])
		}
		if to == nil {
			return nil, fmt.Errorf("component %d: %w: the rank of %v is not known; PadTo says it", i, npy.ErrShape, s)
		}
		if s.Shape != nil && len(to) != len(s.Shape) {
			return nil, fmt.Errorf("component %d: %w: have %v, cannot be padded to %v", i, npy.ErrShape, s, to)
		}
		for k, want := range to {
			if want < -1 || s.Shape != nil && want >= 0 && s.Shape[k] > want {
				return nil, fmt.Errorf("component %d: %w: have %v, cannot be padded to %v", i, npy.ErrShape, s, to)
			}
			if s.Shape != nil && want < 0 {
				to[k] = s.Shape[k] // known after all
			}
		}
		padded[i].Shape = to
	}
	return padded, nil
}

// shapeArrays are the shapes as TensorFlow takes them.
func shapeArrays(specs []graph.Spec) []*npy.Array {
	list := make([]*npy.Array, len(specs))
	for i, s := range specs {
		dims := make([]int64, len(s.Shape))
		for k, d := range s.Shape {
			dims[k] = int64(d)
		}
		list[i], _ = npy.From(dims) // of one dimension it cannot fail
	}
	return list
}

func (o *batchOptions) paddingValues(elem []graph.Spec) ([]*npy.Array, error) {
	if o.values != nil && len(o.values) != len(elem) {
		return nil, fmt.Errorf("PadWith has %d values, want %d, one for each component", len(o.values), len(elem))
	}
	list := make([]*npy.Array, len(elem))
	for i, s := range elem {
		var v *npy.Array
		if o.values != nil {
			v = o.values[i]
		}
		switch {
		case s.DType == npy.Invalid:
			return nil, fmt.Errorf("component %d: %w: %s cannot be padded", i, npy.ErrDType, s.Type)
		case v == nil:
			zero, err := npy.New(s.DType)
			if err != nil {
				return nil, err
			}
			list[i] = zero
			continue
		case v.DType() != s.DType:
			return nil, fmt.Errorf("component %d: %w: PadWith has %v, want %v", i, npy.ErrDType, v.DType(), s.DType)
		case v.Len() != 1:
			return nil, fmt.Errorf("component %d: %w: PadWith has %v, want one element", i, npy.ErrShape, v.Shape())
		}
		scalar, err := v.Reshape()
		if err != nil {
			return nil, err
		}
		own, err := scalar.Clone()
		if err != nil {
			return nil, err
		}
		list[i] = own
	}
	return list, nil
}
