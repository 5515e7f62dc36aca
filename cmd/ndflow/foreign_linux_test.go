package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/memory"
)

// TestLimitedMemory shows files of which a process cannot have two copies.
func TestLimitedMemory(t *testing.T) {
	dir := t.TempDir()
	foreignFile(t, filepath.Join(dir, "x.npy"), "<f4", "True", 400)
	foreignFile(t, filepath.Join(dir, "y.npy"), ">f4", "False", 400)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	limited := func(args string) result {
		limit := fmt.Sprint("ulimit -d ", memory.Bound(500_000)) // in KB
		cmd := exec.CommandContext(t.Context(), "sh", "-c", limit+" && exec \"$0\" "+args, self)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), asCommand+"=1")
		return finish(t, cmd)
	}
	for _, file := range []string{"x.npy", "y.npy"} {
		if r := limited("show " + file); r.code != 0 || !strings.Contains(r.stdout, "419430400") {
			t.Errorf("show %s: have code %d, %s%.300s", file, r.code, r.stdout, r.stderr)
		}
	}
}
