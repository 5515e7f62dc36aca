package savedmodel

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/internal/tfpb/tftext"
)

// plain is a model with what text keeps of it. In binary form, two of the same model can
// differ in the order of what is in a map.
func plain(t testing.TB, file *tfpb.SavedModel) *tftext.SavedModel {
	t.Helper()
	raw, err := proto.Marshal(file)
	must(t, err)
	same := new(tftext.SavedModel)
	must(t, (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, same))
	for _, g := range same.GetMetaGraphs() {
		g.GetMetaInfoDef().FunctionAliases = nil // not among the fields of tfpb
	}
	return same
}

func TestText(t *testing.T) {
	for _, model := range models(t) {
		binary, err := Read(fixture(model))
		must(t, err)
		text, err := Read(modeltest.Text(t, fixture(model)))
		must(t, err)
		if !proto.Equal(plain(t, text), plain(t, binary)) {
			t.Errorf("%s: the text form is another model", model)
		}
	}
}

// Text as TensorFlow itself writes it, with an asset that is in the place of any message.
func TestTextOfTensorFlow(t *testing.T) {
	dir := copyOf(t, "tables_v1")
	must(t, os.Remove(filepath.Join(dir, MainFile)))
	text, err := os.ReadFile("testdata/tables_v1.pbtxt")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, textFile), text, 0o666))
	must(t, partsOf(t, dir))
	from, err := Read(dir)
	must(t, err)
	want, err := Read(fixture("tables_v1"))
	must(t, err)
	g, err := ParseGraph(from.GetMetaGraphs()[0])
	must(t, err)
	w, err := ParseGraph(want.GetMetaGraphs()[0])
	must(t, err)
	have, err := Assets(g.Meta, "model")
	must(t, err)
	assets, err := Assets(w.Meta, "model")
	must(t, err)
	if len(have) == 0 || !slices.Equal(have, assets) {
		t.Errorf("assets are %v, want %v", have, assets)
	}
	keys, err := g.RestoredKeys()
	must(t, err)
	if wanted, err := w.RestoredKeys(); err != nil || !maps.Equal(keys, wanted) {
		t.Errorf("keys are %v, want %v (%v)", keys, wanted, err)
	}
	if len(g.Def.GetNode()) != len(w.Def.GetNode()) {
		t.Errorf("%d nodes, want %d", len(g.Def.GetNode()), len(w.Def.GetNode()))
	}
}
