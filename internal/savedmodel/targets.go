package savedmodel

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// Targets tells which operation a signature with no outputs is run for, by the
// signature's name: the call of its function, which the objects that the model was saved
// from tell. What TensorFlow 1 saved does not say.
func Targets(meta *tfpb.MetaGraphDef) (map[string]string, error) {
	targets := make(map[string]string)
	wanted := func() bool {
		for name, s := range meta.GetSignatureDef() {
			if name != InitSignature && len(s.GetOutputs()) == 0 {
				return true
			}
		}
		return false
	}
	if !wanted() {
		return targets, nil // most often; and graphs are large
	}
	objects, err := objectGraph(meta)
	if err != nil {
		return nil, err
	}
	var def tfpb.GraphDef
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(meta.GetGraphDef(), &def); err != nil {
		return nil, fmt.Errorf("the graph is %w: %w", ErrDamaged, err)
	}
	calls := make(map[string]string) // nodes by the function that they call
	for _, n := range def.GetNode() {
		if f := n.GetAttr()["f"].GetFunc().GetName(); f != "" {
			calls[f] = n.GetName()
		}
	}
	for _, child := range childOf(objects, 0, "signatures").GetChildren() {
		object := objectAt(objects, child.GetNodeId())
		function := object.GetBareConcreteFunction().GetConcreteFunctionName()
		if list := object.GetFunction().GetConcreteFunctions(); function == "" && len(list) == 1 {
			function = list[0]
		}
		s, ok := meta.GetSignatureDef()[child.GetLocalName()]
		if call := calls[function]; ok && call != "" && len(s.GetOutputs()) == 0 {
			targets[child.GetLocalName()] = call
		}
	}
	return targets, nil
}

// objectGraph reads the graph of the objects that a model was saved from.
func objectGraph(meta *tfpb.MetaGraphDef) (*tfpb.SavedObjectGraph, error) {
	def := new(tfpb.SavedObjectGraph)
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(meta.GetObjectGraphDef(), def); err != nil {
		return nil, fmt.Errorf("the object graph is %w: %w", ErrDamaged, err)
	}
	return def, nil
}

// objectAt returns an object by its number, nil where there is none.
func objectAt(def *tfpb.SavedObjectGraph, id int32) *tfpb.SavedObject {
	if id < 0 || int(id) >= len(def.GetNodes()) {
		return nil
	}
	return def.GetNodes()[id]
}

// childOf returns an object's child by its name, nil where it has none.
func childOf(def *tfpb.SavedObjectGraph, id int32, name string) *tfpb.SavedObject {
	for _, child := range objectAt(def, id).GetChildren() {
		if child.GetLocalName() == name {
			return objectAt(def, child.GetNodeId())
		}
	}
	return nil
}
