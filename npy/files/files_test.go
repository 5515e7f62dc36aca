package files_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/npy/files"
	"ndflow/npy/table"
)

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "people.csv"), filepath.Join(dir, "people.parquet")
	if err := os.WriteFile(in, []byte("name,age\nAda,36\nAlan,41\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	if err := files.Convert(context.Background(), files.Conversion{In: []string{in}, Out: out}); err != nil {
		log.Fatal(err)
	}
	names, arrays, err := files.Read(out, files.Options{Columns: []string{"age"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names, arrays)
	// Output:
	// [age] [[36 41]]
}

var tableFormats = []string{".npz", ".arrow", ".feather", ".parquet", ".csv", ".tsv", ".json", ".jsonl"}

func TestEveryFormatBecomesEveryOther(t *testing.T) {
	dir := t.TempDir()
	names, arrays := people(t, 700)
	for _, from := range tableFormats {
		in := write(t, filepath.Join(dir, "in"+from), names, arrays...)
		for _, to := range tableFormats {
			out := filepath.Join(dir, from[1:]+"-to"+to)
			var rows int64
			convert(t, files.Conversion{In: []string{in}, Out: out, Progress: func(done, all int64) { rows = done }})
			haveNames, have := read(t, out, files.Options{})
			if !slices.Equal(haveNames, names) {
				t.Errorf("%s to %s: have %q, want %q", from, to, haveNames, names)
				continue
			}
			for i := range have {
				if !same(have[i], arrays[i]) {
					t.Errorf("%s to %s: %q: have\n%v\nwant\n%v", from, to, names[i], have[i], arrays[i])
				}
			}
			if rows != 700 && !(from == ".npz" && to == ".npz") {
				t.Errorf("%s to %s: told of %d rows", from, to, rows)
			}
			one := filepath.Join(dir, from[1:]+"-one"+to)
			convert(t, files.Conversion{In: []string{in}, Out: one, Options: files.Options{Columns: []string{"name", "at"}}})
			if haveNames, have := read(t, one, files.Options{}); !slices.Equal(haveNames, []string{"name", "at"}) || !same(have[1], arrays[0]) {
				t.Errorf("%s to %s: name and at: have %q", from, to, haveNames)
			}
		}
		out := filepath.Join(dir, from[1:]+".npy")
		convert(t, files.Conversion{In: []string{in}, Out: out, Options: files.Options{Columns: []string{"at"}}})
		if _, have := read(t, out, files.Options{}); !same(have[0], arrays[0]) {
			t.Errorf("%s to .npy: have %v", from, have)
		}
	}
}

func TestOneArrayGoesWithoutAName(t *testing.T) {
	dir := t.TempDir()
	a := of(t, []float64{1, 2.5, 3, 4, 5, 6}, 3, 2)
	in := write(t, filepath.Join(dir, "scores.npy"), []string{""}, a)
	for _, to := range append(slices.Clone(tableFormats), ".npy") {
		out := filepath.Join(dir, "out"+to)
		convert(t, files.Conversion{In: []string{in}, Out: out})
		names, have := read(t, out, files.Options{})
		want := "scores"
		if to == ".csv" || to == ".tsv" || to == ".json" || to == ".npy" {
			want = "out" // it has no name, and so gets the file's
		}
		if !slices.Equal(names, []string{want}) || !same(have[0], a) {
			t.Errorf("%s: have %q, %v", to, names, have)
		}
		back := filepath.Join(dir, "back.npy")
		convert(t, files.Conversion{In: []string{out}, Out: back, Force: true})
		if _, have := read(t, back, files.Options{}); !same(have[0], a) {
			t.Errorf("%s and back: have %v", to, have)
		}
	}
	for name, want := range map[string]string{"out.csv": "1.0,2.5\n3.0,4.0\n5.0,6.0\n", "out.json": "[[1.0,2.5],[3.0,4.0],[5.0,6.0]]\n", "out.jsonl": "{\"scores\":[1.0,2.5]}\n{\"scores\":[3.0,4.0]}\n{\"scores\":[5.0,6.0]}\n"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s: have %q, %v, want %q", name, b, err, want)
		}
	}
}

func TestSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	x, y, z := of(t, []float32{1, 2, 3, 4}, 2, 2), of(t, []int64{5, 6}), of(t, []int8{1, 2, 3})
	write(t, at("x.npy"), []string{""}, x)
	write(t, at("y.npy"), []string{""}, y)
	write(t, at("z.npz"), []string{"z"}, z)

	// .npy and .npz lie side by side.
	convert(t, files.Conversion{In: []string{at("x.npy"), at("y.npy")}, Out: at("xy.parquet")})
	if names, have := read(t, at("xy.parquet"), files.Options{}); !slices.Equal(names, []string{"x", "y"}) || !same(have[0], x) || !same(have[1], y) {
		t.Errorf("have %q, %v", names, have)
	}
	convert(t, files.Conversion{In: []string{at("x.npy"), at("y.npy")}, Out: at("y.csv"), Options: files.Options{Columns: []string{"y"}}})
	if names, have := read(t, at("y.csv"), files.Options{}); !slices.Equal(names, []string{"y"}) || !same(have[0], y) {
		t.Errorf("have %q, %v", names, have)
	}
	for _, out := range []string{"all.npz", "all.json"} {
		convert(t, files.Conversion{In: []string{at("x.npy"), at("y.npy"), at("z.npz")}, Out: at(out)})
		names, have := read(t, at(out), files.Options{Types: map[string]npy.DType{"x": npy.Float32, "z": npy.Int8}})
		if !slices.Equal(names, []string{"x", "y", "z"}) || !same(have[0], x) || !same(have[2], z) {
			t.Errorf("%s: have %q, %v", out, names, have)
		}
	}
	// The others follow each other.
	names, arrays := people(t, 10)
	write(t, at("a.csv"), names, arrays...)
	write(t, at("b.jsonl"), names, arrays...)
	convert(t, files.Conversion{In: []string{at("a.csv"), at("b.jsonl"), at("a.csv")}, Out: at("long.npz")})
	if _, have := read(t, at("long.npz"), files.Options{}); have[0].Dim(0) != 30 || have[3].Dim(0) != 30 {
		t.Errorf("have %v", have)
	}

	write(t, at("c.csv"), names[:3], arrays[:3]...)
	write(t, at("d.csv"), []string{"at", "age", "ok", "name"}, arrays[0], of(t, make([]float64, 10)), arrays[2], arrays[3])
	for _, c := range []struct {
		name  string
		in    []string
		out   string
		words string
	}{
		{"other columns", []string{"a.csv", "c.csv"}, "o.npz", `c.csv: shape does not fit: have the columns ["at" "age" "ok"], want those of`},
		{"another dtype", []string{"a.csv", "d.csv"}, "o.npz", "d.csv: wrong dtype: have the column age float64, want age int64 as in"},
		{"of both kinds", []string{"a.csv", "x.npy"}, "o.npz", "side by side"},
		{"rows that differ", []string{"x.npy", "z.npz"}, "o.csv", "have 3 rows, want 2"},
		{"one name twice", []string{"z.npz", "z.npz"}, "o.npz", `a second array "z"`},
		{"one name twice, in a table", []string{"x.npy", "x.npy"}, "o.csv", `a second array "x"`},
		{"several for one", []string{"x.npy", "y.npy"}, "o.npy", "have 2 arrays, want one"},
	} {
		in := make([]string, len(c.in))
		for i, name := range c.in {
			in[i] = at(name)
		}
		if err := files.Convert(t.Context(), files.Conversion{In: in, Out: at(c.out)}); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: have %v, want %q in it", c.name, err, c.words)
		}
	}
}

