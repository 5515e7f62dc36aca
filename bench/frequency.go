package bench

import (
	"context"
	"fmt"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

var _ = register(&Scenario{
	Name:  "frequency",
	Title: "Converting after each batch, or once",
	Work: "A network runs over the rows of an array, batch by batch on the calling thread, until the results of all " +
		"rows are in one array: the small network, whose rows are 4 numbers, and one op on rows of 1024.",
	Unit:   "row",
	XLabel: "rows in a batch",
	Claims: []Claim{{Says: "results should be kept as tensors and converted once, at the end", Verdict: frequencyVerdict}},
	Cases:  frequencyCases,
})

const (
	freqC         = "C, each copied to its rows"
	freqInto      = "Into the rows of one array"
	freqCopies    = "copies, joined at the end"
	freqViews     = "views, joined at the end"
	freqNested    = "nested Go slices, appended"
	freqPyRows    = "Python, each copied to its rows"
	freqPyConcat  = "Python, joined at the end"
	wideNet       = "one op on wide rows"
	wideColumns   = 1024
	batchesOfFreq = 64
)

func frequencyCases(ctx context.Context, env *Env) ([]Case, error) {
	batches := map[string][]int{smallNet: {1, 16, 256, 4096}, wideNet: {1, 16, 256}}
	if env.Quick {
		batches = map[string][]int{smallNet: {16}, wideNet: {4}}
	}
	var cases []Case
	for _, name := range []string{smallNet, wideNet} {
		for _, batch := range batches[name] {
			c, err := frequencyCase(env, name, batch)
			if err != nil {
				return nil, err
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

func frequencyCase(env *Env, name string, batch int) (Case, error) {
	rows := batch * batchesOfFreq
	n, err := layers(rows)
	if name == wideNet {
		var x *npy.Array
		if x, err = ramp(rows, wideColumns); err == nil {
			n = oneOp("AddV2", 2, x)
		}
	}
	if err != nil {
		return Case{}, err
	}
	task, err := n.Task(env)
	if err != nil {
		return Case{}, err
	}
	task.Work = "accumulate"
	task = task.With("batch", batch).With("inline", true)
	w := walk{n, batch, rows}
	return Case{
		Name: fmt.Sprintf("%s, %d in a batch", name, batch), Panel: name, X: float64(batch), Items: float64(rows),
		Floor: freqC, Task: &task, Tolerance: 1e-4,
		Peers: []Peer{
			w.floor(freqC),
			w.peer(freqInto, w.into), w.peer(freqCopies, w.copies), w.peer(freqViews, w.views), w.peer(freqNested, w.nested),
			env.Python(freqPyRows, task.With("how", "rows")), env.Python(freqPyConcat, task.With("how", "join")),
		},
	}, nil
}

// walk is a network over the rows of its only input, batch by batch.
type walk struct {
	*network
	batch, rows int
}

func (w walk) floor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, err := w.plans(own, how{executor: graph.Inline})
		if err != nil {
			return nil, err
		}
		plan, err := newPlan()
		if err != nil {
			return nil, err
		}
		step := tfc.Step{Inline: true}
		arrays, err := land(plan, []string{result}, step)
		if err != nil {
			return nil, err
		}
		return &Work{
			Run:     each(func() error { return plan.FloorRows(0, w.rows, w.batch, step) }),
			Results: landed(arrays[result]),
		}, nil
	})}
}

// peer returns a peer of ndflow's, which begins with a Runner and the shape of the
// results of all rows.
func (w walk) peer(name string, work func(r *graph.Runner, shape []int) (*Work, error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		_, newRunner, err := w.open(own, how{executor: graph.Inline})
		if err != nil {
			return nil, err
		}
		r, err := newRunner()
		if err != nil {
			return nil, err
		}
		if err := r.Run(context.Background()); err != nil {
			return nil, err
		}
		shape, err := r.Shape(result)
		if err != nil {
			return nil, err
		}
		return work(r, shape)
	})}
}

