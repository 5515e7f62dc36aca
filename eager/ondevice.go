package eager

import (
	"context"
	"errors"
	"fmt"

	"ndflow/cuda"
	"ndflow/tfc"
)

// onGPU reports whether the tensor is in memory that is not the host's.
func (t *Tensor) onGPU() (bool, error) {
	if t.ctx.gpus == nil {
		return false, nil
	}
	device, err := t.h.BackingDevice()
	return t.ctx.gpus.has(device), err
}

// Buffer returns a tensor on a GPU as a buffer: a view of TensorFlow's own memory,
// with no copy, as [Tensor.Value] is on the CPU. It is read-only, and ready to be
// copied from on any stream: Buffer waits for a tensor that is still being computed.
// The memory stays TensorFlow's, which has it back when the buffer is closed and the
// copies from it are done; closing the tensor, or running an op to it, does not end
// the buffer. A tensor that is in the host's memory is [cuda.ErrDevice]: functions
// give strings and int32 there.
func (t *Tensor) Buffer() (*cuda.Buffer, error) {
	b, err := t.buffer()
	if err != nil {
		return nil, fmt.Errorf("eager: buffer: %w", err)
	}
	return b, nil
}

func (t *Tensor) buffer() (*cuda.Buffer, error) {
	there, err := t.onGPU()
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("%w: the tensor is in the host's memory", cuda.ErrDevice)
	}
	p, err := t.h.InPlace()
	if err != nil {
		return nil, err
	}
	b, err := t.ctx.wrap(p)
	if err != nil {
		p.Close()
	}
	return b, err
}

// wrap makes a buffer of memory that TensorFlow has allocated, which is given back
// to it when the buffer ends.
func (c *Context) wrap(p *tfc.InPlace) (b *cuda.Buffer, err error) {
	ordinal, err := c.ordinalAt(p)
	if err != nil {
		return nil, err
	}
	address := p.Address
	if p.Size == 0 {
		address = 0 // whatever it is, it need not be the device's
	}
	err = c.gpus.use(ordinal, func(d *cuda.Device) error {
		whole, err := d.Wrap(address, p.DataType.DType(), p.Shape, p.Close)
		if err != nil {
			return err
		}
		defer whole.Close()
		b, err = whole.AsReadOnly()
		return err
	})
	return b, err
}

// TensorOnDevice returns the elements of a buffer as a tensor on its device: the
// buffer's own memory, with no copy. The memory is held until TensorFlow has let it
// go, which is when the tensor, all tensors that share with it and all views of those
// are closed, and the device has done what TensorFlow has put on it before; until
// then it must not be written to ([Tensor.Into] is [ErrInUse]), while the buffer may
// be closed at once.
//
// TensorFlow reads on streams of its own. Streams that write to the buffer are named
// as producers: TensorOnDevice waits until they have done what was put on them
// before.
//
// The buffer's memory must be aligned to [npy.Align] bytes, [ErrAligned], as that of
// every new buffer is, but not every slice of one.
func (c *Context) TensorOnDevice(b *cuda.Buffer, producers ...*cuda.Stream) (*Tensor, error) {
	h, err := c.handleOf(b, producers)
	if err != nil {
		return nil, fmt.Errorf("eager: tensor: %w", err)
	}
	return &Tensor{ctx: c, h: h}, nil
}

func (c *Context) handleOf(b *cuda.Buffer, producers []*cuda.Stream) (*tfc.Handle, error) {
	if c.c.Closed() {
		return nil, fmt.Errorf("context: %w", ErrClosed)
	}
	if b == nil {
		return nil, errors.New("nil buffer")
	}
	if err := b.Hold(); err != nil {
		return nil, err
	}
	defer b.Unhold() // the tensor has a hold of its own by then
	ordinal := b.Device().Ordinal()
	device, err := c.named(ordinal)
	if err != nil {
		return nil, err
	}
	for _, s := range producers {
		if err := s.Synchronize(context.Background()); err != nil {
			return nil, fmt.Errorf("wait for a producer: %w", err)
		}
	}
	m := tfc.DeviceMemory{Device: device, DType: b.DType(), Shape: b.Shape(), Address: b.Pointer(), Size: b.Size(), Owner: &lent{buffer: b, ordinal: ordinal}}
	return c.c.NewHandleFromDevice(m)
}

// lent is a buffer that TensorFlow reads.
type lent struct {
	buffer  *cuda.Buffer
	ordinal int
	device  *cuda.Device
}

func (l *lent) Hold() (err error) {
	if l.device, err = cuda.Open(l.ordinal); err != nil {
		return err
	}
	if err = l.buffer.Hold(); err != nil {
		l.device.Close()
	}
	return err
}

// Unhold waits for the device: TensorFlow lets memory go as soon as what reads it is
// on a stream.
func (l *lent) Unhold() {
	_ = l.device.Synchronize() // where it fails nothing runs on the device any more
	l.buffer.Unhold()
	l.device.Close()
}
