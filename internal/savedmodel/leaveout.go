package savedmodel

import (
	"maps"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/private"
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

// WriteFor makes a folder from which TensorFlow loads a SavedModel of the one MetaGraph,
// with the checkpoint and the assets of the SavedModel in dir, which are not copied. The
// caller removes the folder once the model is loaded.
func WriteFor(dir string, meta *tfpb.MetaGraphDef) (*private.Folder, error) {
	raw, err := proto.Marshal(&tfpb.SavedModel{MetaGraphs: []*tfpb.MetaGraphDef{meta}})
	if err != nil {
		return nil, err
	}
	shared := []string{assetsFolder}
	if meta.GetSaverDef().GetRestoreOpName() != "" {
		shared = append(shared, variablesFolder)
	}
	return private.With(dir, MainFile, raw, shared)
}
