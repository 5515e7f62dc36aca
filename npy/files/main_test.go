package files_test

import (
	"fmt"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/internal/scripttest"
	"ndflow/npy"
	"ndflow/npy/files"
)

// python runs testdata/tables.py with the Python that has pandas and pyarrow.
func python(t *testing.T, args ...string) {
	t.Helper()
	scripttest.Tables.Run(t, append([]string{"testdata/tables.py"}, args...)...)
}

func of[T npy.Element](t *testing.T, values []T, shape ...int) *npy.Array {
	t.Helper()
	if shape == nil {
		shape = []int{len(values)}
	}
	a, err := npy.From(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var same = arraytest.Same

// people is a table: what all formats of tables can hold.
func people(t *testing.T, rows int) (names []string, arrays []*npy.Array) {
	t.Helper()
	at, age, ok, name := make([]float64, 2*rows), make([]int64, rows), make([]bool, rows), make([]string, rows)
	for i := range rows {
		at[2*i], at[2*i+1] = float64(i)/7, -float64(i)-0.5
		age[i], ok[i], name[i] = int64(i)<<33, i%3 == 0, fmt.Sprintf("name, %d\n\"x\"", i)
	}
	return []string{"at", "age", "ok", "name"}, []*npy.Array{of(t, at, rows, 2), of(t, age), of(t, ok), of(t, name)}
}

// write writes arrays to a file.
func write(t *testing.T, path string, names []string, arrays ...*npy.Array) string {
	t.Helper()
	if err := files.Write(path, names, arrays, files.Options{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads what is in a file.
func read(t *testing.T, path string, o files.Options) ([]string, []*npy.Array) {
	t.Helper()
	names, arrays, err := files.Read(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return names, arrays
}

func convert(t *testing.T, c files.Conversion) {
	t.Helper()
	if err := files.Convert(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}
