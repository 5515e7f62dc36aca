package eager

import (
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
)

// Variables can be read and set, also those of TensorFlow 1 that are references,
// and a model has only those that its signatures use.
func TestModelVariables(t *testing.T) {
	for _, c := range []struct{ model, signature, variable, want, output string }{
		{"mlp", "", "b2", "b1 float32 [8], b2 float32 [4], w1 float32 [16 8], w2 float32 [8 4]", "probs"},
		{"keras", "", "network/probs/bias", "network/hidden/bias float32 [3], network/hidden/kernel float32 [4 3], " +
			"network/norm/beta float32 [3], network/norm/gamma float32 [3], network/norm/moving_mean float32 [3], " +
			"network/norm/moving_variance float32 [3], network/probs/bias float32 [2], network/probs/kernel float32 [3 2]", "output_0"},
		{"v1", "", "limit", "limit float32 []", "y"},
		{"constant_v1", "", "variable", "variable float32 [4]", "variable"},
		{"assign", "read", "kept", "kept float32 [-1]", "kept"},
		{"add4", "", "", "", ""},
	} {
		t.Run(c.model, func(t *testing.T) {
			m := loadModel(t, fixture(c.model))
			var list []string
			for _, v := range m.Variables() {
				list = append(list, v.Name+" "+v.String())
			}
			if got := strings.Join(list, ", "); got != c.want {
				t.Fatalf("variables are %s, want %s", got, c.want)
			}
			if c.variable == "" {
				return
			}
			sig, err := m.Signature(c.signature)
			must(t, err)
			in, _ := arrays(t, step{model: c.model, folder: c.signature}, sig)
			call := func() []float32 {
				inputs := make(map[string]*Tensor)
				for name, a := range in {
					inputs[name] = get(m.Context().Tensor(a))(t)
					defer inputs[name].Close()
				}
				out, err := m.Call(bg, c.signature, inputs)
				must(t, err)
				defer func() {
					for _, t := range out {
						t.Close()
					}
				}()
				return values[float32](t, get(out[c.output].Copy())(t))
			}
			before := call()
			value, err := m.Value(c.variable)
			must(t, err)
			other := get(value.Clone())(t)
			for i := range values[float32](t, other) {
				values[float32](t, other)[i] += float32(1000 * (i + 1))
			}
			must(t, m.Assign(c.variable, other))
			changed := call()
			same(t, c.variable, get(m.Value(c.variable))(t), other)
			if slices.Equal(before, changed) {
				t.Errorf("the output stays %v with another value of the variable", before)
			}
			values[float32](t, other)[0] = -1 // is the caller's, not the variable's
			if again := call(); !slices.Equal(again, changed) {
				t.Error("the variable shares the array's memory")
			}
			must(t, m.Assign(c.variable, value))
			if after := call(); !slices.Equal(after, before) {
				t.Errorf("have %v with the old value again, want %v", after, before)
			}
			wantError(t, m.Assign(c.variable, zeros(t, npy.Float32, 3, 3, 3)), npy.ErrShape, "eager: variable", "have float32 [3 3 3]", "want float32")
			wantError(t, m.Assign(c.variable, zeros(t, npy.Int32)), npy.ErrDType, "have int32 []")
			wantError(t, m.Assign(c.variable, nil), npy.ErrDType, "a nil array")
			_, err = m.Value("none")
			wantError(t, err, nil, `eager: no variable "none"`, c.variable)
		})
	}
}
