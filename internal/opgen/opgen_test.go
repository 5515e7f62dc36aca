package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/internal/leaktest"
	"ndflow/ops"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, tfc.CheckLeaks)
}

// What is in the repository is what the library says now.
func TestPackagesAreUpToDate(t *testing.T) {
	want, err := fromLibrary()
	if err != nil {
		t.Fatal(err)
	}
	have, err := generated(filepath.Join("..", "..", "ops"))
	if err != nil {
		t.Fatal(err)
	}
	if h, w := slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)); !slices.Equal(h, w) {
		t.Errorf("have the files %v, want %v; run go generate ./ops", h, w)
	}
	for path, text := range want {
		if bytes.Equal(have[path], text) {
			continue
		}
		h, w := strings.Split(string(have[path]), "\n"), strings.Split(string(text), "\n")
		for i := range min(len(h), len(w)) {
			if h[i] != w[i] {
				t.Errorf("ops/%s:%d differs; run go generate ./ops\nhave %s\nwant %s", path, i+1, h[i], w[i])
				break
			}
		}
	}
}

// write leaves nothing over of what was there, and nothing else alone.
func TestWriteReplacesWhatWasGenerated(t *testing.T) {
	dir := t.TempDir()
	first := map[string][]byte{"a/a.go": []byte(marker + " 1"), "b/b.go": []byte(marker + " 1")}
	second := map[string][]byte{"b/b.go": []byte(marker + " 2"), "c/c.go": []byte(marker + " 2")}
	if err := write(dir, first); err != nil {
		t.Fatal(err)
	}
	byHand := filepath.Join(dir, "a", "hand.go")
	if err := os.WriteFile(byHand, []byte("package a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := write(dir, second); err != nil {
		t.Fatal(err)
	}
	got, err := generated(dir)
	if err != nil || !maps.EqualFunc(got, second, bytes.Equal) {
		t.Errorf("have %q, %v, want %q", got, err, second)
	}
	if _, err := os.Stat(byHand); err != nil {
		t.Errorf("a file that was not generated is gone: %v", err)
	}
}

func TestNames(t *testing.T) {
	n := newNames()
	for _, c := range []struct{ name, want string }{
		{"row_splits", "rowSplits"}, {"a", "a"}, {"T", "t"}, {"Tout", "tout"}, {"DstT", "dstT"}, {"dtype", "dtype"},
		{"type", "type_"}, {"range", "range_"}, {"s", "s_"}, {"opts", "opts_"}, {"string", "string_"}, {"a", "a_"}, {"key_dtype", "keyDtype"},
	} {
		if got := n.lower(c.name); got != c.want {
			t.Errorf("parameter %s is %s, want %s", c.name, got, c.want)
		}
	}
	for name, want := range map[string]string{"transpose_a": "TransposeA", "T": "T", "dtype": "DType", "Tidx": "Tidx", "_x": "X"} {
		if got := upper(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestFamilies(t *testing.T) {
	for op, want := range map[string]string{
		"MatMul": "math", "Reshape": "array", "Conv2D": "nn", "TensorSliceDataset": "data", "AssignVariableOp": "state",
		"RiscAdd": "risc", "DTensorAllReduce": "distribute", "XlaLaunch": "xla", "TPUExecute": "tpu", "QuantizedConcatV2": "quantize",
		"NewerThanTheTable": "misc",
	} {
		if got, ok := packageOf(op); !ok || got != want {
			t.Errorf("%s is in %q, want %q", op, got, want)
		}
	}
	if pkg, ok := packageOf("PyFunc"); ok {
		t.Errorf("PyFunc is in %s, but runs Python code", pkg)
	}
	known := make(map[string]bool)
	for _, family := range families {
		known[family] = true
	}
	for pkg, of := range packages {
		for _, family := range of {
			if !known[family] {
				t.Errorf("package %s is said to have the family %s, which has no ops", pkg, family)
			}
		}
	}
	placed := slices.Concat(slices.Collect(maps.Values(packages))...)
	placed = append(placed, leftOut...)
	for family := range known {
		if family != "audio_microfrontend_op" && !slices.Contains(placed, family) {
			t.Errorf("no package has the family %s", family)
		}
	}
}

func TestLeftOut(t *testing.T) {
	raw, err := tfc.AllOps()
	if err != nil {
		t.Fatal(err)
	}
	defs, err := ops.ParseDefs(raw)
	if err != nil {
		t.Fatal(err)
	}
	for op, want := range map[string]bool{
		"MatMul": true, "_FusedMatMul": false, "BatchNormWithGlobalNormalization": false, "Assign": false, "VariableV2": false, "AssignVariableOp": true,
	} {
		def, ok := defs.Lookup(op)
		if !ok {
			t.Fatalf("the library has no op %s", op)
		}
		if got := wanted(def); got != want {
			t.Errorf("%s gets a function: %v, want %v", op, got, want)
		}
	}
}
