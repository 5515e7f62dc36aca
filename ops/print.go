package ops

import (
	"fmt"
	"strconv"
	"strings"

	"ndflow/internal/tfpb"
	"ndflow/internal/tftype"
)

// printValue returns a value as signatures print it: 0.5, "SAME", float,
// [1, 2], [?, 3].
func printValue(v *tfpb.AttrValue) string {
	switch v := v.GetValue().(type) {
	case *tfpb.AttrValue_List:
		return "[" + strings.Join(listWords(v.List), ", ") + "]"
	case *tfpb.AttrValue_S:
		return strconv.Quote(string(v.S))
	case *tfpb.AttrValue_I:
		return strconv.FormatInt(v.I, 10)
	case *tfpb.AttrValue_F:
		return printFloat(v.F)
	case *tfpb.AttrValue_B:
		return strconv.FormatBool(v.B)
	case *tfpb.AttrValue_Type:
		return tftype.Name(int(v.Type))
	case *tfpb.AttrValue_Shape:
		return printShape(v.Shape)
	case *tfpb.AttrValue_Tensor:
		return printTensor(v.Tensor)
	case *tfpb.AttrValue_Func:
		return v.Func.GetName()
	case *tfpb.AttrValue_Placeholder:
		return "$" + v.Placeholder
	}
	return "none"
}

// listWords prints each value of a list, which has values of one kind only.
func listWords(l *tfpb.AttrValue_ListValue) []string {
	words := []string{}
	for _, s := range l.GetS() {
		words = append(words, strconv.Quote(string(s)))
	}
	for _, i := range l.GetI() {
		words = append(words, strconv.FormatInt(i, 10))
	}
	for _, f := range l.GetF() {
		words = append(words, printFloat(f))
	}
	for _, b := range l.GetB() {
		words = append(words, strconv.FormatBool(b))
	}
	for _, t := range l.GetType() {
		words = append(words, tftype.Name(int(t)))
	}
	for _, s := range l.GetShape() {
		words = append(words, printShape(s))
	}
	for _, t := range l.GetTensor() {
		words = append(words, printTensor(t))
	}
	for _, f := range l.GetFunc() {
		words = append(words, f.GetName())
	}
	return words
}

func printFloat(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) }

func printShape(s *tfpb.TensorShapeProto) string {
	if s.GetUnknownRank() {
		return "<unknown>"
	}
	dims := make([]string, len(s.GetDim()))
	for i, d := range s.GetDim() {
		dims[i] = "?"
		if d.GetSize() >= 0 {
			dims[i] = strconv.FormatInt(d.GetSize(), 10)
		}
	}
	return "[" + strings.Join(dims, ", ") + "]"
}

func printTensor(t *tfpb.TensorProto) string {
	return fmt.Sprintf("%s %s tensor", tftype.Name(int(t.GetDtype())), printShape(t.GetTensorShape()))
}
