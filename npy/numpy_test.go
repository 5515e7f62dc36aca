package npy

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadWhatNumPyWrote reads every dtype, shape, order, byte order and
// version that NumPy writes, in each of the ways there are to read a file.
func TestReadWhatNumPyWrote(t *testing.T) {
	_, m := fixtures(t)
	ways := []struct {
		name string
		read func(path string, opts ...Option) (*Array, error)
	}{
		{"ReadFile", ReadFile},
		{"Open", Open},
		{"Read of unknown length", func(path string, opts ...Option) (*Array, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			return Read(struct{ io.Reader }{f}, opts...)
		}},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			for _, f := range m.Arrays {
				a, err := way.read(f.path(), f.options(t)...)
				if err != nil {
					t.Errorf("%s: %v", f.Name, err)
					continue
				}
				t.Run(f.Name, func(t *testing.T) { f.check(t, a) })
				a.Release()
			}
		})
	}
}

func TestHeaderSaysWhatNumPySays(t *testing.T) {
	_, m := fixtures(t)
	for _, f := range m.Arrays {
		h, err := Stat(f.path())
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		dtype := f.DType
		if f.As != "" {
			dtype = "invalid" // several dtypes of ml_dtypes have this descr
		}
		if h.DType.String() != dtype || h.Descr != f.Descr || h.Fortran != f.Fortran || h.Major != f.Version || h.Offset%Align != 0 {
			t.Errorf("%s: have %+v, want %+v", f.Name, h, f)
		}
	}
}

func TestOpenMapsWhatCanBeUsedInPlace(t *testing.T) {
	_, m := fixtures(t)
	mapped := 0
	for _, f := range m.Arrays {
		a, err := Open(f.path(), f.options(t)...)
		if err != nil {
			t.Fatal(err)
		}
		inPlace := (f.Descr[0] != '>') && !f.Fortran && f.DType != "string" && f.DType != "bool" && a.Len() > 0
		if a.ReadOnly() != inPlace {
			t.Errorf("%s: mapped is %v, want %v", f.Name, a.ReadOnly(), inPlace)
		}
		if a.ReadOnly() {
			mapped++
		}
		a.Release()
	}
	if mapped == 0 {
		t.Error("no file was mapped")
	}
}

// TestNumPyReadsWhatWeWrite writes each array that NumPy wrote, by Write, by
// Create and into archives, and has NumPy compare.
func TestNumPyReadsWhatWeWrite(t *testing.T) {
	dir, m := fixtures(t)
	out := filepath.Join(dir, "ours")
	if err := os.MkdirAll(out, 0o777); err != nil {
		t.Fatal(err)
	}
	var todo [][3]string
	add := func(kind, theirs, ours string) {
		todo = append(todo, [3]string{kind, theirs, filepath.Join("ours", ours)})
	}
	archived := map[string]*Array{}
	for _, f := range m.Arrays {
		a, err := ReadFile(f.path(), f.options(t)...)
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(f.Name, "npz-"); ok {
			archived[name] = a
		}
		ours := f.Name + ".npy"
		kind := "same array"
		switch {
		case f.DType == "string":
			kind = "same strings"
		case f.DType == "float8_e5m2":
			kind = "" // NumPy cannot read its own file
		}
		if f.Canonical && f.DType != "float8_e5m2" {
			kind = "same bytes"
		}
		var opts []Option
		if f.Canonical && f.Descr[1] == 'S' {
			opts = append(opts, Strings(FixedBytes))
		}
		if err := WriteFile(filepath.Join(out, ours), a, opts...); err != nil {
			t.Fatal(err)
		}
		if kind == "" {
			back, err := ReadFile(filepath.Join(out, ours), As(Float8E5M2))
			if err != nil || !equal(a, back) {
				t.Errorf("%s: read back as %v, %v", f.Name, back, err)
			}
			continue
		}
		theirs := f.Name + ".npy"
		if f.Descr == ">V2" {
			// NumPy forgets a void's byte order when it reads; it wrote the
			// same elements in the other order too.
			theirs = f.Name[:strings.LastIndex(f.Name, "-")] + "-c.npy"
		}
		add(kind, theirs, ours)
		if f.DType == "string" {
			for name, layout := range map[string]StringLayout{"O": Objects, "S": FixedBytes, "U": Unicode} {
				path := f.Name + "-" + name + ".npy"
				if err := WriteFile(filepath.Join(out, path), a, Strings(layout)); err == nil {
					add("same strings", theirs, path)
				} else if layout == Objects {
					t.Errorf("%s: objects hold everything, but %v", f.Name, err)
				}
			}
			continue
		}
		created := f.Name + "-created.npy"
		w, err := Create(filepath.Join(out, created), a.DType(), a.Shape()...)
		if err != nil {
			t.Fatal(err)
		}
		copy(w.Array().Bytes(), a.Bytes())
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		add(kind, theirs, created)
	}
	for name, opts := range map[string][]Option{"stored.npz": nil, "deflated.npz": {Compress()}} {
		w, err := CreateNPZ(filepath.Join(out, name), opts...)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range m.NPZ {
			a := archived[strings.ReplaceAll(entry, "/", "_")]
			if err := w.Write(entry, a); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		add("npz", name, name)
	}
	b, err := json.Marshal(todo)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "check.json"), b, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := runPython("check", dir); err != nil {
		t.Error(err)
	}
}

func TestReadArchivesThatNumPyWrote(t *testing.T) {
	dir, m := fixtures(t)
	byName := map[string]fixture{}
	for _, f := range m.Arrays {
		byName[f.Name] = f
	}
	for _, name := range []string{"stored.npz", "deflated.npz"} {
		z, err := OpenNPZ(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		if len(z.Names()) != len(m.NPZ) {
			t.Errorf("%s: have %q, want %q", name, z.Names(), m.NPZ)
		}
		for _, entry := range m.NPZ {
			f := byName["npz-"+strings.ReplaceAll(entry, "/", "_")]
			for _, asked := range []string{entry, entry + ".npy"} {
				a, err := z.Read(asked)
				if err != nil {
					t.Fatal(err)
				}
				f.check(t, a)
			}
			h, err := z.Header(entry)
			if err != nil || h.Descr != f.Descr {
				t.Errorf("%s: %s: have header %+v, %v", name, entry, h, err)
			}
		}
	}
}

func TestPrintAsNumPy(t *testing.T) {
	dir, m := fixtures(t)
	var major, minor int
	if _, err := fmt.Sscanf(m.NumPy, "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	if major < 2 || major == 2 && minor < 3 {
		defer func(old map[int]float64) { expFrom.array = old }(expFrom.array)
		defer func(old map[int]float64) { expFrom.alone = old }(expFrom.alone)
		expFrom.array = map[int]float64{16: 1e8, 32: 1e8, 64: 1e8}
		expFrom.alone = map[int]float64{16: 1e16, 32: 1e16, 64: 1e16}
	}
	bad := 0
	for _, p := range m.Prints {
		a, err := ReadFile(filepath.Join(dir, p.Name+".npy"), fixture{As: p.As}.options(t)...)
		if err != nil {
			t.Fatal(err)
		}
		if have := a.String(); have != p.Text {
			t.Errorf("%s: %v %v: have\n%s\nwant\n%s", p.Name, a.DType(), a.Shape(), have, p.Text)
			if bad++; bad > 20 {
				t.Fatal("and so on")
			}
		}
	}
	t.Logf("%d arrays, NumPy %s", len(m.Prints), m.NumPy)
}
