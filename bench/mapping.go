package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"ndflow/npy"
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

	mapC         = "C, one thread"
	mapCores     = "C, a thread for each core"
	mapMap       = "Map"
	mapDataset   = "Dataset"
	mapModelRun  = "Model.Run"
	mapRunner    = "Runner"
	mapPyBatches = "Python, Session.run"
	mapPyData    = "Python, tf.data"

	mappingColumns = 16
	mappingRows    = 18_750_000
	mappingBatch   = 4096 // rows a step, where that is to be chosen
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
			env.Child(mapC, in("floor", rows, mappingBatch).With("threads", 1)),
			env.Child(mapCores, in("floor", rows, mappingBatch).With("threads", runtime.NumCPU())),
			env.Child(mapMap, in("map", rows, 0)).Against(mapCores),
			env.Child(mapDataset, in("dataset", rows, mappingBatch)).Against(mapCores),
			env.Child(mapModelRun, in("model", rows, mappingBatch)), env.Child(mapRunner, in("runner", rows, mappingBatch)),
			env.Python(mapPyBatches, whole), env.Python(mapPyData, in("dataset", rows, mappingBatch)).Against(mapCores),
		},
	}, {
		Name: rowByRow, Items: float64(few), Floor: mapC, Task: &single, Tolerance: 1e-4,
		Peers: []Peer{
			env.Child(mapC, in("floor", few, 1).With("threads", 1)),
			env.Child(mapModelRun, in("model", few, 1)), env.Child(mapRunner, in("runner", few, 1)),
			env.Python(mapPyBatches, single),
		},
	}}
	for i := range cases {
		for k := range cases[i].Peers {
			if p := &cases[i].Peers[k]; p.Name == mapC || p.Name == mapCores {
				p.Kind = Floor
			}
		}
	}
	if env.Quick { // processes take seconds to start
		p := cases[0].Peers
		cases[0].Peers = []Peer{p[1], p[2], p[3], p[7]}
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
