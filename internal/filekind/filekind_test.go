package filekind

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb/tftext"
)

const models = "../../testdata/models"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func archive(names ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		must(w.Create(n))
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func message(m proto.Message) string { return string(must(proto.Marshal(m))) }

// metaGraph is a MetaGraphDef as TensorFlow 1 writes it beside a checkpoint.
func metaGraph() *tftext.MetaGraphDef {
	return &tftext.MetaGraphDef{
		MetaInfoDef: &tftext.MetaGraphDef_MetaInfoDef{TensorflowVersion: "1.15.0"},
		GraphDef:    &tftext.GraphDef{Node: []*tftext.NodeDef{{Name: "x", Op: "Placeholder"}}},
		SaverDef:    &tftext.SaverDef{FilenameTensorName: "save/Const:0"},
	}
}

func TestKinds(t *testing.T) {
	safetensors := string(binary.LittleEndian.AppendUint64(nil, 2)) + "{\"a\":1}"
	tar := make([]byte, 512)
	copy(tar[257:], "ustar")
	for _, c := range []struct {
		name, data, want string // what Kind.What has in it; empty for what is not known
	}{
		{"empty", "", ""}, {"a byte", "\x01", ""}, {"random", "\xf0\x01\xff\x00\x9c", ""},
		{"HDF5", "\x89HDF\r\n\x1a\n\x00\x00", "HDF5"}, {"TensorFlow Lite", "\x1c\x00\x00\x00TFL3\x00", "TensorFlow Lite"},
		{"npy", "\x93NUMPY\x01\x00", NPY.What}, {"npz", archive("a/b.npy", "c.npy"), NPZ.What},
		{"Parquet", "PAR1\x15\x04", "Parquet"}, {"Arrow", "ARROW1\x00\x00", "Arrow"}, {"gzip", "\x1f\x8b\x08", "gzip"},
		{"Keras", archive("metadata.json", "config.json", "model.weights.h5"), "Keras archive"},
		{"a SavedModel in an archive", archive("model/saved_model.pb", "model/variables/variables.index"), "with a SavedModel in it"},
		{"PyTorch", archive("m/data.pkl", "m/data/0"), "PyTorch"}, {"another archive", archive("hello.txt"), "no arrays"},
		{"half an archive", archive("hello.txt")[:20], "damaged"},
		{"pickle", "\x80\x04\x95\x00\x01", "pickle"}, {"safetensors", safetensors, "safetensors"}, {"tar", string(tar), "tar archive"},
		{"GraphDef of text", "# a comment\n\nnode {\n  name: \"x\"\n}\n", "GraphDef in text form"},
		{"SavedModel of text", "saved_model_schema_version: 1\nmeta_graphs {\n}\n", "SavedModel's file in text form"},
		{"MetaGraphDef of text", "meta_info_def {\n}\n", "MetaGraphDef in text form"},
		{"state", "model_checkpoint_path: \"ckpt-1\"\n", `the file "checkpoint"`},
		{"TensorFlow.js", `{"format": "graph-model", "modelTopology": {}}`, "TensorFlow.js"},
		{"text", "just a téxt\n", "a text file"}, {"text that ends within a character", strings.Repeat("a", headSize-1) + "é", "a text file"},
		{"MetaGraphDef", message(metaGraph()), "MetaGraphDef (.meta)"},
		{"SavedModel", message(&tftext.SavedModel{SavedModelSchemaVersion: 1, MetaGraphs: []*tftext.MetaGraphDef{metaGraph()}}), "a SavedModel's file"},
		{"GraphDef", message(metaGraph().GetGraphDef()), ""},
		{"GraphDef with functions", message(&tftext.GraphDef{
			Node:    []*tftext.NodeDef{{Name: "x", Op: "f"}},
			Library: &tftext.FunctionDefLibrary{Function: []*tftext.FunctionDef{{Signature: &tftext.OpDef{Name: "f"}, NodeDef: []*tftext.NodeDef{{Name: "a", Op: "NoOp"}}}}},
		}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(c.data), 0o666); err != nil {
				t.Fatal(err)
			}
			for how, k := range map[string]Kind{"bytes": OfBytes([]byte(c.data)), "file": OfFile(path)} {
				if k.Known() != (c.want != "") || !strings.Contains(k.What, c.want) {
					t.Errorf("by its %s: have %q, want %q", how, k, c.want)
				}
			}
		})
	}
}

func TestKindsOfFixtures(t *testing.T) {
	for path, want := range map[string]string{
		"mlp/saved_model.pb": "a SavedModel's file", "mlp/variables/variables.index": "index of a checkpoint",
		"checkpoint/ckpt-1.index": "index of a checkpoint", "checkpoint/checkpoint": `the file "checkpoint"`, "frozen/frozen.pb": "",
	} {
		if k := OfFile(filepath.Join(models, path)); k.Known() != (want != "") || !strings.Contains(k.What, want) {
			t.Errorf("%s: have %q, want %q", path, k, want)
		}
	}
	for _, path := range []string{models, filepath.Join(models, "none")} {
		if k := OfFile(path); k.Known() {
			t.Errorf("%s: have %q", path, k)
		}
	}
}

func FuzzKind(f *testing.F) {
	f.Add([]byte(message(metaGraph())))
	f.Add([]byte(archive("config.json", "metadata.json")))
	f.Fuzz(func(_ *testing.T, data []byte) { _ = OfBytes(data).String() })
}
