package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/npy"
)

// TestRun runs models and compares what they write with what Python's
// TensorFlow made of the same input. %IN is the folder with both.
func TestRun(t *testing.T) {
	for _, c := range []struct {
		name  string
		model string
		args  string
		want  string            // the folder in expected/ with the results, for other signatures
		out   map[string]string // files by the result that they are to have
	}{
		{"two inputs, one output", "add", "--in x=%IN/in_x.npy --in y=%IN/in_y.npy --out sum=sum.npy", "", map[string]string{"sum": "sum.npy"}},
		{"an output without a name", "add", "--in x=%IN/in_x.npy --in y=%IN/in_y.npy --out sum.npy", "", map[string]string{"sum": "sum.npy"}},
		{"no names at all", "mlp", "--in %IN/in_x.npy --out probs.npy", "", map[string]string{"probs": "probs.npy"}},
		{"the main file for its folder", "mlp/saved_model.pb", "--in %IN/in_x.npy --out probs.npy", "", map[string]string{"probs": "probs.npy"}},
		{"executor inline", "mlp", "--executor inline --in %IN/in_x.npy --out probs.npy", "", map[string]string{"probs": "probs.npy"}},
		{"device", "mlp", "--device cpu:0 --in %IN/in_x.npy --out probs.npy", "", map[string]string{"probs": "probs.npy"}},
		{"executor pool, two threads", "mlp", "--executor pool --threads 2 --in %IN/in_x.npy --out probs.npy", "", map[string]string{"probs": "probs.npy"}},
		{"a timeout that is not met", "mlp", "--timeout 5m --in %IN/in_x.npy --out probs.npy", "", map[string]string{"probs": "probs.npy"}},
		{"strings and bools", "multi", "--in x=%IN/in_x.npy --in y=%IN/in_y.npy --out label=l.npy --out positive=p.npy --out product=q.npy", "",
			map[string]string{"label": "l.npy", "positive": "p.npy", "product": "q.npy"}},
		{"all outputs to an archive", "multi", "--in x=%IN/in_x.npy --in y=%IN/in_y.npy --out all.npz", "",
			map[string]string{"label": "all.npz", "positive": "all.npz", "product": "all.npz"}},
		{"two outputs to an archive, one beside it", "multi", "--in x=%IN/in_x.npy --in y=%IN/in_y.npy --out label=two.npz --out product=two.npz --out positive=p.npy", "",
			map[string]string{"label": "two.npz", "product": "two.npz", "positive": "p.npy"}},
		{"one output to two files", "mlp", "--in %IN/in_x.npy --out a.npy --out b.npz", "", map[string]string{"probs": "a.npy"}},
		{"a table of words", "strings", "--in %IN/in_word.npy --out id.npy", "", map[string]string{"id": "id.npy"}},
		{"a signature", "signatures", "-s subtract --in x=%IN/in_x.npy --in y=%IN/in_y.npy --out r.npy", "subtract", map[string]string{"result": "r.npy"}},
		{"a signature without inputs", "counter", "-s reset --out c.npy", "reset", map[string]string{"count": "c.npy"}},
		{"known shapes", "assign", "-s assign --in %IN/in_x.npy --out t.npy", "assign", map[string]string{"total": "t.npy"}},
		{"sizes that depend on the data", "dynamic", "--in %IN/in_x.npy --out d.npz", "",
			map[string]string{"index": "d.npz", "positive": "d.npz", "values": "d.npz", "where": "d.npz"}},
		{"outputs that are the input", "passthrough", "--in %IN/in_x.npy --out identity=i.npy --out expanded=e.npy --out sliced=s.npy", "",
			map[string]string{"identity": "i.npy", "expanded": "e.npy", "sliced": "s.npy"}},
		{"an output that is fed", "passthrough_v1", "--in %IN/in_x.npy --out same=s.npy --out twice=t.npy", "", map[string]string{"same": "s.npy", "twice": "t.npy"}},
		{"constants and variables", "constant_v1", "--in %IN/in_x.npy --out constant=c.npy --out variable=v.npy", "", map[string]string{"constant": "c.npy", "variable": "v.npy"}},
		{"beside outputs in parts", "parts", "--in %IN/in_x.npy --out dense=d.npy", "", map[string]string{"dense": "d.npy"}},
		{"the only output with an array form", "parts", "--in %IN/in_x.npy --out d.npy", "", map[string]string{"dense": "d.npy"}},
		{"an input with a default", "default", "--in x=%IN/in_x.npy --in scale=%IN/in_scale.npy --out scaled=s.npy", "", map[string]string{"scaled": "s.npy"}},
		{"Keras 3, which session loaders refuse", "keras", "--in %IN/in_inputs.npy --out p.npy", "", map[string]string{"output_0": "p.npy"}},
		{"Keras 3, batch by batch", "keras", "--batch 2 --in %IN/in_inputs.npy --out p.npy", "", map[string]string{"output_0": "p.npy"}},
		{"tables of Keras 3", "keras_tables", "--in %IN/in_word.npy --out t.npz", "", map[string]string{"embedded": "t.npz", "learnt": "t.npz", "price": "t.npz"}},
		{"no tags", "notags", "--tags= --in %IN/in_x.npy --out y.npy", "", map[string]string{"y": "y.npy"}},
		{"GraphDef", "frozen/frozen.pb", "--in x:0=%IN/in_x.npy --in y=%IN/in_y.npy --out half=h.npy --out z:0=z.npy", "", map[string]string{"half_0": "h.npy", "z": "z.npy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			model, _, _ := strings.Cut(c.model, "/")
			expected := fixture(model, "expected", c.want)
			args := line(c.args, "%IN", expected)
			if r := ok(t, dir, append([]string{"run", fixture(c.model)}, args...)...); r.stdout != "" {
				t.Errorf("have stdout %q, want none", r.stdout)
			}
			for name, file := range c.out {
				want := load(t, filepath.Join(expected, "out_"+name+".npy"))
				near(t, name, loadFrom(t, filepath.Join(dir, file), name), want)
			}
		})
	}
}

