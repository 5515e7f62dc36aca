package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/inspect"
	"ndflow/npy/files"
)

func newShow() *cobra.Command {
	var asJSON bool
	var tags string
	cmd := &cobra.Command{
		Use:   "show MODEL|FILE",
		Short: "Show what is in a model or an array file",
		Long: `Show what is in a file.

Of a SavedModel (a folder): its tags and signatures, and the names, dtypes and shapes
of their inputs and outputs; a dimension of -1 can be of any size. Of a GraphDef (a .pb
file): what it must be fed, and the tensors that nothing in it takes.

Of .npy and .npz files, and those that 'ndflow convert' reads: each array's dtype, shape,
order, size, and the least, the greatest and the mean of its elements, NaNs left out.`,
		Example: `  ndflow show model
  ndflow show frozen.pb
  ndflow show results.npz
  ndflow show --json model`,
		GroupID: groupWork,
		Args:    exactly("MODEL or FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			quietTensorFlow()
			var set []string
			if cmd.Flags().Changed("tags") {
				set = parseTags(tags)
			}
			return show(cmd.Context(), cmd.OutOrStdout(), args[0], set, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&tags, "tags", "", "show only the graph with these `tags`, with commas (default all)")
	return cmd
}

func show(ctx context.Context, w io.Writer, path string, tags []string, asJSON bool) error {
	kind, err := kindOf(path)
	if err != nil {
		return err
	}
	if tags != nil && kind != kindSavedModel {
		return fmt.Errorf("%s is no SavedModel, so it has no tags", path)
	}
	var arrays []inspect.Array
	var model *inspect.Model
	switch kind {
	case kindNPY:
		arrays, err = inspect.ReadNPY(ctx, path)
	case kindNPZ:
		arrays, err = inspect.ReadNPZ(ctx, path)
	case kindColumns:
		arrays, err = inspect.ReadColumns(ctx, path)
		err = ofFiles(err)
	case kindSavedModel:
		if filepath.Base(path) == savedModelFile {
			path = filepath.Dir(path)
		}
		model, err = inspect.ReadSavedModel(path, tags)
	case kindGraphDef:
		model, err = inspect.ReadGraphDef(path)
	}
	switch {
	case err != nil:
		return err
	case asJSON && model != nil:
		return writeJSON(w, model)
	case asJSON:
		return writeJSON(w, arrays)
	case model != nil:
		return model.Write(w)
	}
	return inspect.WriteArrays(w, arrays)
}

type fileKind int

const (
	kindSavedModel fileKind = iota
	kindGraphDef
	kindNPY
	kindNPZ
	kindColumns // any other format of npy/files
)

const savedModelFile = "saved_model.pb"

// kindOf tells what a file is by its name, or else by how it begins.
func kindOf(path string) (fileKind, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, err
	case info.IsDir() || filepath.Base(path) == savedModelFile:
		return kindSavedModel, nil
	case filepath.Ext(path) == ".npy":
		return kindNPY, nil
	case filepath.Ext(path) == ".npz":
		return kindNPZ, nil
	}
	if _, err := files.FormatOf(path); err == nil {
		return kindColumns, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, 6)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch head = head[:n]; {
	case string(head) == "\x93NUMPY":
		return kindNPY, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return kindNPZ, nil
	}
	return kindGraphDef, nil
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
