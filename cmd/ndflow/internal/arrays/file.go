package arrays

import (
	"os"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/npy/files"
	"ndflow/weights"
)

// open opens what weights are in, and files of columns: Arrow, Parquet, CSV, JSON.
func open(path string) (weights.Source, error) {
	format, err := files.FormatOf(path)
	if err != nil || format == files.NPY || format == files.NPZ {
		return weights.Open(path)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return weights.Open(path)
	}
	names, arrays, err := files.Read(path, files.Options{})
	if err != nil {
		return nil, err
	}
	c := columns{arrays: make(map[string]*npy.Array, len(names))}
	for i, name := range names {
		c.infos = append(c.infos, weights.Info{Name: name, DType: arrays[i].DType(), Shape: arrays[i].Shape()})
		c.arrays[name] = arrays[i]
	}
	return c, nil
}

// columns is a file of columns, which are read at once.
type columns struct {
	infos  []weights.Info
	arrays map[string]*npy.Array
}

func (c columns) List() []weights.Info { return c.infos }

func (c columns) Read(name string) (*npy.Array, error) {
	if a := c.arrays[name]; a != nil {
		return a, nil
	}
	e := &graph.NameError{Package: "weights", Kind: "array", Name: name}
	for _, i := range c.infos {
		e.Have = append(e.Have, i.Name)
	}
	return nil, e
}

// Close leaves the arrays to whoever has read them.
func (c columns) Close() error { return nil }