// loadFrom reads a .npy file, or an array of an archive.
func loadFrom(t *testing.T, path, name string) *npy.Array {
	t.Helper()
	if filepath.Ext(path) == ".npy" {
		return load(t, path)
	}
	z, err := npy.OpenNPZ(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	a, err := z.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestRunTags chooses between two graphs of one file.
func TestRunTags(t *testing.T) {
	for _, tags := range []string{"serve", "serve,gpu", "gpu, serve"} {
		t.Run(tags, func(t *testing.T) {
			dir := t.TempDir()
			save(t, filepath.Join(dir, "x.npy"), []float32{1, 2})
			ok(t, dir, "run", fixture("twotags"), "--tags", tags, "--in", "x.npy", "--out", "y.npy")
			one, two := load(t, filepath.Join(dir, "x.npy")), load(t, filepath.Join(dir, "y.npy"))
			if one.Len() != two.Len() {
				t.Errorf("have %v for %v", two, one)
			}
		})
	}
}

func TestRunArchiveIn(t *testing.T) {
	dir := t.TempDir()
	archive := func(name string, arrays map[string][]float32) {
		w, err := npy.CreateNPZ(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		for _, entry := range slices.Sorted(maps.Keys(arrays)) {
			a, err := npy.From(arrays[entry])
			if err == nil {
				err = w.Write(entry, a)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	archive("xy.npz", map[string][]float32{"x": {1, 2}, "y": {10, 20}})
	archive("more.npz", map[string][]float32{"x": {1, 2}, "y": {10, 20}, "label": {0, 0}})
	archive("one.npz", map[string][]float32{"arr_0": {10, 20}})
	save(t, filepath.Join(dir, "x.npy"), []float32{1, 2})
	save(t, filepath.Join(dir, "want.npy"), []float32{11, 22})
	want := load(t, filepath.Join(dir, "want.npy"))
	for _, c := range []struct{ name, args string }{
		{"all", "--in xy.npz"},
		{"by name", "--in x=more.npz --in y=more.npz"},
		{"the only array, whatever its name", "--in x=x.npy --in y=one.npz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "sum.npy")
			ok(t, dir, append([]string{"run", fixture("add"), "--out", out}, strings.Fields(c.args)...)...)
			same(t, "sum", load(t, out), want)
		})
	}
	t.Run("one that is no input", func(t *testing.T) {
		fails(t, dir, []string{"run", fixture("add"), "--in", "more.npz"}, `more.npz: no input "label"; there are: "x", "y"`)
	})
	t.Run("one that is not there", func(t *testing.T) {
		fails(t, dir, []string{"run", fixture("add"), "--in", "z=xy.npz"}, `xy.npz`, `no array "z"`, `"x" "y"`)
	})
}

func TestRunText(t *testing.T) {
	dir := t.TempDir()
	words, err := npy.Values[string](load(t, fixture("strings", "expected", "in_word.npy")))
	if err != nil {
		t.Fatal(err)
	}
	want := load(t, fixture("strings", "expected", "out_id.npy"))
	for name, ends := range map[string][2]string{"unix": {"\n", "\n"}, "dos": {"\r\n", "\r\n"}, "no last end": {"\n", ""}} {
		t.Run(name, func(t *testing.T) {
			if ends[1] == "" && words[len(words)-1] == "" {
				t.Fatal("the last word must not be empty here")
			}
			text := strings.Join(words, ends[0]) + ends[1]
			path := filepath.Join(t.TempDir(), "words.txt")
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "id.npy")
			ok(t, dir, "run", fixture("strings"), "--in", "word=text:"+path, "--out", out)
			same(t, "id", load(t, out), want)
		})
	}
}

func TestRunPrints(t *testing.T) {
	in := fixture("add", "expected")
	r := checkSuccess(t, process(t, t.TempDir(), "run", fixture("add"), "--in", "x="+in+"/in_x.npy", "--in", "y="+in+"/in_y.npy"))
	want := "sum: float32 [3]\n" + load(t, in+"/out_sum.npy").String() + "\n"
	if r.stdout != want {
		t.Errorf("have %q, want %q", r.stdout, want)
	}
}

func TestRunVerbose(t *testing.T) {
	dir := t.TempDir()
	r := process(t, dir, "run", fixture("mlp"), "-v", "--in", fixture("mlp", "expected", "in_x.npy"), "--out", "p.npy", "--batch", "2")
	for _, want := range []string{"TensorFlow ", `loaded `, `signature "serving_default"`, "ran 4 steps in ", "batches of 2, ", " worker", `output "probs": placed 0 times, copied `, "less than 4096 bytes", "wrote p.npy"} {
		if r.code != 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("have exit code %d and %q, want %q in it", r.code, r.stderr, want)
		}
	}
}

// A signature with no outputs runs, prints nothing, and is no error.
func TestRunNoOutputs(t *testing.T) {
	dir := t.TempDir()
	a := npy.Scalar(float32(5))
	if err := npy.WriteFile(filepath.Join(dir, "x.npy"), a); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"-s set --in x.npy", "-s reset"} {
		have := inside(t, dir, append([]string{"run", fixture("effects")}, strings.Fields(args)...)...)
		if have.code != 0 || have.stdout != "" || have.stderr != "" {
			t.Errorf("%s: have %+v, want nothing", args, have)
		}
	}
	filetest.Only(t, dir, "x.npy")
}
