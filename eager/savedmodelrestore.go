package eager

import (
	"fmt"
	"maps"
	"slices"

	"ndflow/internal/savedmodel"
	"ndflow/ops"
	"ndflow/tfc"
)

// The variables of a SavedModel are restored by its graph, which has an op for
// that; or, where that op passes over some that signatures use (Keras 3), by the
// objects that the model was saved from. These tell each variable's key in the
// checkpoint, so that no more than what signatures use is restored.

// planRestore decides how variables are restored.
func (l *loader) planRestore() error {
	lost, err := l.saved.Lost(l.used)
	if err != nil {
		return err
	}
	if !savedmodel.HasVariables(l.dir) {
		l.restore = part{} // CheckParts has found that there is nothing to restore
		return nil
	}
	if len(lost) == 0 {
		return nil
	}
	used := maps.Clone(l.used)
	maps.Copy(used, l.init.nodes)
	objects, err := l.saved.Objects(used)
	if err != nil {
		return err
	}
	if l.lost, err = l.keys(objects); err != nil {
		return fmt.Errorf("the checkpoint's objects: %w", err)
	}
	if err := objects.Unrestored(lost, l.lost); err != nil {
		return err
	}
	if !l.needsRestoreOp(objects, used) {
		l.restore = part{}
	}
	return nil
}

// needsRestoreOp reports whether something that is used is restored by the graph
// only: a table whose content was saved, or a variable that no object tells of.
func (l *loader) needsRestoreOp(objects *savedmodel.Objects, used savedmodel.Closure) bool {
	for name, n := range used {
		_, byGraph := l.restore.nodes[name]
		_, byKey := l.lost[name]
		if objects.Saved(name) || savedmodel.IsVariable(n) && byGraph && !byKey {
			return true
		}
	}
	return false
}

// keys returns the checkpoint's keys of variables, by the nodes that make their
// handles.
func (l *loader) keys(objects *savedmodel.Objects) (map[string]string, error) {
	ts, err := l.readCheckpoint([]string{savedmodel.CheckpointGraph}, []tfc.DataType{dtString})
	if err != nil {
		return nil, err
	}
	defer closeAll(ts)
	text, err := Item[string](ts[0])
	if err != nil {
		return nil, err
	}
	return objects.Keys([]byte(text))
}

const dtString tfc.DataType = 7

// readCheckpoint reads tensors of the checkpoint by their keys.
func (l *loader) readCheckpoint(keys []string, types []tfc.DataType) ([]*Tensor, error) {
	prefix, err := Scalar(l.ctx, savedmodel.Variables(l.dir))
	if err != nil {
		return nil, err
	}
	defer prefix.Close()
	names, err := FromSlice(l.ctx, keys)
	if err != nil {
		return nil, err
	}
	defer names.Close()
	slicesOf, err := FromSlice(l.ctx, make([]string, len(keys))) // all of each tensor
	if err != nil {
		return nil, err
	}
	defer slicesOf.Close()
	typeNames := make([]string, len(types))
	for i, t := range types {
		typeNames[i] = t.String()
	}
	o := l.ctx.Op("RestoreV2").Input(prefix, names, slicesOf).Attr(ops.TypesNamed("dtypes", typeNames...))
	ts, err := o.Run()
	if err != nil {
		return nil, bare(err)
	}
	return ts, nil
}

// runRestore restores the variables.
func (l *loader) runRestore() error {
	if !l.restore.empty() {
		f, err := l.function("restore", l.restore)
		if err != nil {
			return err
		}
		prefix, err := Scalar(l.ctx, savedmodel.Variables(l.dir))
		if err != nil {
			return err
		}
		defer prefix.Close()
		if err := l.run(f, prefix); err != nil {
			return err
		}
	}
	return l.restoreByKeys()
}

// restoreByKeys gives the variables that were found by their objects their values.
func (l *loader) restoreByKeys() error {
	if len(l.lost) == 0 {
		return nil
	}
	nodes := slices.Sorted(maps.Keys(l.lost))
	keys, types := make([]string, len(nodes)), make([]tfc.DataType, len(nodes))
	for i, node := range nodes {
		keys[i] = l.lost[node]
		types[i] = tfc.DataType(l.saved.Node(node).GetAttr()["dtype"].GetType())
	}
	ts, err := l.readCheckpoint(keys, types)
	if err != nil {
		return err
	}
	defer closeAll(ts)
	for i, node := range nodes {
		if err := l.ctx.assign(l.handles[node+":0"], ts[i]); err != nil {
			return fmt.Errorf("variable %q: %w", node, err)
		}
	}
	return nil
}

// assign sets a variable.
func (c *Context) assign(handle, value *Tensor) error {
	if _, err := c.Op("AssignVariableOp").Input(handle, value).Run(); err != nil {
		return bare(err)
	}
	return nil
}
