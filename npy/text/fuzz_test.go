package text_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"ndflow/npy"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

// FuzzJSON reads any bytes as JSON. It must not panic, must find the same in small
// pieces, must agree with Go's own parser on what is JSON where that has all of it,
// and must read again what it writes.
func FuzzJSON(f *testing.F) {
	for _, c := range badJSON {
		if len(c.json) < 1000 {
			f.Add([]byte(c.json))
		}
	}
	for _, s := range []string{"[[1,2],[3,4.5e-3]]", `{"a":[true],"b":"\u00e9\n"}`, "[NaN,-Infinity,null]", "[18446744073709551615]", `["NaN","x"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		names, arrays, err := text.ReadJSON(bytes.NewReader(b))
		_, small, err2 := text.ReadJSON(iotest.OneByteReader(bytes.NewReader(b)))
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v; in pieces: %v", err, err2)
		}
		if err != nil {
			return
		}
		strict := !bytes.Contains(b, []byte("NaN")) && !bytes.Contains(b, []byte("Infinity"))
		if strict && !json.Valid(b) {
			t.Fatal("that is no JSON")
		}
		for i, a := range arrays {
			if !same(a, small[i]) {
				t.Fatalf("whole: %v; in pieces: %v", a, small[i])
			}
			if a.Len() > len(b) {
				t.Fatalf("have %d elements of %d bytes", a.Len(), len(b))
			}
			out, err := text.AppendJSON(nil, a)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := text.ParseJSON(out, text.As(a.DType())); err != nil || a.Len() > 0 && !same(a, back) {
				t.Fatalf("%v became %v, %v by %s", a, back, err, out)
			}
		}
		if names != nil {
			out, err := text.AppendJSONObject(nil, names, arrays)
			if err != nil || strict && !json.Valid(out) && !bytes.Contains(out, []byte("NaN")) {
				t.Fatalf("have %s, %v", out, err)
			}
		}
	})
}

// FuzzCSV reads any bytes as CSV, which must not panic and must find the same in small
// pieces; what it reads it must write so that it reads it again.
func FuzzCSV(f *testing.F) {
	for _, c := range badCSV {
		f.Add([]byte(c.csv))
	}
	for _, s := range []string{"a,b\n1,\"x\"\"y\"\n", "1,2\n3,4.5\n", "\"x[0,0]\",\"x[0,1]\"\n1,2\n", "\xef\xbb\xbfa\r\n\r\n.5\r\n", "a\n007\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		columns, arrays, err := readCSV(bytes.NewReader(b))
		_, small, err2 := readCSV(iotest.OneByteReader(bytes.NewReader(b)))
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v; in pieces: %v", err, err2)
		}
		if err != nil {
			return
		}
		types := map[string]npy.DType{}
		for i, c := range columns {
			if !same(arrays[i], small[i]) {
				t.Fatalf("%v: whole: %v; in pieces: %v", c, arrays[i], small[i])
			}
			types[c.Name] = c.DType
		}
		var out bytes.Buffer
		w, err := text.NewCSVWriter(&out, columns, text.Header(text.WithHead))
		if err == nil {
			err = w.Write(arrays)
		}
		if err == nil {
			err = w.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
		again, back, err := readCSV(&out, text.Header(text.WithHead), text.Types(types))
		if err != nil {
			t.Fatalf("%v of %q", err, out.Bytes())
		}
		for i, a := range back {
			if !same(a, arrays[i]) {
				t.Fatalf("%v: have %v, want %v", again[i], a, arrays[i])
			}
		}
	})
}

func readCSV(r io.Reader, opts ...text.Option) ([]table.Column, []*npy.Array, error) {
	t, err := text.NewCSVReader(r, opts...)
	if err != nil {
		return nil, nil, err
	}
	arrays, err := table.ReadAll(t)
	return t.Columns(), arrays, err
}

// FuzzJSONTables reads any bytes as the files of tables that JSON can be.
func FuzzJSONTables(f *testing.F) {
	for _, s := range []string{"[[1,2],[3,4]]", `{"a":[1,2],"b":["x","y"]}`, `[{"a":1},{"a":2.5}]`, "{\"a\":[1]}\n{\"a\":[2]}\n", "[]", `{"a":[[]]}`} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "t.json")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		for name, open := range map[string]func(string, ...text.Option) (table.Reader, error){"json": text.OpenJSON, "lines": text.OpenJSONLines} {
			r, err := open(path)
			if err != nil {
				continue
			}
			rows := r.Rows()
			all, err := table.ReadAll(limited{r, 3})
			r.Close()
			if err != nil {
				t.Fatalf("%s: what was looked at cannot be read: %v", name, err)
			}
			if len(all) > 0 && int64(all[0].Dim(0)) != rows {
				t.Fatalf("%s: have %d rows, want %d", name, all[0].Dim(0), rows)
			}
			if name == "json" && strings.HasPrefix(strings.TrimSpace(string(b)), "{") {
				_, whole, err := text.ReadJSON(bytes.NewReader(b))
				if err != nil {
					t.Fatal(err)
				}
				for i := range whole {
					if whole[i].Len() > 0 && !same(whole[i], all[i]) {
						t.Fatalf("as a table %v, whole %v", all[i], whole[i])
					}
				}
			}
		}
	})
}
