package bench

import (
	"embed"
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

// pythonCommand starts Python with the works in the folder python.
func (s *run) pythonCommand() (*exec.Cmd, error) {
	interpreter := s.PythonAt
	if interpreter == "" {
		var err error
		if interpreter, err = FindPython(); err != nil {
			return nil, err
		}
	}
	if _, err := exec.LookPath(interpreter); err != nil {
		return nil, Missing("%v; get Python with TensorFlow with: scripts/python --tensorflow (2 GiB)", err)
	}
	if s.peers.python == "" {
		dir, err := os.MkdirTemp("", "ndflow-bench-python-")
		if err != nil {
			return nil, err
		}
		s.peers.python = dir
		if err := os.CopyFS(dir, pythonFiles); err != nil {
			return nil, err
		}
	}
	return exec.Command(interpreter, "-B", filepath.Join(s.peers.python, "python", "peer.py")), nil
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
