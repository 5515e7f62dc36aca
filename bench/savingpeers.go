package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"ndflow/eager"
	"ndflow/npy"
)

// save returns a peer that saves a tensor.
func (f *file) save(name string, save func(path string, t *eager.Tensor) error, read func(path string, opts ...npy.Option) (*npy.Array, error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		c, err := eager.New()
		if err != nil {
			return nil, err
		}
		own.add(c.Close)
		t, err := c.Tensor(f.array)
		if err != nil {
			return nil, err
		}
		own.add(t.Close)
		f.saved++
		path := f.path(fmt.Sprint("saved-", f.saved))
		own.add(func() { os.Remove(path) })
		return &Work{
			Run:      each(func() error { return save(path, t) }),
			Results:  resultIn(func() (*npy.Array, error) { return read(path) }),
			Measures: func() map[string]float64 { return fileSize(path) },
		}, nil
	})}
}

// measureFile is how large a file has become.
const measureFile = "file bytes"

func fileSize(path string) map[string]float64 {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return map[string]float64{measureFile: float64(info.Size())}
}

func saveCreate(path string, t *eager.Tensor) error {
	shape, err := t.Shape()
	if err != nil {
		return err
	}
	f, err := npy.Create(path, npy.Float32, shape...)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := t.Into(f.Array()); err != nil {
		return err
	}
	return f.Close()
}

// viewed calls save with the tensor's own memory.
func viewed(t *eager.Tensor, save func(*npy.Array) error) error {
	v, err := t.Value()
	if err != nil {
		return err
	}
	defer v.Release()
	return save(v)
}

func saveNpy(path string, t *eager.Tensor) error {
	return viewed(t, func(v *npy.Array) error { return npy.WriteFile(path, v) })
}

func saveStored(path string, t *eager.Tensor) error {
	return viewed(t, func(v *npy.Array) error { return saveNPZ(path, v) })
}

func saveDeflated(path string, t *eager.Tensor) error {
	return viewed(t, func(v *npy.Array) error { return saveNPZ(path, v, npy.Compress()) })
}

func saveNPZ(path string, a *npy.Array, opts ...npy.Option) error {
	w, err := npy.CreateNPZ(path, opts...)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.Write("x", a); err != nil {
		return err
	}
	return w.Close()
}

func readNPZ(path string, opts ...npy.Option) (*npy.Array, error) {
	z, err := npy.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.Read("x", opts...)
}

// load returns a peer that makes a tensor of a file and looks at all of it.
func (f *file) load(name, file string, read func(path string, opts ...npy.Option) (*npy.Array, error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		m, err := newMaximum(own)
		if err != nil {
			return nil, err
		}
		path := f.path(file)
		return &Work{
			Run: each(func() error {
				a, err := read(path)
				if err != nil {
					return err
				}
				defer a.Release()
				return m.of(a)
			}),
			Results: landed(m.dst),
		}, nil
	})}
}

// maximum is an op that looks at all elements of a tensor.
type maximum struct {
	c   *eager.Context
	op  *eager.Op
	dst *npy.Array
}

func newMaximum(own *owned) (*maximum, error) {
	c, err := eager.New()
	if err != nil {
		return nil, err
	}
	own.add(c.Close)
	axis, err := eager.FromSlice(c, []int32{0})
	if err != nil {
		return nil, err
	}
	own.add(axis.Close)
	x, err := eager.FromSlice(c, []float32{0})
	if err != nil {
		return nil, err
	}
	own.add(x.Close)
	op := c.Op("Max").Input(x, axis)
	own.add(op.Close)
	dst, err := npy.New(npy.Float32)
	return &maximum{c: c, op: op, dst: dst}, err
}

func (m *maximum) of(a *npy.Array) error {
	t, err := m.c.Tensor(a)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := m.op.SetInput(0, t); err != nil {
		return err
	}
	return m.op.RunInto(m.dst)
}

// writeFloor returns a peer that writes the elements, and nothing else, to a new file.
func (f *file) writeFloor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		path := f.path("floor")
		own.add(func() { os.Remove(path) })
		return &Work{
			Run:     each(func() error { return writeRaw(path, f.array.Bytes()) }),
			Results: resultIn(func() (*npy.Array, error) { return readRaw(path) }),
		}, nil
	})}
}

// writeRaw writes bytes, and nothing else, to a new file, which then takes the place of
// the last one, as with all that ndflow saves. Its space is taken first, or else ext4
// writes it back to the disk at once.
func writeRaw(path string, data []byte) error {
	temp := path + ".tmp"
	out, err := os.Create(temp)
	if err != nil {
		return err
	}
	syscall.Fallocate(int(out.Fd()), 0, 0, int64(len(data))) // where it can
	_, err = out.Write(data)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// readRaw reads what writeRaw has written.
func readRaw(path string, _ ...npy.Option) (*npy.Array, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a, err := npy.New(npy.Float32, len(raw)/4)
	if err == nil {
		_, err = binary.Decode(raw, binary.NativeEndian, a.Bytes())
	}
	return a, err
}

// readFloor returns a peer that reads the file to memory that is there already, and
// looks at all of it.
func (f *file) readFloor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		m, err := newMaximum(own)
		if err != nil {
			return nil, err
		}
		head, err := npy.Stat(f.path("x.npy"))
		if err != nil {
			return nil, err
		}
		a, err := touched(npy.Float32, f.bytes/4)
		if err != nil {
			return nil, err
		}
		return &Work{
			Run: each(func() error {
				in, err := os.Open(f.path("x.npy"))
				if err != nil {
					return err
				}
				defer in.Close()
				if _, err := in.ReadAt(a.Bytes(), head.Offset); err != nil {
					return err
				}
				return m.of(a)
			}),
			Results: landed(m.dst),
		}, nil
	})}
}
