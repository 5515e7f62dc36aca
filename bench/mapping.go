package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"ndflow/eager"
	"ndflow/eager/data"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

var _ = register(&Scenario{
	Name:  "mapping",
	Title: "A file of 1.2 GB through a model",
	Work: "Each row of a mapped file of float32 goes through the small network, and the results to another file. What " +
		"takes row by row is measured on a thousandth of the rows. Own memory is what is not mapped from files, TensorFlow's included.",
	Unit: "row",
	Claims: []Claim{
		{Says: "1m07s for 1.2 GB sample by sample, 6.2 s in batches by several workers", Verdict: mappingVerdict},
		{Says: "in constant memory", Verdict: memoryVerdict},
	},
	WholeProcess: true,
	Cases:        mappingCases,
})

const (
	wholeFile = "the whole file"
	rowByRow  = "row by row"

	mapC         = "C, a thread for each core"
	mapMap       = "Map"
	mapDataset   = "Dataset"
	mapModelRun  = "Model.Run"
	mapRunner    = "Runner"
	mapPyBatches = "Python, Session.run"
	mapPyData    = "Python, tf.data"

	mappingColumns = 16
	mappingRows    = 18_750_000
	mappingBatch   = 1024 // rows a step, where that is to be chosen
)

func mappingCases(ctx context.Context, env *Env) ([]Case, error) {
	rows, few := mappingRows, mappingRows/1000
	if env.Quick {
		rows, few = 100_000, 200
	}
	model, err := env.Model("mlp")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(env.Dir, "x.npy")
	if err := rampFile(path, rows, mappingColumns); err != nil {
		return nil, err
	}
	task := Task{Work: mappingWork, Args: map[string]any{"model": model, "file": path}}
	outs := 0
	in := func(how string, rows, batch int) Task {
		outs++
		return task.With("how", how).With("rows", rows).With("batch", batch).
			With("out", filepath.Join(env.Dir, fmt.Sprintf("out-%d.npy", outs)))
	}
	whole, single := in("batches", rows, mappingBatch), in("batches", few, 1)
	cases := []Case{{
		Name: wholeFile, Items: float64(rows), Floor: mapC, Task: &whole, Tolerance: 1e-4,
		Peers: []Peer{
			env.Child(mapC, in("floor", rows, mappingBatch)),
			env.Child(mapMap, in("map", rows, 0)), env.Child(mapDataset, in("dataset", rows, mappingBatch)),
			env.Child(mapModelRun, in("model", rows, mappingBatch)), env.Child(mapRunner, in("runner", rows, mappingBatch)),
			env.Python(mapPyBatches, whole), env.Python(mapPyData, in("dataset", rows, mappingBatch)),
		},
	}, {
		Name: rowByRow, Items: float64(few), Floor: mapC, Task: &single, Tolerance: 1e-4,
		Peers: []Peer{
			env.Child(mapC, in("floor", few, 1)),
			env.Child(mapModelRun, in("model", few, 1)), env.Child(mapRunner, in("runner", few, 1)),
			env.Python(mapPyBatches, single),
		},
	}}
	for i := range cases {
		cases[i].Peers[0].Kind = Floor
	}
	if env.Quick { // processes take seconds to start
		p := cases[0].Peers
		cases[0].Peers = []Peer{p[0], p[1], p[2], p[6]}
		cases[1].Peers = cases[1].Peers[:3]
	}
	return cases, nil
}

// rampFile writes an array as ramp makes it to a file.
func rampFile(path string, shape ...int) error {
	f, err := npy.Create(path, npy.Float32, shape...)
	if err != nil {
		return err
	}
	defer f.Abort()
	v, err := npy.Values[float32](f.Array())
	if err != nil {
		return err
	}
	fillRamp(v)
	return f.Close()
}

// mapping is a file through a model, in a process of its own.
type mapping struct {
	Model, File, Out string
	Rows, Batch      int
	How              string
}

