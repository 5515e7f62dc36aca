//go:build unix

package files_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/npy/files"
)

func init() {
	filetest.FullDiskWork(func(args []string) error {
		c := files.Conversion{In: args[:1], Out: args[1], Force: true}
		if filepath.Ext(c.Out) == ".npy" {
			c.Columns = []string{"at"}
		}
		return files.Convert(context.Background(), c)
	})
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
			if said := filetest.OnFullDisk(t, from, out); !strings.Contains(said, filepath.Base(out)) {
				t.Errorf("%s to %s: have %s, want an error that names the file", filepath.Base(from), to, said)
			}
			filetest.Only(t, dir, "a.npz", "a.csv", "out"+to)
			if b, err := os.ReadFile(out); err != nil || string(b) != "old" {
				t.Errorf("%s: have %q, %v", to, b, err)
			}
			os.Remove(out)
		}
	}
}
