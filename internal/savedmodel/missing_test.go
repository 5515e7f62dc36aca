package savedmodel

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// models are all SavedModels among the fixtures.
func models(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(fixture("*"), MainFile))
	must(t, err)
	if len(list) < 20 {
		t.Fatalf("only %d models", len(list))
	}
	for i, path := range list {
		list[i] = filepath.Base(filepath.Dir(path))
	}
	return list
}

func copyOf(t testing.TB, model string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(fixture(model))))
	return dir
}

func partsOf(t testing.TB, dir string) error {
	t.Helper()
	file, err := Read(dir)
	must(t, err)
	for _, meta := range file.GetMetaGraphs() {
		g, err := ParseGraph(meta)
		must(t, err)
		if err := g.CheckParts(dir); err != nil {
			return err
		}
	}
	return nil
}

func TestCompleteModels(t *testing.T) {
	for _, model := range models(t) {
		if err := partsOf(t, fixture(model)); err != nil {
			t.Errorf("%s: %v", model, err)
		}
	}
}

// Whatever the checkpoint has the content of is named where the checkpoint is gone: by
// the op that restores it, or by the objects.
func TestMissingParts(t *testing.T) {
	remove := func(pattern string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			list, err := filepath.Glob(filepath.Join(dir, pattern))
			must(t, err)
			if len(list) == 0 {
				t.Fatalf("no %s", pattern)
			}
			for _, path := range list {
				must(t, os.RemoveAll(path))
			}
		}
	}
	cut := func(pattern string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			list, err := filepath.Glob(filepath.Join(dir, pattern))
			must(t, err)
			for _, path := range list {
				info, err := os.Stat(path)
				must(t, err)
				must(t, os.Truncate(path, info.Size()/2))
			}
		}
	}
	other := func(model string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			must(t, os.RemoveAll(filepath.Join(dir, "variables")))
			must(t, os.CopyFS(filepath.Join(dir, "variables"), os.DirFS(filepath.Join(fixture(model), "variables"))))
		}
	}
	const index, data = "variables/variables.index", "variables/variables.data-*"
	for _, c := range []struct {
		name, model string
		change      func(testing.TB, string)
		is          error // nil for a model that is complete all the same
		words       []string
	}{
		{"variables", "mlp", remove("variables"), ErrMissing, []string{index, `"w1"`, `"b2"`}},
		{"variables of TensorFlow 1", "v1", remove("variables"), ErrMissing, []string{index, `"limit"`}},
		{"variables of Keras 3", "keras", remove("variables"), ErrMissing, []string{index, `"network/hidden/kernel"`}},
		{"the index", "counter", remove(index), ErrMissing, []string{index, `"count"`}},
		{"a data file", "counter", remove(data), ErrMissing, []string{"data file is missing", "data-00000-of-00001"}},
		{"half of the index", "mlp", cut(index), ErrDamaged, []string{index}},
		{"half of the data", "mlp", cut(data), ErrDamaged, []string{"cut off"}},
		{"tensors", "mlp", other("counter"), ErrMissing, []string{`"w1"`, `"b2"`}},
		{"an asset", "strings", remove("assets/*"), ErrMissing, []string{"assets/vocabulary.txt"}},
		{"all assets", "strings", remove("assets"), ErrMissing, []string{"assets/vocabulary.txt"}},
		{"an asset of TensorFlow 1", "tables_v1", remove("assets"), ErrMissing, []string{"assets/"}},
		{"both", "keras_tables", func(t testing.TB, dir string) { remove("variables")(t, dir); remove("assets")(t, dir) }, ErrMissing, []string{index, "assets/"}},
		{"what is of no use", "add4", remove("variables"), nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyOf(t, c.model)
			c.change(t, dir)
			err := partsOf(t, dir)
			if c.is == nil {
				must(t, err)
				return
			}
			if !errors.Is(err, c.is) {
				t.Fatalf("have %v, want %v", err, c.is)
			}
			if missing := c.is == ErrMissing && c.name != "tensors"; missing != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v: it is fs.ErrNotExist: %v", err, !missing)
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v does not say %q", err, w)
				}
			}
		})
	}
}

func TestMainFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string)
		is   error
		want string
	}{
		{"none", func(*testing.T, string) {}, ErrNoModel, "a SavedModel is a folder with a file saved_model.pb"},
		{"a folder", func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, MainFile), 0o777)) }, ErrNoModel, "no regular file"},
		{"a link to itself", func(t *testing.T, dir string) { must(t, os.Symlink(MainFile, filepath.Join(dir, MainFile))) }, ErrNoModel, MainFile},
		{"chunks", func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, chunksFile), nil, 0o666)) }, errors.ErrUnsupported, chunksFile},
		{"a huge file", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, MainFile), nil, 0o666))
			must(t, os.Truncate(filepath.Join(dir, MainFile), mostBytes+1))
		}, ErrNoModel, "2147483648 bytes"},
		{"text that is none", func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, textFile), []byte("}"), 0o666))
		}, ErrDamaged, textFile},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			if _, err := Read(dir); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have %v, want %v with %q", err, c.is, c.want)
			}
		})
	}
	file := filepath.Join(fixture("add"), MainFile)
	if err := Check(file); !errors.Is(err, ErrNoModel) || !strings.Contains(err.Error(), "name the folder") {
		t.Errorf("have %v", err)
	}
	if dir := Folder(file); dir != fixture("add") {
		t.Errorf("have %s", dir)
	}
	if dir := Folder(fixture("add")); dir != fixture("add") {
		t.Errorf("have %s", dir)
	}
}
