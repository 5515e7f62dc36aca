package arrowio

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/npy/table"
)

// TestReadWhatPythonWrote reads tables of pyarrow and of pandas, of every codec,
// and compares each column with what NumPy says is in it.
func TestReadWhatPythonWrote(t *testing.T) {
	dir, all := fixtures(t)
	if len(all) < 20 {
		t.Fatalf("have %d tables", len(all))
	}
	for name, f := range all {
		t.Run(name, func(t *testing.T) {
			opts := []Option{Columns(f.Columns...)}
			if strings.HasPrefix(name, "nulls") || strings.HasPrefix(name, "pandas") { // whose NaNs are nulls
				opts = append(opts, NullsAsNaN())
			}
			r, err := open(filepath.Join(dir, name), opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			arrays, err := table.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			wantAll(t, dir, name, f, r, arrays)
		})
	}
}

// wantAll compares the arrays of a table with Python's.
func wantAll(t *testing.T, dir, name string, f fixture, r *Reader, arrays []*npy.Array) {
	t.Helper()
	npz := must(npy.OpenNPZ(filepath.Join(dir, name+".npz")))
	defer npz.Close()
	if len(arrays) != len(f.Columns) {
		t.Fatalf("have %d columns, want %v", len(arrays), f.Columns)
	}
	for i, key := range f.Columns {
		want, isText := (*npy.Array)(nil), false
		if strs, ok := f.Strings[key]; ok {
			want, isText = must(npy.From(strs)), true
		} else {
			want = must(npz.Read(key))
		}
		if !sameValues(arrays[i], want) {
			t.Errorf("%s: have %v\nwant %v", key, arrays[i], want)
		}
		if c := r.Columns()[i]; c.Name != key || c.DType != want.DType() || !slices.Equal(c.Shape, want.Shape()[1:]) {
			t.Errorf("have column %v (text is %v), want %v %v", c, isText, want.DType(), want.Shape())
		}
		if r.Rows() >= 0 && r.Rows() != int64(want.Dim(0)) {
			t.Errorf("%s: have %d rows, want %d", key, r.Rows(), want.Dim(0))
		}
	}
}

// sameValues is equal, for which one NaN is as good as another.
func sameValues(a, b *npy.Array) bool {
	if a.DType() == npy.String || a.DType() != b.DType() {
		return equal(a, b)
	}
	switch a.DType() {
	case npy.Float32:
		return slices.Equal(a.Shape(), b.Shape()) && slices.EqualFunc(must(npy.Values[float32](a)), must(npy.Values[float32](b)), same)
	case npy.Float64:
		return slices.Equal(a.Shape(), b.Shape()) && slices.EqualFunc(must(npy.Values[float64](a)), must(npy.Values[float64](b)), same)
	case npy.Float16:
		return sameValues(must(a.AsFloat32()), must(b.AsFloat32()))
	}
	return equal(a, b)
}

func same[T comparable](x, y T) bool { return x == y || x != x && y != y }

func TestNullsAreRefusedUnlessTheyCanBeNaN(t *testing.T) {
	dir, _ := fixtures(t)
	for _, ext := range []string{".arrow", ".parquet"} {
		path := filepath.Join(dir, "nulls"+ext)
		for _, name := range []string{"x", "half", "n", "text"} {
			for _, opts := range [][]Option{{Columns(name)}, {Columns(name), NullsAsNaN()}} {
				r := must(open(path, opts...))
				_, err := table.ReadAll(r)
				wantErr := len(opts) == 1 || name == "n" || name == "text"
				if errors.Is(err, ErrNull) != wantErr {
					t.Errorf("%s, column %s, %d options: have %v", path, name, len(opts), err)
				}
				notes := table.Notes(r)
				if said := len(notes) == 1 && strings.Contains(notes[0], "143 nulls"); said == wantErr {
					t.Errorf("%s, column %s: have the notes %q", path, name, notes)
				}
				r.Close()
			}
		}
	}
}

func TestColumnsThatNpyCannotHoldAreNamedAndCanBeLeftOut(t *testing.T) {
	dir, _ := fixtures(t)
	for _, path := range []string{filepath.Join(dir, "other.arrow"), filepath.Join(dir, "other.parquet")} {
		if _, err := open(path); !errors.Is(err, npy.ErrDType) || !strings.Contains(err.Error(), `column "time"`) || !strings.Contains(err.Error(), "Columns") {
			t.Errorf("%s: have %v", path, err)
		}
		for _, name := range []string{"time", "money", "point", "none"} {
			if _, err := open(path, Columns(name)); !errors.Is(err, npy.ErrDType) {
				t.Errorf("%s, column %s: have %v", path, name, err)
			}
		}
		if _, err := open(path, Columns("ragged")); !errors.Is(err, npy.ErrShape) {
			t.Errorf("%s: ragged lists: have %v", path, err)
		}
		r := must(open(path, Columns("x")))
		if a, err := table.ReadAll(r); err != nil || !slices.Equal(must(npy.Values[float64](a[0])), []float64{1, 2}) {
			t.Errorf("%s: have %v, %v", path, a, err)
		}
		r.Close()
		if _, err := open(path, Columns("y")); err == nil || !strings.Contains(err.Error(), `"money"`) {
			t.Errorf("%s: have %v, want the columns that are there", path, err)
		}
	}
}

// samples are arrays of every dtype that Arrow has, of one, two and three dimensions.
func samples(rows int) (names []string, arrays []*npy.Array) {
	for d := npy.Bool; d <= npy.String; d++ {
		if d == npy.BFloat16 || d == npy.Complex64 || d == npy.Complex128 {
			continue
		}
		for _, shape := range [][]int{{rows}, {rows, 3}, {rows, 2, 5}} {
			if d == npy.String && len(shape) > 2 {
				continue // NumPy's own arrays of those are compared differently
			}
			a := must(npy.New(d, shape...))
			switch d {
			case npy.Bool:
				for i := range must(npy.Values[bool](a)) {
					must(npy.Values[bool](a))[i] = i%3 == 0
				}
			case npy.String:
				for i := range must(npy.Values[string](a)) {
					must(npy.Values[string](a))[i] = []string{"", "Grüße", "日本語", strings.Repeat("x", i%50)}[i%4]
				}
			case npy.Float16: // not every pattern is a number that NumPy calls equal to itself
				for i := range must(npy.Values[npy.F16](a)) {
					must(npy.Values[npy.F16](a))[i] = npy.F16FromFloat32(float32(i) / 7)
				}
			case npy.Float32:
				for i := range must(npy.Values[float32](a)) {
					must(npy.Values[float32](a))[i] = float32(i) / 7
				}
			case npy.Float64:
				for i := range must(npy.Values[float64](a)) {
					must(npy.Values[float64](a))[i] = float64(i) / -7
				}
			default:
				for i := range a.Bytes() {
					a.Bytes()[i] = byte(i*7 + i>>8)
				}
			}
			names = append(names, d.String()+[]string{"", "-rows", "-deep"}[len(shape)-1])
			arrays = append(arrays, a)
		}
	}
	return names, arrays
}

// TestPythonReadsWhatWeWrite has pyarrow and pandas read our tables, of every
// format and codec, and compare each column with NumPy's.
func TestPythonReadsWhatWeWrite(t *testing.T) {
	dir := t.TempDir()
	check := map[string]string{}
	for _, rows := range []int{0, 1, 517} {
		names, arrays := samples(rows)
		if rows == 0 {
			names, arrays = names[:1], arrays[:1]
		}
		stored := map[int]string{0: "none.npz", 1: "one.npz", 517: "many.npz"}[rows]
		npz := must(npy.CreateNPZ(filepath.Join(dir, stored)))
		for i, a := range arrays {
			if err := npz.Write(names[i], a); err != nil {
				t.Fatal(err)
			}
		}
		if err := npz.Close(); err != nil {
			t.Fatal(err)
		}
		for ext, codecs := range map[string][]string{
			".arrow": {"none", "lz4", "zstd"}, ".arrows": {"none", "zstd"},
			".parquet": {"none", "snappy", "gzip", "zstd", "lz4", "brotli"},
		} {
			for _, codec := range codecs {
				name := strings.TrimSuffix(stored, ".npz") + "-" + codec + ext
				path := filepath.Join(dir, name)
				if err := write(path, names, arrays, 200, Compression(codec), RowGroup(300)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				check[name] = stored
				r := must(open(path))
				back, err := table.ReadAll(r)
				r.Close()
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for i, a := range back {
					if !equal(a, arrays[i]) {
						t.Errorf("%s: %s: have %v, want %v", name, names[i], a, arrays[i])
					}
				}
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "check.json"), must(json.Marshal(check)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := python("check", dir); err != nil {
		t.Error(err)
	}
}
