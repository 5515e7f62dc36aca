package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/modeltest"
	"ndflow/npy"
)

// verdicts are what all those say who open a SavedModel: nil where they do.
func verdicts(dir string) map[string]error {
	list := make(map[string]error)
	m, err := graph.Load(dir)
	if list["graph.Load"] = err; err == nil {
		m.Close()
	}
	em, err := eager.Load(dir)
	if list["eager.Load"] = err; err == nil {
		em.Close()
	}
	s, err := Open(dir)
	if list["weights.Open"] = err; err == nil {
		s.Close()
	}
	_, list["graph.Describe"] = graph.Describe(dir)
	_, list["graph.TagSets"] = graph.TagSets(dir)
	return list
}

// One model, one verdict: what one reader takes the others do, and what is wrong with a
// model is wrong for all.
func TestOneVerdict(t *testing.T) {
	in := func(change func(dir string)) string {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(fixture("mlp"))); err != nil {
			t.Fatal(err)
		}
		change(dir)
		return dir
	}
	file := func(name, content string) string {
		return in(func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		})
	}
	rename := func(to string) string {
		return in(func(dir string) {
			if err := os.Rename(filepath.Join(dir, "saved_model.pb"), filepath.Join(dir, to)); err != nil {
				t.Fatal(err)
			}
		})
	}
	whole := must(os.ReadFile(filepath.Join(fixture("mlp"), "saved_model.pb")))
	for _, c := range []struct {
		name, dir string
		is        error // nil for a model that all take
	}{
		{"binary", fixture("mlp"), nil},
		{"text", modeltest.Text(t, fixture("mlp")), nil},
		{"text of TensorFlow 1", modeltest.Text(t, fixture("tables_v1")), nil},
		{"text beside binary", file("saved_model.pbtxt", "no text of a model"), nil},
		{"no folder", filepath.Join(t.TempDir(), "none"), graph.ErrNoModel},
		{"an empty folder", t.TempDir(), graph.ErrNoModel},
		{"a file", filepath.Join(fixture("frozen"), "frozen.pb"), nil},
		{"an empty file", file("saved_model.pb", ""), graph.ErrNoModel},
		{"half", file("saved_model.pb", string(whole[:len(whole)/2])), graph.ErrDamaged},
		{"no text", func() string {
			dir := rename("saved_model.old")
			must(0, os.WriteFile(filepath.Join(dir, "saved_model.pbtxt"), []byte("meta_graphs {"), 0o666))
			return dir
		}(), graph.ErrDamaged},
		{"chunks", rename("saved_model.cpb"), errors.ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "a file" { // of weights it may be
				if _, err := graph.Load(c.dir); !errors.Is(err, graph.ErrNoModel) {
					t.Errorf("have %v", err)
				}
				return
			}
			for who, err := range verdicts(c.dir) {
				is := c.is
				if who == "weights.Open" && is == graph.ErrNoModel {
					continue // it looks for other things too
				}
				if !errors.Is(err, is) || is == nil && err != nil {
					t.Errorf("%s: have %v, want %v", who, err, is)
				}
			}
		})
	}
}

// Both loaders miss the same of all models, and load what Python would; whichever file is
// gone.
func TestMissingFilesOfAllModels(t *testing.T) {
	models := must(filepath.Glob(filepath.Join(fixture("*"), "saved_model.pb")))
	refused := 0
	for _, model := range models {
		name := filepath.Base(filepath.Dir(model))
		if name == "notags" {
			continue // loaded by other tags
		}
		var parts []string
		for _, pattern := range []string{"variables/*", "assets/*"} {
			parts = append(parts, must(filepath.Glob(filepath.Join(fixture(name), pattern)))...)
		}
		for _, part := range parts {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(fixture(name))); err != nil {
				t.Fatal(err)
			}
			rel := must(filepath.Rel(fixture(name), part))
			if err := os.Remove(filepath.Join(dir, rel)); err != nil {
				t.Fatal(err)
			}
			all := verdicts(dir)
			one, two := all["graph.Load"], all["eager.Load"]
			if (one == nil) != (two == nil) {
				t.Errorf("%s without %s: graph says %v, eager %v", name, rel, one, two)
			}
			for who, err := range map[string]error{"graph": one, "eager": two} {
				if err != nil && (!errors.Is(err, graph.ErrMissing) || !errors.Is(err, fs.ErrNotExist)) {
					t.Errorf("%s without %s: %s says %v", name, rel, who, err)
				}
			}
			if one != nil {
				refused++
			}
			err := all["weights.Open"]
			if isVariables := filepath.Base(filepath.Dir(part)) == "variables"; isVariables && one != nil && (!errors.Is(err, ErrDamaged) || !errors.Is(err, fs.ErrNotExist)) {
				t.Errorf("%s without %s: weights say %v", name, rel, err)
			}
		}
	}
	if refused < 20 {
		t.Errorf("only %d of the models without a part are refused", refused)
	}
}

// archiveOf is a zip archive of a folder, below the folder "in".
func archiveOf(t testing.TB, dir, in string) *zip.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := w.Create(in + "/" + path)
		if err != nil {
			return err
		}
		_, err = f.Write(must(os.ReadFile(filepath.Join(dir, path))))
		return err
	})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return must(zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len())))
}

// mapOf is a folder as a file system in memory, as an embedded one is.
func mapOf(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			m[path] = &fstest.MapFile{Data: must(os.ReadFile(filepath.Join(dir, path)))}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// emptyTemp makes a folder for temporary files, in which nothing may be left.
func emptyTemp(t *testing.T) (isEmpty func()) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return func() {
		t.Helper()
		if left := must(os.ReadDir(dir)); len(left) > 0 {
			t.Errorf("left are %v", left)
		}
	}
}

