// Package inspect says what is in a file: arrays and models.
package inspect

import (
	"context"
	"errors"
	"fmt"

	"ndflow/npy"
	"ndflow/npy/files"
)

// Array is what there is to say about an array in a file.
type Array struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Order  string `json:"order"`  // "row-major" or "column-major"
	Endian string `json:"endian"` // "little" or "big"
	Format string `json:"format"` // the version of NumPy's format, "1.0", or another one's name
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
	a, err := read(ctx, path, h, func() (*npy.Blocks, error) { return npy.OpenBlocks(path) })
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
		a, err := read(ctx, name, h, func() (*npy.Blocks, error) { return z.Blocks(name) })
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// ReadColumns looks at the columns of a file of another format that npy/files reads.
func ReadColumns(ctx context.Context, path string) ([]Array, error) {
	format, err := files.FormatOf(path)
	if err != nil {
		return nil, err
	}
	names, arrays, err := files.Read(path, files.Options{})
	if err != nil {
		return nil, err
	}
	list := []Array{}
	for i, a := range arrays {
		about := Array{
			Name: names[i], DType: a.DType().String(), Shape: a.Shape(), Order: "row-major", Endian: "little",
			Format: format.String(), Bytes: int64(len(a.Bytes())),
		}
		if about.Summary, err = Summarize(ctx, a.Blocks()); err != nil {
			return nil, err
		}
		a.Release()
		list = append(list, about)
	}
	return list, nil
}

func read(ctx context.Context, name string, h *npy.Header, open func() (*npy.Blocks, error)) (Array, error) {
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
	blocks, err := open()
	if errors.Is(err, npy.ErrDType) {
		a.DType, a.Problem = h.Descr, "objects that are not strings"
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer blocks.Release()
	a.Summary, err = Summarize(ctx, blocks)
	return a, err
}
