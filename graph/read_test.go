package graph

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/npy"
)

func TestReadFrom(t *testing.T) {
	path := filepath.Join(fixture("frozen"), "frozen.pb")
	raw, err := os.ReadFile(path)
	must(t, err)
	g, err := ReadFrom(bytes.NewReader(raw))
	must(t, err)
	defer g.Close()
	want, err := Read(path)
	must(t, err)
	defer want.Close()
	if have, from := slices.Collect(g.Operations()), slices.Collect(want.Operations()); len(have) == 0 || !slices.Equal(have, from) {
		t.Errorf("have %v, want %v", have, from)
	}
	_, err = ReadFrom(bytes.NewReader(nil))
	wantError(t, err, ErrNoModel, "empty")
	_, err = ReadFrom(bytes.NewReader([]byte("node {\n}\n")))
	wantError(t, err, ErrNoModel, "GraphDef in text form", "as_text=False")
	saved, err := os.ReadFile(filepath.Join(fixture("mlp"), savedmodel.MainFile))
	must(t, err)
	_, err = ReadFrom(bytes.NewReader(saved))
	wantError(t, err, ErrNoModel, "a SavedModel's file", "name the folder")
}

// What TensorFlow would end the process for is an error, whichever way it comes in.
func TestHostileGraphs(t *testing.T) {
	shape := new(tfpb.TensorShapeProto)
	for range 260 {
		shape.Dim = append(shape.Dim, &tfpb.TensorShapeProto_Dim{Size: 1})
	}
	def, err := proto.Marshal(&tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "c", Op: "Const", Attr: map[string]*tfpb.AttrValue{
		"dtype": {Value: &tfpb.AttrValue_Type{Type: dtFloat}},
		"value": {Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: dtFloat, TensorShape: shape}}},
	}}}})
	must(t, err)
	_, err = ReadFrom(bytes.NewReader(def))
	wantError(t, err, ErrDamaged, `"c"`, "260 dimensions")
	g, err := New()
	must(t, err)
	defer g.Close()
	wantError(t, g.Import(def, ""), ErrDamaged, "graph: import", "260 dimensions")
	path := filepath.Join(t.TempDir(), "hostile.pb")
	must(t, os.WriteFile(path, def, 0o666))
	_, err = Read(path)
	wantError(t, err, ErrDamaged, path, "260 dimensions")
}

// A signature tells which inputs need not be fed, whether the model is loaded or only
// described.
func TestDefaults(t *testing.T) {
	m := load(t, "default")
	list, err := Describe(fixture("default"))
	must(t, err)
	for who, sig := range map[string]Signature{"loaded": m.Signatures()[0], "described": list[0].Signatures[0]} {
		for _, in := range sig.Inputs {
			if want := in.Name == "scale"; in.HasDefault != want {
				t.Errorf("%s: input %q has a default: %v, want %v", who, in.Name, in.HasDefault, want)
			}
		}
	}
	_, err = m.Run(bg, Feeds{"scale": zeros(t, npy.Float32)})
	wantError(t, err, ErrNotFed, `input "x"`)
}
