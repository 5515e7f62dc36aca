package eager

import (
	"fmt"

	"ndflow/cuda"
	"ndflow/npy"
)

// Value returns the tensor as an array. On the CPU that is a view of its own
// memory: no copy, read-only, valid also after Close of the tensor, until
// Release or until the garbage collector finds the array unreachable (a slice of
// npy.Values does not keep it alive). On other devices the host gets a copy first,
// which the tensor keeps. Strings are copied. It waits for a tensor that is still
// being computed.
func (t *Tensor) Value() (*npy.Array, error) {
	host, err := t.h.Resolve()
	if err != nil {
		return nil, fmt.Errorf("eager: value: %w", err)
	}
	v, err := host.View()
	if err != nil {
		host.Close()
		if info, descErr := t.h.Describe(); descErr == nil && info.DataType.DType() == npy.Invalid {
			return nil, fmt.Errorf("eager: value: a tensor of %v has %w", info.DataType, ErrNoArray)
		}
		return nil, fmt.Errorf("eager: value: %w", err)
	}
	return v, nil
}

// Copy returns the tensor as an array of the caller's own.
func (t *Tensor) Copy() (*npy.Array, error) {
	if there, err := t.onGPU(); err != nil {
		return nil, fmt.Errorf("eager: copy: %w", err)
	} else if there {
		return t.copyFromGPU()
	}
	v, err := t.Value()
	if err != nil || v.DType() == npy.String {
		return v, err // strings are a copy already
	}
	defer v.Release()
	own, err := v.Clone()
	if err != nil {
		return nil, fmt.Errorf("eager: copy: %w", err)
	}
	return own, nil
}

func (t *Tensor) copyFromGPU() (*npy.Array, error) {
	b, err := t.buffer()
	if err != nil {
		return nil, fmt.Errorf("eager: copy: %w", err)
	}
	defer b.Close()
	own, err := npy.New(b.DType(), b.Shape()...)
	if err == nil {
		err = cuda.Copy(own, b)
	}
	if err != nil {
		return nil, fmt.Errorf("eager: copy: %w", err)
	}
	return own, nil
}

// Item returns the only element of a tensor that has just one.
func Item[T npy.Element](t *Tensor) (item T, err error) {
	v, err := t.Value()
	if err != nil {
		return item, err
	}
	defer v.Release()
	list, err := npy.Values[T](v)
	if err != nil {
		return item, fmt.Errorf("eager: item: %w", err)
	}
	if len(list) != 1 {
		return item, fmt.Errorf("eager: item: %w: have %v with %d elements, want one", npy.ErrShape, v.Shape(), len(list))
	}
	return list[0], nil
}
