package savedmodel

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// Objects is the graph of the objects that a model was saved from, as far as it
// tells which of them its signatures use. TensorFlow 1 did not save any.
type Objects struct {
	def *tfpb.SavedObjectGraph
	of  map[string]int32 // by node of the graph: the object whose handle it makes
}

// VariableOp is the op that makes the handle of a variable.
const VariableOp = "VarHandleOp"

// Objects finds the objects behind the inputs of the functions that the nodes in
// used call: those that are bound to an input beyond the ones that callers give.
func (g *Graph) Objects(used Closure) (*Objects, error) {
	def, err := objectGraph(g.Meta)
	if err != nil {
		return nil, err
	}
	o := &Objects{def: def, of: make(map[string]int32)}
	for _, n := range used {
		f := o.def.GetConcreteFunctions()[n.GetAttr()["f"].GetFunc().GetName()]
		bound := f.GetBoundInputs()
		inputs := slices.DeleteFunc(slices.Clone(n.GetInput()), IsControl)
		if len(bound) > len(inputs) {
			continue // not called in the way that signatures are
		}
		for i, id := range bound {
			in := g.Node(inputs[len(inputs)-len(bound)+i])
			if in != nil && int(id) < len(o.def.GetNodes()) && id >= 0 {
				o.of[in.GetName()] = id
			}
		}
	}
	return o, nil
}

// object returns the object whose handle a node makes.
func (o *Objects) object(node string) (*tfpb.SavedObject, bool) {
	id, ok := o.of[node]
	if !ok {
		return nil, false
	}
	return o.def.GetNodes()[id], true
}

// Saved reports whether a node makes the handle of something other than a
// variable that has its content in the checkpoint, such as a table.
func (o *Objects) Saved(node string) bool {
	object, ok := o.object(node)
	return ok && object.GetVariable() == nil && len(object.GetSaveableObjects()) > 0
}

// CheckpointGraph is the key under which a checkpoint has its own object graph.
const CheckpointGraph = "_CHECKPOINTABLE_OBJECT_GRAPH"

// Keys returns the checkpoint's keys of the variables whose handles nodes of the
// graph make. The checkpoint has an object graph of its own, serialized in
// checkpoint; what is the same object in both is reached by the same names.
func (o *Objects) Keys(checkpoint []byte) (map[string]string, error) {
	var theirs tfpb.TrackableObjectGraph
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(checkpoint, &theirs); err != nil {
		return nil, fmt.Errorf("the checkpoint's object graph is %w: %w", ErrDamaged, err)
	}
	same := o.match(&theirs)
	keys := make(map[string]string)
	for node, id := range o.of {
		their, ok := same[id]
		if !ok || o.def.GetNodes()[id].GetVariable() == nil {
			continue
		}
		for _, a := range theirs.GetNodes()[their].GetAttributes() {
			if a.GetName() == "VARIABLE_VALUE" {
				keys[node] = a.GetCheckpointKey()
			}
		}
	}
	return keys, nil
}

// match walks both graphs from their roots along children of the same names.
func (o *Objects) match(theirs *tfpb.TrackableObjectGraph) map[int32]int32 {
	same := make(map[int32]int32)
	if len(o.def.GetNodes()) == 0 || len(theirs.GetNodes()) == 0 {
		return same
	}
	same[0] = 0
	for todo := []int32{0}; len(todo) > 0; {
		ours := todo[0]
		todo = todo[1:]
		named := make(map[string]int32)
		for _, child := range theirs.GetNodes()[same[ours]].GetChildren() {
			named[child.GetLocalName()] = child.GetNodeId()
		}
		for _, child := range o.def.GetNodes()[ours].GetChildren() {
			id := child.GetNodeId()
			their, ok := named[child.GetLocalName()]
			_, seen := same[id]
			if ok && !seen && int(id) < len(o.def.GetNodes()) && int(their) < len(theirs.GetNodes()) && min(id, their) >= 0 {
				same[id] = their
				todo = append(todo, id)
			}
		}
	}
	return same
}

// Lost lists the nodes of used that make the handles of variables which neither
// restoring nor initializing the model would touch, in alphabetical order. Keras
// 3 saves such: the graph has two handles of each variable, one that is saved and
// restored and another that the signatures use, so that sessions fail with "Could
// not find variable".
func (g *Graph) Lost(used Closure) ([]string, error) {
	setUp, err := g.setUp()
	if err != nil {
		return nil, err
	}
	twins := g.Twins()
	touched := make(map[string]bool)
	for name := range setUp {
		touched[twins[name]] = true
	}
	var lost []string
	for name, n := range used {
		if n.GetOp() == VariableOp && !touched[twins[name]] {
			lost = append(lost, name)
		}
	}
	slices.Sort(lost)
	return lost, nil
}

// setUp returns the nodes that restore and initialize the model.
func (g *Graph) setUp() (Closure, error) {
	var targets, fed []string
	if s := g.Meta.GetSaverDef(); s.GetRestoreOpName() != "" {
		targets, fed = append(targets, s.GetRestoreOpName()), append(fed, s.GetFilenameTensorName())
	}
	if op := InitOp(g.Meta); op != "" {
		targets = append(targets, op)
	}
	return g.Closure(targets, fed)
}

// Twins tells of each node that makes a handle of a variable by name which node
// is the first to make one of the same variable: itself, as a rule.
func (g *Graph) Twins() map[string]string {
	first, twins := make(map[string]string), make(map[string]string)
	for _, n := range g.Def.GetNode() {
		if n.GetOp() != VariableOp {
			continue
		}
		name := n.GetName()
		if shared := n.GetAttr()["shared_name"].GetS(); len(shared) > 0 {
			key := string(n.GetAttr()["container"].GetS()) + "\x00" + string(shared)
			if _, seen := first[key]; !seen {
				first[key] = name
			}
			name = first[key]
		}
		twins[n.GetName()] = name
	}
	return twins
}
