package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/inspect"
	"ndflow/internal/filekind"
	"ndflow/internal/savedmodel"
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
of their inputs and outputs; a dimension of -1 can be of any size, and an input with a
default need not be given. What cannot be called or has no array form is shown with the
reason, and functions that are no signatures as they would be called. Of a GraphDef (a .pb
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
		model, err = inspect.ReadSavedModel(savedmodel.Folder(path), tags)
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

// kindOf tells what a file is by its name, or else by how it begins.
func kindOf(path string) (fileKind, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, err
	case info.IsDir() || savedmodel.IsMainFile(path):
		return kindSavedModel, nil
	case filepath.Ext(path) == ".npy":
		return kindNPY, nil
	case filepath.Ext(path) == ".npz":
		return kindNPZ, nil
	}
	if _, err := files.FormatOf(path); err == nil {
		return kindColumns, nil
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is no regular file: only a file's name, or its bytes, tell what it is", path)
	}
	switch kind := filekind.OfFile(path); {
	case kind == filekind.NPY:
		return kindNPY, nil
	case kind == filekind.NPZ:
		return kindNPZ, nil
	case kind.Known():
		return 0, fmt.Errorf("%s is %v", path, kind)
	}
	return kindGraphDef, nil
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