func TestArraysOfAnyShape(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	names := []string{"w", "bias", "step"}
	arrays := []*npy.Array{of(t, make([]float64, 6), 2, 3), of(t, []float64{1}), npy.Scalar(int64(7))}
	write(t, at("m.npz"), names, arrays...)
	convert(t, files.Conversion{In: []string{at("m.npz")}, Out: at("m.json")})
	if b, err := os.ReadFile(at("m.json")); err != nil || string(b) != "{\"w\":[[0.0,0.0,0.0],[0.0,0.0,0.0]],\"bias\":[1.0],\"step\":7}\n" {
		t.Errorf("have %s, %v", b, err)
	}
	convert(t, files.Conversion{In: []string{at("m.json")}, Out: at("back.npz"), Options: files.Options{Compress: true}})
	haveNames, have := read(t, at("back.npz"), files.Options{})
	if !slices.Equal(haveNames, names) {
		t.Errorf("have %q", haveNames)
	}
	for i := range have {
		if !same(have[i], arrays[i]) {
			t.Errorf("%q: have %v, want %v", names[i], have[i], arrays[i])
		}
	}
	convert(t, files.Conversion{In: []string{at("m.npz")}, Out: at("step.npy"), Options: files.Options{Columns: []string{"step"}}})
	convert(t, files.Conversion{In: []string{at("step.npy")}, Out: at("step.json")})
	if b, err := os.ReadFile(at("step.json")); err != nil || string(b) != "7\n" {
		t.Errorf("have %s, %v", b, err)
	}
	for _, out := range []string{"m.csv", "m.parquet", "m.arrow", "m.jsonl"} {
		err := files.Convert(t.Context(), files.Conversion{In: []string{at("m.npz")}, Out: at(out)})
		if !errors.Is(err, npy.ErrShape) || !strings.Contains(err.Error(), `"bias"`) {
			t.Errorf("%s: have %v", out, err)
		}
	}
}

