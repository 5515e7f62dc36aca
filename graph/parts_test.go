package graph

import (
	"errors"
	"testing"

	"ndflow/npy"
)

// An output that is made of several tensors is neither fetched nor in the way of others;
// asking for it says why it cannot be had, and by which names its parts can.
func TestOutputInParts(t *testing.T) {
	m := load(t, "parts")
	in, want := expected(t, "parts", "")
	out, err := m.Run(bg, in)
	must(t, err)
	if len(out) != 1 {
		t.Errorf("have %v, want the dense output alone", out)
	}
	check(t, "Run", "dense", out["dense"], want["dense"])

	r, err := m.Runner("")
	must(t, err)
	defer r.Close()
	if specs := r.Outputs(); len(specs) != 1 || specs[0].Name != "dense" {
		t.Errorf("the runner's outputs are %v", specs)
	}
	must(t, r.Feed("x", in["x"]))
	dst := zeros(t, npy.Float32, 4)
	for _, name := range []string{"sparse", "ragged"} {
		wantError(t, r.Fetch(name), ErrUnavailable, name, "several tensors", "PartitionedCall_1:")
		wantError(t, r.Into(name, dst), ErrUnavailable, name)
	}
	var unknown *NameError
	if err := r.Fetch("none"); !errors.As(err, &unknown) {
		t.Errorf("have %v, want a NameError", err)
	}
	must(t, r.Into("dense", dst))
	must(t, r.Run(bg))

	sig, err := m.Signature("")
	must(t, err)
	sparse := sig.Outputs[2]
	if sparse.Name != "sparse" || len(sparse.Parts) != 3 || sparse.Parts[1].Name != "values" {
		t.Fatalf("the sparse output is %+v", sparse)
	}
	values, err := m.Session().Eval(bg, sparse.Parts[1].Tensor, Feeds{sig.Inputs[0].Tensor: in["x"]})
	must(t, err)
	if s := values.String(); s != "[1. 2.]" {
		t.Errorf("its values are %s, want [1. 2.]", s)
	}

	_, err = m.Call(bg, "ragged", in)
	wantError(t, err, ErrUnavailable, `signature "ragged"`, `output "r"`, "RaggedTensorSpec")
}

// A signature with no outputs is run for what it does.
func TestNoOutputs(t *testing.T) {
	m := load(t, "effects")
	kept := func() float32 {
		out, err := m.Call(bg, "get", nil)
		must(t, err)
		return values[float32](t, out["kept"])[0]
	}
	if v := kept(); v != 1 {
		t.Fatalf("it begins with %v, want 1", v)
	}
	for _, want := range []float32{5, -2} {
		out, err := m.Call(bg, "set", Feeds{"x": npy.Scalar(want)})
		if err != nil || len(out) != 0 {
			t.Fatalf("have %v, %v, want no outputs and no error", out, err)
		}
		if v := kept(); v != want {
			t.Errorf("have %v, want %v", v, want)
		}
	}
	r, err := m.Runner("reset")
	must(t, err)
	defer r.Close()
	must(t, r.Run(bg))
	if v := kept(); v != 0 {
		t.Errorf("have %v, want 0 after the reset", v)
	}
	_, err = m.Call(bg, "set", nil)
	wantError(t, err, ErrNotFed, `"x"`)
}
