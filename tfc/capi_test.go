package tfc

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/leaktest"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, CheckLeaks)
}

// headers returns the folder of the headers that ship beside the library.
func headers(t *testing.T) string {
	t.Helper()
	lib, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(lib.Path())
	for _, include := range []string{filepath.Join(dir, "include"), filepath.Join(dir, "..", "include")} {
		if _, err := os.Stat(filepath.Join(include, "tensorflow", "c", "c_api.h")); err == nil {
			return include
		}
	}
	t.Fatalf("no headers beside %s; scripts/libtensorflow installs a library with its headers", lib.Path())
	return ""
}

func compile(t *testing.T, args ...string) (output string, ok bool) {
	t.Helper()
	command := []string{"gcc", "-std=gnu11"}
	if strings.HasSuffix(args[len(args)-1], ".cc") {
		command = []string{"g++", "-std=c++17"}
	}
	args = append(append(command[1:], "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I."), args...)
	out, err := exec.Command(command[0], args...).CombinedOutput()
	return string(out), err == nil
}

func TestPrototypes(t *testing.T) {
	include := headers(t)
	for _, file := range []string{"testdata/prototypes.c", "testdata/prototypes_eager.cc"} {
		if out, ok := compile(t, "-isystem", include, file); !ok {
			t.Errorf("capi.h differs from TensorFlow's headers:\n%s", out)
		}
	}
}

// The check must be able to fail: with one prototype changed it does.
func TestPrototypesCatchDrift(t *testing.T) {
	include := headers(t)
	list, err := os.ReadFile("capi.h")
	if err != nil {
		t.Fatal(err)
	}
	drifted := strings.Replace(string(list), "F(int64_t, TF_Dim, (const TF_Tensor *t, int dim_index)", "F(int32_t, TF_Dim, (const TF_Tensor *t, int dim_index)", 1)
	if drifted == string(list) {
		t.Fatal("capi.h has no TF_Dim to change")
	}
	dir := t.TempDir()
	for _, name := range []string{"tstring.h", "capi_build.h", "capi_checkpoint.h", "capi_eager.h", "testdata/prototypes.c"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "capi.h"), []byte(drifted), 0o666); err != nil {
		t.Fatal(err)
	}
	out, ok := compile(t, "-isystem", include, filepath.Join(dir, "prototypes.c"))
	if ok || !strings.Contains(out, "TF_Dim has another prototype") {
		t.Errorf("a changed prototype was not found:\n%s", out)
	}
}

// All C compiles without a warning under the flags the style asks for.
func TestCWarnings(t *testing.T) {
	files, err := filepath.Glob("*.c")
	if err != nil || len(files) == 0 {
		t.Fatalf("no C files: %v", err)
	}
	for _, f := range files {
		if out, ok := compile(t, f); !ok {
			t.Errorf("%s:\n%s", f, out)
		}
	}
}
