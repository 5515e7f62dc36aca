package npy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/filetest"
)

// rowsOf reads all rows of an array, some at a time.
func rowsOf(r *RowReader, n int) (*Array, error) {
	all, err := New(r.h.DType, r.h.Shape...)
	if err != nil {
		return nil, err
	}
	for at := 0; ; {
		part, err := r.Next(n)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		place, err := all.Slice(at, at+part.Dim(0))
		if err == nil {
			_, err = place.Land(part)
		}
		if err != nil {
			return nil, err
		}
		at += part.Dim(0)
	}
}

func TestRowsAreTheArray(t *testing.T) {
	_, m := fixtures(t)
	read := 0
	for _, f := range m.Arrays {
		if len(f.Shape) == 0 || f.As != "" {
			continue
		}
		b, err := os.ReadFile(f.path())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 2, 1000} {
			r, err := NewRows(struct{ io.Reader }{bytes.NewReader(b)})
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			a, err := rowsOf(r, n)
			if err != nil {
				t.Fatalf("%s, %d at a time: %v", f.Name, n, err)
			}
			f.check(t, a)
			read++
		}
	}
	if read < 100 {
		t.Errorf("have read %d arrays only", read)
	}
}

func TestRowsOfAnArchive(t *testing.T) {
	for _, opts := range [][]Option{nil, {Compress()}} {
		path := filepath.Join(t.TempDir(), "a.npz")
		w := must(CreateNPZ(path, opts...))
		want := must(From([]int32{1, 2, 3, 4, 5, 6}, 3, 2))
		if err := errors.Join(w.Write("x", want), w.Write("0-d", Scalar(1.0)), w.Close()); err != nil {
			t.Fatal(err)
		}
		z := must(OpenNPZ(path))
		r := must(z.Rows("x.npy"))
		if a, err := rowsOf(r, 2); err != nil || !equal(a, want) {
			t.Errorf("have %v, %v", a, err)
		}
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
		if _, err := r.Next(1); err != io.EOF {
			t.Errorf("at the end: have %v", err)
		}
		if _, err := z.Rows("0-d"); !errors.Is(err, ErrShape) {
			t.Errorf("0-d: have %v", err)
		}
		if _, err := z.Rows("y"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("y: have %v", err)
		}
		z.Close()

		b := must(os.ReadFile(path))
		at := bytes.Index(b, []byte("NUMPY")) + 130
		if opts != nil {
			at = 60
		}
		b[at] ^= 0x55 // in the data, so that the checksum is wrong
		z, err := NewNPZ(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		r, err = z.Rows("x")
		if err == nil {
			_, err = rowsOf(r, 1)
			r.Close()
		}
		if !errors.Is(err, ErrFormat) {
			t.Errorf("damaged: have %v, want ErrFormat", err)
		}
	}
}

func TestRowsThatEndTooEarly(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, must(New(Float64, 10, 3))); err != nil {
		t.Fatal(err)
	}
	cut := b.Bytes()[:b.Len()-1]
	if _, err := NewRows(bytes.NewReader(cut)); !errors.Is(err, ErrFormat) {
		t.Errorf("of known length: have %v, want ErrFormat", err)
	}
	r := must(NewRows(struct{ io.Reader }{bytes.NewReader(cut)}))
	if _, err := r.Next(9); err != nil {
		t.Error(err)
	}
	_, err := r.Next(9)
	if !errors.Is(err, ErrFormat) || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "rows 9 to 10 of 10") {
		t.Errorf("have %v", err)
	}
	if _, again := r.Next(1); again != err {
		t.Errorf("after an error: have %v", again)
	}
	if _, err := must(NewRows(bytes.NewReader(b.Bytes()))).Next(0); !errors.Is(err, ErrRange) {
		t.Errorf("no rows: have %v", err)
	}
}

func TestCreateRowsWritesWhatWriteFileWrites(t *testing.T) {
	dir := t.TempDir()
	for name, a := range map[string]*Array{
		"float32": must(From([]float32{1, 2, 3, 4, 5, 6}, 3, 2)),
		"one":     must(From([]int8{1, 2, 3})),
		"none":    must(New(Uint16, 0, 4)),
		"strings": must(From([]string{"a", "longer", "x"}, 3, 1)),
		"bf16":    must(New(BFloat16, 12345)),
	} {
		theirs, ours := filepath.Join(dir, name), filepath.Join(dir, name+".rows")
		if err := WriteFile(theirs, a); err != nil {
			t.Fatal(err)
		}
		w := must(CreateRows(ours, a.DType(), a.Shape()[1:]))
		for i := 0; i < a.Dim(0); i += 2 {
			if err := w.Write(must(a.Slice(i, min(i+2, a.Dim(0))))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(ours); err == nil {
			t.Errorf("%s: there before it is complete", name)
		}
		if err := errors.Join(w.Close(), w.Close(), w.Abort()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(must(os.ReadFile(ours)), must(os.ReadFile(theirs))) {
			t.Errorf("%s: the files differ", name)
		}
	}
}

func TestCreateRowsRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "target")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	w := must(CreateRows(path, Float32, []int{2}))
	for want, a := range map[error]*Array{
		ErrDType:    must(New(Float64, 1, 2)),
		ErrShape:    must(New(Float32, 2)),
		ErrReleased: nil,
	} {
		if err := w.Write(a); !errors.Is(err, want) {
			t.Errorf("have %v, want %v", err, want)
		}
	}
	if err := w.Write(must(New(Float32, 1, 2))); err != nil {
		t.Errorf("after what was refused: %v", err)
	}
	if err := errors.Join(w.Abort(), w.Abort()); err != nil {
		t.Error(err)
	}
	if err := w.Write(must(New(Float32, 1, 2))); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Abort: have %v", err)
	}
	if err := w.Close(); err == nil {
		t.Error("closed after Abort")
	}
	filetest.OnlyOne(t, dir, "target", "old")
	if _, err := CreateRows(path, Invalid, nil); !errors.Is(err, ErrDType) {
		t.Errorf("have %v", err)
	}
	if _, err := CreateRows(path, Float32, []int{-1}); !errors.Is(err, ErrShape) {
		t.Errorf("have %v", err)
	}
	if _, err := CreateRows(os.DevNull, Float32, nil); err == nil {
		t.Error("a device took rows")
	}
	if _, err := CreateRows(filepath.Join(dir, "none", "x"), Float32, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("have %v", err)
	}
}
