package main

import (
	"archive/zip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/modeltest"
	"ndflow/npy"
)

func TestShowModels(t *testing.T) {
	for _, c := range []struct {
		name, model, args string
		want              []string // lines, after the first
	}{
		{"several tag sets", "twotags", "", []string{
			"", "tags serve, saved by TensorFlow %V", "", "  signature serving_default", "    input   x  float32  [-1]  x:0", "    output  y  float32  [-1]  y:0",
			"", "tags serve,gpu, saved by TensorFlow %V", "", "  signature serving_default", "    input   x  float32  [-1]  x:0", "    output  y  float32  [-1]  y:0",
		}},
		{"chosen tags", "twotags", "--tags gpu,serve", []string{
			"", "tags serve,gpu, saved by TensorFlow %V", "", "  signature serving_default", "    input   x  float32  [-1]  x:0", "    output  y  float32  [-1]  y:0",
		}},
		{"no tags", "notags", "", []string{
			"", "no tags, saved by TensorFlow %V", "", "  signature serving_default", "    input   x  float32  [-1]  x:0", "    output  y  float32  [-1]  y:0",
		}},
		{"scalars, no rank, no inputs", "counter/saved_model.pb", "", []string{
			"", "tags serve, saved by TensorFlow %V", "",
			"  signature increment", "    input   by     int64  []  increment_by:0", "    output  count  int64  []  StatefulPartitionedCall:0", "",
			"  signature read", "    no input", "    output  count  int64  []  StatefulPartitionedCall_1:0", "",
			"  signature reset", "    no input", "    output  count  int64  []  StatefulPartitionedCall_2:0",
		}},
		{"a signature with no outputs", "effects", "", []string{
			"", "tags serve, saved by TensorFlow %V", "",
			"  signature get", "    no input", "    output  kept  float32  []  StatefulPartitionedCall:0", "",
			"  signature reset", "    no input", "    no output", "",
			"  signature set", "    input  x  float32  []  set_x:0", "    no output",
		}},
		{"functions and no signature", "functions", "", []string{
			"", "tags serve, saved by TensorFlow %V", "", "  no signatures", "", "  functions, which programs can call",
			"    learn(k string [], v int64 []) -> nothing",
			"    learned(k string []) -> output_0 int64",
			"    look(w string [2]) -> output_0 int32 [2]",
			"    nested(d.a float32 [], d.b.0 float32 [], d.b.1 float32 []) -> pair.0 float32 [], pair.1 float32 [], sum float32 []",
			"    part.both(x float32 [2]) -> output_0 float32 [2], output_1 float32 [2]",
			"    pick(x float32 [2], by=1.5, negate=false) -> output_0 float32 [2]",
			"    pick(x float32 [3], by=1.5, negate=false) -> output_0 float32 [3]",
			"    pick(x float32 [2], by=1.5, negate=true) -> output_0 float32 [2]",
			"    pick(x int32 [1], by int32 [], negate=false) -> output_0 int32 [1]",
			"    sparse(s.indices int64, s.values float32, s.dense_shape int64) -> output_0 float32",
		}},
		{"outputs in parts", "parts", "", []string{
			"", "tags serve, saved by TensorFlow %V", "",
			"  signature ragged",
			"    cannot be called: output \"r\": it is made of several tensors (RaggedTensorSpec), which have no array form; Session.Run knows them as PartitionedCall:0, PartitionedCall:1",
			"    input   x  float32  [-1]    ragged_x:0",
			"    output  r  float32  [-1 1]  has no array form; it is made of",
			"      part  0  float32  [-1]    PartitionedCall:0",
			"      part  1  int64    [-1]    PartitionedCall:1", "",
			"  signature serving_default",
			"    input   x            float32  [-1]    serving_default_x:0",
			"    output  dense        float32  [-1 2]  PartitionedCall_1:0",
			"    output  ragged       float32  [-1 2]  has no array form; it is made of",
			"      part  0            float32  [-1]    PartitionedCall_1:1",
			"      part  1            int64    [-1]    PartitionedCall_1:2",
			"    output  sparse       float32  [-1 2]  has no array form; it is made of",
			"      part  indices      int64    [-1 2]  PartitionedCall_1:3",
			"      part  values       float32  [-1]    PartitionedCall_1:4",
			"      part  dense_shape  int64    [2]     PartitionedCall_1:5",
		}},
		{"Keras 3", "keras", "", []string{
			"", "tags serve, saved by TensorFlow %V", "", "  signature serving_default", "    input   inputs    float32  [-1 4]  serving_default_inputs:0",
			"    output  output_0  float32  [-1 2]  StatefulPartitionedCall:0",
		}},
		{"a default", "default", "", []string{
			"", "tags serve, saved by TensorFlow %V", "", "  signature serving_default", "    input   scale   float32  []    scale:0  has a default",
			"    input   x       float32  [-1]  x:0", "    output  scaled  float32  [-1]  scaled:0",
		}},
		{"GraphDef", "frozen/frozen.pb", "", []string{
			"", "    input   x:0     float32  [-1 4]", "    input   y:0     float32  [-1 4]", "    output  half:0  float32  [-1 2]", "    output  half:1  float32  [-1 2]",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := inside(t, t.TempDir(), append([]string{"show", fixture(c.model)}, strings.Fields(c.args)...)...)
			if r.code != 0 {
				t.Fatal(r.stderr)
			}
			version := "2.21.0"
			if _, after, ok := strings.Cut(r.stdout, "TensorFlow "); ok {
				version, _, _ = strings.Cut(after, "\n")
			}
			_, have, _ := strings.Cut(r.stdout, "\n")
			want := strings.ReplaceAll(strings.Join(c.want, "\n")+"\n", "%V", version)
			if have != want {
				t.Errorf("have\n%s\nwant\n%s", have, want)
			}
		})
	}
	t.Run("unknown tags", func(t *testing.T) {
		checkFailure(t, inside(t, t.TempDir(), "show", fixture("twotags"), "--tags", "tpu"), exitFailure, `no tag set "tpu"; there are: "serve", "serve,gpu"`)
	})
	t.Run("tags of what has none", func(t *testing.T) {
		checkFailure(t, inside(t, t.TempDir(), "show", fixture("frozen", "frozen.pb"), "--tags", "serve"), exitFailure, "no SavedModel")
	})
	t.Run("nothing there", func(t *testing.T) {
		checkFailure(t, inside(t, t.TempDir(), "show", "nope"), exitFailure, "nope", "no such file")
	})
}

