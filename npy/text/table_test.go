package text_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ndflow/npy"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

// form is a format of tables.
type form struct {
	name   string
	create func(path string, columns []table.Column, opts ...text.Option) (table.Writer, error)
	open   func(path string, opts ...text.Option) (table.Reader, error)
}

var forms = []form{
	{"csv", text.CreateCSV, text.OpenCSV},
	{"jsonl", text.CreateJSONLines, text.OpenJSONLines},
	{"json", text.CreateJSON, text.OpenJSON},
}

// tableOf returns a table of some rows with a column of each dtype, and of arrays.
func tableOf(t *testing.T, rows int) (names []string, arrays []*npy.Array) {
	t.Helper()
	add := func(name string, a *npy.Array) { names, arrays = append(names, name), append(arrays, a) }
	floats, bits, strs, ints := make([]float32, 6*rows), make([]bool, rows), make([]string, rows), make([]int64, rows)
	for i := range rows {
		for k := range 6 {
			floats[6*i+k] = float32(i)/7 + float32(k)
		}
		bits[i] = i%3 == 0
		strs[i] = strings.Repeat(`a "b", `, i%3) + fmt.Sprint("line\nof ", i)
		ints[i] = int64(i) << 40
	}
	add("x", of(t, floats, rows, 2, 3))
	add("yes", of(t, bits))
	add("täxt", of(t, strs))
	add("n", of(t, ints))
	return names, arrays
}

func columnsOf(names []string, arrays []*npy.Array) []table.Column {
	var columns []table.Column
	for i, a := range arrays {
		columns = append(columns, table.Column{Name: names[i], DType: a.DType(), Shape: a.Shape()[1:]})
	}
	return columns
}

