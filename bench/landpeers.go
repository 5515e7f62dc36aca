package bench

import (
	"fmt"
	"os"

	"ndflow/eager"
	"ndflow/npy"
)

// negation is an op that makes a tensor as large as the file's.
type negation struct {
	c    *eager.Context
	op   *eager.Op
	x    *eager.Tensor
	one  *eager.Tensor // of a single element
	rest *npy.Array    // where the negative of that lands
}

func (f *file) newNegation(own *owned) (*negation, error) {
	c, err := eager.New()
	if err != nil {
		return nil, err
	}
	own.add(c.Close)
	x, err := c.Tensor(f.array)
	if err != nil {
		return nil, err
	}
	own.add(x.Close)
	one, err := eager.FromSlice(c, []float32{1})
	if err != nil {
		return nil, err
	}
	own.add(one.Close)
	rest, err := npy.New(npy.Float32, 1)
	op := c.Op("Neg").Input(x)
	own.add(op.Close)
	return &negation{c: c, op: op, x: x, one: one, rest: rest}, err
}

// negative is what the op makes of the file's array.
func (f *file) negative() (*npy.Array, error) {
	a, err := f.array.Clone()
	if err != nil {
		return nil, err
	}
	v, err := npy.Values[float32](a)
	for i := range v {
		v[i] = -v[i]
	}
	return a, err
}

// letGo lands something small, so that what the op landed before is not held any more.
func (n *negation) letGo() error {
	if err := n.op.SetInput(0, n.one); err != nil {
		return err
	}
	if err := n.op.RunInto(n.rest); err != nil {
		return err
	}
	return n.op.SetInput(0, n.x)
}

// create lands the negative in a new file.
func (n *negation) create(path string, shape []int) error {
	f, err := npy.Create(path, npy.Float32, shape...)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := n.op.RunInto(f.Array()); err != nil {
		return err
	}
	if err := n.letGo(); err != nil {
		return err
	}
	return f.Close()
}

// mostRehearsals is how often an op may copy before it places what it makes.
const mostRehearsals = 8

// land returns a peer whose op writes its result into the file.
func (f *file) land(name string) Peer {
	return f.negate(name, NDFlow, func(own *owned, n *negation, path string) (func() error, error) {
		shape := f.array.Shape()
		for i := 0; i < mostRehearsals && n.op.Stats(0).Placed == 0; i++ {
			if err := n.create(path, shape); err != nil {
				return nil, err
			}
		}
		return func() error { return n.create(path, shape) }, nil
	}, npy.ReadFile)
}

// landWriteFile returns a peer that writes the result's own memory to the file.
func (f *file) landWriteFile(name string) Peer {
	return f.negate(name, NDFlow, func(own *owned, n *negation, path string) (func() error, error) {
		t, err := n.c.Empty()
		if err != nil {
			return nil, err
		}
		own.add(t.Close)
		return func() error {
			if err := n.op.RunTo(t); err != nil {
				return err
			}
			return saveNpy(path, t)
		}, nil
	}, npy.ReadFile)
}

// landFloor returns a peer whose result lands in memory that is there, and is written
// from there as writeFloor does.
func (f *file) landFloor(name string) Peer {
	return f.negate(name, Floor, func(own *owned, n *negation, path string) (func() error, error) {
		dst, err := touched(npy.Float32, f.bytes/4)
		if err != nil {
			return nil, err
		}
		return func() error {
			if err := n.op.RunInto(dst); err != nil {
				return err
			}
			return writeRaw(path, dst.Bytes())
		}, nil
	}, readRaw)
}

// negate returns a peer that saves the negative in some way.
func (f *file) negate(name string, kind Kind, prepare func(own *owned, n *negation, path string) (func() error, error),
	read func(path string, opts ...npy.Option) (*npy.Array, error)) Peer {
	return Peer{Name: name, Kind: kind, Setup: setup(func(own *owned) (*Work, error) {
		n, err := f.newNegation(own)
		if err != nil {
			return nil, err
		}
		f.saved++
		path := f.path(fmt.Sprint("saved-", f.saved))
		own.add(func() { os.Remove(path) })
		run, err := prepare(own, n, path)
		if err != nil {
			return nil, err
		}
		return &Work{Run: each(run), Results: resultIn(func() (*npy.Array, error) { return read(path) })}, nil
	})}
}
