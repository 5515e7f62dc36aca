package ops

import (
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"ndflow/internal/tfpb"
	"ndflow/internal/tftype"
	"ndflow/npy"
)

// DataType is the type of a tensor's elements as an attribute says it: an
// [npy.DType], or a [TypeName] where arrays have none.
type DataType interface {
	String() string
	Size() int // bytes of an element, 0 where that is not fixed
}

// TypeName is TensorFlow's own name of a data type.
type TypeName string

// The types that no array has.
const (
	Resource TypeName = "resource"
	Variant  TypeName = "variant"
	QInt8    TypeName = "qint8"
	QUint8   TypeName = "quint8"
	QInt16   TypeName = "qint16"
	QUint16  TypeName = "quint16"
	QInt32   TypeName = "qint32"
)

// String returns the name.
func (t TypeName) String() string { return string(t) }

// Size returns the bytes of an element, 0 for resource and variant.
func (t TypeName) Size() int {
	n, _ := tftype.Named(string(t))
	return tftype.DType(n).Size()
}

// Attr is an attribute of an op: a name and a value. A value that cannot be one
// is reported by whoever is given the Attr.
type Attr struct{ p *attr }

type attr struct {
	name  string
	kind  string
	value *tfpb.AttrValue
	err   error
}

// Name returns the attribute's name; empty for the zero Attr.
func (a Attr) Name() string {
	if a.p == nil {
		return ""
	}
	return a.p.name
}

// Kind returns TensorFlow's word for what the value is: "int", "type",
// "list(shape)", "func".
func (a Attr) Kind() string {
	if a.p == nil {
		return ""
	}
	return a.p.kind
}

// Err returns what is wrong with the value, nil for a good one.
func (a Attr) Err() error {
	if a.p == nil {
		return fmt.Errorf("ops: an attribute without a name")
	}
	return a.p.err
}

// Encode returns the value as a serialized AttrValue; nil where [Attr.Err] is
// not.
func (a Attr) Encode() []byte {
	if a.Err() != nil {
		return nil
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(a.p.value)
	if err != nil {
		return nil // what could fail, the size of a tensor, Tensor has checked
	}
	return b
}

// String returns name and value as signatures print them: "axis: int = 1".
func (a Attr) String() string {
	if err := a.Err(); err != nil {
		return fmt.Sprintf("%s: %v", a.Name(), err)
	}
	return fmt.Sprintf("%s: %s = %s", a.p.name, a.p.kind, printValue(a.p.value))
}

// With returns attrs and the options of a wrapper, which are attributes too.
func With[O interface{ ~struct{ p *attr } }](opts []O, attrs ...Attr) []Attr {
	for _, o := range opts {
		attrs = append(attrs, Attr(o))
	}
	return attrs
}

func newAttr(name, kind string, value *tfpb.AttrValue) Attr {
	return Attr{&attr{name: name, kind: kind, value: value}}
}

func badAttr(name, kind string, format string, args ...any) Attr {
	return Attr{&attr{name: name, kind: kind, err: fmt.Errorf("ops: attribute %q: "+format, append([]any{name}, args...)...)}}
}

// Bool is an attribute of kind bool.
func Bool(name string, v bool) Attr {
	return newAttr(name, "bool", &tfpb.AttrValue{Value: &tfpb.AttrValue_B{B: v}})
}

// Int is an attribute of kind int.
func Int(name string, v int64) Attr {
	return newAttr(name, "int", &tfpb.AttrValue{Value: &tfpb.AttrValue_I{I: v}})
}

// Float is an attribute of kind float.
func Float(name string, v float32) Attr {
	return newAttr(name, "float", &tfpb.AttrValue{Value: &tfpb.AttrValue_F{F: v}})
}

// String is an attribute of kind string, any bytes.
func String(name, v string) Attr {
	return newAttr(name, "string", &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(v)}})
}

// Type is an attribute of kind type.
func Type(name string, t DataType) Attr {
	n, err := typeNumber(t)
	if err != nil {
		return badAttr(name, "type", "%w", err)
	}
	return newAttr(name, "type", &tfpb.AttrValue{Value: &tfpb.AttrValue_Type{Type: n}})
}

// TypeNamed is an attribute of kind type by TensorFlow's name of the type,
// "resource".
func TypeNamed(name, typeName string) Attr { return Type(name, TypeName(typeName)) }

// Shape is an attribute of kind shape. A dimension of -1 is unknown; a nil shape
// is one of unknown rank, an empty one that of a scalar.
func Shape(name string, shape []int) Attr {
	s, err := shapeProto(shape)
	if err != nil {
		return badAttr(name, "shape", "%w", err)
	}
	return newAttr(name, "shape", &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: s}})
}

// Tensor is an attribute of kind tensor with a copy of a's elements: at most
// 2 GiB, which is the most that a graph can hold.
func Tensor(name string, a *npy.Array) Attr {
	t, err := tensorProto(a)
	if err != nil {
		return badAttr(name, "tensor", "%w", err)
	}
	return newAttr(name, "tensor", &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: t}})
}

// Func is an attribute of kind func: the name of a function that the graph or
// the context has.
func Func(name, function string) Attr {
	if err := checkFunctionName(function); err != nil {
		return badAttr(name, "func", "%w", err)
	}
	return newAttr(name, "func", &tfpb.AttrValue{Value: &tfpb.AttrValue_Func{Func: &tfpb.NameAttrList{Name: function}}})
}

func newList(name, kind string, list *tfpb.AttrValue_ListValue) Attr {
	return newAttr(name, "list("+kind+")", &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: list}})
}

// Bools is an attribute of kind list(bool).
func Bools(name string, v ...bool) Attr {
	return newList(name, "bool", &tfpb.AttrValue_ListValue{B: v})
}

