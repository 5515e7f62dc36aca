package weights

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
)

// Part is some rows of an array, which lie elsewhere: in a file, on a device.
type Part struct {
	Info // Name says in errors which part it is
	// Land writes the rows into dst, which has the part's dtype and shape.
	Land func(dst *npy.Array) error
}

// FilePart is the part in a .npy file.
func FilePart(path string, opts ...npy.Option) (Part, error) {
	b, err := npy.OpenBlocks(path, opts...) // the header says less than As does
	if err != nil {
		return Part{}, fmt.Errorf("weights: %w", err)
	}
	return Part{
		Info: Info{Name: path, DType: b.DType(), Shape: b.Shape()},
		Land: func(dst *npy.Array) error {
			defer b.Release()
			return b.Into(dst)
		},
	}, nil
}

// TensorPart is the part in a tensor, on whatever device that is. It waits for a tensor
// that is still being computed.
func TensorPart(t *eager.Tensor) (Part, error) {
	dtype, err := t.DType()
	if err != nil {
		return Part{}, fmt.Errorf("weights: %w", err)
	}
	shape, err := t.Shape()
	if err != nil {
		return Part{}, fmt.Errorf("weights: %w", err)
	}
	device, err := t.Device()
	if err != nil {
		return Part{}, fmt.Errorf("weights: %w", err)
	}
	return Part{
		Info: Info{Name: "tensor on " + device, DType: dtype, Shape: shape},
		Land: func(dst *npy.Array) error { return t.Into(dst) },
	}, nil
}

// Join returns an array of the rows of all parts, in their order. They land in it at
// once. All have one dtype, and one shape beyond axis 0.
func Join(parts ...Part) (*npy.Array, error) {
	whole, err := wholeOf(parts)
	if err != nil {
		return nil, err
	}
	dst, err := npy.New(whole.DType, whole.Shape...)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return dst, JoinInto(dst, parts...)
}

// JoinInto is [Join] into an array of the caller's, of the dtype and shape of the whole.
// After an error in a part dst is partly written ([graph.ErrPartial]).
func JoinInto(dst *npy.Array, parts ...Part) error {
	whole, err := wholeOf(parts)
	if err != nil {
		return err
	}
	switch {
	case dst == nil:
		return fmt.Errorf("weights: join into a nil array, want %v", whole)
	case dst.DType() != whole.DType:
		return fmt.Errorf("weights: join: %w: have %v, want %v", npy.ErrDType, dst.DType(), whole.DType)
	case !slices.Equal(dst.Shape(), whole.Shape):
		return fmt.Errorf("weights: join: %w: have %v, want %v", npy.ErrShape, dst.Shape(), whole.Shape)
	}
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	// Reading and copying from devices is mostly waiting, but thousands of files at once
	// would do no good.
	turn := make(chan struct{}, 4*runtime.GOMAXPROCS(0))
	at := 0
	for i, p := range parts {
		rows, err := dst.Slice(at, at+p.Shape[0])
		if err != nil {
			return fmt.Errorf("weights: join: %w", err)
		}
		at += p.Shape[0]
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			if err := p.Land(rows); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.Name, err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("weights: join: %w: %w", graph.ErrPartial, err)
	}
	return nil
}

// wholeOf says what parts are together.
func wholeOf(parts []Part) (Info, error) {
	if len(parts) == 0 {
		return Info{}, errors.New("weights: join: no parts")
	}
	whole := Info{DType: parts[0].DType, Shape: slices.Clone(parts[0].Shape)}
	if len(whole.Shape) > 0 {
		whole.Shape[0] = 0
	}
	for _, p := range parts {
		if err := whole.grow(p.Info); err != nil {
			return Info{}, fmt.Errorf("weights: join: %s: %w", p.Name, err)
		}
	}
	return whole, nil
}
