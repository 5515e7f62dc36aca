package table_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/npy/table"
)

func Example() {
	x, err := npy.From([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	if err != nil {
		log.Fatal(err)
	}
	name, err := npy.From([]string{"one", "two", "three"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := table.Of([]string{"x", "name"}, []*npy.Array{x, name})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Columns(), r.Rows())
	for {
		batch, err := r.Next(2)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch[1], batch[0].Shape())
	}
	// Output:
	// [x float32 [2] name string] 3
	// ['one' 'two'] [2 2]
	// ['three'] [1 2]
}

func of[T npy.Element](t *testing.T, values []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// keeper is a Writer that keeps the batches.
type keeper struct {
	columns []table.Column
	rows    []int
	err     error
}

func (k *keeper) Write(batch []*npy.Array) error {
	n, err := table.Check(k.columns, batch)
	k.rows = append(k.rows, n)
	return errors.Join(err, k.err)
}
func (k *keeper) Commit() error { return nil }
func (k *keeper) Close() error  { return nil }

func TestCopyMovesAllRows(t *testing.T) {
	const rows = 200_000
	r, err := table.Of([]string{"x", "s"}, []*npy.Array{of(t, make([]float64, 10*rows), rows, 10), of(t, make([]string, rows))})
	if err != nil {
		t.Fatal(err)
	}
	w := &keeper{columns: r.Columns()}
	var told []int64
	if err := table.Copy(t.Context(), w, r, func(n int64) { told = append(told, n) }); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, n := range w.rows {
		sum += n
	}
	if sum != rows || len(w.rows) < 2 || told[len(told)-1] != rows {
		t.Errorf("have batches %v, told %v, want %d rows in several batches", w.rows, told, rows)
	}
}

func TestCopyStopsWhereItCannotGoOn(t *testing.T) {
	r := func() table.Reader {
		r, err := table.Of([]string{"x"}, []*npy.Array{of(t, []int64{1, 2})})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := table.Copy(ctx, &keeper{}, r(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: have %v", err)
	}
	full := errors.New("full")
	if err := table.Copy(t.Context(), &keeper{columns: r().Columns(), err: full}, r(), nil); !errors.Is(err, full) {
		t.Errorf("a writer's error: have %v", err)
	}
}

// single hides that a Reader could give more than one row.
type single struct{ table.Reader }

func (s single) Next(int) ([]*npy.Array, error) { return s.Reader.Next(1) }

func TestReadAllPutsBatchesTogether(t *testing.T) {
	x, s := of(t, []int16{1, 2, 3, 4, 5, 6}, 3, 2), of(t, []string{"a", "b", "c"})
	r, err := table.Of([]string{"x", "s"}, []*npy.Array{x, s})
	if err != nil {
		t.Fatal(err)
	}
	all, err := table.ReadAll(single{r})
	if err != nil {
		t.Fatal(err)
	}
	if all[0].String() != x.String() || all[1].String() != s.String() {
		t.Errorf("have %v", all)
	}
	if all, err = table.ReadAll(r); err != nil || all[0].Dim(0) != 0 || !slices.Equal(all[0].Shape(), []int{0, 2}) {
		t.Errorf("at the end: have %v, %v, want no rows", all, err)
	}
}

func TestCheckNamesTheColumn(t *testing.T) {
	columns := []table.Column{{Name: "x", DType: npy.Int64}, {Name: "y", DType: npy.Float32, Shape: []int{2}}}
	x, y := of(t, []int64{1, 2}), of(t, make([]float32, 4), 2, 2)
	if n, err := table.Check(columns, []*npy.Array{x, y}); n != 2 || err != nil {
		t.Errorf("have %d, %v, want 2 rows", n, err)
	}
	for _, c := range []struct {
		name  string
		batch []*npy.Array
		is    error
		words string
	}{
		{"one is missing", []*npy.Array{x}, npy.ErrShape, "1 arrays, want 2"},
		{"dtype", []*npy.Array{x, x}, npy.ErrDType, `"y"`},
		{"shape", []*npy.Array{x, of(t, make([]float32, 6), 2, 3)}, npy.ErrShape, `"y"`},
		{"rows", []*npy.Array{x, of(t, make([]float32, 6), 3, 2)}, npy.ErrShape, "3 rows, want 2"},
		{"0-d", []*npy.Array{npy.Scalar(int64(1)), y}, npy.ErrShape, `"x"`},
		{"nil", []*npy.Array{nil, y}, nil, "nil array"},
	} {
		_, err := table.Check(columns, c.batch)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: have %v", c.name, err)
		}
	}
}

func TestPick(t *testing.T) {
	columns := []table.Column{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	if have, err := table.Pick(columns, []string{"c", "a"}); err != nil || !slices.Equal(have, []int{2, 0}) {
		t.Errorf("have %v, %v", have, err)
	}
	if have, err := table.Pick(columns, nil); err != nil || len(have) != 3 {
		t.Errorf("have %v, %v", have, err)
	}
	for _, names := range [][]string{{"d"}, {"a", "a"}} {
		if have, err := table.Pick(columns, names); err == nil {
			t.Errorf("%q: have %v, want an error", names, have)
		}
	}
}

func TestOfRefusesWhatIsNoTable(t *testing.T) {
	for _, arrays := range [][]*npy.Array{
		{of(t, []int8{1}), of(t, []int8{1, 2})},
		{npy.Scalar(1.0), of(t, []int8{1})},
		{nil, of(t, []int8{1})},
		{of(t, []int8{1})},
	} {
		if r, err := table.Of([]string{"a", "b"}, arrays); err == nil {
			t.Errorf("have %v, want an error", r)
		}
	}
}
