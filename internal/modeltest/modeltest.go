// Package modeltest makes SavedModels for tests out of others.
package modeltest

import (
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
	"ndflow/internal/tfpb/tftext"
)

// Change returns a copy of the SavedModel in dir, with its first graph changed.
func Change(t testing.TB, dir string, change func(*tfpb.MetaGraphDef, *tfpb.GraphDef)) string {
	t.Helper()
	out := t.TempDir()
	path := filepath.Join(out, "saved_model.pb")
	var file tfpb.SavedModel
	graph := new(tfpb.GraphDef)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.CopyFS(out, os.DirFS(dir)))
	raw, err := os.ReadFile(path)
	must(err)
	must(proto.Unmarshal(raw, &file))
	meta := file.GetMetaGraphs()[0]
	must(proto.Unmarshal(meta.GetGraphDef(), graph))
	change(meta, graph)
	meta.GraphDef, err = proto.Marshal(graph)
	must(err)
	raw, err = proto.Marshal(&file)
	must(err)
	must(os.WriteFile(path, raw, 0o666))
	return out
}

// Text returns a copy of the SavedModel in dir whose main file is text.
func Text(t testing.TB, dir string) string {
	t.Helper()
	out := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.CopyFS(out, os.DirFS(dir)))
	path := filepath.Join(out, "saved_model.pb")
	raw, err := os.ReadFile(path)
	must(err)
	var file tftext.SavedModel
	must((proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, &file))
	text, err := prototext.MarshalOptions{Multiline: true}.Marshal(&file)
	must(err)
	must(os.WriteFile(path+"txt", text, 0o666))
	must(os.Remove(path))
	return out
}
