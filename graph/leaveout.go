package graph

import (
	"fmt"
	"strings"

	"ndflow/internal/pins"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/tfc"
)

// A session takes in all of a SavedModel, and TensorFlow refuses a graph that has an op
// which it does not know, also where nobody is to run it. Such a model is loaded without
// what needs the op: from a folder of our own, with a smaller graph, and with the files of
// the model beside it.

// lacksOp reports whether a model does not load because TensorFlow lacks an op.
func lacksOp(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Op type not registered")
}

// loadWithout loads what can be had of a model that does not load because of cause. It
// notes what is wrong with the signatures that cannot be had.
func loadWithout(dir string, o *options, so tfc.SessionOptions, signatures map[string]Signature, cause error) (*tfc.Session, *lostVariables, error) {
	fail := func(err error) (*tfc.Session, *lostVariables, error) {
		return nil, nil, fmt.Errorf("%w (%w)", err, cause)
	}
	meta, err := readMeta(dir, o.tags)
	if err != nil {
		return fail(err)
	}
	lost, problems, err := leaveOut(meta)
	if err != nil {
		return fail(err)
	}
	if len(problems) == len(signatures) {
		return nil, nil, cause // there is nothing to load it for
	}
	for name, problem := range problems {
		sig := signatures[name]
		sig.Problem = problem
		signatures[name] = sig
	}
	if !o.config.Strict {
		meta.GraphDef, _ = pins.Graph(meta.GetGraphDef(), pins.Local)
	}
	folder, err := savedmodel.WriteFor(dir, meta)
	if err != nil {
		return fail(err)
	}
	defer folder.Remove()
	c, err := tfc.LoadSavedModel(folder.Path, o.tags, so)
	if err != nil {
		return fail(err)
	}
	return c, lost, nil
}

// leaveOut takes out of the MetaGraph what needs an op that TensorFlow lacks. It returns
// the variables that are to be restored without it, and why signatures cannot be had.
func leaveOut(meta *tfpb.MetaGraphDef) (*lostVariables, map[string]string, error) {
	g, err := savedmodel.ParseGraph(meta)
	if err != nil {
		return nil, nil, err
	}
	a, err := available(g)
	if err != nil {
		return nil, nil, err
	}
	lost, err := lostAmong(g, a.Used)
	if err != nil {
		return nil, nil, err
	}
	return lost, a.Problems, g.LeaveOut(a)
}

// available parts a graph by the ops that TensorFlow has.
func available(g *savedmodel.Graph) (*savedmodel.Available, error) {
	ops, err := tfc.NewGraph()
	if err != nil {
		return nil, err
	}
	defer ops.Close()
	return g.Available(ops.Registered)
}
