package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/filetest"
)

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"bogus", []string{`unknown command "bogus"`, "ndflow --help"}},
		{"shwo", []string{`did you mean "show"?`}},
		{"--bogus", []string{"unknown flag: --bogus"}},
		{"run", []string{"MODEL is missing", "ndflow run --help"}},
		{"run a b", []string{`"b"`}},
		{"run m --bogus", []string{"unknown flag: --bogus", "ndflow run --help"}},
		{"run m --in", []string{"flag needs an argument: --in"}},
		{"run m --in =x.npy", []string{`--in "=x.npy": want NAME=FILE`}},
		{"run m --in x=", []string{`--in "x=": want NAME=FILE`}},
		{"run m --in x=text:", []string{`--in "x=text:" names no file`}},
		{"run m --out y=", []string{`--out "y=": want NAME=FILE`}},
		{"run m --out y=y.txt", []string{"--out", ".npy or .npz"}},
		{"run m --batch 0", []string{"--batch 0"}},
		{"run m --batch -1", []string{"--batch -1"}},
		{"run m --batch many", []string{"--batch", "many", "auto"}},
		{"run m --batch auto --workers 0", []string{"--workers 0"}},
		{"run m --batch auto --on-error shrug", []string{"--on-error shrug", "stop or skip"}},
		{"run m --workers 2", []string{"--workers needs --batch"}},
		{"run m --resume", []string{"--resume needs --batch"}},
		{"run m --on-error skip", []string{"--on-error needs --batch"}},
		{"run m --threads -1", []string{"--threads -1"}},
		{"run m --timeout -1s", []string{"--timeout -1s"}},
		{"run m --timeout soon", []string{"--timeout", "soon"}},
		{"run m --executor fast", []string{`no executor "fast"`, `"auto", "inline", "pool"`}},
		{"show", []string{"MODEL or FILE is missing"}},
		{"show a b", []string{`"b"`}},
		{"doctor now", []string{`"now"`}},
		{"doctor --json --quiet", []string{"do not go together"}},
		{"demo now", []string{`"now"`}},
		{"version 2", []string{`"2"`}},
	} {
		t.Run(c.args, func(t *testing.T) {
			checkFailure(t, inside(t, t.TempDir(), strings.Fields(c.args)...), exitUsage, c.words...)
		})
	}
}

// TestBadInput gives models what they cannot take. %IN is the folder with what
// they can; x.npy is in place before, and nothing else is there after.
func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		name, model, args string
		words             []string
	}{
		{"unknown signature", "signatures", "-s divide", []string{`no signature "divide"`, `"length", "scale", "serving_default", "subtract"`}},
		{"unknown device", "mlp", "--device GPU:9 --in x=%IN/in_x.npy", []string{`no device "GPU:9"; there are: "CPU:0"`}},
		{"no device", "mlp", "--device fast --in x=%IN/in_x.npy", []string{`device "fast"`, "want CPU, or GPU:0"}},
		{"unknown tags", "twotags", "--tags tpu", []string{`no tag set "tpu"`, `"serve", "serve,gpu"`}},
		{"tags where there are none", "notags", "", []string{`no tag set "serve"`, `there are: ""`}},
		{"unknown input", "add", "--in z=x.npy", []string{`x.npy: no input "z"`, `"x", "y"`}},
		{"unknown output", "add", "--in x=x.npy --in y=x.npy --out total=y.npy", []string{`no output "total"`, `"sum"`}},
		{"missing feed", "add", "--in x=x.npy --out y.npy", []string{`input "y" (float32 [-1]) is not fed`}},
		{"input given twice", "add", "--in x=x.npy --in x=x.npy", []string{`input "x" is given twice`}},
		{"input without a name", "add", "--in x.npy", []string{"x.npy: which input", `"x", "y"`}},
		{"input where there is none", "counter", "-s read --in x.npy", []string{"which input", "no input"}},
		{"output without a name", "multi", "--out y.npy", []string{"y.npy: which output", `"label", "positive", "product"`}},
		{"two outputs to one file", "multi", "--out label=y.npy --out product=./y.npy", []string{"two outputs"}},
		{"wrong dtype", "mlp", "--in %IN/../../strings/expected/in_word.npy", []string{`input "x"`, "have string", "want float32 [-1 16]"}},
		{"wrong rank", "mlp", "--in x.npy", []string{`input "x"`, "have float32 [2], want float32 [-1 16]"}},
		{"sizes that do not fit", "add", "--in x=x.npy --in y=%IN/in_y.npy --out y.npy", []string{"tensorflow: invalid argument", "2", "3"}},
		{"text for numbers", "mlp", "--in text:x.npy", []string{"have string"}},
		{"no such input file", "mlp", "--in nope.npy", []string{"nope.npy", "no such file"}},
		{"no such text file", "mlp", "--in text:nope.txt", []string{"nope.txt", "no such file"}},
		{"no such archive", "mlp", "--in nope.npz", []string{"nope.npz", "no such file"}},
		{"no such model", "nope", "", []string{"nope", "no model"}},
		{"no such output folder", "mlp", "--out nope/y.npy", []string{"write nope/y.npy: no such file or directory"}},
		{"an output in parts", "parts", "--in x.npy --out sparse=y.npy", []string{`output "sparse" is not available`, "several tensors", "PartitionedCall_1:3"}},
		{"only outputs in parts", "parts", "-s ragged --in x.npy", []string{`output "r"`, "several tensors"}},
		{"an output where there is none", "effects", "-s reset --out y.npy", []string{"which output", "no output"}},
		{"batches where there is no output", "effects", "-s reset --batch 2", []string{"no outputs", "--batch"}},
		{"a step that fails", "assert", "--in x.npy --out y.npy", []string{"invalid argument", "x is negative"}},
		{"GraphDef: unknown input", "frozen/frozen.pb", "--in q=x.npy --out z=y.npy", []string{`no operation "q"`, `"half"`}},
		{"GraphDef: unknown output", "frozen/frozen.pb", "--out q=y.npy", []string{`no operation "q"`}},
		{"GraphDef: no such output of an operation", "frozen/frozen.pb", "--out half:2=y.npy", []string{`tensor "half:2"`}},
		{"GraphDef: no index", "frozen/frozen.pb", "--out half:x=y.npy", []string{"operation:index"}},
		{"GraphDef: a signature", "frozen/frozen.pb", "-s s", []string{"neither signatures nor tags"}},
		{"GraphDef: tags", "frozen/frozen.pb", "--tags t", []string{"neither signatures nor tags"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			save(t, filepath.Join(dir, "x.npy"), []float32{4, -1})
			model, _, _ := strings.Cut(c.model, "/")
			args := line(c.args, "%IN", fixture(model, "expected"))
			checkFailure(t, inside(t, dir, append([]string{"run", fixture(c.model)}, args...)...), exitFailure, c.words...)
			filetest.Only(t, dir, "x.npy")
		})
	}
}

