package savedmodel

import (
	"maps"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// LeaveOut takes all out of the graph that neither the signatures which can be had nor
// what sets the model up need.
func (g *Graph) LeaveOut(a *Available) error {
	keep := maps.Clone(a.Used)
	setUp, err := g.setUp()
	if err != nil {
		return err
	}
	maps.Copy(keep, setUp)
	given, err := g.given(a)
	if err != nil {
		return err
	}
	maps.Copy(keep, given)
	if err := g.Keep(keep); err != nil {
		return err
	}
	g.Meta.GraphDef, err = proto.Marshal(g.Def)
	return err
}

// given returns the nodes of the tensors that are fed, and what those take: it must all
// be there.
func (g *Graph) given(a *Available) (Closure, error) {
	assets, err := Assets(g.Meta, "")
	if err != nil {
		return nil, err
	}
	var list []string
	for _, asset := range assets {
		list = append(list, asset.Tensor)
	}
	if name := g.Meta.GetSaverDef().GetFilenameTensorName(); name != "" {
		list = append(list, name)
	}
	for _, name := range g.signatureNames() {
		if a.Problems[name] == "" {
			list = append(list, Tensors(g.Meta.GetSignatureDef()[name].GetInputs())...)
		}
	}
	return g.Closure(list, nil)
}

// WriteFor writes a SavedModel of the one MetaGraph to a new folder, which is the
// caller's to remove. It shares the other files with the SavedModel in dir.
func WriteFor(dir string, meta *tfpb.MetaGraphDef) (folder string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	raw, err := proto.Marshal(&tfpb.SavedModel{MetaGraphs: []*tfpb.MetaGraphDef{meta}})
	if err != nil {
		return "", err
	}
	if folder, err = os.MkdirTemp("", "ndflow-model-"); err != nil {
		return "", err
	}
	err = os.WriteFile(filepath.Join(folder, MainFile), raw, 0o600)
	shared := []string{"assets"}
	if meta.GetSaverDef().GetRestoreOpName() != "" {
		shared = append(shared, "variables")
	}
	for _, name := range shared {
		if _, there := os.Stat(filepath.Join(dir, name)); there == nil && err == nil {
			err = os.Symlink(filepath.Join(dir, name), filepath.Join(folder, name))
		}
	}
	if err != nil {
		os.RemoveAll(folder)
		return "", err
	}
	return folder, nil
}