var mappingWork = registerChild("mapping", func(raw json.RawMessage) (*Work, error) {
	var m mapping
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	hows := map[string]func(*owned, *npy.Array) (func() error, error){
		"floor": m.floor, "map": m.mapped, "dataset": m.dataset, "model": m.modelRun, "runner": m.runner,
	}
	if hows[m.How] == nil {
		return nil, Missing("ndflow's peer maps nothing by %s", m.How)
	}
	w, err := setup(func(own *owned) (*Work, error) {
		all, err := npy.Open(m.File)
		if err != nil {
			return nil, err
		}
		own.add(all.Release)
		x, err := all.Slice(0, m.Rows)
		if err != nil {
			return nil, err
		}
		run, err := hows[m.How](own, x)
		if err != nil {
			return nil, err
		}
		own.add(func() { os.Remove(m.Out) })
		return &Work{
			Run: each(run),
			Results: func() (map[string]*npy.Array, error) {
				a, err := npy.Open(m.Out)
				return map[string]*npy.Array{"probs": a}, err
			},
		}, nil
	})(context.Background())
	return w, err
})

// create begins the file of the results.
func (m mapping) create(write func(f *npy.File) error) error {
	f, err := npy.Create(m.Out, npy.Float32, m.Rows, 4)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return err
	}
	return f.Close()
}

// floor walks the rows with nothing but the C API, each core its share.
func (m mapping) floor(own *owned, x *npy.Array) (func() error, error) {
	newPlan, _, err := Step{Model: m.Model, Feeds: graph.Feeds{"x": x}}.plans(own)
	if err != nil {
		return nil, err
	}
	plans := make([]*tfc.Plan, runtime.NumCPU())
	for i := range plans {
		if plans[i], err = newPlan(); err != nil {
			return nil, err
		}
		if err := plans[i].FloorRows(0, 1, 1, tfc.Step{Inline: true}); err != nil { // see load
			return nil, err
		}
	}
	return func() error {
		return m.create(func(f *npy.File) error {
			for _, p := range plans {
				if err := p.Into(0, f.Array()); err != nil {
					return err
				}
			}
			err := parallel(len(plans), func(i int) error {
				return plans[i].FloorRows(i*m.Rows/len(plans), (i+1)*m.Rows/len(plans), m.Batch, tfc.Step{Inline: true})
			})
			for _, p := range plans { // or else the file is in use
				if e := p.Into(0, nil); err == nil {
					err = e
				}
			}
			return err
		})
	}, nil
}

// load loads the model, whose first step, which optimizes the graph, is not to be in
// the time.
func (m mapping) load(own *owned, x *npy.Array) (*graph.Model, error) {
	model, err := graph.Load(m.Model)
	if err != nil {
		return nil, err
	}
	own.add(model.Close)
	first, err := x.Slice(0, 1)
	if err != nil {
		return nil, err
	}
	_, err = model.Run(context.Background(), graph.Feeds{"x": first})
	return model, err
}

// mapped leaves all to Map.
func (m mapping) mapped(own *owned, x *npy.Array) (func() error, error) {
	model, err := m.load(own, x)
	if err != nil {
		return nil, err
	}
	return func() error {
		return graph.Map(context.Background(), model, map[string]graph.Source{"x": graph.FromArray(x)},
			map[string]graph.Sink{"probs": graph.ToFile(m.Out)}, graph.MapOptions{Batch: m.Batch})
	}, nil
}

// dataset lets TensorFlow's own pipeline read, run and keep ahead.
func (m mapping) dataset(own *owned, x *npy.Array) (func() error, error) {
	model, err := eager.Load(m.Model)
	if err != nil {
		return nil, err
	}
	own.add(model.Close)
	predict, err := model.Function("")
	if err != nil {
		return nil, err
	}
	batch, err := npy.New(npy.Float32, m.Batch, 4)
	if err != nil {
		return nil, err
	}
	ds := data.FromArrays(model.Context(), x).Batch(m.Batch).Map(predict, data.AutoTune)
	return func() error {
		return m.create(func(f *npy.File) error {
			lo := 0
			for out, err := range ds.Into(context.Background(), batch) {
				if err != nil {
					return err
				}
				if err := f.WriteRows(lo, out[0]); err != nil {
					return err
				}
				lo += out[0].Dim(0)
			}
			return nil
		})
	}, nil
}

