package main

import (
	"os"
	"path/filepath"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/npy"
)

// put writes a file of text.
func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// holds checks what is in a file.
func holds(t *testing.T, path, want string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || string(b) != want {
		t.Errorf("%s: have %q, %v, want %q", path, b, err, want)
	}
}

func TestConvertGoesByTheNames(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("homes.csv"), "zip,price,at[0],at[1]\n01234,1.5,1,2\n99999,,3,4\n")
	for _, to := range []string{"homes.npz", "homes.arrow", "homes.parquet", "homes.json", "homes.jsonl"} {
		if r := ok(t, dir, "convert", "homes.csv", to); r.stdout != "" {
			t.Errorf("%s: have output %q", to, r.stdout)
		}
		ok(t, dir, "convert", to, "back.csv")
		holds(t, at("back.csv"), "zip,price,at[0],at[1]\n01234,1.5,1,2\n99999,NaN,3,4\n")
		os.Remove(at("back.csv"))
	}
	holds(t, at("homes.json"), `{"zip":["01234","99999"],"price":[1.5,NaN],"at":[[1,2],[3,4]]}`+"\n")
	ok(t, dir, "convert", "--columns", "at,zip", "homes.parquet", "part.jsonl")
	holds(t, at("part.jsonl"), `{"at":[1,2],"zip":"01234"}`+"\n"+`{"at":[3,4],"zip":"99999"}`+"\n")
	ok(t, dir, "convert", "-c", "at", "--type", "at=float32", "homes.csv", "at.npy")
	same(t, "at", load(t, at("at.npy")), mustArray(t, []float32{1, 2, 3, 4}, 2, 2))
	ok(t, dir, "convert", "--nonfinite", "null", "homes.npz", "strict.json")
	holds(t, at("strict.json"), `{"zip":["01234","99999"],"price":[1.5,null],"at":[[1,2],[3,4]]}`+"\n")
	ok(t, dir, "convert", "--header", "no", "--type", "string", "homes.csv", "all.npy")
	if a := load(t, at("all.npy")); a.DType() != npy.String || a.Dim(0) != 3 || a.Dim(1) != 4 {
		t.Errorf("have %v", a)
	}
	ok(t, dir, "convert", "at.npy", "all.npy", "--columns", "at", "two.npz", "--compress")
}

func mustArray[T npy.Element](t *testing.T, values []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConvertSaysWhatWasWidened(t *testing.T) {
	dir := t.TempDir()
	save(t, filepath.Join(dir, "h.npy"), []npy.F16{0x3555, 0x3c00})
	r := inside(t, dir, "convert", "h.npy", "h.csv")
	if r.code != 0 || r.stderr != "ndflow: float16 is written as float32, exactly\n" {
		t.Errorf("have exit code %d, stderr %q", r.code, r.stderr)
	}
	holds(t, filepath.Join(dir, "h.csv"), "0.33325195\n1.0\n")
}

func TestConvertReplacesOnlyByForce(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("a.csv"), "x\n1\n")
	put(t, at("a.json"), "old")
	fails(t, dir, []string{"convert", "a.csv", "a.json"}, "a.json is there already; --force replaces it")
	holds(t, at("a.json"), "old")
	ok(t, dir, "convert", "--force", "a.csv", "a.json")
	holds(t, at("a.json"), `{"x":[1]}`+"\n")
	fails(t, dir, []string{"convert", "--force", "a.csv", "a.csv"}, "a.csv", "read and written at once")
	filetest.Only(t, dir, "a.csv", "a.json")
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("age.csv"), "name,age\nAda,36\nAlan,old\n")
	put(t, at("fields.csv"), "a,b\n1,2\n3\n")
	put(t, at("ragged.json"), "[[1, 2],\n [3]]\n")
	put(t, at("x.parquet"), "no Parquet")
	put(t, at("x.arrow"), "no Arrow")
	put(t, at("x.npz"), "no archive")
	save(t, at("z.npy"), []complex64{1i})
	save(t, at("x.npy"), []float32{1, 2})
	before := []string{"age.csv", "fields.csv", "ragged.json", "x.parquet", "x.arrow", "x.npz", "z.npy", "x.npy"}
	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{"age.csv", "o.npz"}, []string{`age.csv: not a valid file: line 3: field 2 ("age"): have text "old", want a number as on line 2; read the column as string`}},
		{[]string{"fields.csv", "o.npz"}, []string{"fields.csv", "line 3: have 1 fields, want 2"}},
		{[]string{"ragged.json", "o.npz"}, []string{"ragged.json", "line 2, column 4", "a list of length 1 ends, want 2"}},
		{[]string{"x.parquet", "o.csv"}, []string{"x.parquet"}},
		{[]string{"x.arrow", "o.csv"}, []string{"x.arrow"}},
		{[]string{"x.npz", "o.csv"}, []string{"x.npz", "not a valid file"}},
		{[]string{"z.npy", "o.csv"}, []string{"o.csv", "no complex numbers", "real and the imaginary"}},
		{[]string{"z.npy", "o.json"}, []string{"o.json", "no complex numbers"}},
		{[]string{"z.npy", "o.parquet"}, []string{"complex64"}},
		{[]string{"none.csv", "o.npz"}, []string{"none.csv", "no such file"}},
		{[]string{"x.npy", "none/o.csv"}, []string{"none", "no such file"}},
		{[]string{"-c", "y", "x.npy", "o.csv"}, []string{`no array ["y"], there is "x"`}},
		{[]string{"-c", "y", "age.csv", "o.npz", "-t", "string"}, []string{`no column "y", there are ["name" "age"]`}},
		{[]string{"-t", "float32", "x.npy", "o.csv"}, []string{"x.npy", "has its own"}},
		{[]string{"-t", "old=int8", "age.csv", "o.npz", "-t", "string"}, []string{`no column "old"`}},
		{[]string{"age.csv", "-t", "string", "o.npy"}, []string{"have 2 columns, want one, or a .npz file"}},
	} {
		fails(t, dir, append([]string{"convert"}, c.args...), c.words...)
		filetest.Only(t, dir, before...)
	}
	for _, c := range []struct {
		args []string
		word string
	}{
		{nil, "IN is missing"},
		{[]string{"age.csv"}, "OUT is missing"},
		{[]string{"age.csv", "age.xlsx"}, "age.xlsx: no format has names like that, want .npy"},
		{[]string{"age.csv", "o.npz", "-t", "age=float33"}, "--type age=float33: want NAME=DTYPE"},
		{[]string{"age.csv", "o.npz", "--header", "perhaps"}, "--header perhaps: want auto, yes or no"},
		{[]string{"age.csv", "o.json", "--nonfinite", "x"}, "--nonfinite x: want tokens, null or strings"},
	} {
		checkFailure(t, inside(t, dir, append([]string{"convert"}, c.args...)...), exitUsage, c.word)
	}
}
