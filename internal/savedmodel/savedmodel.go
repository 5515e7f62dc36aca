// Package savedmodel reads what a SavedModel's folder says about the model: its
// graphs, what it takes to set one up, and the objects that it was saved from.
// It works on the messages alone and needs no TensorFlow library.
package savedmodel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// ErrNoModel says that a folder or file holds no model.
var ErrNoModel = errors.New("no model")

// InitSignature is a signature that is for loaders, not for callers; TensorFlow
// 2 puts it into every SavedModel.
const InitSignature = "__saved_model_init_op"

// MainFile is the main file's name, as nearly all SavedModels have it.
const MainFile = "saved_model.pb"

// mainFiles are the names that a SavedModel's main file can have.
var mainFiles = []string{MainFile, "saved_model.pbtxt", "saved_model.cpb"}

// Check looks for the main file, since TensorFlow's own message does not say
// what it looked for.
func Check(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("%w: %w", ErrNoModel, err)
	}
	for _, name := range mainFiles {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w: a SavedModel is a folder with a file %s", dir, ErrNoModel, MainFile)
}

// Read reads the main file of the SavedModel in dir. The graphs in it keep what
// these messages do not know.
func Read(dir string) (*tfpb.SavedModel, error) {
	path := filepath.Join(dir, MainFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file tfpb.SavedModel
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s is damaged or no SavedModel: %w", path, err)
	}
	if len(file.GetMetaGraphs()) == 0 {
		return nil, fmt.Errorf("%s: %w: there is no graph in it", path, ErrNoModel)
	}
	return &file, nil
}

// SameTags reports whether two MetaGraphs have the same tags, in any order.
func SameTags(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Variables is what the names of the checkpoint's files begin with.
func Variables(dir string) string { return filepath.Join(dir, "variables", "variables") }

// HasVariables reports whether there is a checkpoint.
func HasVariables(dir string) bool {
	_, err := os.Stat(Variables(dir) + ".index")
	return err == nil
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
				return nil, fmt.Errorf("the list of assets is damaged: %w", err)
			}
			defs = append(defs, def)
		}
	}
	list := make([]Asset, len(defs))
	for i, def := range defs {
		list[i] = Asset{Tensor: def.GetTensorInfo().GetName(), Path: filepath.Join(dir, "assets", def.GetFilename())}
	}
	return list, nil
}

// InitOp names the operation that sets up, once the variables are restored, what
// else there is, such as tables; empty for none. Since TensorFlow 2 a signature
// names it; before, a collection did.
func InitOp(meta *tfpb.MetaGraphDef) string {
	if s, ok := meta.GetSignatureDef()[InitSignature]; ok {
		return s.GetOutputs()[InitSignature].GetName()
	}
	for _, collection := range []string{"saved_model_main_op", "legacy_init_op"} {
		if list := meta.GetCollectionDef()[collection].GetNodeList().GetValue(); len(list) > 0 {
			return list[0]
		}
	}
	return ""
}