func TestShowModelJSON(t *testing.T) {
	r := inside(t, t.TempDir(), "show", "--json", fixture("shapes"))
	var m struct {
		Kind   string
		Graphs []struct {
			Tags       []string
			Signatures []struct {
				Name            string
				Inputs, Outputs []struct {
					Name, DType string
					Shape       *[]int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &m); err != nil {
		t.Fatalf("%v in %s", err, r.stdout)
	}
	if m.Kind != "SavedModel" || len(m.Graphs) != 1 || len(m.Graphs[0].Signatures) != 4 {
		t.Fatalf("have %+v", m)
	}
	last := m.Graphs[0].Signatures[3]
	if last.Name != "serving_default" || last.Inputs[0].Shape != nil || *last.Outputs[1].Shape == nil || last.Outputs[1].DType != "int32" {
		t.Errorf("have %+v, want an input with no shape and an output with shape []", last)
	}
}

func TestShowArrays(t *testing.T) {
	dir := t.TempDir()
	nan := float32(math.NaN())
	save(t, dir+"/f.npy", []float32{0.1, nan, -2, 5}, 2, 2)
	save(t, dir+"/s.npy", []string{"a", "drei"})
	save(t, dir+"/e.npy", []int16{}, 0, 3)
	w, err := npy.CreateNPZ(dir + "/z.npz")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f", "s"} {
		if err := w.Write(name, load(t, dir+"/"+name+".npy")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(dir+"/f.npy", dir+"/f.data"); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(dir+"/z.npz", dir+"/z.data"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/t.csv", []byte("x,y\n1,0.5\n3,nan\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const (
		head = "order format bytes min max mean\n"
		f    = "float32 [2 2] row-major npy 1.0 16 -2 5 1.03333 1 NaN\n"
		s    = "string [2] row-major npy 1.0 32 - - - longest 4 bytes\n"
	)
	for file, want := range map[string]string{
		"f.npy":  "f.npy " + f,
		"f.data": "f.data " + f,
		"s.npy":  "s.npy " + s,
		"e.npy":  "e.npy int16 [0 3] row-major npy 1.0 0 - - -\n",
		"z.npz":  "f " + f + "s " + s,
		"z.data": "f " + f + "s " + s,
		"t.csv":  "x int64 [2] row-major csv 16 1 3 2\ny float64 [2] row-major csv 16 0.5 0.5 0.5 1 NaN\n",
	} {
		t.Run(file, func(t *testing.T) {
			r := inside(t, dir, "show", file)
			var have strings.Builder
			for line := range strings.Lines(r.stdout) {
				have.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
			}
			if want = "name dtype shape " + head + want; r.code != 0 || have.String() != want {
				t.Errorf("have %d\n%s%swant\n%s", r.code, have.String(), r.stderr, want)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		r := inside(t, dir, "show", "z.npz", "--json")
		var list []struct {
			Name, DType    string
			Min, Max, Mean float64
			NaN, Longest   int
		}
		if err := json.Unmarshal([]byte(r.stdout), &list); err != nil {
			t.Fatalf("%v in %s", err, r.stdout)
		}
		if len(list) != 2 || list[0].Max != 5 || list[0].NaN != 1 || list[1].Longest != 4 {
			t.Errorf("have %+v", list)
		}
	})
}

// TestWrongFiles: what is no model and no array file is no empty one either. The error
// says what it is.
func TestWrongFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"m.h5":         {"\x89HDF\r\n\x1a\n\x00", "HDF5"},
		"m.tflite":     {"\x1c\x00\x00\x00TFL3\x00\x00", "TensorFlow Lite"},
		"m.keras":      {archiveOf(t, "metadata.json", "config.json", "model.weights.h5"), "Keras archive"},
		"hello.zip":    {archiveOf(t, "hello.txt"), "no arrays"},
		"frozen.pbtxt": {"node {\n  name: \"x\"\n  op: \"Placeholder\"\n}\n", "GraphDef in text form"},
		"x.npy.gz":     {"\x1f\x8b\x08\x00", "gzip"},
		"data.txt":     {"1 2 3\n", "text file"},
		"model.meta":   {"\x0a\x06\x2a\x041.15\x12\x0c\x0a\x0a\x0a\x01x\x12\x05Const", "MetaGraphDef"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"show", path}, {"weights", path}, {"weights", path, "-o", "o.npz"}} {
			t.Run(name+" "+args[0], func(t *testing.T) {
				at := t.TempDir()
				checkFailure(t, inside(t, at, args...), exitFailure, name, c.want)
				if left, err := os.ReadDir(at); err != nil || len(left) > 0 {
					t.Errorf("left are %v (%v)", left, err)
				}
			})
		}
	}
	npz := filepath.Join(dir, "other.npz")
	if err := os.WriteFile(npz, []byte(archiveOf(t, "hello.txt")), 0o666); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, inside(t, dir, "show", npz), exitFailure, "other.npz", "hello.txt")
	checkFailure(t, inside(t, dir, "weights", npz), exitFailure, "other.npz", "hello.txt")
	text := modeltest.Text(t, fixture("mlp"))
	for _, path := range []string{text, filepath.Join(text, "saved_model.pbtxt")} {
		for _, command := range []string{"show", "weights"} {
			if r := inside(t, dir, command, path); r.code != 0 || !strings.Contains(r.stdout, map[string]string{"show": "serving_default", "weights": "w1"}[command]) {
				t.Errorf("%s %s: %+v", command, path, r)
			}
		}
	}
}

// archiveOf is a zip archive with files of these names.
func archiveOf(t *testing.T, names ...string) string {
	t.Helper()
	var b strings.Builder
	w := zip.NewWriter(&b)
	for _, name := range names {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
