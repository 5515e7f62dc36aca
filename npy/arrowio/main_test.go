package arrowio

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/internal/scripttest"
	"ndflow/npy"
	"ndflow/npy/table"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if fixtureDir != "" {
		os.RemoveAll(fixtureDir)
	}
	if scratchFile != "" {
		os.Remove(scratchFile)
	}
	os.Exit(code)
}

// python runs testdata/tables.py with the Python that has pandas and pyarrow.
func python(args ...string) error {
	_, err := scripttest.Tables.Output(append([]string{"testdata/tables.py"}, args...)...)
	return err
}

var fixtureDir string // "" until there is one to remove

// fixtureFolder has pyarrow and pandas write their tables, once for all tests.
var fixtureFolder = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "arrowio-fixtures-")
	if err != nil {
		return "", err
	}
	fixtureDir = dir
	return dir, python("write", dir)
})

// fixture is what is in a table that Python wrote.
type fixture struct {
	Strings map[string][]string
	Columns []string
}

func fixtures(t testing.TB) (string, map[string]fixture) {
	t.Helper()
	dir, err := fixtureFolder()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]fixture
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(dir, "manifest.json"))), &m); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

// open opens a table by its name's ending.
func open(path string, opts ...Option) (*Reader, error) {
	if strings.HasSuffix(path, ".parquet") {
		return OpenParquet(path, opts...)
	}
	return OpenArrow(path, opts...)
}

// create begins a table by its name's ending.
func create(path string, columns []table.Column, opts ...Option) (*Writer, error) {
	switch filepath.Ext(path) {
	case ".parquet":
		return CreateParquet(path, columns, opts...)
	case ".arrows":
		opts = append(opts, Stream())
	}
	return CreateArrow(path, columns, opts...)
}

// write writes arrays as a table, some rows at a time.
func write(path string, names []string, arrays []*npy.Array, rows int, opts ...Option) error {
	r, err := table.Of(names, arrays)
	if err != nil {
		return err
	}
	w, err := create(path, r.Columns(), opts...)
	if err != nil {
		return err
	}
	defer w.Close()
	for lo := 0; lo < arrays[0].Dim(0); lo += rows {
		batch, err := r.Next(rows)
		if err != nil {
			return err
		}
		if err := w.Write(batch); err != nil {
			return err
		}
	}
	return w.Commit()
}

// must returns v; it is for calls that fail only if the test is wrong.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var equal = arraytest.Same
