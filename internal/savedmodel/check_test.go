package savedmodel

import (
	"errors"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

func tensorOf(sizes ...int64) *tfpb.TensorProto {
	shape := new(tfpb.TensorShapeProto)
	for _, s := range sizes {
		shape.Dim = append(shape.Dim, &tfpb.TensorShapeProto_Dim{Size: s})
	}
	return &tfpb.TensorProto{Dtype: 1, TensorShape: shape}
}

func constantOf(t *tfpb.TensorProto) *tfpb.NodeDef {
	return &tfpb.NodeDef{Name: "c", Op: "Const", Attr: map[string]*tfpb.AttrValue{"value": {Value: &tfpb.AttrValue_Tensor{Tensor: t}}}}
}

func TestCheckTensors(t *testing.T) {
	ones := func(n int) []int64 {
		list := make([]int64, n)
		for i := range list {
			list[i] = 1
		}
		return list
	}
	for _, c := range []struct {
		name  string
		sizes []int64
		want  string // of the error; empty for none
	}{
		{"scalar", nil, ""}, {"most dimensions", ones(mostDims), ""}, {"none of it", []int64{0, math.MaxInt64}, ""},
		{"as many as can be", []int64{1 << 31, 1 << 31}, ""},
		{"one dimension more", ones(mostDims + 1), "255 dimensions"},
		{"elements", []int64{1 << 32, 1 << 32}, "more elements than can be"},
		{"negative", []int64{3, -2}, "a dimension of -2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inFunction, err := proto.Marshal(&tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "f"}, NodeDef: []*tfpb.NodeDef{constantOf(tensorOf(c.sizes...))},
			}}})
			must(t, err)
			inList := constantOf(tensorOf(1))
			inList.Attr["list"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Tensor: []*tfpb.TensorProto{tensorOf(c.sizes...)}}}}
			for where, def := range map[string]*tfpb.GraphDef{
				"graph":    {Node: []*tfpb.NodeDef{constantOf(tensorOf(c.sizes...))}},
				"function": {Library: inFunction},
				"list":     {Node: []*tfpb.NodeDef{inList}},
			} {
				raw, err := proto.Marshal(def)
				must(t, err)
				err = CheckGraph(raw)
				if ok := c.want == ""; ok != (err == nil) || !ok && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("in a %s: have %v, want %q", where, err, c.want)
				}
			}
		})
	}
}

// A function that calls itself has no end. One that does so in a branch may have.
func TestCheckCalls(t *testing.T) {
	function := func(name string, nodes ...*tfpb.NodeDef) *tfpb.FunctionDef {
		return &tfpb.FunctionDef{Signature: &tfpb.OpDef{Name: name}, NodeDef: nodes}
	}
	byName := func(name string) *tfpb.NodeDef { return &tfpb.NodeDef{Name: "call", Op: name} }
	by := func(op, attr, name string) *tfpb.NodeDef {
		return &tfpb.NodeDef{Name: "call", Op: op, Attr: map[string]*tfpb.AttrValue{
			attr: {Value: &tfpb.AttrValue_Func{Func: &tfpb.NameAttrList{Name: name}}},
		}}
	}
	for _, c := range []struct {
		name      string
		functions []*tfpb.FunctionDef
		want      string
	}{
		{"a chain", []*tfpb.FunctionDef{function("f", byName("g"), byName("h")), function("g", byName("h")), function("h", byName("Add"))}, ""},
		{"itself", []*tfpb.FunctionDef{function("f", by("PartitionedCall", "f", "f"))}, `"f" "f"`},
		{"itself by its name", []*tfpb.FunctionDef{function("f", byName("f"))}, `"f" "f"`},
		{"through others", []*tfpb.FunctionDef{function("a", byName("f")), function("f", by("StatefulPartitionedCall", "f", "g")), function("g", byName("h")), function("h", byName("f"))}, `"f" "g" "h" "f"`},
		{"in a branch", []*tfpb.FunctionDef{function("f", by("If", "then_branch", "f"))}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			library, err := proto.Marshal(&tfpb.FunctionDefLibrary{Function: c.functions})
			must(t, err)
			raw, err := proto.Marshal(&tfpb.GraphDef{Library: library})
			must(t, err)
			err = CheckGraph(raw)
			if ok := c.want == ""; ok != (err == nil) || !ok && (!errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

// Bytes of any kind are gone through without a fault.
func FuzzCheckGraph(f *testing.F) {
	raw, err := proto.Marshal(&tfpb.GraphDef{Node: []*tfpb.NodeDef{constantOf(tensorOf(2, 3))}})
	must(f, err)
	f.Add(raw)
	f.Fuzz(func(_ *testing.T, def []byte) {
		_ = CheckGraph(def)
		Defaults(def)
	})
}
