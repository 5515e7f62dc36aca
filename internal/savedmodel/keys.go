package savedmodel

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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
// from, by the node that makes its handle: in the graph, as TensorFlow 1 saves it, or in a
// function that the graph calls, as TensorFlow 2 does. A loader that goes by objects can
// read the same variable from another key ([Objects.Keys]): Keras exports such models.
func (g *Graph) RestoredKeys() (map[string]string, error) {
	s := g.Meta.GetSaverDef()
	keys := make(map[string]string)
	if s.GetRestoreOpName() == "" {
		return keys, nil
	}
	closure, err := g.Closure([]string{s.GetRestoreOpName()}, []string{s.GetFilenameTensorName()})
	if err != nil {
		return nil, err
	}
	var nodes, calls []*tfpb.NodeDef
	for _, n := range closure {
		nodes = append(nodes, n)
		if n.GetAttr()["f"].GetFunc() != nil {
			calls = append(calls, n)
		}
	}
	maps.Copy(keys, restoredKeys(nodes))
	if len(calls) == 0 {
		return keys, nil
	}
	var library tfpb.FunctionDefLibrary
	if err := proto.Unmarshal(g.Def.GetLibrary(), &library); err != nil {
		return nil, fmt.Errorf("the graph's functions are %w: %w", ErrDamaged, err)
	}
	for _, call := range calls {
		name := call.GetAttr()["f"].GetFunc().GetName()
		for _, f := range library.GetFunction() {
			if f.GetSignature().GetName() == name {
				restoredByCall(keys, call, f)
			}
		}
	}
	return keys, nil
}

// restoredByCall adds what a function restores of the variables that it is given.
func restoredByCall(keys map[string]string, call *tfpb.NodeDef, f *tfpb.FunctionDef) {
	inside := restoredKeys(f.GetNodeDef())
	for i, arg := range f.GetSignature().GetInputArg() {
		if key, ok := inside[arg.GetName()]; ok && i < len(call.GetInput()) {
			keys[nodeOf(call.GetInput()[i])] = key
		}
	}
}

// nodeOf is the node's name in an input, of a graph ("node:1") or of a function
// ("node:tensors:1").
func nodeOf(input string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(input, "^"), ":")
	return name
}

// restoredKeys tells the keys that nodes assign from, by what they assign to.
func restoredKeys(nodes []*tfpb.NodeDef) map[string]string {
	named := make(map[string]*tfpb.NodeDef, len(nodes))
	for _, n := range nodes {
		named[n.GetName()] = n
	}
	keys := make(map[string]string)
	for _, n := range nodes {
		if op := n.GetOp(); op != "Assign" && op != "AssignVariableOp" || len(n.GetInput()) < 2 {
			continue
		}
		value := n.GetInput()[1]
		from := named[nodeOf(value)]
		for range 8 { // a damaged graph may go around for ever
			if from.GetOp() != "Identity" || len(from.GetInput()) == 0 {
				break
			}
			value = from.GetInput()[0]
			from = named[nodeOf(value)]
		}
		if from.GetOp() != "RestoreV2" || len(from.GetInput()) < 2 {
			continue
		}
		names := named[nodeOf(from.GetInput()[1])].GetAttr()["value"].GetTensor().GetStringVal()
		number := 0
		if i := strings.LastIndexByte(value, ':'); i >= 0 {
			number, _ = strconv.Atoi(value[i+1:]) // 0 where a name ends in no number
		}
		if number >= 0 && number < len(names) {
			keys[nodeOf(n.GetInput()[0])] = string(names[number])
		}
	}
	return keys
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
	def, err := objectGraph(meta)
	if err != nil {
		return nil, err
	}
	o := &Objects{def: def, of: make(map[string]int32)}
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
