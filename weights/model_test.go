package weights

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/eager"
	"ndflow/npy"
)

// TestModelsAreReadWithoutBeingRun: every variable of every fixture, straight from the
// checkpoint, has the name and the value that the loaded model has.
func TestModelsAreReadWithoutBeingRun(t *testing.T) {
	dirs, err := filepath.Glob(fixture("*/saved_model.pb"))
	if err != nil || len(dirs) < 20 {
		t.Fatalf("%d models, %v", len(dirs), err)
	}
	c, err := eager.New()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	variables := 0
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var load []eager.Option
			var open []Option
			if filepath.Base(dir) == "notags" {
				load, open = append(load, eager.WithTags()), append(open, WithTags())
			}
			m, err := eager.Load(dir, append(load, eager.In(c))...)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			s := mustOpen(t, dir, open...)
			var have, want []string
			for _, i := range s.List() {
				have = append(have, i.Name)
			}
			if filepath.Base(dir) == "functions" {
				// The checkpoint has a hash table as well, and calls the variable otherwise than the graph.
				if !slices.Contains(have, "scale") {
					t.Errorf("have %q, want a variable %q", have, "scale")
				}
				return
			}
			for _, v := range m.Variables() {
				switch name, part := strings.CutSuffix(v.Name, "/part_0"); {
				case v.Name == "step" || strings.HasSuffix(v.Name, "/part_1"):
					// tables_v1 makes the one anew each time; the other is in the whole.
				case part:
					want = append(want, name)
				default:
					want = append(want, v.Name)
				}
			}
			if len(want) > 0 && !slices.Equal(have, want) {
				t.Fatalf("have %q, want %q", have, want)
			}
			for _, name := range want {
				variables++
				a := mustRead(t, s, name)
				b, err := valueOf(m, name)
				if err != nil {
					t.Fatal(err)
				}
				if !same(a, b) {
					t.Errorf("%s: have %v, want %v", name, a, b)
				}
			}
		})
	}
	if variables < 20 {
		t.Errorf("only %d variables were compared", variables)
	}
}

// valueOf is a variable's value, of both its parts where it has some.
func valueOf(m *eager.Model, name string) (*npy.Array, error) {
	a, err := m.Value(name)
	if err == nil {
		return a, nil
	}
	var parts []Part
	for _, part := range []string{name + "/part_0", name + "/part_1"} {
		a, err := m.Value(part)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{Info: Info{Name: part, DType: a.DType(), Shape: a.Shape()}, Land: func(dst *npy.Array) error {
			_, err := dst.Land(a)
			return err
		}})
	}
	return Join(parts...)
}

func TestAllOfAModel(t *testing.T) {
	s := mustOpen(t, fixture("keras"), All())
	have := map[string]string{}
	for _, i := range s.List() {
		have[i.Name] = i.String()
		mustRead(t, s, i.Name)
	}
	for name, want := range map[string]string{
		"network/hidden/kernel": "float32 [4 3]", "sgd/iteration": "int64 []", "sgd/learning_rate": "float32 []",
		"sgd/network_hidden_kernel_momentum": "float32 [4 3]",
	} {
		if have[name] != want {
			t.Errorf("%s: have %q, want %q", name, have[name], want)
		}
	}
	if len(have) != 16 {
		t.Errorf("have %d variables, want 16: %v", len(have), have)
	}
	// Tables have entries in the checkpoint, which are no variables.
	s = mustOpen(t, fixture("keras_tables"), All())
	if a := mustRead(t, s, "learnt/.ATTRIBUTES/table-keys"); a.Len() != 2 {
		t.Errorf("have %v", a)
	}
}

func TestModelsByOtherNames(t *testing.T) {
	for _, path := range []string{fixture("mlp"), fixture("mlp") + "/", fixture("mlp/saved_model.pb")} {
		if s := mustOpen(t, path); len(s.List()) != 4 {
			t.Errorf("%s: have %v", path, s.List())
		}
	}
	if s := mustOpen(t, fixture("twotags"), WithTags("gpu", "serve")); len(s.List()) != 1 {
		t.Errorf("have %v", s.List())
	}
	_, err := Open(fixture("twotags"), WithTags("tpu"))
	if err == nil || !strings.Contains(err.Error(), `no tag set "tpu"; there are: "serve", "serve,gpu"`) {
		t.Errorf("have %v", err)
	}
	if s := mustOpen(t, fixture("add")); len(s.List()) != 0 {
		t.Errorf("a model without variables has %v", s.List())
	}
}

func TestDamagedModels(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
	}{
		"without its checkpoint": {func(dir string) error { return os.RemoveAll(filepath.Join(dir, "variables")) }, "variables/variables.index"},
		"without its data":       {func(dir string) error { return os.Remove(filepath.Join(dir, "variables", dataFile)) }, "missing"},
		"cut off":                {func(dir string) error { return os.Truncate(filepath.Join(dir, "saved_model.pb"), 1000) }, "damaged"},
		"another file": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "saved_model.pb"), []byte("no model"), 0o666)
		}, "damaged"},
		"without a model": {func(dir string) error { return os.Remove(filepath.Join(dir, "saved_model.pb")) }, "saved_model.pb"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, fixture("keras"))
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir)
			if err == nil {
				s.Close()
				t.Fatalf("it was opened: %v", s.List())
			}
			if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "weights: ") {
				t.Errorf("have %v, want %q in it", err, c.want)
			}
		})
	}
}

const dataFile = "variables.data-00000-of-00001"

func copyOf(t testing.TB, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}
