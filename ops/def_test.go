package ops_test

import (
	"strings"
	"testing"

	"ndflow/ops"
)

func TestSignatures(t *testing.T) {
	for name, want := range map[string]string{
		"NoOp":               `NoOp() -> ()`,
		"Where":              `Where(input: T; T: type in {bfloat16, bool, complex128, complex64, double, float, half, int16, int32, int64, int8, qint16, qint32, qint8, quint16, quint8, uint16, uint32, uint64, uint8} = bool) -> (index: int64)`,
		"Concat":             `Concat(concat_dim: int32, values: N*T; N: int >= 2, T: type) -> (output: T)`,
		"IdentityN":          `IdentityN(input: T; T: list(type) >= 1) -> (output: T)`,
		"Placeholder":        `Placeholder(; dtype: type, shape: shape = <unknown>) -> (output: dtype)`,
		"DataFormatDimMap":   `DataFormatDimMap(x: T; T: type in {int32, int64} = int32, src_format: string = "NHWC", dst_format: string = "NCHW") -> (y: T)`,
		"LRN":                `LRN(input: T; depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, T: type in {bfloat16, float, half} = float) -> (output: T)`,
		"MaxPool3D":          `MaxPool3D(input: T; ksize: list(int) >= 5, strides: list(int) >= 5, padding: string in {"SAME", "VALID"}, data_format: string in {"NDHWC", "NCDHW"} = "NDHWC", T: type in {bfloat16, float, half}) -> (output: T)`,
		"If":                 `If(cond: Tcond, input: Tin; Tcond: type, Tin: list(type) >= 0, Tout: list(type) >= 0, then_branch: func, else_branch: func, output_shapes: list(shape) = []) -> (output: Tout)`,
		"Assign":             `Assign(ref: Ref(T), value: T; T: type, validate_shape: bool = true, use_locking: bool = true) -> (output_ref: Ref(T))`,
		"VarIsInitializedOp": `VarIsInitializedOp(resource: resource) -> (is_initialized: bool)`,
	} {
		if got := def(t, name).String(); got != want {
			t.Errorf("have %s\nwant %s", got, want)
		}
	}
}

func TestDefSaysWhatAnOpIs(t *testing.T) {
	if !def(t, "RandomUniform").Stateful || def(t, "Add").Stateful {
		t.Error("RandomUniform has state, Add has none")
	}
	if d := def(t, "BatchNormWithGlobalNormalization"); !strings.Contains(d.Deprecated, "tf.nn.batch_normalization") {
		t.Errorf("%s is deprecated: %q", d.Name, d.Deprecated)
	}
	if d := def(t, "MatMul"); d.Deprecated != "" {
		t.Errorf("MatMul is deprecated: %q", d.Deprecated)
	}
	for _, a := range def(t, "ArgMax").Attrs {
		v, ok := a.Default()
		if a.Name == "output_type" && (!ok || v.String() != "output_type: type = int64") {
			t.Errorf("ArgMax has output_type %v, %v, want int64", v, ok)
		}
		if a.Name == "T" && ok {
			t.Errorf("ArgMax has a default T: %v", v)
		}
	}
}

func TestParsingGarbage(t *testing.T) {
	if _, err := ops.ParseDef([]byte("no OpDef")); err == nil || !strings.Contains(err.Error(), "not an OpDef") {
		t.Errorf("error %v", err)
	}
	if _, err := ops.ParseDefs([]byte("no OpList")); err == nil || !strings.Contains(err.Error(), "not an OpList") {
		t.Errorf("error %v", err)
	}
}
