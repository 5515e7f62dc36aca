package data

import (
	"path/filepath"
	"testing"

	"ndflow/eager"
	"ndflow/internal/arraytest"
	"ndflow/npy"
)

// A model's signature can be what elements are mapped by: with its variables, and
// its tables, and what Keras 3 has saved. The results are those of Python's
// TensorFlow, and bit for bit those of the model when it is called.
func TestMapByModels(t *testing.T) {
	for _, tt := range []struct{ model, in, out string }{
		{"mlp", "x", "probs"}, {"strings", "word", "id"}, {"keras", "inputs", "output_0"},
	} {
		t.Run(tt.model, func(t *testing.T) {
			dir := filepath.Join("..", "..", "testdata", "models", tt.model)
			m, err := eager.Load(dir)
			must(t, err)
			defer m.Close()
			f, err := m.Function("")
			must(t, err)
			read := func(name string) *npy.Array {
				a, err := npy.ReadFile(filepath.Join(dir, "expected", name+".npy"))
				must(t, err)
				return a
			}
			x, stored := read("in_"+tt.in), read("out_"+tt.out)
			in := map[string]*npy.Array{tt.in: x}
			called, err := m.Run(bg, in)
			must(t, err)
			want := called[tt.out]
			if err := arraytest.Expected(want, stored, in); err != nil {
				t.Error(err)
			}
			for _, parallel := range []int{1, 2} {
				n := 0
				for y, err := range FromArrays(m.Context(), x).Batch(x.Dim(0)).Map(f, parallel).Prefetch(2).All(bg) {
					must(t, err)
					got, err := y[0].Copy()
					must(t, err)
					if !arraytest.Same(got, want) {
						t.Errorf("have %v, want %v", got, want)
					}
					n++
				}
				if n != 1 {
					t.Errorf("%d batches", n)
				}
			}
			// Smaller batches, into an array for one: TensorFlow may add up in another order.
			dst, err := npy.New(want.DType(), want.Shape()...)
			must(t, err)
			at := 0
			for y, err := range FromArrays(m.Context(), x).Batch(2).Map(f, 1).Into(bg, dst) {
				must(t, err)
				rows, err := want.Slice(at, at+y[0].Dim(0))
				must(t, err)
				if err := arraytest.Near(y[0], rows); err != nil {
					t.Errorf("from row %d: %v", at, err)
				}
				at += y[0].Dim(0)
			}
			if at != x.Dim(0) {
				t.Errorf("%d rows of %d", at, x.Dim(0))
			}
		})
	}
}

func TestModelThatIsClosed(t *testing.T) {
	c := newContext(t)
	m, err := eager.Load(filepath.Join("..", "..", "testdata", "models", "mlp"), eager.In(c))
	must(t, err)
	f, err := m.Function("")
	must(t, err)
	d := FromArrays(c, counting(t, 1000, 16)).Batch(4).Map(f, 2).Prefetch(2)
	n := 0
	for _, err := range d.All(bg) {
		if n == 3 {
			m.Close()
		}
		if err != nil {
			wantError(t, err, nil, "element")
		}
		n++
	}
	if n <= 3 {
		t.Errorf("%d elements", n)
	}
	wantError(t, firstError(d), eager.ErrClosed, "Map")
}
