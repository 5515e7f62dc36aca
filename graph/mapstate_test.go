package graph

import (
	"context"
	"fmt"
	"testing"

	"ndflow/internal/modeltest"
	"ndflow/npy"
)

// counting loads a model that counts its rows, and makes n of them.
func counting(t *testing.T, wide bool, n int) (*Model, *npy.Array) {
	t.Helper()
	m, err := Load(modeltest.CountRows(t, fixture("counter"), wide))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if wide {
		return m, ramp(t, n, 1)
	}
	return m, ramp(t, n)
}

// countedUpTo sees whether the model's variable is n.
func countedUpTo(t *testing.T, m *Model, n int) {
	t.Helper()
	out, err := m.Call(t.Context(), "read", nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := values[int64](t, out["count"])[0]; v != int64(n) {
		t.Errorf("the model has counted %d rows of %d", v, n)
	}
}

func wantCounted(t *testing.T, y []int64) {
	t.Helper()
	for i, n := range y {
		if n != int64(i+1) {
			t.Fatalf("row %d was counted as number %d", i, n)
		}
	}
}

// TestMapCountsOnce runs a model with state with everything that can be left open.
func TestMapCountsOnce(t *testing.T) {
	const n = 500
	for _, wide := range []bool{false, true} {
		for _, batch := range []int{0, 7, 2 * n} {
			for _, workers := range []int{0, 1, 3} {
				for _, e := range []Executor{Auto, Inline, Pool} {
					t.Run(fmt.Sprintf("wide %v batch %d workers %d %v", wide, batch, workers, e), func(t *testing.T) {
						m, x := counting(t, wide, n)
						y := zeros(t, npy.Int64, x.Shape()...)
						runners := func() (*Runner, error) {
							r, err := m.Runner("")
							if err == nil {
								err = r.SetExecutor(e)
							}
							return r, err
						}
						var last MapProgress
						o := MapOptions{Batch: batch, Workers: workers, Progress: func(p MapProgress) { last = p }}
						if err := MapRunners(t.Context(), runners, one("x", x), map[string]Sink{"y": ToArray(y)}, o); err != nil {
							t.Fatal(err)
						}
						countedUpTo(t, m, n)
						if workers <= 1 {
							wantCounted(t, values[int64](t, y))
						}
						if batch == 0 && last.Batch != batchUntuned || workers == 0 && last.Workers != 1 {
							t.Errorf("chosen: batch %d, workers %d", last.Batch, last.Workers)
						}
					})
				}
			}
		}
	}
}

// TestMapStatelessIsMeasured sees that models which only read are measured as before.
func TestMapStatelessIsMeasured(t *testing.T) {
	for model, want := range map[string]bool{"mlp": true, "add4": true, "strings": true, "keras": true, "v1": true, "while": true, "assert": true} {
		m := load(t, model)
		r, err := m.Runner("")
		if err != nil {
			t.Fatal(err)
		}
		j := &mapJob{}
		for _, p := range r.outputs {
			j.out = append(j.out, mapOutput{spec: p.spec})
		}
		for _, p := range r.inputs {
			j.in = append(j.in, mapInput{spec: p.spec})
		}
		if got := j.repeatable(r); got != want {
			op, err := r.session.Graph().Changes(nil, r.targets, nil)
			t.Errorf("%s: steps can be repeated is %v, want %v (%q, %v)", model, got, want, op, err)
		}
		r.Close()
	}
}

// TestPipelineCountsOnce does the same item by item.
func TestPipelineCountsOnce(t *testing.T) {
	const n = 100
	for _, workers := range []int{0, 1, 3} {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprintf("workers %d ordered %v", workers, ordered), func(t *testing.T) {
				m, x := counting(t, false, n)
				var rows []int64
				handled := make(chan []int64, n)
				p, err := NewPipeline(context.Background(), m,
					func(i int) (Feeds, error) {
						row, err := x.Slice(i, i+1)
						return Feeds{"x": row}, err
					},
					func(r Result[int]) error {
						if r.Err != nil {
							return r.Err
						}
						v, err := npy.Values[int64](r.Outputs["y"])
						handled <- append([]int64(nil), v...)
						return err
					}, PipelineOptions{Workers: workers, Ordered: ordered})
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					if err := p.Submit(t.Context(), i); err != nil {
						t.Fatal(err)
					}
				}
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
				close(handled)
				for v := range handled {
					rows = append(rows, v...)
				}
				countedUpTo(t, m, n)
				if len(rows) != n {
					t.Errorf("%d rows have come of %d", len(rows), n)
				}
				if workers == 1 {
					wantCounted(t, rows)
				}
			})
		}
	}
}
