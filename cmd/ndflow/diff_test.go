package main

import (
	"math"
	"os"
	"strings"
	"testing"

	"ndflow/npy"
)

// archive writes arrays to a .npz file.
func archive(t *testing.T, path string, arrays map[string]*npy.Array) {
	t.Helper()
	w, err := npy.CreateNPZ(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range arrays {
		if err := w.Write(name, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// floats are arrays of one dimension.
func floats(t *testing.T, values map[string][]float32) map[string]*npy.Array {
	t.Helper()
	arrays := map[string]*npy.Array{}
	for name, v := range values {
		a, err := npy.From(v)
		if err != nil {
			t.Fatal(err)
		}
		arrays[name] = a
	}
	return arrays
}

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	nan := float32(math.NaN())
	save(t, dir+"/a.npy", []float32{1, 2, 3, nan}, 2, 2)
	save(t, dir+"/b.npy", []float32{1, 2.5, 3, nan}, 2, 2)
	save(t, dir+"/c.npy", []float64{1, 2, 3, math.NaN()}, 2, 2)
	save(t, dir+"/d.npy", []float32{1, 2})
	save(t, dir+"/s.npy", []string{"a", "b"})
	archive(t, dir+"/a.npz", floats(t, map[string][]float32{"x": {1, 2}, "y": {1}, "only": {1}}))
	archive(t, dir+"/b.npz", floats(t, map[string][]float32{"x": {1, 3}, "y": {1}, "other": {1, 2}}))
	archive(t, dir+"/c.npz", floats(t, map[string][]float32{"x": {1, 2}, "y": {1, 2}, "only": {1}}))
	if err := os.WriteFile(dir+"/t.csv", []byte("x,y\n1,0.5\n2,0.25\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if r := inside(t, dir, "convert", "t.csv", "t.parquet"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	for _, c := range []struct {
		args  string
		code  int
		words []string
	}{
		{"a.npy a.npy", 0, []string{"all of 4 elements are equal", "1 NaN on both sides, taken as equal"}},
		{"a.npy b.npy", 1, []string{"1 of 4 elements differ", "largest difference  0.5", "at [0 1]: 2 and 2.5", "largest relative    0.2", "differences", "ULPs"}},
		{"a.npy b.npy --tol 0.5", 0, []string{"all within |a-b| <= 0.5 + 0*|b|"}},
		{"a.npy b.npy --tol 0.4", 1, []string{"1 of them past |a-b| <= 0.4"}},
		{"a.npy b.npy --rtol 0.2", 0, []string{"all within"}},
		{"b.npy a.npy --rtol 0.2", 1, []string{"past"}},
		{"a.npy a.npy --nan-differs", 1, []string{"taken as different"}},
		{"a.npy c.npy", 0, []string{"float32 and float64 [2 2]"}},
		{"a.npz a.npz", 0, []string{"x ", "y ", "only "}},
		{"a.npz b.npz", 1, []string{"only (float32 [1]) is only in a.npz", "other (float32 [2]) is only in b.npz", "float32 [2]"}},
		{"a.npz b.npz --match ^y$", 0, []string{"all of 1 elements are equal"}},
		{"a.npz c.npz", 1, []string{"have float32 [1] and float32 [2], want the same shape"}},
		{"a.npz b.npz --verbose", 1, []string{"largest difference  1"}},
		{"a.npz:x d.npy", 0, []string{"all of 2 elements are equal"}},
		{"t.csv t.parquet", 0, []string{"x ", "y "}},
		{"t.parquet:x d.npy", 0, []string{"int64 and float32 [2]", "all of 2 elements are equal"}},
		{"%M %M", 0, []string{"w1", "float32 [16 8]"}},
		{"%M:w1 %M:w1", 0, []string{"all of 128 elements are equal"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := inside(t, dir, append([]string{"diff"}, line(c.args, "%M", fixture("mlp"))...)...)
			if r.code != c.code || r.stderr != "" {
				t.Errorf("have exit code %d, stderr %q, want %d", r.code, r.stderr, c.code)
			}
			for _, word := range c.words {
				if !strings.Contains(r.stdout, word) {
					t.Errorf("have\n%s\nwant %q in it", r.stdout, word)
				}
			}
		})
	}
	for args, words := range map[string][]string{
		"a.npy d.npy":             {"have float32 [2 2] and float32 [2], want the same shape"},
		"d.npy s.npy":             {"wrong dtype", "float32 and string"},
		"a.npy nope.npy":          {"nope.npy", "no such file"},
		"a.npz:nope a.npy":        {`no array "nope"`},
		"t.csv:z a.npy":           {`no array "z"; there are: "x", "y"`},
		"a.npz b.npz --match zzz": {"no name of 3 arrays matches zzz"},
	} {
		fails(t, dir, append([]string{"diff"}, strings.Fields(args)...), words...)
	}
	for args, word := range map[string]string{
		"a.npy": "B is missing", "a.npy b.npy c.npy": `"c.npy"`, "a.npy b.npy --tol -1": "--tol -1: want 0 or more",
		"a.npy b.npy --rtol x": "--rtol", "a.npy b.npy --match (": "--match",
	} {
		checkFailure(t, inside(t, dir, append([]string{"diff"}, strings.Fields(args)...)...), exitUsage, word)
	}
}
