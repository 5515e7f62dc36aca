package data

import (
	"path/filepath"
	"slices"
	"testing"

	"ndflow/internal/scripttest"
	"ndflow/npy"
)

// runPython runs a script with NumPy, in a folder of its own, which it returns.
func runPython(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	scripttest.NumPy.Run(t, "-c", "import os, sys\nos.chdir(sys.argv[1])\n"+script, dir)
	return dir
}

// Files of NumPy's, mapped or not, give the batches that NumPy sees in them.
func TestNumPyFiles(t *testing.T) {
	dir := runPython(t, `
import numpy as np
x = np.random.default_rng(1).integers(-1000, 1000, (1000, 6)).astype(np.int16)
np.save("plain.npy", x)
np.save("fortran.npy", np.asfortranarray(x))
np.save("big.npy", x.astype(">i2"))
np.save("sums.npy", np.array([x[i:i+64].sum(axis=0, dtype=np.int64) for i in range(0, 1000, 64)]))
names = np.array(["", "a", "ä", "a name that is a little longer"] * 250)
np.save("names.npy", names)
np.save("lengths.npy", np.char.str_len(names))
`)
	c := newContext(t)
	open := func(name string) *npy.Array {
		a, err := npy.Open(filepath.Join(dir, name+".npy"))
		must(t, err)
		t.Cleanup(a.Release)
		return a
	}
	want := values[int64](t, open("sums"))
	for _, name := range []string{"plain", "fortran", "big"} {
		x := open(name)
		for way, d := range map[string]Dataset{
			"views": FromArrays(c, x).Batch(64), "gathered": FromArrays(c, x).Prefetch(4).Batch(64, Parallel(2)),
		} {
			var got []int64
			for batch, err := range d.All(bg) {
				must(t, err)
				v, err := batch[0].Value()
				must(t, err)
				sums := make([]int64, 6)
				for i, e := range values[int16](t, v) {
					sums[i%6] += int64(e)
				}
				v.Release()
				got = append(got, sums...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: have sums %v, want %v", name, way, got, want)
			}
		}
	}
	lengths, at := values[int64](t, open("lengths")), 0
	for name, err := range FromArrays(c, open("names")).Batch(7).All(bg) {
		must(t, err)
		a, err := name[0].Copy()
		must(t, err)
		for _, s := range values[string](t, a) {
			if n := int64(len([]rune(s))); n != lengths[at] {
				t.Errorf("string %d, %q, has %d characters, want %d", at, s, n, lengths[at])
			}
			at++
		}
	}
	if at != len(lengths) {
		t.Errorf("%d strings of %d", at, len(lengths))
	}
}
