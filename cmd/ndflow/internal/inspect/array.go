// Package inspect says what is in a file: arrays and models.
package inspect

import (
	"context"
	"errors"
	"fmt"

	"ndflow/npy"
)

// Array is what there is to say about an array in a file.
type Array struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Order  string `json:"order"`  // "row-major" or "column-major"
	Endian string `json:"endian"` // "little" or "big"
	Format string `json:"format"` // the version of the file format, "1.0"
	Bytes  int64  `json:"bytes"`  // of data; 0 where the header does not tell
	Summary
	Problem string `json:"problem,omitempty"` // why the elements cannot be read
}

// ReadNPY looks at the .npy file at path.
func ReadNPY(ctx context.Context, path string) ([]Array, error) {
	h, err := npy.Stat(path)
	if err != nil {
		return nil, err
	}
	a, err := read(ctx, path, h, func() (*npy.Array, error) { return npy.Open(path) })
	if err != nil {
		return nil, err
	}
	return []Array{a}, nil
}

// ReadNPZ looks at all arrays of the .npz file at path.
func ReadNPZ(ctx context.Context, path string) ([]Array, error) {
	z, err := npy.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	list := []Array{}
	for _, name := range z.Names() {
		h, err := z.Header(name)
		if err != nil {
			return nil, err
		}
		a, err := read(ctx, name, h, func() (*npy.Array, error) { return z.Read(name) })
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

func read(ctx context.Context, name string, h *npy.Header, open func() (*npy.Array, error)) (Array, error) {
	a := Array{
		Name: name, DType: h.DType.String(), Shape: h.Shape, Order: "row-major", Endian: "little",
		Format: fmt.Sprintf("%d.%d", h.Major, h.Minor), Bytes: max(h.Size, 0),
	}
	if h.Fortran {
		a.Order = "column-major"
	}
	if h.BigEndian {
		a.Endian = "big"
	}
	if h.DType == npy.Invalid {
		// What NumPy itself can read is no error, and its header says much.
		a.DType, a.Problem = h.Descr, "not a dtype that ndflow reads"
		return a, nil
	}
	array, err := open()
	if errors.Is(err, npy.ErrDType) {
		a.DType, a.Problem = h.Descr, "objects that are not strings"
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer array.Release()
	a.Summary, err = Summarize(ctx, array)
	return a, err
}
