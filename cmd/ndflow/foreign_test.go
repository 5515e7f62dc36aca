package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// foreignFile writes a .npy file of zeros that takes no room on the disk: of float32,
// 4096 rows, so many megabytes.
func foreignFile(t *testing.T, path, descr, fortran string, mb int) {
	t.Helper()
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (4096, %d), }", descr, fortran, mb<<20/4/4096)
	head := []byte("\x93NUMPY\x01\x00")
	head = binary.LittleEndian.AppendUint16(head, uint16(len(dict)))
	head = append(head, dict...)
	if err := os.WriteFile(path, head, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head)+mb<<20)); err != nil {
		t.Fatal(err)
	}
}

// TestForeignFilesAreWalkedInBlocks counts what the commands allocate in all for files
// that cannot be used as they lie: far less than such a file has.
func TestForeignFilesAreWalkedInBlocks(t *testing.T) {
	const mb = 160
	dir := t.TempDir()
	foreignFile(t, filepath.Join(dir, "column.npy"), "<f4", "True", mb)
	foreignFile(t, filepath.Join(dir, "big.npy"), ">f4", "False", mb)
	foreignFile(t, filepath.Join(dir, "both.npy"), ">f4", "True", mb)
	for _, file := range []string{"column.npy", "big.npy", "both.npy"} {
		for name, args := range map[string][]string{
			"show":           {"show", file},
			"diff":           {"diff", file, "column.npy"},
			"plot a heat":    {"plot", file, "--kind", "heat", "-o", "heat.png", "--force"},
			"plot a spread":  {"plot", file, "--kind", "hist", "-o", "hist.png", "--force"},
			"plot a scatter": {"plot", file, "big.npy", "--kind", "scatter", "-o", "cloud.png", "--force"},
			"plot all":       {"plot", "--all", file, "-o", "all.html", "--force"},
			"weights":        {"weights", file},
			"weights -o":     {"weights", file, "-o", "w.npz", "--force"},
			"convert":        {"convert", file, "o.npy", "--force"},
			"convert to npz": {"convert", file, "o.npz", "--force"},
		} {
			if file != "both.npy" && name != "show" && name != "diff" && name != "convert" {
				continue // it is both in one
			}
			t.Run(file+", "+name, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r := inside(t, dir, args...)
				runtime.ReadMemStats(&after)
				if r.code != 0 {
					t.Fatalf("have code %d: %s", r.code, r.stderr)
				}
				if have := (after.TotalAlloc - before.TotalAlloc) >> 20; have > mb*3/4 { // a picture takes some
					t.Errorf("have %d MB allocated for a file of %d", have, mb)
				}
			})
		}
	}
	ok(t, dir, "diff", "o.npy", "both.npy") // the last that was converted
}
