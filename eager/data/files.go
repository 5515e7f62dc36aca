package data

import (
	"errors"
	"fmt"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
)

// FileOption says more of how files are read.
type FileOption func(*fileOptions)

type fileOptions struct{ compression string }

// GZIP reads files that are compressed with gzip.
func GZIP() FileOption { return func(o *fileOptions) { o.compression = "GZIP" } }

// ZLIB reads files that are compressed with zlib.
func ZLIB() FileOption { return func(o *fileOptions) { o.compression = "ZLIB" } }

// FromText is a dataset of the lines of files, without their ends: strings, one
// file after the other. A name can be of any file system that the library knows.
func FromText(c *eager.Context, files []string, opts ...FileOption) Dataset {
	return fromFiles(c, "FromText", "TextLineDataset", files, opts)
}

// FromTFRecord is a dataset of the records of TensorFlow's record files: strings,
// most often serialized Examples, which a mapped function parses.
func FromTFRecord(c *eager.Context, files []string, opts ...FileOption) Dataset {
	return fromFiles(c, "FromTFRecord", "TFRecordDataset", files, opts)
}

func fromFiles(c *eager.Context, step, op string, files []string, opts []FileOption) Dataset {
	return source(c, step, func(n *node) error {
		if len(files) == 0 {
			return errors.New("no files")
		}
		names, err := npy.From(files)
		if err == nil {
			names, err = names.Clone()
		}
		if err != nil {
			return err
		}
		line, err := specOf(npy.String)
		if err != nil {
			return err
		}
		n.elem, n.count = []graph.Spec{line}, unknown
		n.call = call{op: op, inputs: []input{array(names), constant(compression(opts)), constant(int64(0))}}
		return nil
	})
}

func compression(opts []FileOption) string {
	var o fileOptions
	for _, set := range opts {
		set(&o)
	}
	return o.compression
}

// TextLines is the function of a file's name that [FromText] is the dataset of, for
// [Dataset.Interleave]. It stays in the context.
func TextLines(c *eager.Context, opts ...FileOption) (DatasetFunc, error) {
	return fileFunc(c, "TextLineDataset", opts)
}

// TFRecords is the function of a file's name that [FromTFRecord] is the dataset of,
// for [Dataset.Interleave]. It stays in the context.
func TFRecords(c *eager.Context, opts ...FileOption) (DatasetFunc, error) {
	return fileFunc(c, "TFRecordDataset", opts)
}

func fileFunc(c *eager.Context, op string, opts []FileOption) (DatasetFunc, error) {
	if c == nil {
		return DatasetFunc{}, errors.New("data: the context is nil")
	}
	f, err := fileFunction(op, compression(opts))
	if err != nil {
		return DatasetFunc{}, fmt.Errorf("data: %w", err)
	}
	own, err := c.AddFunction(f) // the same one again is no error
	if err != nil {
		return DatasetFunc{}, fmt.Errorf("data: %w", err)
	}
	line, err := specOf(npy.String)
	return DatasetFunc{Func: own, Elements: []graph.Spec{line}}, err
}

func fileFunction(op, compression string) (*graph.Function, error) {
	g, err := graph.New()
	if err != nil {
		return nil, err
	}
	defer g.Close()
	file, err := g.Placeholder("file", npy.String, []int{})
	if err != nil {
		return nil, err
	}
	kind, err := g.Constant("compression", npy.Scalar(compression))
	if err != nil {
		return nil, err
	}
	buffer, err := g.Constant("buffer", npy.Scalar(int64(0)))
	if err != nil {
		return nil, err
	}
	_, err = g.Apply(&ops.Call[graph.Output]{Op: op, Name: "lines", Inputs: ops.In(file, kind, buffer)})
	if err != nil {
		return nil, err
	}
	return g.Function("ndflow_"+op+compression, []string{"file"}, []string{"lines"})
}
