package bench

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"ndflow/tfc"
)

//go:embed python/*.py
var pythonFiles embed.FS

// FindPython returns the interpreter that scripts/python has made: the newest that
// has TensorFlow, or else the newest. The error is ErrMissing where there is none.
func FindPython() (string, error) {
	cache, err := tfc.CacheDir()
	if err != nil {
		return "", err
	}
	for _, pattern := range []string{"python-tensorflow-*", "python-*"} {
		found, _ := filepath.Glob(filepath.Join(cache, pattern, "bin", "python")) // its only error is a bad pattern
		if len(found) > 0 {
			return slices.MaxFunc(found, byTime), nil
		}
	}
	return "", Missing("get Python with TensorFlow with: scripts/python --tensorflow (2 GiB)")
}

// startPython starts a process of Python's that serves the works in the folder
// python.
func (s *run) startPython(ctx context.Context) (*process, error) {
	interpreter := s.PythonAt
	if interpreter == "" {
		var err error
		if interpreter, err = FindPython(); err != nil {
			return nil, err
		}
	}
	if _, err := exec.LookPath(interpreter); errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return nil, Missing("%s is not there; get Python with TensorFlow with: scripts/python --tensorflow (2 GiB)", interpreter)
	}
	files, err := os.MkdirTemp("", "ndflow-bench-python-")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(files, pythonFiles); err != nil {
		return nil, err
	}
	cmd := exec.Command(interpreter, filepath.Join(files, "python", "peer.py"))
	p, err := s.start(ctx, "Python", cmd)
	os.RemoveAll(files) // it has read them all when it is ready
	return p, err
}

// byTime orders files by when they were made.
func byTime(a, b string) int {
	ia, errA := os.Lstat(a)
	ib, errB := os.Lstat(b)
	if errA != nil || errB != nil {
		return 0
	}
	return ia.ModTime().Compare(ib.ModTime())
}
