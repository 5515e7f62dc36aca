package arrowio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/npy"
	"ndflow/npy/table"
)

var formats = []string{".arrow", ".arrows", ".parquet"}

func TestNothingIsThereBeforeCommit(t *testing.T) {
	x := must(npy.From([]float32{1, 2, 3}))
	columns := []table.Column{{Name: "x", DType: npy.Float32}}
	for _, ext := range formats {
		dir := t.TempDir()
		path := filepath.Join(dir, "t"+ext)
		if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
			t.Fatal(err)
		}
		w := must(create(path, columns))
		if err := w.Write([]*npy.Array{x}); err != nil {
			t.Fatal(err)
		}
		if b := must(os.ReadFile(path)); string(b) != "old" {
			t.Errorf("%s: have %d bytes before Commit", ext, len(b))
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Error(err)
		}
		filetest.OnlyOne(t, dir, "t"+ext, "old")
		if err := w.Write([]*npy.Array{x}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: Write after Close: have %v", ext, err)
		}
		if err := w.Commit(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: Commit after Close: have %v", ext, err)
		}

		w = must(create(path, columns))
		if err := errors.Join(w.Write([]*npy.Array{x}), w.Commit(), w.Close()); err != nil {
			t.Fatal(err)
		}
		r := must(open(path))
		if back := must(table.ReadAll(r)); !equal(back[0], x) {
			t.Errorf("%s: have %v", ext, back[0])
		}
		r.Close()
		if entries := must(os.ReadDir(dir)); len(entries) != 1 {
			t.Errorf("%s: have %v in the folder", ext, entries)
		}
	}
}

// TestBatchesThatDoNotFitLeaveTheTableAsItWas writes a batch of another dtype,
// shape and length than the columns say between two that fit.
func TestBatchesThatDoNotFitLeaveTheTableAsItWas(t *testing.T) {
	columns := []table.Column{{Name: "x", DType: npy.Float32}, {Name: "rows", DType: npy.Int64, Shape: []int{2}}}
	x, rows := must(npy.From([]float32{1, 2})), must(npy.From([]int64{1, 2, 3, 4}, 2, 2))
	for _, ext := range formats {
		path := filepath.Join(t.TempDir(), "t"+ext)
		w := must(create(path, columns))
		if err := w.Write([]*npy.Array{x, rows}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			batch []*npy.Array
			want  error
		}{
			"a column that changes its dtype": {[]*npy.Array{must(npy.From([]float64{1, 2})), rows}, npy.ErrDType},
			"a column that changes its shape": {[]*npy.Array{x, must(npy.From([]int64{1, 2, 3, 4, 5, 6}, 2, 3))}, npy.ErrShape},
			"columns of unequal length":       {[]*npy.Array{must(npy.From([]float32{1, 2, 3})), rows}, npy.ErrShape},
			"a column too few":                {[]*npy.Array{x}, npy.ErrShape},
		} {
			if err := w.Write(c.batch); !errors.Is(err, c.want) {
				t.Errorf("%s: %s: have %v", ext, name, err)
			}
		}
		if err := errors.Join(w.Write([]*npy.Array{x, rows}), w.Commit()); err != nil {
			t.Fatal(err)
		}
		r := must(open(path))
		if back := must(table.ReadAll(r)); back[0].String() != "[1. 2. 1. 2.]" {
			t.Errorf("%s: have %v", ext, back[0])
		}
		r.Close()
	}
}

func TestABatchThatFailsFailsTheFile(t *testing.T) {
	for _, ext := range formats {
		dir := t.TempDir()
		w := must(create(filepath.Join(dir, "t"+ext), []table.Column{{Name: "s", DType: npy.String}}))
		err := w.Write([]*npy.Array{must(npy.From([]string{"a", "\xff"}))})
		if !errors.Is(err, npy.ErrDType) || !strings.Contains(err.Error(), `column "s"`) {
			t.Errorf("%s: have %v", ext, err)
		}
		if err := w.Commit(); !errors.Is(err, npy.ErrDType) {
			t.Errorf("%s: Commit: have %v", ext, err)
		}
		if entries := must(os.ReadDir(dir)); len(entries) != 0 {
			t.Errorf("%s: have %v in the folder", ext, entries)
		}
	}
}

func TestRowsOfStringsOfManyDimensions(t *testing.T) {
	a := must(npy.New(npy.String, 5, 2, 3, 2))
	v := must(npy.Values[string](a))
	for i := range v {
		v[i] = strings.Repeat("é", i)
	}
	if back := must(FromArrow(must(ToArrow(a)))); !equal(back, a) {
		t.Errorf("have %v, want %v", back, a)
	}
	for _, ext := range formats {
		path := filepath.Join(t.TempDir(), "t"+ext)
		if err := write(path, []string{"s"}, []*npy.Array{a}, 2); err != nil {
			t.Errorf("%s: %v", ext, err)
			continue
		}
		r := must(open(path))
		if back, err := table.ReadAll(r); err != nil || !equal(back[0], a) {
			t.Errorf("%s: have %v, %v", ext, back, err)
		}
		r.Close()
	}
}

