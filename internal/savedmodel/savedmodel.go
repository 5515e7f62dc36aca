// Package savedmodel reads what a SavedModel's folder says about the model: its
// graphs, what it takes to set one up, and the objects that it was saved from.
// It works on the messages alone and needs no TensorFlow library.
package savedmodel

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/bundle"
	"ndflow/internal/tfpb"
)

var (
	// ErrNoModel says that a folder or file holds no model.
	ErrNoModel = errors.New("no model")
	// ErrMissing says that a part of a model is missing.
	ErrMissing = errors.New("a part of the model is missing")
	// ErrDamaged says that a model's files are not what they should be.
	ErrDamaged = bundle.ErrDamaged
)

// InitSignature is a signature that is for loaders, not for callers; TensorFlow
// 2 puts it into every SavedModel.
const InitSignature = "__saved_model_init_op"

// SameTags reports whether two MetaGraphs have the same tags, in any order.
func SameTags(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// The folders of a SavedModel.
const (
	variablesFolder = "variables"
	assetsFolder    = "assets"
)

// Variables is what the names of the checkpoint's files begin with.
func Variables(dir string) string { return filepath.Join(dir, variablesFolder, "variables") }

// HasVariables reports whether there is a checkpoint.
func HasVariables(dir string) bool {
	return bundle.Exists(Variables(dir))
}

// Asset is a tensor that takes the path of a file.
type Asset struct{ Tensor, Path string }

// Assets lists the tensors that take the paths of the files in dir's assets.
// TensorFlow 1 keeps them in a collection.
func Assets(meta *tfpb.MetaGraphDef, dir string) ([]Asset, error) {
	defs := meta.GetAssetFileDef()
	if len(defs) == 0 {
		for _, v := range meta.GetCollectionDef()["saved_model_assets"].GetAnyList().GetValue() {
			def := new(tfpb.AssetFileDef)
			if err := proto.Unmarshal(v.GetValue(), def); err != nil {
				return nil, fmt.Errorf("the list of assets is %w: %w", ErrDamaged, err)
			}
			defs = append(defs, def)
		}
	}
	list := make([]Asset, len(defs))
	for i, def := range defs {
		if !filepath.IsLocal(def.GetFilename()) {
			return nil, fmt.Errorf("the list of assets is %w: %q is no name of a file in the model's folder", ErrDamaged, def.GetFilename())
		}
		list[i] = Asset{Tensor: def.GetTensorInfo().GetName(), Path: filepath.Join(dir, assetsFolder, def.GetFilename())}
	}
	return list, nil
}

// initCollections name the init op as TensorFlow 1 did.
var initCollections = []string{"saved_model_main_op", "legacy_init_op"}

// InitOp names the operation that sets up, once the variables are restored, what
// else there is, such as tables; empty for none. Since TensorFlow 2 a signature
// names it; before, a collection did.
func InitOp(meta *tfpb.MetaGraphDef) string {
	if s, ok := meta.GetSignatureDef()[InitSignature]; ok {
		return s.GetOutputs()[InitSignature].GetName()
	}
	for _, collection := range initCollections {
		if list := meta.GetCollectionDef()[collection].GetNodeList().GetValue(); len(list) > 0 {
			return list[0]
		}
	}
	return ""
}
