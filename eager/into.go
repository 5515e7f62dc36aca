package eager

import (
	"context"
	"errors"
	"fmt"

	"ndflow/cuda"
	"ndflow/npy"
	"ndflow/tfc"
)

// Target is memory that a tensor can land in: an [*npy.Array], a [*cuda.HostBuffer],
// which is one in pinned memory, a [*cuda.Buffer] in the memory of a device, and no
// other type. A slice of any of them is one too.
type Target = cuda.Memory

// Into copies the elements to the front of dst and returns when they are there. dst
// is of the tensor's dtype; it is flat, or equals the tensor beyond axis 0, and may be
// longer. Its Front method gives what has landed, in the tensor's shape.
//
// From the CPU to an array that is a copy in memory. From a GPU to memory of the host
// it is one transfer, straight from where the tensor lies: TensorFlow makes no copy of
// its own, as it does for [Tensor.Value]. A transfer to pinned memory (of a
// [cuda.HostBuffer]) is the fastest. To a buffer of the same GPU, or of another, the
// host is not in between at all.
//
// dst must not be memory that TensorFlow still reads ([ErrInUse]). After an error it
// is as it was, unless the error is [ErrPartial], of a transfer that has failed.
func (t *Tensor) Into(dst Target) error {
	if a := arrayOf(dst); a != nil {
		if t.ctx.gpus == nil {
			return t.intoArray(a)
		}
		if there, err := t.onGPU(); err != nil || !there {
			if err != nil {
				return landing("into", err)
			}
			return t.intoArray(a)
		}
	}
	src, err := t.source(dst)
	if err != nil {
		return landing("into", err)
	}
	defer src.close()
	return transferred(cuda.Copy(dst, src.memory))
}

// IntoStream is Into on a stream, of the tensor's device or of dst's. It returns an
// event that passes when the elements are in dst; what is put on the stream afterwards
// finds them there. dst must not be touched before that. The tensor may be closed, or
// another one put in its place, at once: its elements are kept until the event has
// passed, and so is dst, though it is closed.
//
// The errors are those of Into. A transfer that fails later is the event's error,
// [cuda.ErrPartial]. IntoStream waits for a tensor that is still being computed, and
// the driver has it wait for transfers from and to memory that is not pinned. Where
// tensor and dst are both in the host's memory, it waits for what is on the stream,
// and copies.
func (t *Tensor) IntoStream(s *cuda.Stream, dst Target) (*cuda.Event, error) {
	if s == nil {
		return nil, errors.New("eager: into: nil stream")
	}
	there, err := t.onGPU()
	if err != nil {
		return nil, landing("into", err)
	}
	if a := arrayOf(dst); a != nil && !there {
		if err := s.Synchronize(context.Background()); err != nil {
			return nil, landing("into", err)
		}
		if err := t.intoArray(a); err != nil {
			return nil, err
		}
		return record(s)
	}
	src, err := t.source(dst)
	if err != nil {
		return nil, landing("into", err)
	}
	defer src.close()
	e, err := s.Copy(dst, src.memory)
	return e, transferred(err)
}

func record(s *cuda.Stream) (*cuda.Event, error) {
	e, err := s.Record()
	if err != nil {
		return nil, landing("into", err)
	}
	return e, nil
}

// transferred says in this package's words that a transfer has failed.
func transferred(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cuda.ErrPartial):
		return fmt.Errorf("eager: into: %w (%w)", err, ErrPartial)
	}
	return landing("into", err)
}

// arrayOf is dst where that is memory of the host; nil otherwise.
func arrayOf(dst Target) *npy.Array {
	switch dst := dst.(type) {
	case *npy.Array:
		return dst
	case *cuda.HostBuffer:
		if dst != nil {
			return dst.Array
		}
	}
	return nil
}

// intoArray is Into for a tensor in the host's memory.
func (t *Tensor) intoArray(dst *npy.Array) error {
	if dst.DType() == npy.String {
		return t.stringsInto(dst)
	}
	if err := t.h.Into(dst); err != nil {
		return landing("into", err)
	}
	return nil
}

func (t *Tensor) stringsInto(dst *npy.Array) error {
	v, err := t.Value()
	if err != nil {
		return err
	}
	if _, err := dst.Land(v); err != nil {
		return fmt.Errorf("eager: into: %w", err)
	}
	return nil
}

// source is a tensor as something to be copied from.
type source struct {
	memory cuda.Memory
	close  func() // it lasts until the copies that were begun are done
}

// source returns the tensor, to be copied to dst, which it fits.
func (t *Tensor) source(dst Target) (source, error) {
	if isNil(dst) {
		return source{}, errNoTarget
	}
	if dt, err := t.h.DataType(); err != nil {
		return source{}, err
	} else if dt.DType() != dst.DType() {
		return source{}, &tfc.DTypeError{Have: dt, Want: dst.DType()}
	}
	if err := inUse(dst); err != nil {
		return source{}, err
	}
	src, err := t.memory()
	if err != nil {
		return source{}, err
	}
	if err := fits(dst, src.memory.Shape(), src.memory.Len()); err != nil {
		src.close()
		return source{}, err
	}
	return src, nil
}

var errNoTarget = errors.New("there is no memory to land in, it is nil")

// inUse returns an error where TensorFlow still reads dst.
func inUse(dst Target) error {
	busy := false
	if b, ok := dst.(*cuda.Buffer); ok {
		busy = tfc.InUseAt(b.Pointer(), b.Size())
	} else {
		busy = tfc.InUse(arrayOf(dst))
	}
	if busy {
		return ErrInUse
	}
	return nil
}

// memory returns the tensor where it lies.
func (t *Tensor) memory() (source, error) {
	there, err := t.onGPU()
	if err != nil {
		return source{}, err
	}
	if there {
		b, err := t.buffer()
		if err != nil {
			return source{}, err
		}
		return source{b, b.Close}, nil
	}
	v, err := t.Value()
	if err != nil {
		return source{}, bare(err)
	}
	return source{v, v.Release}, nil
}

// fits returns an error where so many elements of a shape cannot land in dst.
func fits(dst Target, shape []int, n int) error {
	ok := n <= dst.Len()
	if dst.NDim() != 1 {
		ok = ok && dst.NDim() == len(shape)
		for i := 1; ok && i < len(shape); i++ {
			ok = dst.Dim(i) == shape[i]
		}
	}
	if ok {
		return nil
	}
	size := dst.DType().Size()
	return &tfc.FitError{Have: dst.Shape(), HaveSize: dst.Len() * size, Want: shape, WantSize: n * size}
}

// isNil reports whether there is nothing to land in.
func isNil(dst Target) bool {
	switch dst := dst.(type) {
	case nil:
		return true
	case *npy.Array:
		return dst == nil
	case *cuda.HostBuffer:
		return dst == nil || dst.Array == nil
	case *cuda.Buffer:
		return dst == nil
	}
	return false
}
