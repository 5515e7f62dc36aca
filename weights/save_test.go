package weights

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/arraytest"
	"ndflow/internal/filetest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
)

// arrays is a Source of arrays in memory.
type arrays map[string]*npy.Array

func (s arrays) List() (list []Info) {
	for name, a := range s {
		list = append(list, Info{Name: name, DType: a.DType(), Shape: a.Shape()})
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (s arrays) Read(name string) (*npy.Array, error) { return s[name], nil }
func (s arrays) Close() error                         { return nil }

// others are arrays that fit all variables of a source, with other values.
func others(t testing.TB, s Source) arrays {
	t.Helper()
	out := arrays{}
	for i, info := range s.List() {
		a := must(must(s.Read(info.Name)).Clone())
		if f, err := npy.Values[float32](a); err == nil {
			for j := range f {
				f[j] = float32(i) + float32(j)/64
			}
		} else if n, err := npy.Values[int64](a); err == nil {
			for j := range n {
				n[j] = int64(1000*i + j)
			}
		} else {
			t.Fatalf("%s: %v", info.Name, info)
		}
		out[info.Name] = a
	}
	return out
}

// wantSame checks that a source has just these arrays.
func wantSame(t testing.TB, s Source, want arrays) {
	t.Helper()
	if have := names(s.List()); !slices.Equal(have, names(want.List())) {
		t.Errorf("have %q, want %q", have, names(want.List()))
		return
	}
	for name, b := range want {
		if a := mustRead(t, s, name); !same(a, b) {
			t.Errorf("%s: have %v, want %v", name, a, b)
		}
	}
}

// TestSaveModel: what TensorFlow 1 and 2 and Keras write becomes, with other weights,
// models that TensorFlow, Keras and the library load, each in its own ways.
func TestSaveModel(t *testing.T) {
	dir := t.TempDir()
	models := []string{"mlp", "v1", "counter", "keras", "keras_export", "keras_tables", "tables_v1", "assign", "partitioned_v1"}
	saved := map[string]arrays{}
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			before, out := treeOf(t, fixture(name)), filepath.Join(dir, name)
			want := others(t, mustOpen(t, fixture(name)))
			if _, err := SaveModel(t.Context(), out, fixture(name), want); err != nil {
				t.Fatal(err)
			}
			if treeOf(t, fixture(name)) != before {
				t.Error("the model itself was touched")
			}
			wantSame(t, mustOpen(t, out), want)
			saved[name] = want
			m, err := eager.Load(out)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if name == "partitioned_v1" {
				want = arrays{"bias": want["bias"], "net/w/part_0": must(want["net/w"].Slice(0, 3)), "net/w/part_1": must(want["net/w"].Slice(3, 5))}
			}
			for name, a := range want {
				if b, err := m.Value(name); err != nil || !same(a, b) {
					t.Errorf("%s: the model has %v (%v), want %v", name, b, err, a)
				}
			}
		})
	}
	filetest.Only(t, dir, models...)
	x := ramp(1, 5, 4)
	in := must(npy.CreateNPZ(filepath.Join(dir, "keras.in.npz")))
	if err := errors.Join(in.Write("inputs", x), in.Close()); err != nil {
		t.Fatal(err)
	}
	python(t, dir)
	for name, want := range saved {
		said := mustOpen(t, filepath.Join(dir, name+".npz"))
		for name, a := range want {
			b, err := said.Read(strings.ReplaceAll(name, "/", "|"))
			switch {
			case name == "net/w":
				b, err = Join(partIn(t, said, "net|w|part_0"), partIn(t, said, "net|w|part_1"))
			case name == "network/line/kernel_1":
				b, err = said.Read("network|line|kernel") // a copy of the variable has the other name
			}
			if err != nil || !same(a, b) {
				t.Errorf("%s: Python has %v (%v), want %v", name, b, err, a)
			}
		}
	}
	m, err := eager.Load(filepath.Join(dir, "keras"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ours, err := m.Run(t.Context(), graph.Feeds{"inputs": x})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out|output_0", "keras|output_0"} {
		if err := arraytest.Near(ours["output_0"], mustRead(t, mustOpen(t, filepath.Join(dir, "keras.npz")), name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// partIn is a part that is an array of a source.
func partIn(t testing.TB, s Source, name string) Part {
	a := mustRead(t, s, name)
	return Part{Info: Info{Name: name, DType: a.DType(), Shape: a.Shape()}, Land: func(dst *npy.Array) error {
		_, err := dst.Land(a)
		return err
	}}
}

// TestSaveModelKeepsTheRest: what there is no array for, an optimizer's variables and the
// content of tables too, is as it was.
func TestSaveModelKeepsTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		some arrays
		kept int
	}{
		"keras":        {arrays{"network/hidden/bias": ramp(5, 3), "sgd/learning_rate": npy.Scalar(float32(2))}, 7},
		"keras_tables": {arrays{"embedding/embeddings": ramp(5, 4, 2)}, 0},
	} {
		dir, calls := t.TempDir(), 0
		link, out := filepath.Join(dir, "link"), filepath.Join(dir, "new")
		model, err := filepath.Abs(fixture(name))
		if err := errors.Join(err, os.Symlink(model, link)); err != nil {
			t.Fatal(err)
		}
		kept, err := SaveModel(t.Context(), out, link, c.some, Progress(func(done, total int64) {
			if calls++; done > total || total == 0 {
				t.Errorf("%d of %d bytes", done, total)
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) != c.kept || calls < 2 {
			t.Errorf("%s: kept %q, %d calls", name, kept, calls)
		}
		all, old := mustOpen(t, out, All()), mustOpen(t, fixture(name), All())
		for _, info := range old.List() {
			want := c.some[info.Name]
			if want == nil {
				want = mustRead(t, old, info.Name)
			}
			if a := mustRead(t, all, info.Name); !same(a, want) {
				t.Errorf("%s: %s: have %v, want %v", name, info.Name, a, want)
			}
		}
	}
}

// TestFingerprint: what a SavedModel says of its origin is told; but it does not vouch for
// a checkpoint that is another.
func TestFingerprint(t *testing.T) {
	model, out := copyOf(t, fixture("mlp")), filepath.Join(t.TempDir(), "new")
	raw, err := proto.Marshal(&tfpb.FingerprintDef{Uuid: "some-id"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(model, "fingerprint.pb"), raw, 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := Describe(model, mustOpen(t, model))
	if err != nil || c.Origin.UUID != "some-id" || c.Origin.TensorFlow == "" || len(c.Variables) != 4 || c.Signatures[0].Outputs[0].DType != "float32" {
		t.Errorf("have %+v, %v", c, err)
	}
	if _, err := SaveModel(t.Context(), out, model, arrays{"b2": ramp(0, 4)}); err != nil {
		t.Fatal(err)
	}
	if c, err := Describe(out, mustOpen(t, out)); err != nil || c.Origin.UUID != "" || c.Origin.TensorFlow == "" {
		t.Errorf("have %+v, %v", c, err)
	}
}

func TestSaveModelOnWhatDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "new")
	_, err := SaveModel(t.Context(), out, fixture("mlp"), arrays{
		"w1": ramp(0, 16, 9), "b1": must(npy.New(npy.Float64, 8)), "kernel": ramp(0, 3), "b2": ramp(0, 4),
	})
	var e *FitError
	if !errors.Is(err, ErrFit) || !errors.As(err, &e) || len(e.Problems) != 3 {
		t.Fatalf("have %v", err)
	}
	for _, want := range []string{
		`"w1": have float32 [16 9], want float32 [16 8]`, `"b1": have float64 [8], want float32 [8]`,
		`"kernel": no variable has this name`, "the variables are: b1, b2, w1, w2",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %q in it", err, want)
		}
	}
	if _, err := SaveModel(t.Context(), out, fixture("mlp"), arrays{}); !errors.Is(err, ErrFit) {
		t.Errorf("no arrays: have %v", err)
	}
	if _, err := SaveModel(t.Context(), out, fixture("add"), arrays{"w": ramp(0, 3)}); err == nil || !strings.Contains(err.Error(), "no variables") {
		t.Errorf("no variables: have %v", err)
	}
	filetest.Only(t, dir)
}

func TestSaveModelNeverReplacesWhatItShouldNot(t *testing.T) {
	dir := t.TempDir()
	model := copyOf(t, fixture("mlp"))
	want := arrays{"b2": ramp(7, 4)}
	folder, file, link := filepath.Join(dir, "folder"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	old := filepath.Join(dir, "old")
	if err := errors.Join(os.Mkdir(folder, 0o777), os.WriteFile(file, []byte("x"), 0o666), os.Symlink(model, link),
		os.CopyFS(old, os.DirFS(fixture("add")))); err != nil {
		t.Fatal(err)
	}
	before, modelBefore := treeOf(t, dir), treeOf(t, model)
	for _, c := range []struct {
		out  string
		over bool
		want string
	}{
		{folder, false, "file already exists"}, {file, false, "file already exists"}, {old, false, "file already exists"},
		{folder, true, "no SavedModel's folder"}, {file, true, "no SavedModel's folder"},
		{model, true, "the model itself"}, {link, true, "the model itself"}, {filepath.Join(model, "new"), false, "in it"},
		{filepath.Dir(model), true, "around it"}, {"", false, "no folder"}, {filepath.Join(dir, "none", "new"), false, "no such file"},
	} {
		var opts []Option
		if c.over {
			opts = append(opts, Overwrite())
		}
		if _, err := SaveModel(t.Context(), c.out, model, want, opts...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %v: have %v, want %q in it", c.out, c.over, err, c.want)
		}
	}
	if _, err := SaveModel(t.Context(), old, model, want); !errors.Is(err, fs.ErrExist) {
		t.Errorf("have %v, want %v", err, fs.ErrExist)
	}
	if treeOf(t, dir) != before || treeOf(t, model) != modelBefore {
		t.Error("something was touched")
	}
	if _, err := SaveModel(t.Context(), old, model, want, Overwrite()); err != nil {
		t.Fatal(err)
	}
	if a := mustRead(t, mustOpen(t, old), "b2"); !same(a, want["b2"]) {
		t.Errorf("have %v", a)
	}
	// Through a link, which stays one.
	next := filepath.Join(dir, "next")
	if err := os.Symlink(old, next); err != nil {
		t.Fatal(err)
	}
	if _, err := SaveModel(t.Context(), next, model, arrays{"b2": ramp(9, 4)}, Overwrite()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(next); err != nil || info.Mode()&fs.ModeSymlink == 0 || !same(mustRead(t, mustOpen(t, old), "b2"), ramp(9, 4)) {
		t.Errorf("the link: %v, %v", info, err)
	}
	filetest.Only(t, dir, "file", "folder", "link", "next", "old")
}

func TestSaveModelStops(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := SaveModel(ctx, filepath.Join(dir, "new"), fixture("mlp"), arrays{"b2": ramp(0, 4)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("have %v, want %v", err, context.Canceled)
	}
	if err := WriteNPZ(ctx, filepath.Join(dir, "new.npz"), arrays{"b2": ramp(0, 4)}); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v, want %v", err, context.Canceled)
	}
	filetest.Only(t, dir)
}

// TestSaveModelOfDamagedArrays: what turns out to be damaged when it is read.
func TestSaveModelOfDamagedArrays(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	npz := filepath.Join(dir, "w.npz")
	if err := WriteNPZ(t.Context(), npz, arrays{"b1": ramp(0, 8), "w1": ramp(0, 16, 8)}); err != nil {
		t.Fatal(err)
	}
	flip(t, npz, 700) // in w1
	if _, err := SaveModel(t.Context(), filepath.Join(out, "new"), fixture("mlp"), mustOpen(t, npz)); !errors.Is(err, npy.ErrFormat) {
		t.Errorf("have %v, want %v", err, npy.ErrFormat)
	}
	filetest.Only(t, out)

	model := copyOf(t, fixture("mlp"))
	flip(t, filepath.Join(model, "variables", dataFile), 40) // in what stays as it is
	_, err := SaveModel(t.Context(), filepath.Join(out, "new"), model, arrays{"b1": ramp(0, 8)})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("have %v, want %v", err, ErrDamaged)
	}
	filetest.Only(t, out)
}

func TestAssign(t *testing.T) {
	m, err := eager.Load(fixture("keras"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	want := others(t, Of(m))
	if _, err := Assign(m, arrays{"network/hidden/bias": ramp(0, 3), "network/probs/bias": ramp(0, 3)}); !errors.Is(err, ErrFit) {
		t.Errorf("have %v", err)
	}
	wantSame(t, Of(m), arraysOf(t, mustOpen(t, fixture("keras")))) // none was set
	few := arrays{"network/hidden/bias": want["network/hidden/bias"]}
	kept, err := Assign(m, few)
	if err != nil || len(kept) != 7 || slices.Contains(kept, "network/hidden/bias") {
		t.Errorf("kept %q, %v", kept, err)
	}
	if kept, err := Assign(m, want); err != nil || len(kept) != 0 {
		t.Errorf("kept %q, %v", kept, err)
	}
	wantSame(t, Of(m), want)
	if _, err := Of(m).Read("none"); err == nil || !strings.Contains(err.Error(), `no array "none"`) {
		t.Errorf("have %v", err)
	}
	// The weights of a model that is loaded become those of a model on disk.
	out := filepath.Join(t.TempDir(), "new")
	if _, err := SaveModel(t.Context(), out, fixture("keras"), Of(m)); err != nil {
		t.Fatal(err)
	}
	wantSame(t, mustOpen(t, out), want)
}

func arraysOf(t testing.TB, s Source) arrays {
	out := arrays{}
	for _, i := range s.List() {
		out[i.Name] = mustRead(t, s, i.Name)
	}
	return out
}

// treeOf tells of all files below a folder what they are.
func treeOf(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, path, d.Type())
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%x\n", content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
