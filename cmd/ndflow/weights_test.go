package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/npy"
)

func TestWeightsList(t *testing.T) {
	for _, c := range []struct {
		name, args string
		want       []string // words of lines
	}{
		{"of a model", "%M/keras", []string{
			"name dtype shape bytes mean std min max zeros NaNs", "network/hidden/kernel float32 [4 3] 48 0.36934 0.27192 0.04560195 0.94101083 0 0",
			"8 variables, 35 elements, 140 bytes",
		}},
		{"all of a model", "--all --list %M/keras", []string{"sgd/iteration int64 [] 8 0 0 0 0 1 0", "16 variables, 66 elements, 268 bytes"}},
		{"of a checkpoint", "%M/checkpoint/ckpt-1", []string{
			"a float32 [60 2] 480 29.75 17.32 0 59.5 1 0", "list/1 bfloat16 [] 2 2.5 0 2.5 2.5 0 0", "words string [3] 12 - - - - - -",
		}},
		{"of a folder of checkpoints", "%M/checkpoint --match ^list", []string{"list/0 int64 [5] 40 2 1.4142 0 4 1 0", "2 variables, 6 elements, 42 bytes"}},
		{"of one variable", "%M/mlp:b1", []string{"1 variables, 8 elements, 32 bytes"}},
		{"of a file", "%M/dtypes/expected/complex64/in_x.npy", []string{"in_x complex64 [6] 48 - - - - - -"}},
		{"of none", "%M/add", []string{"no variables"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ok(t, t.TempDir(), append([]string{"weights"}, line(c.args, "%M", fixture())...)...)
			var lines []string
			for line := range strings.Lines(r.stdout) {
				lines = append(lines, strings.Join(strings.Fields(line), " "))
			}
			have := strings.Join(lines, "\n")
			for _, want := range c.want {
				if !strings.Contains("\n"+have+"\n", "\n"+want+"\n") {
					t.Errorf("have\n%s\nwant a line %q", have, want)
				}
			}
		})
	}
}

