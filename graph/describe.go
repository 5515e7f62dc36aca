package graph

import (
	"fmt"

	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
)

// MetaGraph is what a SavedModel's file says about one of its graphs.
type MetaGraph struct {
	Tags       []string
	Version    string // of the TensorFlow that saved it
	Signatures []Signature
	Functions  []SavedFunction // what else can be called, by eager.Load
}

// Describe reads what the SavedModel in dir says about itself: one MetaGraph
// for each set of tags that it was saved with. The model is not loaded, and no
// TensorFlow library is needed.
func Describe(dir string) ([]MetaGraph, error) {
	file, err := savedmodel.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	list := make([]MetaGraph, len(file.GetMetaGraphs()))
	for i, def := range file.GetMetaGraphs() {
		info := def.GetMetaInfoDef()
		signatures, err := signaturesFrom(def)
		if err != nil {
			return nil, fmt.Errorf("graph: %s: %w", dir, err)
		}
		functions, err := functionsFrom(def)
		if err != nil {
			return nil, fmt.Errorf("graph: %s: %w", dir, err)
		}
		list[i] = MetaGraph{Tags: info.GetTags(), Version: info.GetTensorflowVersion(), Signatures: sorted(signatures), Functions: functions}
	}
	return list, nil
}

// TagSets lists the tags of each MetaGraph in the SavedModel in dir. One that
// was saved with no tags has an empty list.
func TagSets(dir string) ([][]string, error) {
	file, err := savedmodel.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	var sets [][]string
	for _, m := range file.GetMetaGraphs() {
		sets = append(sets, m.GetMetaInfoDef().GetTags())
	}
	return sets, nil
}

// signaturesFrom reads the signatures of a MetaGraph that are for callers.
func signaturesFrom(def *tfpb.MetaGraphDef) (map[string]Signature, error) {
	targets, err := savedmodel.Targets(def)
	if err != nil {
		return nil, err
	}
	list := make(map[string]Signature)
	defaults := savedmodel.Defaults(def.GetGraphDef())
	for name, s := range def.GetSignatureDef() {
		if name != savedmodel.InitSignature {
			sig := signatureFrom(name, s, defaults)
			if sig.Target = targets[name]; sig.Target == "" && len(sig.Outputs) == 0 && sig.Problem == "" {
				sig.Problem = "it has no outputs, and the model does not say what it is run for"
			}
			list[name] = sig
		}
	}
	return list, nil
}
