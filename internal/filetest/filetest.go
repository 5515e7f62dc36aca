// Package filetest checks what code leaves in folders, on disks that are full as well.
package filetest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Only checks that exactly these files are in dir, hidden ones included.
func Only(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("have files %q, want %q", have, want)
	}
}

// OnlyOne checks that exactly one file is in dir, and what is in it.
func OnlyOne(t testing.TB, dir, name, content string) {
	t.Helper()
	Only(t, dir, name)
	if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != content {
		t.Errorf("%s: have %d bytes, %.64q (%v), want %q", name, len(b), b, err, content)
	}
}