func TestWeightsOutAndBack(t *testing.T) {
	dir := t.TempDir()
	if r := ok(t, dir, "weights", fixture("keras"), "-o", "w.npz", "--config", "c.json"); r.stdout != "" {
		t.Errorf("have %q on stdout", r.stdout)
	}
	ok(t, dir, "weights", fixture("keras")+":network/hidden/kernel", "-o", "k.npy")
	same(t, "kernel", load(t, filepath.Join(dir, "k.npy")), loadFrom(t, filepath.Join(dir, "w.npz"), "network/hidden/kernel"))

	// Another value for one, which is all that the archive has.
	w, err := npy.CreateNPZ(filepath.Join(dir, "new.npz"))
	if err != nil {
		t.Fatal(err)
	}
	bias, _ := npy.From([]float32{7, 8, 9})
	if err := w.Write("network/hidden/bias", bias); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := inside(t, dir, "weights", fixture("keras"), "--load", "new.npz", "-o", "model")
	if want := "ndflow: 7 of the variables are as they were, as new.npz has no arrays for them: network/hidden/kernel, "; r.code != 0 || !strings.HasPrefix(r.stderr, want) {
		t.Errorf("have %+v, want %q", r, want)
	}
	ok(t, dir, "weights", "model:network/hidden/bias", "-o", "b.npy")
	same(t, "bias", load(t, filepath.Join(dir, "b.npy")), bias)
	ok(t, dir, "run", "model", "--in", fixture("keras", "expected", "in_inputs.npy"), "--out", "probs.npy")

	// The weights of one model in another; and all of one in itself, with --force.
	ok(t, dir, "weights", "model", "--all", "-o", "all.npz")
	ok(t, dir, "weights", fixture("keras"), "--load", "all.npz", "-o", "model", "--force")
	ok(t, dir, "weights", fixture("keras"), "--load", "model", "-o", "third")

	var config struct {
		Kind   string
		Origin struct {
			Tags             []string
			TensorFlow       string
			Producer, Shapes int
			Object           string
		}
		Signatures []struct {
			Name            string
			Inputs, Outputs []struct {
				Name, DType, Tensor string
				Shape               []int
			}
		}
		Variables []struct {
			Name, DType string
			Shape       []int
			Bytes       int
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if config.Kind != "SavedModel" || !strings.HasPrefix(config.Origin.TensorFlow, "2.") || config.Origin.Producer < 1000 || config.Origin.Object == "" ||
		len(config.Origin.Tags) != 1 || len(config.Signatures) != 1 || config.Signatures[0].Inputs[0].Shape[1] != 4 || config.Signatures[0].Outputs[0].DType != "float32" ||
		len(config.Variables) != 8 || config.Variables[1].Name != "network/hidden/kernel" || config.Variables[1].Bytes != 48 {
		t.Errorf("have %s", text)
	}
	ok(t, dir, "weights", fixture("checkpoint"), "--config", "checkpoint.json")
	if text, err := os.ReadFile(filepath.Join(dir, "checkpoint.json")); err != nil || strings.Contains(string(text), "origin") {
		t.Errorf("have %s, %v", text, err)
	}
}

func TestWeightsBadInput(t *testing.T) {
	dir := t.TempDir()
	ok(t, dir, "weights", fixture("mlp"), "-o", "w.npz", "--config", "c.json")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	damaged := copyOf(t, "mlp")
	truncate(t, filepath.Join(damaged, "variables", "*.data*"), 100)
	for _, c := range []struct {
		name, args string
		words      []string
	}{
		{"a file that is there", "%M/mlp -o w.npz", []string{"w.npz is there already", "--force"}},
		{"a config that is there", "%M/mlp --config c.json", []string{"c.json is there already", "--force"}},
		{"a model that is there", "%M/mlp --load w.npz -o folder", []string{"folder is there already", "--force"}},
		{"a folder that is no model", "%M/mlp --load w.npz -o folder --force", []string{"no SavedModel's folder"}},
		{"weights of another model", "%M/keras --load w.npz -o new", []string{"do not fit", `"w1": no variable has this name`, "network/hidden/bias"}},
		{"what is not there", "none", []string{"no such file", "a checkpoint"}},
		{"a variable that is not there", "%M/mlp:w3", []string{`no variable "w3"`, "ndflow weights "}},
		{"a name that nothing matches", "%M/mlp --match ^x", []string{"--match ^x", "ndflow weights "}},
		{"several to one file", "%M/mlp -o w.npy", []string{"there are 4", "--match", ".npz"}},
		{"no weights to load", "%M/mlp --load none.npz -o new", []string{"none.npz", "no such file"}},
		{"a folder that is not there", "%M/mlp -o none/w.npz", []string{"none/w.npz"}},
		{"a checkpoint that is cut off", "%D", []string{"damaged", "cut off", "have 100 bytes"}},
		{"unknown tags", "%M/twotags --tags tpu", []string{`no tag set "tpu"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			fails(t, dir, append([]string{"weights"}, line(c.args, "%M", fixture(), "%D", damaged)...), c.words...)
			if after, err := os.ReadDir(dir); err != nil || len(after) != len(before) {
				t.Errorf("have %v, %v, want %v", after, err, before)
			}
		})
	}
	for args, want := range map[string]string{
		"":                                      "MODEL, CHECKPOINT or FILE is missing",
		"%M/mlp --match (":                      "--match",
		"%M/mlp --load w.npz":                   "--load needs -o",
		"%M/mlp --load w.npz -o new --list":     "--load goes with",
		"%M/mlp -o w.txt":                       "want a .npz file",
		"%M/mlp more":                           `do not know what to do with "more"`,
		"%M/mlp --load w.npz -o n --config x.j": "--load goes with",
	} {
		r := inside(t, dir, append([]string{"weights"}, line(args, "%M", fixture())...)...)
		checkFailure(t, r, exitUsage, want)
	}
}