func TestNotesSayWhatWasWidened(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "h.npz"), []string{"h", "b", "f"}, of(t, []npy.F16{0x3555}), of(t, []npy.BF16{0x3f80}), of(t, []float32{1}))
	for _, c := range []struct {
		to   string
		want []string
	}{
		{".csv", []string{`"h": float16 is written as float32`, `"b": bfloat16 is written as float32`}},
		{".json", []string{`"h": float16 is written as float32`, `"b": bfloat16 is written as float32`}},
		{".jsonl", []string{`"h": float16 is written as float32`, `"b": bfloat16 is written as float32`}},
		{".npz", nil},
		{".parquet", []string{"bfloat16"}},
		{".arrow", []string{"bfloat16"}},
	} {
		var notes []string
		convert(t, files.Conversion{In: []string{in}, Out: filepath.Join(dir, "out"+c.to), Note: func(s string) { notes = append(notes, s) }, Force: true})
		if len(notes) != len(c.want) || !slices.EqualFunc(notes, c.want, strings.Contains) {
			t.Errorf("%s: have %q, want %q", c.to, notes, c.want)
		}
		h, hErr := files.Stored(files.CSV, table.Column{Name: "h", DType: npy.Float16})
		if hErr != nil || !strings.Contains(h, "float32") {
			t.Errorf("Stored: have %q, %v", h, hErr)
		}
	}
}

func TestWhatIsThereStaysUnlessForced(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "a.csv"), []string{"x"}, of(t, []int64{1, 2}))
	for _, to := range append(slices.Clone(tableFormats), ".npy") {
		out := filepath.Join(dir, "out"+to)
		if err := os.WriteFile(out, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := files.Conversion{In: []string{in}, Out: out}
		if err := files.Convert(t.Context(), c); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: have %v, want ErrExist", to, err)
		}
		if b, err := os.ReadFile(out); err != nil || string(b) != "old" {
			t.Errorf("%s: have %q, %v", to, b, err)
		}
		c.Force = true
		convert(t, c)
		if _, have := read(t, out, files.Options{}); !same(have[0], of(t, []int64{1, 2})) {
			t.Errorf("%s: have %v", to, have)
		}
		os.Remove(out)
	}
	if err := files.Convert(t.Context(), files.Conversion{In: []string{in}, Out: in, Force: true}); err == nil || !strings.Contains(err.Error(), "read and written at once") {
		t.Errorf("onto itself: have %v", err)
	}
	if err := files.Convert(t.Context(), files.Conversion{In: []string{in}, Out: dir + "/x.csv/y.csv"}); err == nil {
		t.Error("a folder that is not there")
	}
	filetest.Only(t, dir, "a.csv")
}

func TestACancelledConversionLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	names, arrays := people(t, 200_000)
	in := write(t, filepath.Join(dir, "a.npz"), names, arrays...)
	for _, to := range tableFormats {
		ctx, cancel := context.WithCancel(t.Context())
		err := files.Convert(ctx, files.Conversion{In: []string{in}, Out: filepath.Join(dir, "out"+to), Progress: func(int64, int64) { cancel() }})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: have %v", to, err)
		}
		filetest.Only(t, dir, "a.npz")
	}
}

func TestBadInputLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	names, arrays := people(t, 3000)
	for _, f := range []string{".npz", ".arrow", ".parquet", ".csv", ".json", ".jsonl"} {
		path := write(t, at("whole"+f), names, arrays...)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		os.Remove(path)
		if f == ".csv" {
			b = append(b[:len(b)/2], "\n\"x\n"...) // any other cut is a CSV file too
		} else {
			b = b[:len(b)*2/3]
		}
		if err := os.WriteFile(at("cut"+f), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(t, at("z.npz"), []string{"z"}, of(t, []complex64{1i}))
	write(t, at("s.npz"), []string{"s"}, of(t, []string{"\xff"}))
	for name, content := range map[string]string{
		"empty.npy": "", "empty.npz": "", "empty.csv": "", "empty.json": "", "empty.jsonl": "", "empty.parquet": "", "empty.arrow": "",
		"text.npy": "hello, world", "text.npz": "hello, world", "text.parquet": "hello, world", "text.arrow": "hello, world", "text.jsonl": "hello",
		"ragged.json": "[[1,2],\n[3]]", "type.csv": "a\n1\nx\n", "fields.csv": "a,b\n1,2\n3\n",
		"cut.npy": "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,), }         \n1234",
	} {
		if err := os.WriteFile(at(name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, e := range entries {
		there = append(there, e.Name())
	}
	for _, name := range there {
		for _, to := range []string{".npz", ".arrow", ".parquet", ".csv", ".json", ".jsonl", ".npy"} {
			if strings.HasPrefix(name, "z.") && (to == ".npz" || to == ".npy") || name == "s.npz" && to != ".json" && to != ".jsonl" {
				continue // they are fine
			}
			err := files.Convert(t.Context(), files.Conversion{In: []string{at(name)}, Out: at("out" + to)})
			if err == nil || to != ".npy" && !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), "out"+to) {
				t.Errorf("%s to %s: have %v, want an error that names a file", name, to, err)
			}
			if err != nil && strings.Contains(err.Error(), ".tmp") {
				t.Errorf("%s to %s: have %v, which names a temporary file", name, to, err)
			}
			filetest.Only(t, dir, there...)
		}
	}
}

func TestNamesThatSayNoFormat(t *testing.T) {
	for _, name := range []string{"a", "a.xlsx", "a.csv.gz", ""} {
		if f, err := files.FormatOf(name); err == nil || !strings.Contains(err.Error(), ".parquet") {
			t.Errorf("%q: have %v, %v", name, f, err)
		}
	}
	if f, err := files.FormatOf("DIR/A.CSV"); f != files.CSV || err != nil {
		t.Errorf("have %v, %v", f, err)
	}
}

func TestPandasAndNumPy(t *testing.T) {
	dir := t.TempDir()
	python(t, "write", dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	check := []string{"check", dir}
	for _, in := range []string{"pandas.csv", "pandas.jsonl", "pandas.parquet", "pandas.feather", "numpy.npz", "python.json", "records.json"} {
		for _, to := range []string{".csv", ".jsonl", ".parquet", ".feather", ".npz", ".json"} {
			out := in + "-to" + to
			o := files.Options{}
			if f, _ := files.FormatOf(in); f >= files.CSV {
				o.Types = map[string]npy.DType{"g": npy.Float32}
			}
			convert(t, files.Conversion{In: []string{at(in)}, Out: at(out), Options: o})
			check = append(check, out)
		}
	}
	for _, in := range []string{"matrix.npy", "matrix.csv", "matrix.json"} {
		for _, to := range []string{".npy", ".csv", ".json"} {
			out := in + "-to" + to
			convert(t, files.Conversion{In: []string{at(in)}, Out: at(out)})
			check = append(check, out)
		}
	}
	python(t, check...)
}

// TestLargeTablesTakeLittleMemory converts a table that is larger than what it may take.
func TestLargeTablesTakeLittleMemory(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	rows, limit := 2<<20, 30<<20
	if testing.Short() {
		rows, limit = 1<<20, 24<<20
	}
	write(t, at("a.npz"), []string{"x", "y"}, of(t, make([]float32, 3*rows), rows, 3), of(t, make([]int64, rows))) // 40 MB
	for _, c := range [][2]string{{"a.npz", "a.csv"}, {"a.csv", "b.npz"}, {"a.npz", "a.json"}, {"a.json", "b.arrow"}} {
		rise := memory.Watch(t, memory.Anonymous)
		convert(t, files.Conversion{In: []string{at(c[0])}, Out: at(c[1])})
		most := rise()
		t.Logf("%s: %d MB", c, most>>20)
		if most > memory.Bound(limit) {
			t.Errorf("%s: have %d MB, want at most %d", c, most>>20, limit>>20)
		}
	}
}
