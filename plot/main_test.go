package plot

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"ndflow/internal/scripttest"
	"ndflow/npy"
)

// askNumPyWith runs a script whose arguments are a text and the paths of the arrays, and
// reads the JSON that it prints.
func askNumPyWith(t *testing.T, script, first string, answer any, arrays ...*npy.Array) {
	t.Helper()
	args := []string{"-c", script, first}
	for i, a := range arrays {
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.npy", i))
		if err := npy.WriteFile(file, a); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	out := scripttest.NumPy.Run(t, args...)
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// array makes an array of the values.
func array[T npy.Element](t testing.TB, values []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// made makes n values.
func made[T any](n int, of func(i int) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = of(i)
	}
	return list
}

// figure draws, or fails the test.
func figure(t testing.TB, kind Kind, o Options, series ...Series) *Figure {
	t.Helper()
	f, err := Draw(t.Context(), kind, o, series...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
