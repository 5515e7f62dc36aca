//go:build unix

package files_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ndflow/npy/files"
)

// A full disk is played by a limit on the size of files, in a process of its own: every
// write past it fails, as it does past the last free block.
const (
	childEnv  = "NDFLOW_FILES_FULL_DISK"
	diskLimit = 64 << 10
)

func init() {
	inChild = func() (int, bool) {
		in, out, ok := strings.Cut(os.Getenv(childEnv), ":")
		if !ok {
			return 0, false
		}
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: diskLimit, Max: diskLimit}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println(err)
			return 3, true
		}
		c := files.Conversion{In: []string{in}, Out: out, Force: true}
		if filepath.Ext(out) == ".npy" {
			c.Columns = []string{"at"}
		}
		err := files.Convert(context.Background(), c)
		fmt.Println(err)
		if errors.Is(err, syscall.EFBIG) && strings.Contains(err.Error(), filepath.Base(out)) {
			return 0, true
		}
		return 3, true
	}
}

func TestFullDiskLeavesTheOldFileAndNoOther(t *testing.T) {
	dir := t.TempDir()
	names, arrays := people(t, 20_000)
	in := write(t, filepath.Join(dir, "a.npz"), names, arrays...)
	csv := write(t, filepath.Join(dir, "a.csv"), names, arrays...)
	for _, from := range []string{in, csv} {
		for _, to := range append(slices.Clone(tableFormats), ".npy") {
			out := filepath.Join(dir, "out"+to)
			if err := os.WriteFile(out, []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+from+":"+out)
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s to %s: have %v: %s, want a file-too-large error that names the file", filepath.Base(from), to, err, text)
			}
			onlyFiles(t, dir, "a.npz", "a.csv", "out"+to)
			if b, err := os.ReadFile(out); err != nil || string(b) != "old" {
				t.Errorf("%s: have %q, %v", to, b, err)
			}
			os.Remove(out)
		}
	}
}
