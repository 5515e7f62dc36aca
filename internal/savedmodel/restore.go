package savedmodel

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// dtString is TensorFlow's number of the string type.
const dtString = 7

// Names of nodes in the graphs of [ReadGraph] and [RestoreGraph].
const (
	readNode    = "read"
	restoreNode = "restore"
)

// ReadGraph is a graph whose tensor "read:0" is a string out of the checkpoint in
// dir.
func ReadGraph(dir, key string) ([]byte, error) {
	return proto.Marshal(&tfpb.GraphDef{Node: readNodes(dir, []string{key}, []int32{dtString})})
}

// RestoreGraph is a graph whose operation "restore" sets variables from the
// checkpoint in dir: those of the handles that nodes of g make, by their keys.
func (g *Graph) RestoreGraph(dir string, keys map[string]string) ([]byte, error) {
	def := new(tfpb.GraphDef)
	var list []string
	var types []int32
	group := &tfpb.NodeDef{Name: restoreNode, Op: "NoOp"}
	for i, name := range slices.Sorted(maps.Keys(keys)) {
		handle := proto.Clone(g.Node(name)).(*tfpb.NodeDef)
		handle.Name, handle.Input = "variable/"+name, nil
		dtype := handle.GetAttr()["dtype"]
		assign := &tfpb.NodeDef{
			Name:  "assign/" + name,
			Op:    "AssignVariableOp",
			Input: []string{handle.GetName(), fmt.Sprintf("%s:%d", readNode, i)},
			Attr:  map[string]*tfpb.AttrValue{"dtype": dtype},
		}
		def.Node = append(def.Node, handle, assign)
		group.Input = append(group.Input, "^"+assign.GetName())
		list, types = append(list, keys[name]), append(types, dtype.GetType())
	}
	def.Node = append(def.Node, readNodes(dir, list, types)...)
	def.Node = append(def.Node, group)
	return proto.Marshal(def)
}

// readNodes reads tensors out of the checkpoint in dir.
func readNodes(dir string, keys []string, types []int32) []*tfpb.NodeDef {
	return []*tfpb.NodeDef{
		constant("prefix", nil, Variables(dir)),
		constant("keys", []int{len(keys)}, keys...),
		constant("slices", []int{len(keys)}, make([]string, len(keys))...),
		{
			Name:  readNode,
			Op:    "RestoreV2",
			Input: []string{"prefix", "keys", "slices"},
			Attr: map[string]*tfpb.AttrValue{"dtypes": {Value: &tfpb.AttrValue_List{
				List: &tfpb.AttrValue_ListValue{Type: types}}}},
		},
	}
}

func constant(name string, shape []int, values ...string) *tfpb.NodeDef {
	t := &tfpb.TensorProto{Dtype: dtString, TensorShape: new(tfpb.TensorShapeProto)}
	for _, d := range shape {
		t.TensorShape.Dim = append(t.TensorShape.Dim, &tfpb.TensorShapeProto_Dim{Size: int64(d)})
	}
	for _, v := range values {
		t.StringVal = append(t.StringVal, []byte(v))
	}
	return &tfpb.NodeDef{Name: name, Op: "Const", Attr: map[string]*tfpb.AttrValue{
		"dtype": {Value: &tfpb.AttrValue_Type{Type: dtString}},
		"value": {Value: &tfpb.AttrValue_Tensor{Tensor: t}},
	}}
}
