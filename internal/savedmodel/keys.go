package savedmodel

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// IsVariable reports whether a node is a variable, TensorFlow 2's or 1's.
func IsVariable(n *tfpb.NodeDef) bool { return n.GetOp() == VariableOp || IsRefVariable(n) }

// IsRefVariable reports whether a node is a reference variable, as TensorFlow 1 had
// them.
func IsRefVariable(n *tfpb.NodeDef) bool { return n.GetOp() == "VariableV2" || n.GetOp() == "Variable" }

// ValueSuffix ends the checkpoint's keys of variables of TensorFlow 2, behind the path
// from object to object.
const ValueSuffix = "/.ATTRIBUTES/VARIABLE_VALUE"

// RestoredKeys tells which key of the checkpoint the graph itself restores a variable
// from, by the variable's node. TensorFlow 1 saves it so; TensorFlow 2 has it in a
// function, and tells it by objects ([Objects.Keys]).
func (g *Graph) RestoredKeys() (map[string]string, error) {
	s := g.Meta.GetSaverDef()
	keys := make(map[string]string)
	if s.GetRestoreOpName() == "" {
		return keys, nil
	}
	nodes, err := g.Closure([]string{s.GetRestoreOpName()}, []string{s.GetFilenameTensorName()})
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if op := n.GetOp(); op != "Assign" && op != "AssignVariableOp" || len(n.GetInput()) < 2 {
			continue
		}
		variable, value := g.Node(n.GetInput()[0]), n.GetInput()[1]
		from := g.Node(value)
		for range 8 { // a damaged graph may go around for ever
			if from.GetOp() != "Identity" || len(from.GetInput()) == 0 {
				break
			}
			value = from.GetInput()[0]
			from = g.Node(value)
		}
		if variable == nil || from.GetOp() != "RestoreV2" || len(from.GetInput()) < 2 {
			continue
		}
		names := g.Node(from.GetInput()[1]).GetAttr()["value"].GetTensor().GetStringVal()
		if i := OutputNumber(value); i >= 0 && i < len(names) {
			keys[variable.GetName()] = string(names[i])
		}
	}
	return keys, nil
}

// VariableObject is a variable among the objects that a model was saved from.
type VariableObject struct {
	Name string // "dense/kernel"; several can have the same
	Key  string // the checkpoint's
}

// VariableObjects lists all variables among the objects that a model was saved from,
// those too which no signature uses, in the order of their numbers. The checkpoint's
// own object graph is serialized in checkpoint.
func VariableObjects(meta *tfpb.MetaGraphDef, checkpoint []byte) ([]VariableObject, error) {
	o := &Objects{def: new(tfpb.SavedObjectGraph), of: make(map[string]int32)}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(meta.GetObjectGraphDef(), o.def); err != nil {
		return nil, fmt.Errorf("the object graph is damaged: %w", err)
	}
	for i, n := range o.def.GetNodes() {
		if n.GetVariable() != nil {
			o.of[fmt.Sprintf("%08d", i)] = int32(i)
		}
	}
	keys, err := o.Keys(checkpoint)
	if err != nil {
		return nil, err
	}
	var list []VariableObject
	for _, node := range slices.Sorted(maps.Keys(keys)) {
		object, _ := o.object(node)
		list = append(list, VariableObject{Name: object.GetVariable().GetName(), Key: keys[node]})
	}
	return list, nil
}
