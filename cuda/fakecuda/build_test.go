package fakecuda

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBuildOnceAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	path, err := Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || filepath.Join(dir, entries[0].Name()) != path {
		t.Errorf("built %s, and the folder holds %v", path, entries)
	}
	if name := entries[0].Name(); strings.HasPrefix(name, "libcuda.so") {
		t.Errorf("a loader may take %s for the driver", name)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := build(dir); err != nil || again != path {
		t.Errorf("built again: %s, %v", again, err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Error("the library was compiled twice")
	}
	open(t)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "is open in this process") {
		t.Errorf("a second fake in a process: %v", err)
	}
}

// The library shows nothing but the driver's functions and the control's, under
// a name of its own.
func TestWhatTheLibraryShows(t *testing.T) {
	path, err := Build("")
	if err != nil {
		t.Fatal(err)
	}
	library, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer library.Close()
	if names, err := library.DynString(elf.DT_SONAME); err != nil || !slices.Equal(names, []string{"libfakecuda.so"}) {
		t.Errorf("it is called %v, %v", names, err)
	}
	symbols, err := library.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, s := range symbols {
		switch defined := s.Section != elf.SHN_UNDEF; {
		case defined && slices.Contains(CallNames(), s.Name):
			calls++
		case defined && !strings.HasPrefix(s.Name, "fakecuda_"):
			t.Errorf("it shows %s", s.Name)
		}
	}
	if calls != len(CallNames()) {
		t.Errorf("it shows %d of %d functions", calls, len(CallNames()))
	}
}

// Where the cache cannot be written to there is the temporary folder. The cases hold for
// root, too.
func TestBuildWithoutACache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, cache := range map[string]string{"no cache": "", "a file": file, "nothing to make it in": "/proc/none"} {
		t.Setenv("HOME", "")
		t.Setenv("XDG_CACHE_HOME", cache)
		t.Setenv("TMPDIR", t.TempDir())
		path, err := build("")
		if err != nil || !strings.HasPrefix(path, os.TempDir()) {
			t.Errorf("%s: built %s, %v", name, path, err)
		}
		if again, err := build(""); err != nil || again != path {
			t.Errorf("%s: built again: %s, %v", name, again, err)
		}
	}

	open := filepath.Join(os.TempDir(), fmt.Sprintf("ndflow-fakecuda-%d", os.Getuid()))
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if path, err := build(""); err == nil || !strings.Contains(err.Error(), "only this user") {
		t.Errorf("in a folder that others can write to: built %s, %v", path, err)
	}
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ cc, want string }{
		"no such compiler":      {"/nowhere/cc -m64", "/nowhere/cc"},
		"a compiler that fails": {"false", "exit status 1"},
	} {
		t.Setenv("CC", c.cc)
		if path, err := build(t.TempDir()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s, %v", name, path, err)
		}
	}
	t.Setenv("CC", "")
	t.Setenv("PATH", "")
	if _, err := build(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no C compiler") {
		t.Errorf("no compiler: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CC", "false")
	if _, err := build(filepath.Join(file, "sub")); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a folder that cannot be: %v", err)
	}
}
