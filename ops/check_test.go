package ops_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/ops"
)

// one is a single tensor of a type, many a list. An empty type is not known.
func one(typ string) ops.InputArity {
	if typ == "" {
		return ops.InputArity{Len: 1}
	}
	return ops.InputArity{Len: 1, Types: []string{typ}}
}

func many(types ...string) ops.InputArity {
	return ops.InputArity{List: true, Len: len(types), Types: types}
}

func TestCheck(t *testing.T) {
	in := func(a ...ops.InputArity) []ops.InputArity { return a }
	with := func(a ...ops.Attr) []ops.Attr { return a }
	for _, c := range []struct {
		name   string
		op     string
		inputs []ops.InputArity
		attrs  []ops.Attr
		want   string // empty where all is well
	}{
		{"types follow from inputs", "MatMul", in(one("float"), one("float")), nil, ""},
		{"types not known", "MatMul", in(one(""), one("")), with(ops.Bool("transpose_a", true)), ""},
		{"a type given and the same", "MatMul", in(one("half"), one("half")), with(ops.Type("T", npy.Float16)), ""},
		{"a reference in the place of a value", "Identity", in(one("float_ref")), nil, ""},
		{"a list of one type", "Concat", in(one("int32"), many("float", "float")), nil, ""},
		{"a list of several types", "IdentityN", in(many("float", "resource")), nil, ""},
		{"an attribute of any op", "NoOp", nil, with(ops.Strings("_class", "loc:@x")), ""},
		{"a quantized type", "Dequantize", in(one("qint8"), one("float"), one("float")), nil, ""},
		{"an empty list of types", "If", in(one("bool"), many()), with(ops.Types("Tout"), ops.Func("then_branch", "f"), ops.Func("else_branch", "g")), ""},

		{"unknown attribute", "MatMul", in(one("float"), one("float")), with(ops.Bool("transpose", true)), `no attribute "transpose"`},
		{"wrong kind", "MatMul", in(one("float"), one("float")), with(ops.Int("transpose_a", 1)), `attribute "transpose_a": have int (1), want transpose_a: bool = false`},
		{"a list in the place of one value", "MaxPool3D", in(one("float")), with(ops.Int("ksize", 1)), `attribute "ksize": have int (1), want ksize: list(int) >= 5`},
		{"given twice", "MatMul", in(one("float"), one("float")), with(ops.Bool("transpose_a", true), ops.Bool("transpose_a", true)), `attribute "transpose_a" is given twice`},
		{"missing attribute", "Cast", in(one("float")), nil, `attribute "DstT" is missing: want DstT: type`},
		{"value not allowed", "MaxPool3D", in(one("float")), with(ops.Ints("ksize", 1, 1, 1, 1, 1), ops.Ints("strides", 1, 1, 1, 1, 1), ops.String("padding", "same")), `attribute "padding": have "same", want one of {"SAME", "VALID"}`},
		{"list too short", "MaxPool3D", in(one("float")), with(ops.Ints("ksize", 1)), `attribute "ksize": have 1 values, want at least 5`},
		{"number too small", "Unpack", in(one("float")), with(ops.Int("num", -1)), `attribute "num": have -1, want at least 0`},
		{"more outputs than memory", "Split", in(one("int32"), one("float")), with(ops.Int("num_split", 1<<40)), `more than the 1048576 there can be`},
		{"type not allowed", "MatMul", in(one("string"), one("string")), nil, `input "a": have string, want one of {`},
		{"type attribute not allowed", "MatMul", in(one(""), one("")), with(ops.Type("T", npy.String)), `attribute "T": have string, want one of {`},
		{"too few inputs", "MatMul", in(one("float")), nil, `have 1 input, want 2: a, b`},
		{"too many inputs", "Placeholder", in(one("float"), one("float")), with(ops.Type("dtype", npy.Int32)), `have 2 inputs, want none`},
		{"a list in the place of one", "Identity", in(many("float")), nil, `input "input": have a list of 1 tensors, want a single one (input: T)`},
		{"one in the place of a list", "AddN", in(one("float")), nil, `input "inputs": have a single tensor, want a list (inputs: N*T)`},
		{"inputs of two types", "MatMul", in(one("float"), one("double")), nil, `input "b": have double, want float, as input "a" says of T`},
		{"an input unlike its attribute", "MatMul", in(one("float"), one("float")), with(ops.Type("T", npy.Float64)), `input "a": have float, want double, as attribute "T" says`},
		{"a list of two types", "AddN", in(many("float", "int32")), nil, `input "inputs": have int32, want float`},
		{"a fixed type", "Concat", in(one("int64"), many("float", "float")), nil, `input "concat_dim": have int64, want int32`},
		{"a list too short", "Concat", in(one("int32"), many("float")), nil, `input "values": have a list of 1, want at least 2`},
		{"a list unlike its attribute", "AddN", in(many("float", "float")), with(ops.Int("N", 3)), `input "inputs": have a list of 2, want 3, as attribute "N" says`},
		{"two lists of different lengths", "ParallelDynamicStitch", in(many("int32", "int32"), many("float")), nil, `input "data": have a list of 1, want 2, as input "indices" says of N`},
		{"a list unlike its types", "IdentityN", in(many("float", "int32")), with(ops.Types("T", npy.Float32, npy.Int64)), `input "input", number 1: have int32, want int64, as attribute "T" says`},
		{"a list longer than its types", "IdentityN", in(many("float", "int32")), with(ops.Types("T", npy.Float32)), `input "input": have a list of 2, want 1, as attribute "T" says`},
		{"a value for a reference", "Assign", in(one("float"), one("float")), nil, `input "ref": have float, want a reference`},
		{"a type that follows from an empty list", "ConcatV2", in(many(), one("int32")), nil, `input "values": have a list of 0, want at least 2`},
		{"an attribute that is none", "MatMul", in(one("float"), one("float")), with(ops.Attr{}), `an attribute without a name`},
		{"a bad value", "Cast", in(one("float")), with(ops.TypeNamed("DstT", "float32")), `attribute "DstT": wrong dtype: TensorFlow has no type "float32"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := def(t, c.op)
			err := d.Check(c.inputs, c.attrs)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var wrong *ops.DefError
			if !errors.As(err, &wrong) {
				t.Fatalf("error %v is no DefError", err)
			}
			if wrong.Op != c.op || wrong.Signature != d.String() || !strings.Contains(err.Error(), d.String()) {
				t.Errorf("error %q does not name %s with its signature", err, c.op)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

func TestCheckOfTypesIsErrDType(t *testing.T) {
	d := def(t, "MatMul")
	for _, err := range []error{
		d.Check([]ops.InputArity{one("float"), one("double")}, nil),
		d.Check([]ops.InputArity{one("string"), one("string")}, nil),
		d.Check([]ops.InputArity{one(""), one("")}, []ops.Attr{ops.Type("T", npy.Invalid)}),
	} {
		if !errors.Is(err, npy.ErrDType) {
			t.Errorf("%v is not npy.ErrDType", err)
		}
	}
}

func TestBadValues(t *testing.T) {
	released, err := npy.External(npy.Float32, []int{1}, make([]byte, 4), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	released.Release()
	for _, c := range []struct {
		attr ops.Attr
		want string
	}{
		{ops.Type("a", npy.Invalid), "no TensorFlow type"},
		{ops.Type("a", nil), "is nil"},
		{ops.Types("a", npy.Int8, npy.Invalid), "number 1"},
		{ops.TypesNamed("a", "foo"), `no type "foo"`},
		{ops.Shape("a", []int{2, -2}), "dimension 1 of [2 -2]"},
		{ops.Shapes("a", nil, []int{-3}), "number 1"},
		{ops.Tensor("a", nil), "nil array"},
		{ops.Tensor("a", released), "released"},
		{ops.Tensors("a", npy.Scalar[int32](1), nil), "number 1"},
		{ops.Func("a", ""), "no name of a function"},
		{ops.Funcs("a", "f", "\xff"), "number 1"},
	} {
		if err := c.attr.Err(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `attribute "a"`) {
			t.Errorf("error %v does not say %q", err, c.want)
		}
		if c.attr.Encode() != nil {
			t.Errorf("%v is encoded", c.attr)
		}
	}
}

func TestKindsAndWords(t *testing.T) {
	strs, err := npy.From([]string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		attr ops.Attr
		want string
	}{
		{ops.Bool("a", true), "a: bool = true"},
		{ops.Int("a", math.MinInt64), "a: int = -9223372036854775808"},
		{ops.Float("a", 0.1), "a: float = 0.1"},
		{ops.String("a", "x\n"), `a: string = "x\n"`},
		{ops.Type("a", npy.BFloat16), "a: type = bfloat16"},
		{ops.Type("a", ops.Variant), "a: type = variant"},
		{ops.TypeNamed("a", "resource"), "a: type = resource"},
		{ops.Shape("a", nil), "a: shape = <unknown>"},
		{ops.Shape("a", []int{}), "a: shape = []"},
		{ops.Shape("a", npy.Scalar(1.5).Shape()), "a: shape = []"},
		{ops.Shape("a", []int{-1, 3}), "a: shape = [?, 3]"},
		{ops.Tensor("a", npy.Scalar(1.5)), "a: tensor = double [] tensor"},
		{ops.Func("a", "f"), "a: func = f"},
		{ops.Bools("a", true, false), "a: list(bool) = [true, false]"},
		{ops.Ints("a"), "a: list(int) = []"},
		{ops.Floats("a", 1, 2.5), "a: list(float) = [1, 2.5]"},
		{ops.Strings("a", "x", "y"), `a: list(string) = ["x", "y"]`},
		{ops.Types("a", npy.Float32, ops.QInt8), "a: list(type) = [float, qint8]"},
		{ops.TypesNamed("a", "half"), "a: list(type) = [half]"},
		{ops.Shapes("a", []int{1}, nil), "a: list(shape) = [[1], <unknown>]"},
		{ops.Tensors("a", strs), "a: list(tensor) = [string [2] tensor]"},
		{ops.Funcs("a", "f", "g"), "a: list(func) = [f, g]"},
	} {
		if got := c.attr.String(); got != c.want {
			t.Errorf("have %s, want %s", got, c.want)
		}
		if c.attr.Name() != "a" || c.attr.Err() != nil || len(c.attr.Encode()) == 0 {
			t.Errorf("%v: name %q, error %v, %d bytes", c.attr, c.attr.Name(), c.attr.Err(), len(c.attr.Encode()))
		}
	}
}
