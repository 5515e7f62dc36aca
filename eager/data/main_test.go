package data

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/errtest"
	"ndflow/internal/leaktest"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, tfc.CheckLeaks)
}

var bg = context.Background()

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newContext(t testing.TB, opts ...eager.Option) *eager.Context {
	t.Helper()
	c, err := eager.New(opts...)
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

// array makes an array, aligned, of a copy of v.
func arrayOf[T npy.Element](t testing.TB, v []T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.From(v, shape...)
	must(t, err)
	a, err = a.Clone()
	must(t, err)
	return a
}

// counting makes an array of the numbers from 0 on.
func counting(t testing.TB, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.New(npy.Float32, shape...)
	must(t, err)
	v := values[float32](t, a)
	for i := range v {
		v[i] = float32(i)
	}
	return a
}

func values[T npy.Element](t testing.TB, a *npy.Array) []T {
	t.Helper()
	v, err := npy.Values[T](a)
	must(t, err)
	return v
}

// all prints the elements as NumPy prints arrays, their components with commas
// between.
func all(t testing.TB, d Dataset) []string {
	t.Helper()
	elements := []string{}
	specs := d.Spec()
	for batch, err := range d.All(bg) {
		must(t, err)
		var parts []string
		for i, x := range batch {
			a, err := x.Copy()
			must(t, err)
			if s := specs[i]; a.DType() != s.DType || !agree(a.Shape(), s.Shape) {
				t.Errorf("component %d is %v %v, the spec says %v", i, a.DType(), a.Shape(), s)
			}
			parts = append(parts, strings.Join(strings.Fields(a.String()), " "))
		}
		elements = append(elements, strings.Join(parts, ", "))
	}
	if n, known := d.Len(); known && n != len(elements) {
		t.Errorf("there are %d elements, Len says %d", len(elements), n)
	}
	return elements
}

// wantAll checks the elements of a dataset.
func wantAll(t testing.TB, d Dataset, want ...string) {
	t.Helper()
	if got := all(t, d); !slices.Equal(got, want) {
		t.Errorf("have elements %q, want %q", got, want)
	}
}

// wantSpec checks how elements are described.
func wantSpec(t testing.TB, d Dataset, want ...string) {
	t.Helper()
	must(t, d.Err())
	var got []string
	for _, s := range d.Spec() {
		got = append(got, s.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("elements are %q, want %q", got, want)
	}
}

// wantError checks that err is target and says each of the words.
func wantError(t testing.TB, err, target error, words ...string) {
	t.Helper()
	errtest.Want(t, err, target, append(words, "data: ")...)
}

// firstError is the error that a loop ends with.
func firstError(d Dataset) error {
	for _, err := range d.All(bg) {
		if err != nil {
			return err
		}
	}
	return nil
}

// function makes a function of the operations that build adds to a graph.
func function(t testing.TB, c *eager.Context, build func(g *builder), outputs ...string) *eager.Function {
	t.Helper()
	g, err := graph.New()
	must(t, err)
	defer g.Close()
	b := &builder{t: t, Graph: g}
	build(b)
	f, err := c.Function(g, b.inputs, outputs)
	must(t, err)
	return f
}

type builder struct {
	*graph.Graph
	t      testing.TB
	inputs []string
}

func (b *builder) input(name string, dtype npy.DType, shape ...int) graph.Output {
	o, err := b.Placeholder(name, dtype, append([]int{}, shape...))
	must(b.t, err)
	b.inputs = append(b.inputs, name)
	return o
}

func (b *builder) op(op, name string, inputs []graph.Output, attrs ...ops.Attr) graph.Output {
	o, err := b.Apply(&ops.Call[graph.Output]{Op: op, Name: name, Inputs: ops.In(inputs...), Attrs: attrs})
	must(b.t, err)
	return o[0]
}

// double is a function that doubles float32 of a shape.
func double(t testing.TB, c *eager.Context, shape ...int) *eager.Function {
	return function(t, c, func(g *builder) {
		x := g.input("x", npy.Float32, shape...)
		g.op("AddV2", "twice", []graph.Output{x, x})
	}, "twice")
}