// batches calls f for the rows of each batch.
func (m mapping) batches(f func(lo, hi int) error) error {
	for lo := 0; lo < m.Rows; lo += m.Batch {
		if err := f(lo, min(lo+m.Batch, m.Rows)); err != nil {
			return err
		}
	}
	return nil
}

// modelRun takes the simple way: arrays in, arrays out.
func (m mapping) modelRun(own *owned, x *npy.Array) (func() error, error) {
	model, err := m.load(own, x)
	if err != nil {
		return nil, err
	}
	return func() error {
		return m.create(func(f *npy.File) error {
			return m.batches(func(lo, hi int) error {
				rows, err := x.Slice(lo, hi)
				if err != nil {
					return err
				}
				out, err := model.Run(context.Background(), graph.Feeds{"x": rows})
				if err != nil {
					return err
				}
				dst, err := f.Array().Slice(lo, hi)
				if err != nil {
					return err
				}
				_, err = dst.Land(out["probs"])
				return err
			})
		})
	}, nil
}

// runner lets results land in the file.
func (m mapping) runner(own *owned, x *npy.Array) (func() error, error) {
	model, err := m.load(own, x)
	if err != nil {
		return nil, err
	}
	return func() error {
		return m.create(func(f *npy.File) error {
			r, err := model.Runner("")
			if err != nil {
				return err
			}
			defer r.Close()
			return m.batches(func(lo, hi int) error {
				rows, err := x.Slice(lo, hi)
				if err != nil {
					return err
				}
				dst, err := f.Array().Slice(lo, hi)
				if err != nil {
					return err
				}
				if err := r.Feed("x", rows); err != nil {
					return err
				}
				if err := r.Into("probs", dst); err != nil {
					return err
				}
				return r.Run(context.Background())
			})
		})
	}, nil
}

func mappingVerdict(r *Result) (measured, verdict string) {
	one, all := r.Timed(rowByRow, mapModelRun), r.Timed(wholeFile, mapMap)
	ratio, ok := r.Ratio(rowByRow, mapModelRun, wholeFile, mapMap)
	if !ok || r.Case(wholeFile).Items < mappingRows {
		return unknown()
	}
	file := func(p *PeerResult) string { return duration(p.Median * mappingRows) }
	measured = fmt.Sprintf("Model.Run row by row: %s for the file; Map: %s, %s times faster", file(one), file(all), number(ratio.Value))
	if p := r.Timed(rowByRow, mapPyBatches); p != nil {
		measured += fmt.Sprintf("; Python's Session.run row by row: %s", time.Duration(p.Median*mappingRows).Round(time.Second))
	}
	return measured, judge(ratio.Value >= 10, "true, and the difference is larger", "the difference is smaller here")
}

func memoryVerdict(r *Result) (measured, verdict string) {
	mapped, ok := r.Timed(wholeFile, mapMap).Measure(MeasureOwn)
	single, ok2 := r.Timed(rowByRow, mapRunner).Measure(MeasureOwn)
	if !ok || !ok2 || r.Case(wholeFile).Items < mappingRows {
		return unknown()
	}
	measured = fmt.Sprintf("own memory: %s to run single rows, %s for Map over 1.2 GB", size(single), size(mapped))
	if python, ok := r.Timed(wholeFile, mapPyData).Measure(MeasureOwn); ok {
		measured += fmt.Sprintf(", %s for Python's tf.data", size(python))
	}
	return measured, judge(mapped < single+64<<20, "true", "not here")
}
