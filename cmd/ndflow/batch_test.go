package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
)

// randomRows saves rows of normally distributed numbers.
func randomRows(t *testing.T, path string, shape ...int) {
	t.Helper()
	n := 1
	for _, d := range shape {
		n *= d
	}
	random := rand.New(rand.NewPCG(1, uint64(n)))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	save(t, path, values, shape...)
}

// TestBatch compares batches of every kind of size with one step over all.
func TestBatch(t *testing.T) {
	dir := t.TempDir()
	randomRows(t, filepath.Join(dir, "x.npy"), 103, 16)
	ok(t, dir, "run", fixture("mlp"), "--in", "x.npy", "--out", "whole.npy")
	want := load(t, filepath.Join(dir, "whole.npy"))
	for _, batch := range []int{1, 10, 64, 102, 103, 104, 1 << 40} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			out := t.TempDir()
			args := []string{"run", fixture("mlp"), "--in", "x.npy", "--batch", fmt.Sprint(batch)}
			for _, outs := range [][]string{{"--out", out + "/p.npy", "--out", out + "/p.npz"}, {"--out", out + "/mapped.npy"}} {
				ok(t, dir, append(args, outs...)...)
			}
			near(t, "npy", load(t, out+"/p.npy"), want)
			near(t, "npz", loadFrom(t, out+"/p.npz", "probs"), want)
			near(t, "mapped", load(t, out+"/mapped.npy"), want)
			filetest.Only(t, out, "p.npy", "p.npz", "mapped.npy")
		})
	}
}

// TestBatchCountsOnce runs a model that counts its rows: what tries out a good batch size
// must not count.
func TestBatchCountsOnce(t *testing.T) {
	const n = 700
	for _, wide := range []bool{false, true} {
		model := modeltest.CountRows(t, fixture("counter"), wide)
		for _, args := range []string{"", "--batch auto", "--batch 1", "--batch 9", "--batch 4000", "--batch auto --workers 1", "--batch 9 --workers 1", "--batch auto --resume"} {
			t.Run(fmt.Sprintf("wide %v %s", wide, args), func(t *testing.T) {
				dir := t.TempDir()
				shape := []int{n}
				if wide {
					shape = append(shape, 1)
				}
				randomRows(t, filepath.Join(dir, "x.npy"), shape...)
				ok(t, dir, append([]string{"run", model, "--in", "x.npy", "--out", "y.npy"}, strings.Fields(args)...)...)
				y, err := npy.Values[int64](load(t, filepath.Join(dir, "y.npy")))
				if err != nil || len(y) != n {
					t.Fatalf("%d rows: %v", len(y), err)
				}
				for i, got := range y {
					if got != int64(i+1) {
						t.Fatalf("row %d was counted as number %d", i, got)
					}
				}
			})
		}
	}
}

// TestOddNames runs a model whose names are hard to write.
func TestOddNames(t *testing.T) {
	model := modeltest.Change(t, fixture("add4"), func(meta *tfpb.MetaGraphDef, _ *tfpb.GraphDef) {
		sig := meta.GetSignatureDef()["serving_default"]
		in := sig.GetInputs()
		sig.Inputs = map[string]*tfpb.TensorInfo{"a=b": in["x"], "": in["y"]}
		sig.Outputs = map[string]*tfpb.TensorInfo{`"s"=1`: sig.GetOutputs()["sum"]}
	})
	for _, batch := range []string{"1", "auto"} {
		dir := t.TempDir()
		save(t, filepath.Join(dir, "x.npy"), []float32{1, 2, 3, 4}, 1, 4)
		ok(t, dir, "run", model, "--in", `"a=b"=x.npy`, "--in", `""=x.npy`, "--out", `"\"s\"=1"=y.npy`, "--batch", batch)
		near(t, "sum", load(t, filepath.Join(dir, "y.npy")), mustArray(t, []float32{2, 4, 6, 8}, 1, 4))
	}
}

