package npy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"ndflow/internal/scripttest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if fixtureDir != "" {
		os.RemoveAll(fixtureDir)
	}
	os.Exit(code)
}

// runPython runs testdata/numpy_fixtures.py.
func runPython(args ...string) error {
	_, err := scripttest.NumPy.Output(append([]string{"testdata/numpy_fixtures.py"}, args...)...)
	return err
}

var fixtureDir string // "" until there is one to remove

// fixtureFolder has NumPy write its files, once for all tests.
var fixtureFolder = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "npy-fixtures-")
	if err != nil {
		return "", err
	}
	fixtureDir = dir
	return dir, runPython("write", dir)
})

// manifest lists what numpy_fixtures.py wrote.
type manifest struct {
	NumPy  string
	Arrays []fixture
	Prints []struct{ Name, Text, As string }
	NPZ    []string
}

type fixture struct {
	Name, DType, Descr, As string
	Shape                  []int
	Fortran                bool
	Version                int
	Canonical              bool // Write gives the same bytes as NumPy
	Strings                []string

	dir string
}

// fixtures returns the folder and the list of NumPy's files.
func fixtures(t *testing.T) (string, manifest) {
	t.Helper()
	dir, err := fixtureFolder()
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for i := range m.Arrays {
		m.Arrays[i].dir = dir
	}
	return dir, m
}

func (f fixture) path() string { return filepath.Join(f.dir, f.Name+".npy") }

// options are what it takes to read the fixture.
func (f fixture) options(t *testing.T) []Option {
	if f.As == "" {
		return nil
	}
	d, err := ParseDType(f.As)
	if err != nil {
		t.Fatal(err)
	}
	return []Option{As(d)}
}

// check compares an array with what NumPy says is in the file.
func (f fixture) check(t *testing.T, a *Array) {
	t.Helper()
	if a.DType().String() != f.DType || fmt.Sprint(a.Shape()) != fmt.Sprint(f.Shape) {
		t.Fatalf("have %v %v, want %v %v", a.DType(), a.Shape(), f.DType, f.Shape)
	}
	if f.DType == "string" {
		have, err := Values[string](a)
		if err != nil || len(have) != len(f.Strings) {
			t.Fatalf("have %d strings (%v), want %d", len(have), err, len(f.Strings))
		}
		for i, s := range f.Strings {
			want, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			if have[i] != string(want) {
				t.Fatalf("element %d: have %q, want %q", i, have[i], want)
			}
		}
		return
	}
	want, err := os.ReadFile(filepath.Join(f.dir, f.Name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), want) {
		t.Fatalf("elements differ: have %x, want %x", head(a.Bytes()), head(want))
	}
}

func head(b []byte) []byte { return b[:min(len(b), 64)] }

// must returns v; it is for calls that fail only if the test is wrong.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// equal says whether two arrays have the same dtype, shape and elements.
func equal(a, b *Array) bool {
	if a.DType() != b.DType() || fmt.Sprint(a.Shape()) != fmt.Sprint(b.Shape()) {
		return false
	}
	if a.DType() == String {
		return fmt.Sprintf("%q", a.strs) == fmt.Sprintf("%q", b.strs)
	}
	return bytes.Equal(a.Bytes(), b.Bytes())
}
