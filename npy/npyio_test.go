package npy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"codeberg.org/sbinet/npyio/npy"
	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
)

// second has npyio read a file into a slice, and compares.
func second[T Element](t *testing.T, path string) {
	t.Helper()
	a, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var theirs []T
	if err := npy.Read(f, &theirs); err != nil {
		t.Fatal(err)
	}
	ours := must(Values[T](a))
	if !slices.Equal(ours, theirs) {
		t.Errorf("%s: have %v, npyio has %v", filepath.Base(path), ours, theirs)
	}
}

// TestNpyioReadsTheSame is a second opinion, of a reader that is neither ours
// nor NumPy, on files of NumPy's and on files of ours.
func TestNpyioReadsTheSame(t *testing.T) {
	dir, _ := fixtures(t)
	for _, name := range []string{"3-c", "4-c", "11-c"} {
		second[int8](t, filepath.Join(dir, "int8-"+name+".npy"))
		second[uint8](t, filepath.Join(dir, "uint8-"+name+".npy"))
	}
	for _, name := range []string{"3-c", "4-c", "11-c", "4-big"} {
		second[int16](t, filepath.Join(dir, "int16-"+name+".npy"))
		second[int32](t, filepath.Join(dir, "int32-"+name+".npy"))
		second[int64](t, filepath.Join(dir, "int64-"+name+".npy"))
		second[uint16](t, filepath.Join(dir, "uint16-"+name+".npy"))
		second[uint32](t, filepath.Join(dir, "uint32-"+name+".npy"))
		second[uint64](t, filepath.Join(dir, "uint64-"+name+".npy"))
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	for _, a := range []*Array{
		must(From([]float32{1, -2.5, 0, 3e10})),
		must(From([]float32{1, 2, 3, 4, 5, 6}, 2, 3)),
	} {
		if err := WriteFile(path, a); err != nil {
			t.Fatal(err)
		}
		second[float32](t, path)
	}
	if err := WriteFile(path, must(From([]complex128{1 + 2i, -3}))); err != nil {
		t.Fatal(err)
	}
	second[complex128](t, path)
}

// TestNpyioUnpicklesTheSame compares with npyio's classes for gopickle, on
// NumPy's object arrays of str and on ours.
func TestNpyioUnpicklesTheSame(t *testing.T) {
	dir, _ := fixtures(t)
	text := []string{"", "a", "é", "ends in NUL\x00"}
	ours := filepath.Join(t.TempDir(), "x.npy")
	if err := WriteFile(ours, must(From(text, 2, 2)), Strings(Objects)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "str-O.npy"), filepath.Join(dir, "str-Omany.npy"), ours} {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h := must(ReadHeader(bytes.NewReader(file)))
		u := pickle.NewUnpickler(bytes.NewReader(file[h.Offset:]))
		u.FindClass = npy.ClassLoader
		v, err := u.Load()
		if err != nil {
			t.Fatal(err)
		}
		array, ok := v.(*npy.Array)
		if !ok {
			t.Fatalf("npyio has a %T", v)
		}
		list, ok := array.Data().(*types.List)
		if !ok {
			t.Fatalf("npyio has a %T", array.Data())
		}
		var theirs []string
		for _, v := range *list {
			theirs = append(theirs, v.(string))
		}
		a := must(ReadFile(path))
		if have := must(Values[string](a)); !slices.Equal(have, theirs) || fmt.Sprint(a.Shape()) != fmt.Sprint(array.Shape()) {
			t.Errorf("%s: have %v %q, npyio has %v %q", filepath.Base(path), a.Shape(), have, array.Shape(), theirs)
		}
	}
}
