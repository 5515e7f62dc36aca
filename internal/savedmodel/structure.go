package savedmodel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ndflow/internal/tfpb"
)

// Leaf is a tensor or another value in a structure of Python's: an argument, a result, or
// what is in a list, tuple or dict that is one.
type Leaf struct {
	Path   string // "x", "x.0" in a list, "x.mask" in a dict
	Tensor bool
	DType  int32                  // of a tensor
	Shape  *tfpb.TensorShapeProto // of a tensor; nil where it is not known
	Value  any                    // of another one: nil, bool, int64, float64 or string, or else an Opaque
}

// Opaque is a value that has no like in Go.
type Opaque string

// parameters are those of a function of Python's.
type parameters struct {
	names    []string // of those that can be given by position
	rest     string   // the name of what takes all others
	defaults []Leaf
}

func parametersOf(spec *tfpb.FunctionSpec) *parameters {
	p := &parameters{}
	var defaults []*tfpb.StructuredValue
	for _, field := range spec.GetFullargspec().GetNamedTupleValue().GetValues() {
		v := field.GetValue()
		switch field.GetKey() {
		case "args":
			for _, name := range sequence(v) {
				p.names = append(p.names, name.GetStringValue())
			}
		case "varargs":
			p.rest = v.GetStringValue()
		case "defaults":
			defaults = sequence(v)
		case "kwonlydefaults":
			for _, name := range slices.Sorted(maps.Keys(v.GetDictValue().GetFields())) {
				p.defaults = flatten(p.defaults, name, v.GetDictValue().GetFields()[name])
			}
		}
	}
	for i, v := range defaults {
		if at := len(p.names) - len(defaults) + i; at >= 0 {
			p.defaults = flatten(p.defaults, p.names[at], v)
		}
	}
	if spec.GetIsMethod() && len(p.names) > 0 {
		p.names = p.names[1:] // self
	}
	return p
}

// arguments flattens the arguments that a function was made for: a tuple of those by
// position, which is a tuple, and those by name, which is a dict.
func (p *parameters) arguments(v *tfpb.StructuredValue) (list []Leaf) {
	both := sequence(v)
	if len(both) != 2 {
		return nil
	}
	for i, arg := range sequence(both[0]) {
		name := ""
		if i < len(p.names) {
			name = p.names[i]
		} else {
			name = fmt.Sprintf("%s.%d", cmp.Or(p.rest, "args"), i-len(p.names))
		}
		list = flatten(list, name, arg)
	}
	return flatten(list, "", both[1])
}

// results flattens what a function returns. What has no name is called as TensorFlow
// calls it in signatures.
func results(v *tfpb.StructuredValue) (list []Leaf) {
	switch v.GetKind().(type) {
	case *tfpb.StructuredValue_DictValue, *tfpb.StructuredValue_NamedTupleValue:
		return flatten(nil, "", v)
	case *tfpb.StructuredValue_ListValue, *tfpb.StructuredValue_TupleValue:
		for i, part := range sequence(v) {
			list = flatten(list, fmt.Sprintf("output_%d", i), part)
		}
		return list
	case nil:
		return nil
	}
	return flatten(nil, "output_0", v)
}

// sequence returns what is in a list or tuple.
func sequence(v *tfpb.StructuredValue) []*tfpb.StructuredValue {
	if list := v.GetListValue(); list != nil {
		return list.GetValues()
	}
	return v.GetTupleValue().GetValues()
}

// flatten adds the leaves of a value, in the order in which TensorFlow's functions take
// and make them. Those of a value that has no path have their own.
func flatten(list []Leaf, path string, v *tfpb.StructuredValue) []Leaf {
	in := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	value := func(v any) []Leaf { return append(list, Leaf{Path: path, Value: v}) }
	switch k := v.GetKind().(type) {
	case *tfpb.StructuredValue_ListValue, *tfpb.StructuredValue_TupleValue:
		for i, part := range sequence(v) {
			list = flatten(list, in(fmt.Sprint(i)), part)
		}
		return list
	case *tfpb.StructuredValue_DictValue:
		for _, name := range slices.Sorted(maps.Keys(k.DictValue.GetFields())) {
			list = flatten(list, in(name), k.DictValue.GetFields()[name])
		}
		return list
	case *tfpb.StructuredValue_NamedTupleValue:
		for _, field := range k.NamedTupleValue.GetValues() {
			list = flatten(list, in(field.GetKey()), field.GetValue())
		}
		return list
	case *tfpb.StructuredValue_TensorSpecValue:
		return append(list, Leaf{Path: path, Tensor: true, DType: k.TensorSpecValue.GetDtype(), Shape: k.TensorSpecValue.GetShape()})
	case *tfpb.StructuredValue_BoundedTensorSpecValue:
		return append(list, Leaf{Path: path, Tensor: true, DType: k.BoundedTensorSpecValue.GetDtype(), Shape: k.BoundedTensorSpecValue.GetShape()})
	case *tfpb.StructuredValue_TypeSpecValue:
		for _, name := range components(k.TypeSpecValue) {
			list = append(list, Leaf{Path: in(name), Tensor: true})
		}
		return list
	case *tfpb.StructuredValue_NoneValue, nil:
		return value(nil)
	case *tfpb.StructuredValue_BoolValue:
		return value(k.BoolValue)
	case *tfpb.StructuredValue_Int64Value:
		return value(k.Int64Value)
	case *tfpb.StructuredValue_Float64Value:
		return value(k.Float64Value)
	case *tfpb.StructuredValue_StringValue:
		return value(k.StringValue)
	}
	return value(Opaque(strings.Join(strings.Fields(v.String()), " ")))
}

// components names the tensors that a composite one is made of.
func components(t *tfpb.StructuredValue_TypeSpec) []string {
	n := int(t.GetNumFlatComponents())
	switch t.GetTypeSpecClassName() {
	case "SparseTensorSpec":
		return []string{"indices", "values", "dense_shape"}
	case "RaggedTensorSpec":
		if n == 2 {
			return []string{"flat_values", "row_splits"}
		}
	}
	const most = 1000 // more than any has; the file may be damaged
	names := make([]string, min(max(n, 0), most))
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}