// write writes arrays as a table, in batches.
func write(t *testing.T, f form, path string, names []string, arrays []*npy.Array, batch int, opts ...text.Option) {
	t.Helper()
	r, err := table.Of(names, arrays)
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.create(path, r.Columns(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for {
		part, err := r.Next(batch)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// read reads a table in batches and puts them together.
func read(t *testing.T, f form, path string, batch int, opts ...text.Option) ([]table.Column, []*npy.Array) {
	t.Helper()
	r, err := f.open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := table.ReadAll(limited{r, batch})
	if err != nil {
		t.Fatal(err)
	}
	return r.Columns(), all
}

type limited struct {
	table.Reader
	most int
}

func (l limited) Next(n int) ([]*npy.Array, error) { return l.Reader.Next(min(n, l.most)) }

func TestTablesReadBackEqual(t *testing.T) {
	for _, f := range forms {
		for _, rows := range []int{1, 7, 3000} {
			path := filepath.Join(t.TempDir(), "table."+f.name)
			names, arrays := tableOf(t, rows)
			write(t, f, path, names, arrays, 500)
			columns, have := read(t, f, path, 400, text.Types(map[string]npy.DType{"x": npy.Float32}))
			want := columnsOf(names, arrays)
			if fmt.Sprint(columns) != fmt.Sprint(want) {
				t.Errorf("%s: have columns %v, want %v", f.name, columns, want)
				continue
			}
			for i, a := range have {
				if !same(a, arrays[i]) {
					t.Errorf("%s, %d rows, %q: have\n%v\nwant\n%v", f.name, rows, names[i], a, arrays[i])
				}
			}
			// What is there for one row more or less, and columns in another order.
			columns, have = read(t, f, path, 1000, text.Columns("n", "x"))
			if len(columns) != 2 || columns[0].Name != "n" || !same(have[0], arrays[3]) || have[1].DType() != npy.Float64 {
				t.Errorf("%s: n and x: have %v", f.name, columns)
			}
			r, err := f.open(path)
			if err != nil || r.Rows() != int64(rows) {
				t.Errorf("%s: have %v rows, %v, want %d", f.name, r.Rows(), err, rows)
			}
			if err := errors.Join(r.Close(), r.Close()); err != nil {
				t.Error(err)
			}
			if _, err := r.Next(1); err == nil {
				t.Errorf("%s: a closed reader reads", f.name)
			}
		}
	}
}

func TestTablesOfEveryDType(t *testing.T) {
	for name, a := range samples(t) {
		if a.NDim() == 0 || a.Len() == 0 {
			continue
		}
		if a.DType() == npy.String {
			// An empty line of CSV would be no row, and is written so that it is one.
			a = of(t, []string{"", "x,y", "NaN", "  ", "1"})
		}
		for _, f := range forms {
			path := filepath.Join(t.TempDir(), "table."+f.name)
			write(t, f, path, []string{"a"}, []*npy.Array{a}, 2)
			_, have := read(t, f, path, 3, text.As(a.DType()))
			if !same(have[0], a) {
				t.Errorf("%s as %s: have\n%v\nwant\n%v", name, f.name, have[0], a)
			}
		}
	}
}

func TestATableWithoutNamesIsOneArray(t *testing.T) {
	dir := t.TempDir()
	a := of(t, []float64{1, 2, 3, 4, 5, 6.5}, 2, 3)
	for _, c := range []struct {
		form form
		want string
	}{
		{forms[0], "1.0,2.0,3.0\n4.0,5.0,6.5\n"},
		{forms[2], "[[1.0,2.0,3.0],[4.0,5.0,6.5]]\n"},
	} {
		path := filepath.Join(dir, "a."+c.form.name)
		write(t, c.form, path, []string{""}, []*npy.Array{a}, 1)
		if b, err := os.ReadFile(path); err != nil || string(b) != c.want {
			t.Errorf("%s: have %q, %v, want %q", c.form.name, b, err, c.want)
		}
		columns, have := read(t, c.form, path, 10)
		if columns[0].Name != "" || !same(have[0], a) {
			t.Errorf("%s: have %v, %v", c.form.name, columns, have)
		}
	}
}

func TestWhatCSVIs(t *testing.T) {
	for _, c := range []struct {
		name, csv string
		opts      []text.Option
		columns   string
		values    string
	}{
		{"dtypes", "i,f,b,s\n1,1,true,x\n2,2.5,FALSE,\n", nil, "[i int64 f float64 b bool s string]", "[[1 2] [1.  2.5] [ True False] ['x' '']]"},
		{"missing numbers", "a,b\n1,x\n,y\n", nil, "[a float64 b string]", "[[ 1. nan] ['x' 'y']]"},
		{"all missing", "a,b\n,1\n,2\n", nil, "[a float64 b int64]", "[[nan nan] [1 2]]"},
		{"not numbers", "a\nNaN\n-inf\n1\n", nil, "[a float64]", "[[ nan -inf   1.]]"},
		{"no head", "1,2.5\n3,4\n", nil, "[ float64 [2]]", "[[[1.  2.5]\n [3.  4. ]]]"},
		{"no head, one field", "1\n2\n", nil, "[ int64]", "[[1 2]]"},
		{"no head, by choice", "a,b\nc,d\n", []text.Option{text.Header(text.NoHead)}, "[ string [2]]", "[[['a' 'b']\n ['c' 'd']]]"},
		{"no head, mixed", "a,1\nc,2\n", []text.Option{text.Header(text.NoHead)}, "[0 string 1 int64]", "[['a' 'c'] [1 2]]"},
		{"numbers as names", "1,2\n3,4\n", []text.Option{text.Header(text.WithHead)}, "[1 int64 2 int64]", "[[3] [4]]"},
		{"zeros in front", "zip\n01234\n99999\n", nil, "[zip string]", "[['01234' '99999']]"},
		{"text takes numbers", "id\na1\n22\n\n", nil, "[id string]", "[['a1' '22']]"},
		{"quotes", "\"a\",\"b \"\"c\"\"\"\n\"x,y\",\"1\n2\"\n", nil, "[a string b \"c\" string]", "[['x,y'] ['1\\n2']]"},
		{"CR and LF", "a,b\r\n1,\"2\"\r\n3,4", nil, "[a int64 b int64]", "[[1 3] [2 4]]"},
		{"a mark in front", "\xef\xbb\xbfa\n1\n", nil, "[a int64]", "[[1]]"},
		{"empty lines", "\na\n\n1\r\n\r\n2\n\n", nil, "[a int64]", "[[1 2]]"},
		{"spaces", "a, b\n 1,\t2\n", nil, "[a int64  b int64]", "[[1] [2]]"},
		{"other numbers", "a\n+1\n.5\n-.5\n2.\n", nil, "[a float64]", "[[ 1.   0.5 -0.5  2. ]]"},
		{"no rows", "a,b\n", nil, "[a float64 b float64]", "[[] []]"},
		{"a semicolon", "a;b\n1;2,5\n", []text.Option{text.Comma(';')}, "[a int64 b string]", "[[1] ['2,5']]"},
		{"arrays", "x[0],x[1],\"y[0,0]\",\"y[0,1]\",\"y[1,0]\",\"y[1,1]\",z\n1,2,3,4,5,6.5,7\n", nil,
			"[x int64 [2] y float64 [2 2] z int64]", "[[[1 2]] [[[3.  4. ]\n  [5.  6.5]]] [7]]"},
		{"names that are no arrays", "x[1],y[0],y[2],z[0]x,w[00]\n1,2,3,4,5\n", nil,
			"[x[1] int64 y[0] int64 y[2] int64 z[0]x int64 w[00] int64]", "[[1] [2] [3] [4] [5]]"},
		{"elements of other kinds", "x[0],x[1]\n1,a\n", nil, "[x[0] int64 x[1] string]", "[[1] ['a']]"},
		{"given", "a,b\n1,2\n", []text.Option{text.Types(map[string]npy.DType{"a": npy.String}), text.As(npy.Uint8)}, "[a string b uint8]", "[['1'] [2]]"},
		{"large", "a,b\n9223372036854775807,18446744073709551615\n", nil, "[a int64 b uint64]", "[[9223372036854775807] [18446744073709551615]]"},
	} {
		r, err := text.NewCSVReader(strings.NewReader(c.csv), c.opts...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		all, err := table.ReadAll(r)
		if err != nil || fmt.Sprint(r.Columns()) != c.columns || fmt.Sprint(all) != c.values {
			t.Errorf("%s: have %v, %v, %v, want %v, %v", c.name, r.Columns(), all, err, c.columns, c.values)
		}
		// A pipe, in small pieces, gives the same.
		r, err = text.NewCSVReader(iotest.OneByteReader(struct{ io.Reader }{strings.NewReader(c.csv)}), c.opts...)
		if err != nil {
			t.Errorf("%s, from a pipe: %v", c.name, err)
			continue
		}
		if all, err := table.ReadAll(r); err != nil || fmt.Sprint(all) != c.values {
			t.Errorf("%s, from a pipe: have %v, %v", c.name, all, err)
		}
	}
}

var badCSV = []struct {
	name, csv string
	opts      []text.Option
	words     string
}{
	{"empty", "", nil, "an empty file"},
	{"only empty lines", "\n\n", nil, "an empty file"},
	{"too few fields", "a,b\n1,2\n3\n", nil, "line 3: have 1 fields, want 2"},
	{"too many fields", "a,b\n1,2,3\n", nil, "line 2: have 3 fields, want 2"},
	{"too many fields, given", "a,b\n1,2\n1,2,3\n", []text.Option{text.As(npy.Int64)}, "line 3: have 3 fields"},
	{"a column that changes type", "age,n\n1,2\n3,4\nold,6\n", nil, `line 4: field 1 ("age"): have text "old", want a number as on line 2; read the column as string`},
	{"a column of bools that changes type", "b\ntrue\n1\n", nil, "want true or false as on line 2"},
	{"a column of numbers that has bools", "b\n1\ntrue\n", nil, "want a number as on line 2"},
	{"bools with holes", "a,b\ntrue,1\n,2\n", nil, "an empty field among true and false"},
	{"overflow", "a\n1\n99999999999999999999\n", nil, "line 3: field 1 (\"a\"): 99999999999999999999 does not fit"},
	{"overflow of what was given", "a\n1\n300\n", []text.Option{text.As(npy.Uint8)}, "line 3: field 1: 300 does not fit uint8"},
	{"a hole where an integer must be", "a,b\n,1\n", []text.Option{text.As(npy.Int32)}, "int32 has none"},
	{"a quote left open", "a\n\"x\n\n", nil, "line 2: field 1 has a quote with no end"},
	{"a quote inside", "a\nx\"y\n", nil, "line 2: field 1 has a quote inside"},
	{"more behind a quote", "a\n\"x\"y\n", nil, "line 2: field 1 goes on behind its quote with 'y'"},
	{"the line counts those in quotes", "a\n\"1\n2\n\"\n\"x\"y\n", nil, "line 5"},
	{"two columns of one name", "a,a\n1,2\n", nil, `a second column "a"`},
	{"no such column", "a\n1\n", []text.Option{text.Columns("b")}, `no column "b", there are ["a"]`},
	{"a dtype for no column", "a\n1\n", []text.Option{text.Types(map[string]npy.DType{"b": npy.Int8})}, `no column "b"`},
	{"not UTF-8", "a\n\xff\n", nil, "line 2: field 1: have \"\\xff\", which is not UTF-8"},
	{"complex", "a\n1\n", []text.Option{text.As(npy.Complex128)}, "cannot read text as complex128"},
}

func TestBadCSVIsAnErrorThatSaysWhere(t *testing.T) {
	for _, c := range badCSV {
		for how, in := range map[string]io.Reader{
			"file": strings.NewReader(c.csv),
			"pipe": iotest.OneByteReader(struct{ io.Reader }{strings.NewReader(c.csv)}),
		} {
			r, err := text.NewCSVReader(in, c.opts...)
			if err == nil {
				_, err = table.ReadAll(r)
			}
			if err == nil || !strings.Contains(err.Error(), c.words) || !strings.HasPrefix(err.Error(), "text: ") {
				t.Errorf("%s, %s: have %v, want %q in it", c.name, how, err, c.words)
			}
		}
	}
}

func TestBadJSONTablesAreErrorsThatSayWhere(t *testing.T) {
	for _, c := range []struct {
		name, json, words string
		open              func(string, ...text.Option) (table.Reader, error)
	}{
		{"ragged", "[[1,2],\n[3]]", "line 2, column 3: shape does not fit", text.OpenJSON},
		{"one value", "1", "want a list or an object", text.OpenJSON},
		{"rows that differ", `{"a":[1,2],"b":[3]}`, `"b": shape does not fit: have 1 rows, want 2 as "a" has`, text.OpenJSON},
		{"a value among columns", `{"a":[1,2],"b":3}`, `"b": shape does not fit: have one value, want a list of rows`, text.OpenJSON},
		{"no columns", `{}`, "an object of nothing", text.OpenJSON},
		{"more behind it", "[1]\n[2]", "line 2, column 1", text.OpenJSON},
		{"objects a line", "{\"a\":1}\n{\"a\":2}", "line 2, column 1: have", text.OpenJSON},
		{"objects that differ", `[{"a":1},{"b":1}]`, `have the name "b"`, text.OpenJSON},
		{"a list cut", `[{"a":1}`, "want a comma or ]", text.OpenJSON},
		{"empty", "", "the text ends", text.OpenJSON},
		{"no lines", "\n", "an empty file", text.OpenJSONLines},
		{"a line that is a list", "[1]\n", "want an object", text.OpenJSONLines},
		{"a name is missing", "{\"a\":1,\"b\":2}\n{\"a\":1}\n", `line 2, column 8: an object without "b"`, text.OpenJSONLines},
		{"a name twice", "{\"a\":1,\"b\":2}\n{\"a\":1,\"a\":2}\n", `line 2, column 11: the name "a" is there twice`, text.OpenJSONLines},
		{"a column that changes type", "{\"a\":1}\n{\"a\":\"x\"}\n", `line 2, column 6: have text "x", want a number`, text.OpenJSONLines},
		{"a column that changes shape", "{\"a\":[1]}\n{\"a\":[1,2]}\n", "line 2, column 10: shape does not fit", text.OpenJSONLines},
		{"an empty object", "{}\n", "an object of nothing", text.OpenJSONLines},
		{"cut", "{\"a\":1}\n{\"a\"", "line 2, column 5: the text ends", text.OpenJSONLines},
	} {
		path := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(path, []byte(c.json), 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := c.open(path)
		if err == nil {
			_, err = table.ReadAll(r)
		}
		if err == nil || !strings.Contains(err.Error(), c.words) || !strings.HasPrefix(err.Error(), "text: "+path+": ") {
			t.Errorf("%s: have %v, want %q in it", c.name, err, c.words)
		}
	}
}

func TestJSONTablesInEveryForm(t *testing.T) {
	for _, c := range []struct{ name, json, columns, values string }{
		{"nested lists", " [[1, 2],\n [3, 4]] ", "[ int64 [2]]", "[[[1 2]\n [3 4]]]"},
		{"a list", "[0.5, 1]", "[ float64]", "[[0.5 1. ]]"},
		{"no rows", "[]", "[ float64]", "[[]]"},
		{"columns", `{"a": [1, 2], "b": [[true], [false]]}`, "[a int64 b bool [1]]", "[[1 2] [[ True]\n [False]]]"},
		{"columns of no rows", `{"a": [], "b": []}`, "[a float64 b float64]", "[[] []]"},
		{"objects", `[{"a": 1, "b": "x"}, {"b": "y", "a": 2}]`, "[a int64 b string]", "[[1 2] ['x' 'y']]"},
	} {
		path := filepath.Join(t.TempDir(), "t.json")
		if err := os.WriteFile(path, []byte(c.json), 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := text.OpenJSON(path)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		all, err := table.ReadAll(limited{r, 1})
		if err != nil || fmt.Sprint(r.Columns()) != c.columns || fmt.Sprint(all) != c.values {
			t.Errorf("%s: have %v, %v, %v", c.name, r.Columns(), all, err)
		}
		r.Close()
	}
}

func TestAPipeIsDecidedByItsBeginning(t *testing.T) {
	lines := "{\"a\":1}\n" + strings.Repeat("{\"a\":2}\n", 200_000)
	pipe := func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }
	r, err := text.NewJSONLinesReader(pipe(lines))
	if err != nil || r.Rows() != -1 {
		t.Fatalf("have %v rows, %v", r.Rows(), err)
	}
	if all, err := table.ReadAll(r); err != nil || all[0].Dim(0) != 200_001 {
		t.Errorf("have %v, %v", all, err)
	}
	r, err = text.NewJSONLinesReader(pipe(lines + "{\"a\":0.5}\n"))
	if err == nil {
		_, err = table.ReadAll(r)
	}
	if err == nil || !strings.Contains(err.Error(), "line 200002, column 6: 0.5 does not fit int64") {
		t.Errorf("have %v", err)
	}
	r, err = text.NewCSVReader(pipe("a,b\n" + strings.Repeat("1,\"x\ny\"\n", 200_000) + "1.5,x\n"))
	if err == nil {
		_, err = table.ReadAll(r)
	}
	if err == nil || !strings.Contains(err.Error(), "line 400002: field 1: 1.5 does not fit int64") {
		t.Errorf("have %v", err)
	}
	// A file is looked at to its end first.
	r, err = text.NewJSONLinesReader(strings.NewReader(lines + "{\"a\":0.5}\n"))
	if err != nil || r.Columns()[0].DType != npy.Float64 || r.Rows() != 200_002 {
		t.Errorf("have %v, %v, %v", r.Columns(), r.Rows(), err)
	}
}

func TestGoReadsOurCSV(t *testing.T) {
	var b bytes.Buffer
	strs := []string{"a", "", "x,y", "q\"q", "two\r\nlines", "z"}
	w, err := text.NewCSVWriter(&b, []table.Column{{Name: "s, or \"s\"", DType: npy.String}, {Name: "n", DType: npy.Float64}}, text.CRLF(), text.NaN(""))
	if err == nil {
		err = w.Write([]*npy.Array{of(t, strs), of(t, make([]float64, 6))})
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 7 || rows[0][0] != `s, or "s"` {
		t.Fatalf("have %q, %v", rows, err)
	}
	for i, s := range strs {
		if have := rows[i+1][0]; have != strings.ReplaceAll(s, "\r\n", "\n") { // as encoding/csv does
			t.Errorf("have %q, want %q", have, s)
		}
	}
}

func TestNotesSayWhatWasWidened(t *testing.T) {
	for _, f := range forms {
		w, err := f.create(filepath.Join(t.TempDir(), "x"), []table.Column{{Name: "h", DType: npy.Float16}, {Name: "f", DType: npy.Float32}})
		if err != nil {
			t.Fatal(err)
		}
		if have := table.Notes(w); !slices.Equal(have, []string{`"h": float16 is written as float32, exactly`}) {
			t.Errorf("%s: have %q", f.name, have)
		}
		w.Close()
	}
}

func TestWritersRefuse(t *testing.T) {
	dir := t.TempDir()
	for _, f := range forms {
		path := filepath.Join(dir, "x."+f.name)
		if _, err := f.create(path, []table.Column{{Name: "z", DType: npy.Complex64}}); !errors.Is(err, npy.ErrDType) || !strings.Contains(err.Error(), "real and the imaginary") {
			t.Errorf("%s: complex: have %v", f.name, err)
		}
		if _, err := f.create(path, nil); err == nil {
			t.Errorf("%s: no columns: no error", f.name)
		}
		if _, err := f.create(filepath.Join(dir, "none", "x"), []table.Column{{DType: npy.Int8}}); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a folder that is not there: have %v", f.name, err)
		}
		w, err := f.create(path, []table.Column{{Name: "a", DType: npy.Int8}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write([]*npy.Array{of(t, []int16{1})}); !errors.Is(err, npy.ErrDType) {
			t.Errorf("%s: another dtype: have %v", f.name, err)
		}
		if err := w.Write([]*npy.Array{of(t, []int8{1})}); err != nil {
			t.Errorf("%s: after a batch that was refused: %v", f.name, err)
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		if err := w.Commit(); err == nil {
			t.Errorf("%s: committed after it was closed", f.name)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
			t.Errorf("%s: have %v left, %v", f.name, entries, err)
		}
	}
	if _, err := text.NewCSVWriter(io.Discard, []table.Column{{DType: npy.Int8}}, text.Comma('.')); err == nil {
		t.Error("a point between fields")
	}
}
