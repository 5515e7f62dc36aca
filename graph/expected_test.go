package graph

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/npy"
)

// testCase is one signature of a fixture with its expected arrays.
type testCase struct {
	model, folder, signature string
	tags                     []string
}

// notPlain are the fixtures that are no SavedModel, or whose results depend on
// their past.
var notPlain = map[string]bool{"frozen": true, "checkpoint": true, "counter": true, "queue": true, "tables_v1": true, "keras_tables": true,
	"functions": true, "effects": true, "iterators_v1": true}

// cases finds every expected folder. Its name is the signature's, except for
// models that differ by tags.
func cases(t *testing.T) []testCase {
	t.Helper()
	var list []testCase
	models, err := os.ReadDir(fixture(""))
	must(t, err)
	for _, m := range models {
		if !m.IsDir() || notPlain[m.Name()] {
			continue
		}
		root := filepath.Join(fixture(m.Name()), "expected")
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if outs, _ := filepath.Glob(filepath.Join(path, "out_*.npy")); len(outs) == 0 {
				return nil
			}
			c := testCase{model: m.Name(), tags: []string{"serve"}}
			if path != root {
				c.folder, c.signature = d.Name(), d.Name()
			}
			switch m.Name() {
			case "notags":
				c.tags = nil
			case "twotags":
				c.signature = ""
				if c.folder == "serve_gpu" {
					c.tags = []string{"serve", "gpu"}
				}
			}
			list = append(list, c)
			return nil
		})
		must(t, err)
	}
	if len(list) < 40 {
		t.Fatalf("only %d cases found; scripts/fixtures.py writes them", len(list))
	}
	return list
}

// Every fixture and every signature gives what Python TensorFlow gave, and every way
// out and every executor gives the same, bit for bit.
func TestExpected(t *testing.T) {
	loaded := map[string]*Model{}
	for _, c := range cases(t) {
		t.Run(c.model+"/"+c.folder, func(t *testing.T) {
			key := c.model + "," + filepath.Join(c.tags...)
			m := loaded[key]
			if m == nil {
				var err error
				m, err = Load(fixture(c.model), WithTags(c.tags...))
				must(t, err)
				loaded[key] = m
			}
			in, want := expected(t, c.model, c.folder)
			sig, err := m.Signature(c.signature)
			must(t, err)
			feeds := Feeds{}
			for _, s := range sig.Inputs {
				feeds[s.Name] = asDType(t, in[s.Name], s.DType)
			}
			for _, s := range usable(sig.Outputs) {
				want[s.Name] = asDType(t, want[s.Name], s.DType)
			}
			first, err := m.Call(bg, c.signature, feeds)
			must(t, err)
			if len(first) != len(want) {
				t.Fatalf("Call gives %d outputs, want %d", len(first), len(want))
			}
			for name, w := range want {
				checkStored(t, "Call", name, first[name], w, feeds)
			}
			checkCall(t, m, c.signature, feeds, first)
			for _, e := range []Executor{Inline, Pool, Auto} {
				checkRunner(t, m, c.signature, e, feeds, first)
			}
		})
	}
	for _, m := range loaded {
		m.Close()
	}
}

// checkStored checks a result against what Python TensorFlow gave on another machine.
func checkStored(t *testing.T, how, name string, got, want *npy.Array, in map[string]*npy.Array) {
	t.Helper()
	if err := arraytest.Expected(got, want, in); err != nil {
		t.Errorf("%s: output %q: %v", how, name, err)
	}
}

// check checks a result against another of this process, bit for bit.
func check(t *testing.T, how, name string, got, want *npy.Array) {
	t.Helper()
	if !same(got, want) {
		t.Errorf("%s: output %q is\n%v (%v %v), want\n%v (%v %v)", how, name,
			got, got.DType(), got.Shape(), want, want.DType(), want.Shape())
	}
}

func checkCall(t *testing.T, m *Model, signature string, feeds Feeds, want map[string]*npy.Array) {
	for range 2 { // with a Runner from the pool
		out, err := m.Call(bg, signature, feeds)
		must(t, err)
		if len(out) != len(want) {
			t.Errorf("Call gives %d outputs, want %d", len(out), len(want))
		}
		for name, w := range want {
			check(t, "Call", name, out[name], w)
		}
	}
}

func checkRunner(t *testing.T, m *Model, signature string, e Executor, feeds Feeds, want map[string]*npy.Array) {
	r := runner(t, m, signature)
	must(t, r.SetExecutor(e))
	for name, a := range feeds {
		must(t, r.Feed(name, a))
	}
	for range 3 {
		must(t, r.Run(bg))
		for name, w := range want {
			v, err := r.Value(name)
			must(t, err)
			check(t, e.String()+" Value", name, v, w)
			v.Release()
		}
	}
	// Exactly large enough, larger, and flat.
	for name, w := range want {
		for how, shape := range map[string][]int{"exact": w.Shape(), "flat": {w.Len()}, "larger": larger(w.Shape())} {
			dst := zeros(t, w.DType(), shape...)
			must(t, r.Into(name, dst))
			for range 2 {
				must(t, r.Run(bg))
			}
			got, err := r.Value(name)
			must(t, err)
			check(t, e.String()+" Into "+how, name, got, w)
			if w.Len() > 0 && !sameMemory(got, dst) {
				t.Errorf("Into %s: output %q did not land in the array", how, name)
			}
			shape, err := r.Shape(name)
			if err != nil || !slices.Equal(shape, w.Shape()) {
				t.Errorf("Into %s: output %q has shape %v, %v, want %v", how, name, shape, err, w.Shape())
			}
		}
		must(t, r.Into(name, nil))
	}
}

// larger is shape with more rows, or shape itself where it has none.
func larger(shape []int) []int {
	shape = slices.Clone(shape)
	if len(shape) > 0 {
		shape[0] += 3
	}
	return shape
}

func sameMemory(a, b *npy.Array) bool {
	if a.DType() == npy.String {
		av, _ := npy.Values[string](a)
		bv, _ := npy.Values[string](b)
		return &av[0] == &bv[0]
	}
	return &a.Bytes()[0] == &b.Bytes()[0]
}