// TestDamagedFiles cuts models and arrays short.
func TestDamagedFiles(t *testing.T) {
	in := fixture("mlp", "expected", "in_x.npy")
	t.Run("folder without a model", func(t *testing.T) {
		dir := t.TempDir()
		for _, command := range []string{"run", "show"} {
			fails(t, dir, []string{command, "."}, "no model", "saved_model.pb")
		}
	})
	t.Run("saved_model.pb", func(t *testing.T) {
		dir := copyOf(t, "mlp")
		for _, size := range []int64{1000, 0} {
			truncate(t, dir+"/saved_model.pb", size)
			fails(t, dir, []string{"run", dir, "--in", in}, "saved_model.pb")
			fails(t, dir, []string{"show", dir}, "saved_model.pb")
		}
	})
	t.Run("variables", func(t *testing.T) {
		for _, pattern := range []string{"/variables/variables.data*", "/variables/variables.index"} {
			dir := copyOf(t, "mlp")
			truncate(t, dir+pattern, 20)
			fails(t, dir, []string{"run", dir, "--in", in}, "load "+dir, "the checkpoint is damaged")
			ok(t, dir, "show", dir) // which does not read the variables
		}
	})
	t.Run("no variables", func(t *testing.T) {
		dir := copyOf(t, "mlp")
		if err := os.RemoveAll(dir + "/variables"); err != nil {
			t.Fatal(err)
		}
		fails(t, dir, []string{"run", dir, "--in", in}, "")
	})
	t.Run("GraphDef", func(t *testing.T) {
		dir := copyOf(t, "frozen")
		for _, size := range []int64{100, 0} {
			truncate(t, dir+"/frozen.pb", size)
			for _, command := range []string{"run", "show"} {
				fails(t, dir, []string{command, "frozen.pb"}, "frozen.pb")
			}
		}
	})
	t.Run("npy", func(t *testing.T) {
		dir := t.TempDir()
		raw, err := os.ReadFile(in)
		if err != nil {
			t.Fatal(err)
		}
		huge := strings.Replace(string(raw), "(7, 16)", "(7, 16000000000)", 1)
		if len(huge) == len(raw) {
			t.Fatalf("%s has another shape now", in)
		}
		huge = strings.Replace(huge, "000000000), }         ", "000000000), }", 1) // the header keeps its length
		for name, content := range map[string]string{
			"short.npy": string(raw[:len(raw)-10]), "huge.npy": huge, "empty.npy": "", "text.npy": "1 2 3\n", "empty.npz": "", "text.npz": "1 2 3\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
			fails(t, dir, []string{"run", fixture("mlp"), "--in", name, "--out", "y.npy"}, name, "not a valid file")
			fails(t, dir, []string{"show", name}, name, "not a valid file")
		}
		if _, err := os.Stat(filepath.Join(dir, "y.npy")); err == nil {
			t.Error("there is an output")
		}
	})
}

func TestTimeout(t *testing.T) {
	dir := t.TempDir()
	save(t, dir+"/n.npy", []int32{100_000}, []int{}...)
	for _, executor := range []string{"auto", "inline", "pool"} {
		t.Run(executor, func(t *testing.T) {
			t.Parallel()
			r := process(t, dir, "run", fixture("slow"), "--in", "n.npy", "--out", "count=c.npy", "--executor", executor, "--timeout", "1500ms")
			checkFailure(t, r, exitFailure, "gave up after 1.5s")
		})
	}
	t.Cleanup(func() { filetest.Only(t, dir, "n.npy") })
}

// TestNoLibrary has no line of its own for the error: it lists where the
// library was looked for.
func TestNoLibrary(t *testing.T) {
	cmd := command(t, t.TempDir(), "run", fixture("add"))
	cmd.Env = append(cmd.Env, "NDFLOW_LIBTENSORFLOW=/nowhere")
	r := finish(t, cmd)
	for _, want := range []string{"ndflow: no TensorFlow library", "NDFLOW_LIBTENSORFLOW", "/nowhere", "scripts/libtensorflow"} {
		if r.code != exitFailure || !strings.Contains(r.stderr, want) {
			t.Errorf("have exit code %d and %q, want %q in it", r.code, r.stderr, want)
		}
	}
}