func TestBatchKinds(t *testing.T) {
	for _, c := range []struct {
		name, model, args string
		expected          string
		outputs           []string
	}{
		{"two inputs, strings and bools out", "multi", "--in x=%IN/in_x.npy --in y=%IN/in_y.npy", "", []string{"label", "positive", "product"}},
		{"outputs that are the input", "passthrough", "--in %IN/in_x.npy", "", []string{"identity", "stopped"}},
		{"an output that is fed", "passthrough_v1", "--in %IN/in_x.npy", "", []string{"same", "twice"}},
		{"strings in", "strings", "--in %IN/in_word.npy", "", []string{"id"}},
		{"an input without rows goes to every batch", "signatures", "-s scale --in x=%IN/in_x.npy --in by=%IN/in_by.npy", "scale", []string{"result"}},
	} {
		for _, ext := range []string{"npy", "npz"} {
			t.Run(c.name+" to "+ext, func(t *testing.T) {
				dir := t.TempDir()
				in := fixture(c.model, "expected", c.expected)
				args := line(c.args, "%IN", in)
				args = append([]string{"run", fixture(c.model), "--batch", "2"}, args...)
				for _, name := range c.outputs {
					args = append(args, "--out", name+"="+file(name, ext))
				}
				ok(t, dir, args...)
				for _, name := range c.outputs {
					near(t, name, loadFrom(t, filepath.Join(dir, file(name, ext)), name), load(t, in+"/out_"+name+".npy"))
				}
			})
		}
	}
}

func file(output, ext string) string {
	if ext == "npz" {
		return "all.npz"
	}
	return output + ".npy"
}

func TestBatchFixedRows(t *testing.T) {
	dir := t.TempDir()
	randomRows(t, dir+"/4.npy", 4, 3)
	randomRows(t, dir+"/5.npy", 5, 3)
	args := func(file string, batch string) []string {
		return []string{"run", fixture("shapes"), "-s", "fixed", "--in", file, "--out", "y.npy", "--batch", batch}
	}
	for in, rows := range map[string]int{"4.npy": 4, "5.npy": 5} { // of which the last is filled up
		for _, batch := range []string{"2", "auto"} {
			ok(t, dir, args(in, batch)...)
			y, x := load(t, dir+"/y.npy"), load(t, dir+"/"+in)
			if y.Dim(0) != rows {
				t.Errorf("have %v for %v", y, x)
			}
		}
	}
	fails(t, dir, args("4.npy", "4"), "batch 4", "2 rows a step")
}

func TestBatchRefuses(t *testing.T) {
	dir := t.TempDir()
	randomRows(t, dir+"/3.npy", 3)
	randomRows(t, dir+"/10.npy", 10)
	save(t, dir+"/mixed.npy", []float32{1, 2, -1, -2, 3, -4})
	save(t, dir+"/scalar.npy", []float32{1}, []int{}...)
	randomRows(t, dir+"/43.npy", 4, 3)
	for _, c := range []struct {
		name, model, args string
		words             []string
	}{
		{"inputs of different length", "add", "--in x=3.npy --in y=10.npy", []string{`input "x" has 3 rows`, `input "y" has 10`}},
		{"an output that is no row for a row", "constant", "--in 10.npy --out constant=y.npy", []string{`output "constant"`, "2 rows gave [3]"}},
		{"an output whose length depends on the data", "dynamic", "--in mixed.npy --out positive=y.npy", []string{`output "positive"`, "2 rows gave [0]"}},
		{"an output without rows", "shapes", "-s serving_default --in 10.npy --out total=y.npy", []string{`output "total"`, "2 rows gave []"}},
		{"no rows", "shapes", "-s scalar --in scalar.npy --out y.npy", []string{"no input has rows"}},
		{"no inputs", "counter", "-s reset --out y.npy", []string{"no input has rows"}},
		{"a batch that fails", "assert", "--in mixed.npy --out y.npy", []string{"rows 2 to 3", "x is negative"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkFailure(t, inside(t, dir, append([]string{"run", fixture(c.model), "--batch", "2"}, strings.Fields(c.args)...)...), exitFailure, c.words...)
		})
	}
	filetest.Only(t, dir, "3.npy", "10.npy", "43.npy", "mixed.npy", "scalar.npy")
}

func TestBatchNoRows(t *testing.T) {
	dir := t.TempDir()
	save(t, dir+"/x.npy", []float32{}, 0, 16)
	ok(t, dir, "run", fixture("mlp"), "--in", "x.npy", "--out", "y.npy", "--batch", "8")
	if y := load(t, dir+"/y.npy"); y.Len() != 0 || y.Dim(1) != 4 {
		t.Errorf("have shape %v, want [0 4]", y.Shape())
	}
}