func TestColumnsThatCannotBeStored(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		columns []table.Column
		opts    []Option
		want    string
	}{
		"complex":       {[]table.Column{{Name: "z", DType: npy.Complex64}}, nil, `column "z": wrong dtype: have complex64`},
		"empty rows":    {[]table.Column{{Name: "e", DType: npy.Int8, Shape: []int{2, 0}}}, nil, "rows of shape [2 0]"},
		"large rows":    {[]table.Column{{Name: "e", DType: npy.Int8, Shape: []int{1 << 20, 1 << 20}}}, nil, "2147483647"},
		"no columns":    {nil, nil, "no columns"},
		"twice":         {[]table.Column{{Name: "a", DType: npy.Int8}, {Name: "a", DType: npy.Int8}}, nil, `two columns "a"`},
		"unknown codec": {[]table.Column{{Name: "a", DType: npy.Int8}}, []Option{Compression("rar")}, `compression "rar"`},
	} {
		for _, ext := range formats {
			path := filepath.Join(dir, "t"+ext)
			_, err := create(path, c.columns, c.opts...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "arrowio: "+path) {
				t.Errorf("%s, %s: have %v, want %q", name, ext, err, c.want)
			}
		}
	}
	if _, err := CreateParquet(filepath.Join(dir, "t.parquet"), []table.Column{{Name: "a", DType: npy.Int8}}, RowGroup(0)); err == nil {
		t.Error("row groups of no rows: no error")
	}
	if entries := must(os.ReadDir(dir)); len(entries) != 0 {
		t.Errorf("have %v in the folder", entries)
	}
}

// TestLargeBatchesAreCut writes one batch of more than a record batch or a row
// group takes.
func TestLargeBatchesAreCut(t *testing.T) {
	a := must(npy.New(npy.Int32, 3<<20, 8)) // 96 MiB
	v := must(npy.Values[int32](a))
	for i := range v {
		v[i] = int32(i)
	}
	for _, ext := range []string{".arrow", ".parquet"} {
		path := filepath.Join(t.TempDir(), "t"+ext)
		if err := write(path, []string{"x"}, []*npy.Array{a}, a.Dim(0), Compression("none")); err != nil {
			t.Fatal(err)
		}
		r := must(open(path))
		if s, ok := r.src.(*fileSource); ok && s.file.NumRecords() != 2 {
			t.Errorf("%s: have %d batches, want 2", ext, s.file.NumRecords())
		}
		if s, ok := r.src.(*parquetSource); ok && s.file.NumRowGroups() < 3 {
			t.Errorf("%s: have %d row groups, want at least 3", ext, s.file.NumRowGroups())
		}
		at := 0
		for {
			batch, err := r.Next(1 << 20)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if !equal(batch[0], must(a.Slice(at, at+batch[0].Dim(0)))) {
				t.Fatalf("%s: rows from %d on differ", ext, at)
			}
			at += batch[0].Dim(0)
			batch[0].Release()
		}
		if r.Close(); at != a.Dim(0) {
			t.Errorf("%s: have %d rows", ext, at)
		}
	}
}

func TestStreamsThroughAPipe(t *testing.T) {
	names, arrays := samples(100)
	src := must(table.Of(names, arrays))
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		out, err := WriteArrow(w, src.Columns(), Compression("zstd"))
		for err == nil {
			var batch []*npy.Array
			if batch, err = src.Next(30); err == nil {
				err = out.Write(batch)
			}
		}
		if err == io.EOF {
			err = out.Commit()
		}
		done <- errors.Join(err, w.Close())
	}()
	in := must(ReadArrow(r))
	defer in.Close()
	if in.Rows() != -1 {
		t.Errorf("have %d rows, want -1", in.Rows())
	}
	back := must(table.ReadAll(in))
	for i := range arrays {
		if !equal(back[i], arrays[i]) {
			t.Errorf("%s: have %v, want %v", names[i], back[i], arrays[i])
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := ReadArrow(bytes.NewReader(nil)); !errors.Is(err, npy.ErrFormat) {
		t.Errorf("of nothing: have %v", err)
	}
	boom := errors.New("boom")
	if _, err := ReadArrow(io.MultiReader(strings.NewReader("\xff\xff\xff\xff"), failingReader{boom})); !errors.Is(err, boom) {
		t.Errorf("of a reader that fails: have %v", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
