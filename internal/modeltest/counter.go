package modeltest

import (
	"encoding/binary"
	"testing"

	"ndflow/internal/tfpb"
)

const (
	float32Type = 1 // of TensorFlow's DataTypes
	int64Type   = 9
)

// CountRows returns a model that counts the rows which it is given in a variable: input
// "x" float32, output "y" int64, in which the first row of the first step is 1, the
// next one 2. They are [-1], or [-1 -1] if wide is true, so that what a row of y is like
// is known after a step only. dir is the fixture "counter"; its signatures "read" and
// "reset" stay.
func CountRows(t testing.TB, dir string, wide bool) string {
	return Change(t, dir, func(meta *tfpb.MetaGraphDef, graph *tfpb.GraphDef) {
		shape := shapeOf(-1)
		if wide {
			shape = shapeOf(-1, -1)
		}
		for _, n := range graph.GetNode() {
			if n.GetName() == "increment_by" {
				n.Op, n.Input = "Size", []string{"rows_x"}
				n.Attr = attrs{"T": typeAttr(float32Type), "out_type": typeAttr(int64Type)}
			}
		}
		one := &tfpb.TensorProto{Dtype: int64Type, TensorShape: shapeOf(), TensorContent: binary.LittleEndian.AppendUint64(nil, 1)}
		int64s := attrs{"T": typeAttr(int64Type)}
		count := meta.GetSignatureDef()["increment"].GetOutputs()["count"].GetName()
		graph.Node = append(graph.Node,
			node("rows_x", "Placeholder", attrs{"dtype": typeAttr(float32Type), "shape": {Value: &tfpb.AttrValue_Shape{Shape: shape}}}),
			node("rows_one", "Const", attrs{"dtype": typeAttr(int64Type), "value": {Value: &tfpb.AttrValue_Tensor{Tensor: one}}}),
			node("rows_before", "Sub", int64s, count, "increment_by"),
			node("rows_first", "AddV2", int64s, "rows_before", "rows_one"),
			node("rows_end", "AddV2", int64s, count, "rows_one"),
			node("rows_range", "Range", attrs{"Tidx": typeAttr(int64Type)}, "rows_first", "rows_end", "rows_one"),
			node("rows_shape", "Shape", attrs{"T": typeAttr(float32Type), "out_type": typeAttr(int64Type)}, "rows_x"),
			node("rows_y", "Reshape", attrs{"T": typeAttr(int64Type), "Tshape": typeAttr(int64Type)}, "rows_range", "rows_shape"),
		)
		delete(meta.SignatureDef, "increment")
		meta.SignatureDef["serving_default"] = &tfpb.SignatureDef{
			Inputs:  map[string]*tfpb.TensorInfo{"x": tensorInfo("rows_x:0", float32Type, shape)},
			Outputs: map[string]*tfpb.TensorInfo{"y": tensorInfo("rows_y:0", int64Type, shape)},
		}
	})
}

type attrs = map[string]*tfpb.AttrValue

func typeAttr(dtype int32) *tfpb.AttrValue {
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_Type{Type: dtype}}
}

func shapeOf(dims ...int64) *tfpb.TensorShapeProto {
	s := new(tfpb.TensorShapeProto)
	for _, d := range dims {
		s.Dim = append(s.Dim, &tfpb.TensorShapeProto_Dim{Size: d})
	}
	return s
}

func node(name, op string, a attrs, inputs ...string) *tfpb.NodeDef {
	return &tfpb.NodeDef{Name: name, Op: op, Input: inputs, Attr: a}
}

func tensorInfo(name string, dtype int32, shape *tfpb.TensorShapeProto) *tfpb.TensorInfo {
	return &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: name}, Dtype: dtype, TensorShape: shape}
}
