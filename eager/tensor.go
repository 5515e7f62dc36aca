package eager

import (
	"fmt"

	"ndflow/npy"
	"ndflow/tfc"
)

// Tensor is a value on a device of a context. It never changes, except that
// [Op.RunTo] puts another one in its place. It is safe for concurrent use.
//
// A Tensor is closed when it is no longer needed; one that is dropped is closed
// after the garbage collector has found it.
type Tensor struct {
	ctx *Context
	h   *tfc.Handle
}

// Tensor returns a's elements as a tensor on the CPU. Memory that is aligned to
// [npy.Align] bytes, as [npy.New] and mapped files have it, is used in place: it
// must not be written to until TensorFlow has let it go, see the package comment.
// Other memory and strings are copied.
func (c *Context) Tensor(a *npy.Array) (*Tensor, error) {
	h, err := c.c.NewHandle(a)
	if err != nil {
		return nil, fmt.Errorf("eager: tensor: %w", err)
	}
	return &Tensor{ctx: c, h: h}, nil
}

// TensorOn is Tensor for a device whose memory is the host's: CPU:1, say, of
// [WithLogicalCPUs]. The array's memory is used in place, so it must be aligned to
// [npy.Align] bytes ([ErrAligned]), and strings cannot be used.
func (c *Context) TensorOn(device string, a *npy.Array) (*Tensor, error) {
	name, err := c.device(device)
	if err != nil {
		return nil, err
	}
	for _, d := range c.devices {
		if d.Name == name && d.Type != "CPU" {
			return nil, fmt.Errorf("eager: tensor: %v has memory of its own, which no array is in; To brings a tensor there, TensorOnDevice makes one of a cuda.Buffer", d)
		}
	}
	h, err := c.c.NewHandleOn(name, a)
	if err != nil {
		return nil, fmt.Errorf("eager: tensor: %w", err)
	}
	return &Tensor{ctx: c, h: h}, nil
}

// Scalar returns a tensor without dimensions that holds v.
func Scalar[T npy.Element](c *Context, v T) (*Tensor, error) { return c.Tensor(npy.Scalar(v)) }

// FromSlice returns a tensor of a copy of v. No shape means one dimension of
// len(v).
func FromSlice[T npy.Element](c *Context, v []T, shape ...int) (*Tensor, error) {
	a, err := npy.From(v, shape...)
	if err != nil {
		return nil, fmt.Errorf("eager: tensor: %w", err)
	}
	own, err := a.Clone()
	if err != nil {
		return nil, fmt.Errorf("eager: tensor: %w", err)
	}
	return c.Tensor(own)
}

// Empty returns a tensor that holds nothing, for [Op.RunTo] to fill.
func (c *Context) Empty() (*Tensor, error) {
	h, err := c.c.EmptyHandle()
	if err != nil {
		return nil, fmt.Errorf("eager: tensor: %w", err)
	}
	return &Tensor{ctx: c, h: h}, nil
}

// Close gives the tensor back. Views of it stay valid, and ops that are using it
// go on.
func (t *Tensor) Close() { t.h.Close() }

// closeAll closes tensors, of which some may be nil.
func closeAll(ts []*Tensor) {
	for _, t := range ts {
		if t != nil {
			t.Close()
		}
	}
}

// Context returns the context that the tensor belongs to.
func (t *Tensor) Context() *Context { return t.ctx }

// DType returns the type of the elements: npy.Invalid where arrays have none, as
// of resources and variants. It does not wait.
func (t *Tensor) DType() (npy.DType, error) {
	dt, err := t.h.DataType()
	if err != nil {
		return npy.Invalid, fmt.Errorf("eager: %w", err)
	}
	return dt.DType(), nil
}

// Type returns TensorFlow's name of the type of the elements, "float", "qint8",
// "resource". It does not wait.
func (t *Tensor) Type() (string, error) {
	dt, err := t.h.DataType()
	if err != nil {
		return "", fmt.Errorf("eager: %w", err)
	}
	return dt.String(), nil
}

// Shape returns the dimensions. It waits where the tensor is still being computed,
// and returns the error of an op that has failed to.
func (t *Tensor) Shape() ([]int, error) {
	info, err := t.h.Describe()
	if err != nil {
		return nil, fmt.Errorf("eager: %w", err)
	}
	return info.Shape, nil
}

// Device returns the short name of the device whose memory the tensor is in,
// "CPU:0".
func (t *Tensor) Device() (string, error) {
	name, err := t.h.BackingDevice()
	if err != nil {
		return "", fmt.Errorf("eager: %w", err)
	}
	return shortDevice(name), nil
}

// To returns the tensor on another device. Between CPU devices, and on the device
// where it is, the two share memory.
func (t *Tensor) To(device string) (*Tensor, error) {
	name, err := t.ctx.device(device)
	if err != nil {
		return nil, err
	}
	h, err := t.h.CopyTo(t.ctx.c, name)
	if err != nil {
		return nil, fmt.Errorf("eager: to %s: %w", device, err)
	}
	return &Tensor{ctx: t.ctx, h: h}, nil
}
