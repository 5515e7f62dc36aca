package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/internal/leaktest"
	"ndflow/npy"
	"ndflow/tfc"
)

// asCommand in the environment makes the test's own program be the command, so
// that it runs as users run it, and under the race detector if the test does.
const asCommand = "NDFLOW_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	leaktest.Main(m, tfc.CheckLeaks)
}

// command returns the command with its arguments, to be run in dir.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

// line is a command line's arguments, with old and new strings by turns replaced within
// them: paths may have spaces.
func line(args string, oldnew ...string) []string {
	list := strings.Fields(args)
	for i, arg := range list {
		list[i] = strings.NewReplacer(oldnew...).Replace(arg)
	}
	return list
}

// result is how a run of the command ended.
type result struct {
	code           int
	stdout, stderr string
}

// process runs the command in dir.
func process(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return finish(t, command(t, dir, args...))
}

// inside is process without a process of its own: the library is loaded once
// for all such runs, which makes them ten times as fast, and what they leave of
// TensorFlow's objects is found.
func inside(t *testing.T, dir string, args ...string) result {
	t.Helper()
	t.Chdir(dir)
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ok fails the test unless the command succeeds without a word on stderr.
func ok(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return checkSuccess(t, inside(t, dir, args...))
}

func checkSuccess(t *testing.T, r result) result {
	t.Helper()
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("have exit code %d, stderr %q", r.code, r.stderr)
	}
	return r
}

// fails fails the test unless the command ends with exitFailure and one error
// that has all the words.
func fails(t *testing.T, dir string, args []string, words ...string) {
	t.Helper()
	checkFailure(t, inside(t, dir, args...), exitFailure, words...)
}

func checkFailure(t *testing.T, r result, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("have exit code %d, want %d", r.code, code)
	}
	for _, word := range words {
		if !strings.Contains(r.stderr, word) {
			t.Errorf("have stderr %q, want %q in it", r.stderr, word)
		}
	}
	if !strings.HasPrefix(r.stderr, "ndflow: ") || strings.Contains(r.stderr, "panic") {
		t.Errorf("have stderr %q, want one error", r.stderr)
	}
	lines := 1
	if code == exitUsage {
		lines = 2 // and how to learn more
	}
	if n := strings.Count(r.stderr, "\n"); n != lines {
		t.Errorf("have %d lines on stderr, want %d:\n%s", n, lines, r.stderr)
	}
}

// modelsDir is where the fixtures are, found before any test changes folders.
var modelsDir = func() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "testdata", "models"))
	if err != nil {
		panic(err)
	}
	return dir
}()

// fixture returns the path of a model, or of a file beside it.
func fixture(parts ...string) string { return filepath.Join(modelsDir, filepath.Join(parts...)) }

// copyOf returns a copy of a model to damage.
func copyOf(t *testing.T, model string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), model)
	if err := os.CopyFS(dir, os.DirFS(fixture(model))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func truncate(t *testing.T, pattern string, size int64) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: have %v, %v, want one file", pattern, found, err)
	}
	if err := os.Truncate(found[0], size); err != nil {
		t.Fatal(err)
	}
}

// save writes an array of the given values to a .npy file.
func save[T npy.Element](t *testing.T, path string, values []T, shape ...int) {
	t.Helper()
	a, err := npy.From(values, shape...)
	if err == nil {
		err = npy.WriteFile(path, a)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, path string) *npy.Array {
	t.Helper()
	a, err := npy.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// same checks that two arrays are equal, bit for bit.
func same(t *testing.T, what string, have, want *npy.Array) {
	t.Helper()
	if !arraytest.Same(have, want) {
		t.Errorf("%s: have\n%v\nwant\n%v", what, have, want)
	}
}

// near checks that two arrays are equal but for the order in which TensorFlow added up,
// which may be another on another machine, and for another number of rows.
func near(t *testing.T, what string, have, want *npy.Array) {
	t.Helper()
	if err := arraytest.Near(have, want); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
