package graph

import (
	"fmt"
	"maps"
	"slices"

	"ndflow/internal/savedmodel"
	"ndflow/npy"
	"ndflow/tfc"
)

// lostVariables are variables that signatures use but that the model's own restoring
// passes over, as in what Keras 3 writes with tf.saved_model.save; see
// [savedmodel.Graph.Lost].
type lostVariables struct {
	graph *savedmodel.Graph
	used  savedmodel.Closure // what signatures run
	nodes []string
}

// findLost finds the lost variables of a model; nil for none.
func findLost(g *savedmodel.Graph) (*lostVariables, error) {
	used, err := g.Signatures()
	if err != nil {
		return nil, err
	}
	return lostAmong(g, used)
}

// lostAmong finds the lost variables among the nodes that are used.
func lostAmong(g *savedmodel.Graph, used savedmodel.Closure) (*lostVariables, error) {
	if len(g.Meta.GetObjectGraphDef()) == 0 { // TensorFlow 1 has saved it
		return nil, nil
	}
	nodes, err := g.Lost(used)
	if err != nil || len(nodes) == 0 {
		return nil, err
	}
	return &lostVariables{graph: g, used: used, nodes: nodes}, nil
}

// restoreLost gives lost variables their values. The objects that the model was saved
// from tell where in the checkpoint they are. One that is not among the objects stays
// without a value: a step that reads it fails.
func (m *Model) restoreLost(lost *lostVariables) error {
	if lost == nil {
		return nil
	}
	keys, err := m.keys(lost)
	if err != nil {
		return fmt.Errorf("where %s are in the checkpoint: %w", lost.nodes, err)
	}
	maps.DeleteFunc(keys, func(node, _ string) bool { return !slices.Contains(lost.nodes, node) })
	def, err := lost.graph.RestoreGraph(m.dir, keys)
	if err != nil {
		return err
	}
	if _, err := m.runExtra(def, "ndflow_restore", "", "restore"); err != nil {
		return fmt.Errorf("restoring %s: %w", lost.nodes, err)
	}
	return nil
}

// keys finds out where in the checkpoint variables are, by their nodes.
func (m *Model) keys(lost *lostVariables) (map[string]string, error) {
	objects, err := lost.graph.Objects(lost.used)
	if err != nil {
		return nil, err
	}
	def, err := savedmodel.ReadGraph(m.dir, savedmodel.CheckpointGraph)
	if err != nil {
		return nil, err
	}
	a, err := m.runExtra(def, "ndflow_checkpoint", "read:0", "")
	if err != nil {
		return nil, err
	}
	text, err := npy.Values[string](a)
	if err != nil {
		return nil, err
	}
	keys, err := objects.Keys([]byte(text[0]))
	if err != nil {
		return nil, err
	}
	return keys, objects.Unrestored(lost.nodes, keys)
}

// runExtra adds operations to the graph and runs one step for a tensor or a
// target among them.
func (m *Model) runExtra(def []byte, prefix, fetch, target string) (*npy.Array, error) {
	g := m.session.graph
	if err := g.c.Import(def, prefix); err != nil {
		return nil, err
	}
	var fetches []tfc.Output
	var targets []tfc.Operation
	if fetch != "" {
		o, err := g.output(prefix + "/" + fetch)
		if err != nil {
			return nil, err
		}
		fetches = append(fetches, o)
	} else {
		op, err := g.operation(prefix + "/" + target)
		if err != nil {
			return nil, err
		}
		targets = append(targets, op)
	}
	plan, err := m.session.c.NewPlan(nil, fetches, targets)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	if err := plan.Run(tfc.Step{}); err != nil || fetch == "" {
		return nil, err
	}
	return plan.Take(0)
}