// steps runs the batches, and calls f behind each with its rows.
func (w walk) steps(r *graph.Runner, before, behind func(lo, hi int) error) error {
	x := w.feeds[0]
	for lo := 0; lo < w.rows; lo += w.batch {
		part, err := x.Slice(lo, lo+w.batch)
		if err != nil {
			return err
		}
		if err := r.Feed(inputName(0), part); err != nil {
			return err
		}
		if err := before(lo, lo+w.batch); err != nil {
			return err
		}
		if err := r.Run(context.Background()); err != nil {
			return err
		}
		if err := behind(lo, lo+w.batch); err != nil {
			return err
		}
	}
	return nil
}

func nothing(lo, hi int) error { return nil }

// into lets each batch land in its rows.
func (w walk) into(r *graph.Runner, shape []int) (*Work, error) {
	all, err := touched(npy.Float32, shape...)
	if err != nil {
		return nil, err
	}
	return &Work{
		Run: each(func() error {
			return w.steps(r, func(lo, hi int) error {
				rows, err := all.Slice(lo, hi)
				if err != nil {
					return err
				}
				return r.Into(result, rows)
			}, nothing)
		}),
		Results: landed(all),
	}, nil
}

// copies makes a new array of each batch, and one of them all at the end.
func (w walk) copies(r *graph.Runner, shape []int) (*Work, error) {
	return w.joined(r, shape, func(v *npy.Array) (*npy.Array, error) {
		defer v.Release()
		return v.Clone()
	})
}

// views keeps TensorFlow's own results until the end.
func (w walk) views(r *graph.Runner, shape []int) (*Work, error) {
	return w.joined(r, shape, func(v *npy.Array) (*npy.Array, error) { return v, nil })
}

func (w walk) joined(r *graph.Runner, shape []int, keep func(v *npy.Array) (*npy.Array, error)) (*Work, error) {
	var all *npy.Array
	return &Work{
		Run: each(func() error {
			var parts []*npy.Array
			err := w.steps(r, nothing, func(lo, hi int) error {
				v, err := r.Value(result)
				if err != nil {
					return err
				}
				kept, err := keep(v)
				parts = append(parts, kept)
				return err
			})
			if err != nil {
				return err
			}
			if all, err = npy.New(npy.Float32, shape...); err != nil {
				return err
			}
			for i, part := range parts {
				rows, err := all.Slice(i*w.batch, (i+1)*w.batch)
				if err != nil {
					return err
				}
				if _, err := rows.Land(part); err != nil {
					return err
				}
				part.Release()
			}
			return nil
		}),
		Results: resultIn(func() (*npy.Array, error) { return all, nil }),
	}, nil
}

// nested makes slices in slices of each batch, and appends them.
func (w walk) nested(r *graph.Runner, shape []int) (*Work, error) {
	var all [][]float32
	return &Work{
		Run: each(func() error {
			all = nil
			return w.steps(r, nothing, func(lo, hi int) error {
				v, err := r.Value(result)
				if err != nil {
					return err
				}
				defer v.Release()
				all = append(all, nested(v).([][]float32)...)
				return nil
			})
		}),
		Results: resultIn(func() (*npy.Array, error) {
			a, err := npy.New(npy.Float32, shape...)
			if err == nil {
				flat(all, a)
			}
			return a, err
		}),
	}, nil
}

func frequencyVerdict(r *Result) (measured, verdict string) {
	small, wide := smallNet+", 256 in a batch", wideNet+", 256 in a batch"
	views, ok := r.Ratio(small, freqViews, small, freqInto)
	wideViews, ok2 := r.Ratio(wide, freqViews, wide, freqInto)
	if !ok || !ok2 {
		return unknown()
	}
	measured = fmt.Sprintf("joined at the end against landed in its rows, batches of 256: %s (4 numbers a row), %s (1024 numbers)", times(views), times(wideViews))
	if python, ok := r.Ratio(wide, freqPyConcat, wide, freqPyRows); ok {
		measured += fmt.Sprintf("; in Python %s", times(python))
	}
	return measured, judge(views.Value > 1 && wideViews.Value > 1,
		"not here: results that land in the rows of one array need no conversion, early or late",
		"it makes little difference here")
}