// Models that have variables, tables and assets load out of any file system as they do
// out of a folder, and nothing is left of them.
func TestLoadFS(t *testing.T) {
	isEmpty := emptyTemp(t)
	for _, model := range []string{"mlp", "strings", "keras_tables", "tables_v1", "keras", "add"} {
		for name, c := range map[string]struct {
			fsys fs.FS
			dir  string
		}{
			"folder": {os.DirFS(fixture("")), model}, "memory": {mapOf(t, fixture(model)), "."}, "archive": {archiveOf(t, fixture(model), "a/model"), "a/model/"},
		} {
			t.Run(model+"/"+name, func(t *testing.T) {
				want := must(graph.Load(fixture(model)))
				defer want.Close()
				m, err := graph.LoadFS(c.fsys, c.dir)
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				em, err := eager.LoadFS(c.fsys, c.dir)
				if err != nil {
					t.Fatal(err)
				}
				defer em.Close()
				isEmpty()
				feeds := make(graph.Feeds)
				for _, in := range must(want.Signature("")).Inputs {
					feeds[in.Name] = must(npy.Open(must(filepath.Glob(filepath.Join(fixture(model), "expected", "in_"+in.Name+".npy")))[0]))
				}
				out := must(want.Run(t.Context(), feeds))
				for who, have := range map[string]map[string]*npy.Array{"graph": must(m.Run(t.Context(), feeds)), "eager": must(em.Run(t.Context(), feeds))} {
					if len(have) != len(out) {
						t.Errorf("%s: outputs are %v", who, slices.Sorted(maps.Keys(have)))
					}
					for name, a := range out {
						if !close(have[name], a) {
							t.Errorf("%s: %s is %v, want %v", who, name, have[name], a)
						}
					}
				}
			})
		}
	}
}

// close compares results of two executors, which may differ in the last bits.
func close(a, b *npy.Array) bool {
	x, err := npy.Values[float32](a)
	if err != nil {
		return same(a, b)
	}
	y, err := npy.Values[float32](b)
	if err != nil || !slices.Equal(a.Shape(), b.Shape()) {
		return false
	}
	for i := range x {
		if d := x[i] - y[i]; d > 1e-5 || d < -1e-5 {
			return false
		}
	}
	return true
}

func TestLoadFSRefuses(t *testing.T) {
	isEmpty := emptyTemp(t)
	cut := mapOf(t, fixture("mlp"))
	delete(cut, "variables/variables.index")
	asset := mapOf(t, fixture("strings"))
	delete(asset, "assets/vocabulary.txt")
	none := mapOf(t, fixture("mlp"))
	delete(none, "saved_model.pb")
	for _, c := range []struct {
		name string
		fsys fs.FS
		dir  string
		is   error
	}{
		{"no folder", none, "model", graph.ErrNoModel}, {"no model", none, ".", graph.ErrNoModel}, {"a path that leaves", none, "../mlp", fs.ErrInvalid},
		{"a part missing", cut, ".", graph.ErrMissing}, {"an asset missing", asset, ".", graph.ErrMissing}, {"nil", nil, ".", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, one := graph.LoadFS(c.fsys, c.dir)
			_, two := eager.LoadFS(c.fsys, c.dir)
			for _, err := range []error{one, two} {
				if err == nil || c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("have %v, want %v", err, c.is)
				} else if bytes.Contains([]byte(err.Error()), []byte(os.TempDir())) {
					t.Errorf("%v tells of the private folder", err)
				}
			}
			isEmpty()
		})
	}
}

func TestOpenFS(t *testing.T) {
	isEmpty := emptyTemp(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "one.npy"), ramp(0, 6))
	write(t, filepath.Join(dir, "w.part0.npy"), ramp(0, 2, 3))
	write(t, filepath.Join(dir, "w.part1.npy"), ramp(6, 1, 3))
	if err := WriteNPZ(t.Context(), filepath.Join(dir, "all.npz"), arrays{"x": ramp(0, 2, 3)}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "train"), os.DirFS(fixture("checkpoint"))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "model"), os.DirFS(fixture("mlp"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"train", "train/ckpt-1", "train/ckpt-1.index", "train/ckpt-1.data-00001-of-00002", "model", "model/saved_model.pb", "model/variables/variables",
		"all.npz", "one.npy", "w.npy", "w.part1.npy", ".",
	} {
		for kind, fsys := range map[string]fs.FS{"folder": os.DirFS(dir), "memory": mapOf(t, dir)} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				want := mustOpen(t, filepath.Join(dir, name))
				s, err := OpenFS(fsys, name)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.EqualFunc(s.List(), want.List(), func(a, b Info) bool { return a.Name == b.Name && a.String() == b.String() }) {
					t.Errorf("have %v, want %v", s.List(), want.List())
				}
				for _, i := range s.List() {
					if !same(must(ReadAs(s, i.Name, i.DType)), mustRead(t, want, i.Name)) {
						t.Errorf("%s differs", i.Name)
					}
				}
				var unknown *graph.NameError
				if _, err := s.Read("none"); !errors.As(err, &unknown) {
					t.Errorf("have %v", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				isEmpty()
			})
		}
	}
	for name, is := range map[string]error{"none": fs.ErrNotExist, "none/w.npy": fs.ErrNotExist, "../w.npy": fs.ErrInvalid} {
		if _, err := OpenFS(os.DirFS(dir), name); !errors.Is(err, is) {
			t.Errorf("%s: have %v, want %v", name, err, is)
		}
	}
	isEmpty()
}
