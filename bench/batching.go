package bench

import (
	"context"
	"fmt"

	"ndflow/graph"
	"ndflow/npy"
)

var _ = register(&Scenario{
	Name:   "batching",
	Title:  "Batches against single samples",
	Work:   "A model runs on batches of so many samples, results in arrays: time for each sample.",
	Unit:   "sample",
	XLabel: "samples in a batch",
	Claims: []Claim{{
		Says:    "up to 100 times faster with batches",
		Verdict: batchingVerdict,
	}},
	Cases: batchingCases,
})

const (
	onThread = "Runner, calling thread"
	onPool   = "Runner, pool"
	cThread  = "C, calling thread"
	cPool    = "C, pool"
	pySess   = "Python, Session.run"
	pySig    = "Python, signature"
)

type batchingModel struct {
	name, dir string
	sizes     []int
}

func batchingModels(env *Env) ([]batchingModel, error) {
	mlp, err := env.Model("mlp")
	if err != nil {
		return nil, err
	}
	add, err := env.Model("add4")
	if err != nil {
		return nil, err
	}
	sizes, large := []int{1, 8, 32, 256, 1024}, []int{1, 8, 32}
	if env.Quick {
		sizes, large = []int{1, 8}, []int{1}
	}
	models := []batchingModel{{"one op", add, sizes}, {"small network", mlp, sizes}}
	if pitch, err := env.BasicPitch(); err == nil {
		models = append(models, batchingModel{"Basic Pitch", pitch, large})
	}
	return models, nil
}

func batchingCases(ctx context.Context, env *Env) ([]Case, error) {
	models, err := batchingModels(env)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, m := range models {
		for _, size := range m.sizes {
			c, err := batchingCase(env, m, size)
			if err != nil {
				return nil, err
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// batchingCase is one size of batch. All sizes of a model are timed together,
// since their ratios are what it is about.
func batchingCase(env *Env, m batchingModel, size int) (Case, error) {
	step, err := stepOf(m.dir, size)
	if err != nil {
		return Case{}, err
	}
	task, err := step.Task(env)
	if err != nil {
		return Case{}, err
	}
	thread, pool := step, step
	thread.Executor, pool.Executor = graph.Inline, graph.Pool
	return Case{
		Name: batchName(m.name, size), Panel: m.name, Group: m.name,
		X: float64(size), Items: float64(size), Floor: cThread,
		Task: &task, Tolerance: 1e-4,
		Peers: []Peer{
			thread.Floor(cThread), pool.Floor(cPool),
			thread.Runner(onThread), pool.Runner(onPool).Against(cPool),
			env.Python(pySess, task.With("how", "session")),
			env.Python(pySig, task.With("how", "signature")),
		},
	}, nil
}

func batchName(model string, size int) string { return fmt.Sprintf("%s, %d", model, size) }

// ramp returns floats that go up and start over, so that a sample differs from the
// next.
func ramp(shape ...int) (*npy.Array, error) {
	a, err := npy.New(npy.Float32, shape...)
	if err != nil {
		return nil, err
	}
	v, err := npy.Values[float32](a)
	if err != nil {
		return nil, err
	}
	fillRamp(v)
	return a, nil
}

func fillRamp(v []float32) {
	for i := range v {
		v[i] = float32(i%4093)/4093 - 0.5
	}
}

func batchingVerdict(r *Result) (measured, verdict string) {
	const model = "small network"
	pool, ok1 := r.Ratio(batchName(model, 1), onPool, batchName(model, 1024), onPool)
	thread, ok2 := r.Ratio(batchName(model, 1), onThread, batchName(model, 1024), onThread)
	if !ok1 || !ok2 {
		return "not measured", "the sizes of a full run are needed"
	}
	measured = fmt.Sprintf("small network, 1024 in a batch: %s on the pool, %s on the calling thread", times(pool), times(thread))
	if pool.Value >= 50 {
		return measured, fmt.Sprintf("true on the pool, where handing a step over is most of its cost: %.0f %% of the gain is gone on the calling thread", 100*(1-thread.Value/pool.Value))
	}
	return measured, "not here"
}
