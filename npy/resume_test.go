package npy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestResume(t *testing.T) {
	dir := t.TempDir()
	path, partial := filepath.Join(dir, "x.npy"), filepath.Join(dir, "x.npy.partial")
	all := must(From([]int16{1, 2, 3, 4, 5, 6}, 3, 2))
	for k := range 3 { // a row each time
		f, found, err := Resume(path, partial, Int16, 3, 2)
		if err != nil || found != (k > 0) {
			t.Fatalf("row %d: found %v, %v", k, found, err)
		}
		if err := f.WriteRows(k, must(all.Slice(k, k+1))); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Error(err)
		}
		if have := files(t, dir); len(have) != 1 || have[0] != "x.npy.partial" {
			t.Errorf("row %d: have %q in the folder", k, have)
		}
		if k == 2 {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := f.Keep(); err != nil { // after Close it does nothing
			t.Error(err)
		}
		if err := f.Sync(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Sync afterwards: have %v, want ErrClosed", err)
		}
		if err := f.Close(); (err == nil) != (k == 2) {
			t.Errorf("row %d: Close after Keep: %v", k, err)
		}
	}
	if have := must(Open(path)); !equal(have, all) {
		t.Errorf("have %v", have)
	}
	if have := files(t, dir); len(have) != 1 || have[0] != "x.npy" {
		t.Errorf("have %q in the folder", have)
	}
}

func TestResumeAborted(t *testing.T) {
	dir := t.TempDir()
	path, partial := filepath.Join(dir, "x.npy"), filepath.Join(dir, "part")
	for range 2 {
		f, found, err := Resume(path, partial, Float64, 5)
		if err != nil || found {
			t.Fatalf("found %v, %v", found, err)
		}
		if err := f.Abort(); err != nil {
			t.Error(err)
		}
		if have := files(t, dir); len(have) != 0 {
			t.Errorf("have %q in the folder", have)
		}
	}
	f, err := Create(path, Float64, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	if err := f.Keep(); err == nil {
		t.Error("a file without a name was kept")
	}
}

// What is there and is not what it should be is an error, and stays.
func TestResumeSomethingElse(t *testing.T) {
	dir := t.TempDir()
	path, partial := filepath.Join(dir, "x.npy"), filepath.Join(dir, "x.npy.partial")
	f, _, err := Resume(path, partial, Float32, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Keep(); err != nil {
		t.Fatal(err)
	}
	right, err := os.ReadFile(partial)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		dtype   DType
		shape   []int
	}{
		"another dtype": {right, Int32, []int{4, 4}},
		"another shape": {right, Float32, []int{2, 8}},
		"shorter":       {right[:len(right)-1], Float32, []int{4, 4}},
		"longer":        {append(right[:len(right):len(right)], 0), Float32, []int{4, 4}},
		"a few bytes":   {right[:5], Float32, []int{4, 4}},
		"nothing":       {nil, Float32, []int{4, 4}},
	} {
		if err := os.WriteFile(partial, c.content, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Resume(path, partial, c.dtype, c.shape...); !errors.Is(err, ErrShape) {
			t.Errorf("%s: have %v, want ErrShape", name, err)
		}
		if have, err := os.ReadFile(partial); err != nil || len(have) != len(c.content) {
			t.Errorf("%s: the file is no longer what it was: %v", name, err)
		}
	}
	if _, _, err := Resume(path, partial, String, 4); !errors.Is(err, ErrDType) {
		t.Errorf("strings: have %v, want ErrDType", err)
	}
	if _, _, err := Resume(filepath.Join(dir, "no", "x.npy"), filepath.Join(dir, "no", "part"), Float32, 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: have %v, want ErrNotExist", err)
	}
	if _, _, err := Resume(os.DevNull, partial, Float32, 4, 4); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a device: have %v, want ErrInvalid", err)
	}
}
