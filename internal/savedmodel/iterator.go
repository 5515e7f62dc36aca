package savedmodel

import (
	"slices"

	"ndflow/internal/tfpb"
)

// oneShotOp makes an iterator of TensorFlow 1's that begins by itself, when it is first
// used.
const oneShotOp = "OneShotIterator"

// dtVariant is TensorFlow's number of the type of data sets, among others.
const dtVariant = 21

// Begin turns the iterators among the nodes that begin by themselves into such that are
// begun by an operation, and returns those operations by iterator. The state of the former
// belongs to the one kernel that makes it, so that the parts of a model could not share
// it; they refuse a name to share it by.
func (g *Graph) Begin(used Closure) map[string]string {
	begin := make(map[string]string)
	for _, name := range used.Names() {
		n := used[name]
		if n.GetOp() != oneShotOp {
			continue
		}
		types, shapes := n.GetAttr()["output_types"], n.GetAttr()["output_shapes"]
		call := &tfpb.NodeDef{Name: name + "/ndflow_dataset", Op: "PartitionedCall", Attr: map[string]*tfpb.AttrValue{
			"f":    n.GetAttr()["dataset_factory"],
			"Tin":  typeList(),
			"Tout": typeList(dtVariant),
		}}
		start := &tfpb.NodeDef{Name: name + "/ndflow_begin", Op: "MakeIterator", Input: []string{call.GetName(), name}}
		n.Op = "IteratorV2"
		n.Attr = map[string]*tfpb.AttrValue{"output_types": types, "output_shapes": shapes}
		setString(n, "container", "")
		setString(n, "shared_name", name)
		g.add(call, start)
		begin[name] = start.GetName()
	}
	return begin
}

// add puts nodes into the graph.
func (g *Graph) add(nodes ...*tfpb.NodeDef) {
	g.Def.Node = append(slices.Clip(g.Def.Node), nodes...)
	for _, n := range nodes {
		g.node[n.GetName()] = n
	}
}

func typeList(types ...int32) *tfpb.AttrValue {
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Type: types}}}
}
