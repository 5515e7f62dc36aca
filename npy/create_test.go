package npy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// files returns what is in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestCreatedFileAppearsOnClose(t *testing.T) {
	for _, shape := range [][]int{{}, {3}, {0, 4}, {100, 1000}} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.npy")
		f, err := Create(path, Float32, shape...)
		if err != nil {
			t.Fatal(err)
		}
		values := must(Values[float32](f.Array()))
		for i := range values {
			values[i] = float32(i)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v: before Close: have %v, want no file", shape, err)
		}
		want := must(f.Array().Clone())
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path)
		if err != nil || !equal(a, want) {
			t.Errorf("%v: have %v, %v, want %v", shape, a, err, want)
		}
		if have := files(t, dir); len(have) != 1 {
			t.Errorf("%v: have %v in the folder", shape, have)
		}
		if _, err := Values[float32](f.Array()); !errors.Is(err, ErrReleased) {
			t.Errorf("%v: the array after Close: have %v, want ErrReleased", shape, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
		if err := f.Abort(); err != nil {
			t.Errorf("Abort after Close: %v", err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("Abort after Close: %v", err)
		}
	}
}

func TestAbortLeavesTheOldFileAndNoOther(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	f := must(Create(path, Float32, 10))
	w := must(CreateNPZ(path))
	if err := w.Write("a", must(New(Int8, 3))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := errors.Join(f.Abort(), w.Abort()); err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range map[string]error{
		"File.Close": f.Close(), "NPZWriter.Close": w.Close(), "NPZWriter.Write": w.Write("b", must(New(Int8, 3))),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Abort: have %v, want os.ErrClosed", name, err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" || len(files(t, dir)) != 1 {
		t.Errorf("have %q, %v, and %v in the folder", b, err, files(t, dir))
	}
}

func TestForgottenFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	func() {
		must(Create(filepath.Join(dir, "x.npy"), Float32, 10))
		must(CreateNPZ(filepath.Join(dir, "x.npz")))
	}()
	for range 1000 {
		runtime.GC() // cleanups run on a goroutine of their own, some time after
		if len(files(t, dir)) == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("have %v in the folder, want nothing", files(t, dir))
}

func TestCloseWaitsForThoseWhoHoldTheArray(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	f := must(Create(path, Float32, 10))
	if err := f.Array().Hold(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err == nil {
		t.Fatal("Close put a file in place that is still written to")
	}
	f.Array().Unhold()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeCreated(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name  string
		path  string
		dtype DType
		shape []int
		want  error
	}{
		{"strings", "x", String, []int{1}, ErrDType},
		{"no dtype", "x", Invalid, []int{1}, ErrDType},
		{"negative dimension", "x", Int8, []int{-1}, ErrShape},
		{"too large for an int", "x", Int8, []int{1 << 62, 4}, ErrShape},
		{"too many dimensions", "x", Int8, make([]int, 65), ErrShape},
		{"no such folder", "no/x", Int8, []int{1}, fs.ErrNotExist},
	} {
		if f, err := Create(filepath.Join(dir, c.path), c.dtype, c.shape...); !errors.Is(err, c.want) {
			t.Errorf("%s: have %v, %v, want %v", c.name, f, err, c.want)
		}
	}
	if _, err := Create(dir, Int8, 1); err == nil {
		t.Error("a folder was replaced")
	}
	if have := files(t, dir); len(have) != 0 {
		t.Errorf("have %v in the folder", have)
	}
}

func TestReplacedFileKeepsItsPermissionsAndLinks(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "x.npy"), filepath.Join(dir, "link.npy")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	if err := os.Symlink("x.npy", link); err != nil {
		t.Fatal(err)
	}
	a := must(From([]int32{1, 2}))
	if err := WriteFile(link, a); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v (%v)", info.Mode(), err)
	}
	info, err = os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("have permissions %v (%v), want those of the old file", info.Mode(), err)
	}
	if b, err := ReadFile(path); err != nil || !equal(a, b) {
		t.Errorf("have %v, %v, want %v", b, err, a)
	}
}

func TestMappedArrayLivesAsLongAsItsViews(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := WriteFile(path, must(From([]int32{1, 2, 3, 4}, 2, 2))); err != nil {
		t.Fatal(err)
	}
	a := must(Open(path))
	row := must(a.Slice(1, 2))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	a = nil
	runtime.GC()
	runtime.GC()
	if row.String() != "[[3 4]]" || !row.ReadOnly() {
		t.Errorf("have %v, read-only %v", row, row.ReadOnly())
	}
	row.Release()
	if row.Bytes() != nil || row.String() != "<released>" {
		t.Errorf("after Release: have %v", row)
	}
}

func TestWriteRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	f, err := Create(path, Int32, 7, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	all := must(From([]int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, 7, 2))
	for _, at := range [][2]int{{5, 7}, {0, 3}, {3, 5}, {7, 7}} {
		if err := f.WriteRows(at[0], must(all.Slice(at[0], at[1]))); err != nil {
			t.Errorf("rows %v: %v", at, err)
		}
	}
	if !equal(f.Array(), all) {
		t.Errorf("the array has %v", f.Array())
	}
	for name, c := range map[string]struct {
		lo   int
		rows *Array
		want error
	}{
		"no array":      {0, nil, ErrDType},
		"another dtype": {0, must(New(Uint32, 1, 2)), ErrDType},
		"another row":   {0, must(New(Int32, 1, 3)), ErrShape},
		"a row alone":   {0, must(New(Int32, 2)), ErrShape},
		"too many":      {6, must(New(Int32, 2, 2)), ErrShape},
		"too far":       {8, must(New(Int32, 0, 2)), ErrShape},
		"before all":    {-1, must(New(Int32, 1, 2)), ErrShape},
		"a scalar":      {0, Scalar[int32](1), ErrShape},
	} {
		if err := f.WriteRows(c.lo, c.rows); !errors.Is(err, c.want) {
			t.Errorf("%s: have %v, want %v", name, err, c.want)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if have := must(Open(path)); !equal(have, all) {
		t.Errorf("the file has %v", have)
	}
	if err := f.WriteRows(0, all); !errors.Is(err, ErrReleased) {
		t.Errorf("after Close: have %v, want ErrReleased", err)
	}
}
