package eager

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/graph"
	"ndflow/internal/arraytest"
	"ndflow/npy"
)

// fixture is the folder of a model that scripts/fixtures.py wrote.
func fixture(name string) string { return filepath.Join("..", "testdata", "models", name) }

func loadModel(t testing.TB, dir string, opts ...Option) *Model {
	t.Helper()
	m, err := Load(dir, opts...)
	must(t, err)
	t.Cleanup(m.Close)
	return m
}

// step is a call of a model with the arrays beside it.
type step struct {
	model, folder, signature string
	tags                     []string
}

// inOrder are the steps of models whose results depend on their past.
var inOrder = map[string][][2]string{ // folder and signature
	"counter":      {{"increment", "increment"}, {"read", "read"}, {"reset", "reset"}},
	"queue":        {{"put", "put"}, {"take", "take"}},
	"assign":       {{"assign", "assign"}, {"read", "read"}},
	"tables_v1":    {{"", ""}, {"bump", "bump"}, {"bumped", ""}},
	"keras_tables": {{"", ""}, {"learn", "learn"}, {"learnt", ""}},
}

// steps lists what there is to check of every model.
func steps(t *testing.T) []step {
	t.Helper()
	var list []step
	models, err := os.ReadDir(fixture(""))
	must(t, err)
	for _, m := range models {
		if !m.IsDir() || slices.Contains([]string{"frozen", "checkpoint", "functions", "effects", "iterators_v1"}, m.Name()) {
			continue
		}
		if order, ok := inOrder[m.Name()]; ok {
			for _, s := range order {
				list = append(list, step{m.Name(), s[0], s[1], []string{"serve"}})
			}
			continue
		}
		root := filepath.Join(fixture(m.Name()), "expected")
		must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if outs, _ := filepath.Glob(filepath.Join(path, "out_*.npy")); len(outs) == 0 {
				return nil
			}
			s := step{model: m.Name(), tags: []string{"serve"}}
			if path != root {
				s.folder, s.signature = d.Name(), d.Name()
			}
			switch {
			case m.Name() == "notags":
				s.tags = nil
			case m.Name() == "twotags":
				s.signature, s.tags = "", strings.Split(d.Name(), "_")
			}
			list = append(list, s)
			return nil
		}))
	}
	if len(list) < 80 {
		t.Fatalf("only %d steps found; scripts/fixtures.py writes them", len(list))
	}
	return list
}

// arrays reads inputs and outputs of a step as the signature has them.
func arrays(t testing.TB, s step, sig graph.Signature) (in, out map[string]*npy.Array) {
	t.Helper()
	read := func(prefix string, specs []graph.Spec) map[string]*npy.Array {
		list := make(map[string]*npy.Array)
		for _, spec := range specs {
			if spec.Problem != "" {
				continue
			}
			base := filepath.Join(fixture(s.model), "expected", s.folder, prefix+"_"+spec.Name)
			a, err := npy.ReadFile(base + ".npy")
			if errors.Is(err, fs.ErrNotExist) {
				if a, err = npy.ReadFile(base + "_bits.npy"); err == nil && a.DType() != spec.DType {
					a, err = a.View(spec.DType)
				}
			}
			must(t, err)
			list[spec.Name] = a
		}
		return list
	}
	return read("in", sig.Inputs), read("out", sig.Outputs)
}

// same checks that two arrays are equal bit for bit.
func same(t testing.TB, name string, got, want *npy.Array) {
	t.Helper()
	if got == nil || !arraytest.Same(got, want) {
		t.Errorf("output %q is\n%v, want\n%v", name, got, want)
	}
}

// stored checks a result against what Python TensorFlow gave on another machine.
func stored(t testing.TB, name string, got, want *npy.Array, in map[string]*npy.Array) {
	t.Helper()
	if err := arraytest.Expected(got, want, in); err != nil {
		t.Errorf("output %q: %v", name, err)
	}
}

// mlp is what the model of that name is fed, and what it gives in a context of its own.
func mlp(t testing.TB) (in, out map[string]*npy.Array) {
	t.Helper()
	m := loadModel(t, fixture("mlp"))
	in, want := arrays(t, step{model: "mlp"}, m.Signatures()[0])
	out, err := m.Run(bg, in)
	must(t, err)
	stored(t, "probs", out["probs"], want["probs"], in)
	return in, out
}

// start calls a signature; its results are open.
func start(t testing.TB, m *Model, signature string, in map[string]*npy.Array) map[string]*Tensor {
	t.Helper()
	c, err := m.Caller(signature)
	must(t, err)
	defer c.Close()
	for name, a := range in {
		must(t, c.Feed(name, a))
	}
	out, err := c.Run(bg)
	must(t, err)
	return out
}

// Every model and every signature gives what Python TensorFlow gave, and bit for bit what
// it gives in a session.
func TestLoadExpected(t *testing.T) {
	loaded, sessions := map[string]*Model{}, map[string]*graph.Model{}
	shared := newContext(t)
	for _, s := range steps(t) {
		t.Run(s.model+"/"+s.folder, func(t *testing.T) {
			key := s.model + "," + strings.Join(s.tags, ",")
			m := loaded[key]
			if m == nil {
				var err error
				m, err = Load(fixture(s.model), WithTags(s.tags...), In(shared))
				must(t, err)
				loaded[key] = m
				sessions[key], err = graph.Load(fixture(s.model), graph.WithTags(s.tags...))
				must(t, err)
			}
			sig, err := m.Signature(s.signature)
			must(t, err)
			in, want := arrays(t, s, sig)
			out := start(t, m, s.signature, in)
			session, err := sessions[key].Call(bg, s.signature, in)
			must(t, err)
			if len(out) != len(want) {
				t.Errorf("there are %d outputs, want %d", len(out), len(want))
			}
			for name, w := range want {
				got, err := out[name].Copy()
				must(t, err)
				out[name].Close()
				stored(t, name, got, w, in)
				same(t, name, got, session[name])
			}
		})
	}
	for key, m := range loaded {
		m.Close()
		sessions[key].Close()
	}
}
