package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	r := checkSuccess(t, process(t, dir, "doctor"))
	for _, want := range []string{"library     TensorFlow ", "libtensorflow", "self-check  ok", "device      CPU:0", "processor   "} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("have\n%swant %q in it", r.stdout, want)
		}
	}
	r = ok(t, dir, "doctor", "--json")
	var report struct {
		Library   struct{ Path, Version string }
		SelfCheck string `json:"self_check"`
		Devices   []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Library.Version == "" || report.SelfCheck != "ok" || len(report.Devices) == 0 {
		t.Errorf("have %+v", report)
	}
}

// TestDoctorReadsTheEnvironment is what an image and its limits say.
func TestDoctorReadsTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	model, err := filepath.Abs(filepath.Join("..", "..", "testdata", "models", "add4"))
	if err != nil {
		t.Fatal(err)
	}
	for at, found := range map[string]bool{model: true, dir: false} {
		cmd := command(t, dir, "doctor", "--json")
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "NDFLOW_DEMO_MODEL="+at)
		var report struct {
			CPU       struct{ Usable int }
			DemoModel struct{ Path string } `json:"demo_model"`
		}
		if err := json.Unmarshal([]byte(checkSuccess(t, finish(t, cmd)).stdout), &report); err != nil {
			t.Fatal(err)
		}
		if report.CPU.Usable != 1 || (report.DemoModel.Path == at) != found {
			t.Errorf("with the demo's model in %s: have %+v", at, report)
		}
	}
}

// TestDoctorFindsProblems takes away the library and the model.
func TestDoctorFindsProblems(t *testing.T) {
	dir := t.TempDir()
	notALibrary := filepath.Join(dir, "libtensorflow.so")
	if err := os.WriteFile(notALibrary, []byte("no"), 0o666); err != nil {
		t.Fatal(err)
	}
	library, err := tfc.Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, library, cache string
		code                 int
		words                []string
	}{
		{"no such library", filepath.Join(dir, "nope"), "", exitFailure, []string{"missing: there is no TensorFlow library", "NDFLOW_LIBTENSORFLOW", "scripts/libtensorflow"}},
		{"no library at all", notALibrary, "", exitFailure, []string{"missing: there is no TensorFlow library"}},
		{"no model", "", dir, exitOK, []string{"note: the model of 'ndflow demo' is not there", "scripts/basic-pitch"}},
	} {
		for _, flag := range []string{"--json", "--quiet", "--json=false"} {
			t.Run(c.name+" "+flag, func(t *testing.T) {
				t.Parallel()
				cmd := command(t, dir, "doctor", flag)
				if c.library != "" {
					cmd.Env = append(cmd.Env, "NDFLOW_LIBTENSORFLOW="+c.library)
				}
				if c.cache != "" {
					cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+c.cache, "NDFLOW_LIBTENSORFLOW="+library.Path())
				}
				r := finish(t, cmd)
				if r.code != c.code || r.stderr != "" {
					t.Errorf("have exit code %d and %q, want %d", r.code, r.stderr, c.code)
				}
				for _, word := range c.words {
					if flag == "--json" {
						word = strings.TrimPrefix(strings.TrimPrefix(word, "missing: "), "note: ")
					}
					if !strings.Contains(r.stdout, word) {
						t.Errorf("have\n%swant %q in it", r.stdout, word)
					}
				}
			})
		}
	}
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	r := checkSuccess(t, process(t, dir, "demo"))
	for _, want := range []string{"31 of 31 notes found", "recall 1.00", "out/demo/tune.wav", "note  float32 [8 172 88]"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("have\n%swant %q in it", r.stdout, want)
		}
	}
	filetest.Only(t, dir+"/out/demo", "notes.npy", "piano-roll.png", "tune.npy", "tune.wav")
	notes := load(t, dir+"/out/demo/notes.npy")
	if notes.DType() != npy.Float64 || notes.NDim() != 2 || notes.Dim(0) < 31 || notes.Dim(1) != 4 {
		t.Errorf("have %v %v", notes.DType(), notes.Shape())
	}
}

func TestDemoRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	checkFailure(t, inside(t, dir, "demo", "--model", "nope"), exitFailure, "no model", "nope")
	fails(t, dir, []string{"demo", "--model", fixture("add")}, "the model has 2 inputs, but Basic Pitch has one")
	fails(t, dir, []string{"demo", "--model", fixture("mlp")}, `input "x"`, "float32 [1 43844 1]")
	fails(t, dir, []string{"demo", "--out", "file/out"}, "file", "not a directory")
	cmd := command(t, dir, "demo")
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+dir)
	checkFailure(t, finish(t, cmd), exitFailure, "scripts/basic-pitch", "make demo")
}

func TestVersion(t *testing.T) {
	r := checkSuccess(t, process(t, t.TempDir(), "version"))
	if !strings.HasPrefix(r.stdout, "ndflow ") || strings.Count(r.stdout, "\n") != 1 {
		t.Errorf("have %q", r.stdout)
	}
	if flag := ok(t, t.TempDir(), "--version"); flag.stdout != r.stdout {
		t.Errorf("have %q with the flag, %q without", flag.stdout, r.stdout)
	}
}

// TestHelp looks at the help of every command as a reader with a terminal of 90
// columns would.
func TestHelp(t *testing.T) {
	dir := t.TempDir()
	for _, args := range []string{"", "help", "--help", "run --help", "show --help", "doctor --help", "demo --help", "version --help", "help run"} {
		r := inside(t, dir, strings.Fields(args)...)
		if r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, "Usage:") {
			t.Errorf("ndflow %s: have exit code %d, %q, %q", args, r.code, r.stdout, r.stderr)
		}
		for line := range strings.Lines(r.stdout) {
			if len(line) > 100 {
				t.Errorf("ndflow %s: have a line of %d characters:\n%s", args, len(line), line)
			}
		}
	}
}