// Ints is an attribute of kind list(int).
func Ints(name string, v ...int64) Attr {
	return newList(name, "int", &tfpb.AttrValue_ListValue{I: v})
}

// Floats is an attribute of kind list(float).
func Floats(name string, v ...float32) Attr {
	return newList(name, "float", &tfpb.AttrValue_ListValue{F: v})
}

// Strings is an attribute of kind list(string).
func Strings(name string, v ...string) Attr {
	s := make([][]byte, len(v))
	for i := range v {
		s[i] = []byte(v[i])
	}
	return newList(name, "string", &tfpb.AttrValue_ListValue{S: s})
}

// Types is an attribute of kind list(type).
func Types(name string, v ...DataType) Attr {
	t := make([]int32, len(v))
	for i := range v {
		var err error
		if t[i], err = typeNumber(v[i]); err != nil {
			return badAttr(name, "list(type)", "number %d: %w", i, err)
		}
	}
	return newList(name, "type", &tfpb.AttrValue_ListValue{Type: t})
}

// TypesNamed is [Types] by TensorFlow's names of the types.
func TypesNamed(name string, v ...string) Attr {
	t := make([]DataType, len(v))
	for i := range v {
		t[i] = TypeName(v[i])
	}
	return Types(name, t...)
}

// Shapes is an attribute of kind list(shape); see [Shape].
func Shapes(name string, v ...[]int) Attr {
	s := make([]*tfpb.TensorShapeProto, len(v))
	for i := range v {
		var err error
		if s[i], err = shapeProto(v[i]); err != nil {
			return badAttr(name, "list(shape)", "number %d: %w", i, err)
		}
	}
	return newList(name, "shape", &tfpb.AttrValue_ListValue{Shape: s})
}

// Tensors is an attribute of kind list(tensor); see [Tensor].
func Tensors(name string, v ...*npy.Array) Attr {
	t := make([]*tfpb.TensorProto, len(v))
	size := 0
	for i := range v {
		var err error
		if t[i], err = tensorProto(v[i]); err != nil {
			return badAttr(name, "list(tensor)", "number %d: %w", i, err)
		}
		if size += proto.Size(t[i]); size > mostBytes {
			return badAttr(name, "list(tensor)", "%w: together they take more than the %d bytes that an attribute can have", npy.ErrShape, mostBytes)
		}
	}
	return newList(name, "tensor", &tfpb.AttrValue_ListValue{Tensor: t})
}

// Funcs is an attribute of kind list(func); see [Func].
func Funcs(name string, v ...string) Attr {
	f := make([]*tfpb.NameAttrList, len(v))
	for i := range v {
		if err := checkFunctionName(v[i]); err != nil {
			return badAttr(name, "list(func)", "number %d: %w", i, err)
		}
		f[i] = &tfpb.NameAttrList{Name: v[i]}
	}
	return newList(name, "func", &tfpb.AttrValue_ListValue{Func: f})
}

func checkFunctionName(name string) error {
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("%q is no name of a function", name)
	}
	return nil
}

func typeNumber(t DataType) (int32, error) {
	switch t := t.(type) {
	case npy.DType:
		if n, ok := tftype.Of(t); ok {
			return int32(n), nil
		}
		return 0, fmt.Errorf("%w: no TensorFlow type for dtype %v", npy.ErrDType, t)
	case nil:
		return 0, fmt.Errorf("%w: the type is nil", npy.ErrDType)
	default:
		if n, ok := tftype.Named(t.String()); ok {
			return int32(n), nil
		}
		return 0, fmt.Errorf("%w: TensorFlow has no type %q", npy.ErrDType, t)
	}
}

func shapeProto(shape []int) (*tfpb.TensorShapeProto, error) {
	if shape == nil {
		return &tfpb.TensorShapeProto{UnknownRank: true}, nil
	}
	s := &tfpb.TensorShapeProto{Dim: make([]*tfpb.TensorShapeProto_Dim, len(shape))}
	for i, d := range shape {
		if d < -1 {
			return nil, fmt.Errorf("%w: dimension %d of %v is less than -1, which stands for unknown", npy.ErrShape, i, shape)
		}
		s.Dim[i] = &tfpb.TensorShapeProto_Dim{Size: int64(d)}
	}
	return s, nil
}

// mostBytes leaves room, in the 2 GiB that a message can have, for what is
// around a tensor.
const mostBytes = math.MaxInt32 - 1<<20

func tensorProto(a *npy.Array) (*tfpb.TensorProto, error) {
	if a == nil {
		return nil, fmt.Errorf("%w: a nil array", npy.ErrDType)
	}
	dtype, err := typeNumber(a.DType())
	if err != nil {
		return nil, err
	}
	shape, err := shapeProto(a.Shape())
	if err != nil {
		return nil, err
	}
	if size := a.Len() * a.DType().Size(); size > mostBytes {
		return nil, tooLarge(a, size)
	}
	c, err := a.Clone()
	if err != nil {
		return nil, err
	}
	t := &tfpb.TensorProto{Dtype: dtype, TensorShape: shape}
	if c.DType() != npy.String {
		t.TensorContent = c.Bytes()
	} else {
		values, _ := npy.Values[string](c) // of an array of strings it cannot fail
		for _, v := range values {
			t.StringVal = append(t.StringVal, []byte(v))
		}
	}
	if size := proto.Size(t); size > mostBytes {
		return nil, tooLarge(a, size)
	}
	return t, nil
}

func tooLarge(a *npy.Array, size int) error {
	return fmt.Errorf("%w: %v %v takes %d bytes, more than the %d that an attribute can have", npy.ErrShape, a.DType(), a.Shape(), size, mostBytes)
}
