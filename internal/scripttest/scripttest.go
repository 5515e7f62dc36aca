// Package scripttest runs the project's scripts for tests and benchmarks, and the Python
// that one of them makes, with which they compare.
package scripttest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// start is where a test begins, its package's folder, whichever it goes to later.
var start, _ = os.Getwd()

// Run runs a script of the folder scripts and returns the last line that it prints. The
// test fails with the script's own words where the script does.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	said, err := run(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func run(name string, args ...string) (string, error) {
	for dir := start; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "scripts", name)
		if _, err := os.Stat(path); err == nil {
			out, err := output(exec.Command(path, args...))
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			return lines[len(lines)-1], err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("there is no scripts/%s in %s or above it", name, start)
		}
	}
}

// output returns what a command prints; its error has all that the command has said.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.Bytes())
	}
	return out, err
}

// Python is one of the environments that scripts/python makes.
type Python struct {
	// Path returns its interpreter, which is made on the first call.
	Path func() (string, error)
}

// The environments. Another interpreter takes their place where the variable names one.
var (
	NumPy      = environment("NDFLOW_PYTHON")
	Tables     = environment("NDFLOW_PYTHON_TABLES", "--tables") // with pandas and pyarrow
	TensorFlow = environment("NDFLOW_PYTHON_TENSORFLOW", "--tensorflow")
)

func environment(variable string, flags ...string) Python {
	return Python{sync.OnceValues(func() (string, error) {
		if path := os.Getenv(variable); path != "" {
			return path, nil
		}
		return run("python", flags...)
	})}
}

// Run runs Python and returns what it prints. The test fails with Python's own words where
// Python does.
func (p Python) Run(t testing.TB, args ...string) []byte {
	t.Helper()
	out, err := p.Output(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Output is Run for what is done once for several tests.
func (p Python) Output(args ...string) ([]byte, error) {
	path, err := p.Path()
	if err != nil {
		return nil, err
	}
	return output(exec.Command(path, args...))
}
