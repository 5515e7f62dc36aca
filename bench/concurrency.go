package bench

import (
	"context"
	"fmt"

	"ndflow/graph"
)

var _ = register(&Scenario{
	Name:  "concurrency",
	Title: "Many callers of one model",
	Work: "So many goroutines, or threads, run steps of one loaded model at once, as fast as they can: the time for each " +
		"step of all, and what a caller waits for one (p50 and p99).",
	Unit:   "step",
	XLabel: "callers at once",
	Claims: []Claim{
		{Says: "a model serves many callers as well as one", Verdict: callersVerdict},
		{Says: "TensorFlow's pool of threads is what serves them best", Verdict: poolVerdict},
	},
	Cases: concurrencyCases,
})

func concurrencyCases(ctx context.Context, env *Env) ([]Case, error) {
	mlp, err := env.Model("mlp")
	if err != nil {
		return nil, err
	}
	models := []struct{ name, dir string }{{smallNet, mlp}}
	if dir, err := env.BasicPitch(); err == nil && !env.Quick {
		models = append(models, struct{ name, dir string }{pitch, dir})
	}
	callers := []int{1, 2, 4, 16}
	if env.Quick {
		callers = []int{2}
	}
	var cases []Case
	for _, m := range models {
		for _, executor := range []graph.Executor{graph.Inline, graph.Pool} {
			for _, n := range callers {
				c, err := concurrencyCase(env, m.name, m.dir, executor, n)
				if err != nil {
					return nil, err
				}
				cases = append(cases, c)
			}
		}
	}
	return cases, nil
}

func concurrencyCase(env *Env, model, dir string, executor graph.Executor, callers int) (Case, error) {
	step, err := stepOf(dir, 1)
	if err != nil {
		return Case{}, err
	}
	step.Executor, step.Callers, step.Watched = executor, callers, true
	task, err := step.Task(env)
	if err != nil {
		return Case{}, err
	}
	task = task.With("how", "session")
	if executor == graph.Inline {
		task = task.With("inline", true)
	}
	return Case{
		Name: concurrencyName(model, executor, callers), Panel: words(model, onThreads(executor)), Group: model,
		X: float64(callers), Items: float64(callers), Floor: byC, Task: &task, Tolerance: 1e-4,
		Peers: []Peer{step.Floor(byC), step.Runner(byNDFlow), env.Python(byPython, task)},
	}, nil
}

func onThreads(e graph.Executor) string {
	if e == graph.Inline {
		return "calling threads"
	}
	return "pool"
}

func concurrencyName(model string, e graph.Executor, callers int) string {
	return words(model, onThreads(e), fmt.Sprint(callers))
}

func callersVerdict(r *Result) (measured, verdict string) {
	name := func(n int) string { return concurrencyName(smallNet, graph.Inline, n) }
	two, ok := r.Ratio(name(1), byNDFlow, name(2), byNDFlow)
	many, ok2 := r.Ratio(name(1), byNDFlow, name(16), byNDFlow)
	if !ok || !ok2 {
		return unknown()
	}
	measured = fmt.Sprintf("small network, calling threads: %s as many steps with 2 callers as with one, %s with 16", times(two), times(many))
	if python, ok := r.Ratio(concurrencyName(smallNet, graph.Pool, 1), byPython, concurrencyName(smallNet, graph.Pool, 16), byPython); ok {
		measured += fmt.Sprintf("; in Python, on the pool, %s with 16", times(python))
	}
	return measured, judge(many.Value >= 0.9, "true", "not here")
}

func poolVerdict(r *Result) (measured, verdict string) {
	pool, thread := concurrencyName(smallNet, graph.Pool, 16), concurrencyName(smallNet, graph.Inline, 16)
	ratio, ok := r.Ratio(pool, byNDFlow, thread, byNDFlow)
	poolWait, ok2 := r.Timed(pool, byNDFlow).Measure(measureP99)
	threadWait, ok3 := r.Timed(thread, byNDFlow).Measure(measureP99)
	if !ok || !ok2 || !ok3 {
		return unknown()
	}
	measured = fmt.Sprintf("small network, 16 callers: a step on the pool takes %s as long as on the calling threads; p99 %s and %s",
		times(ratio), duration(poolWait), duration(threadWait))
	if large, ok := r.Ratio(concurrencyName(pitch, graph.Pool, 16), byNDFlow, concurrencyName(pitch, graph.Inline, 16), byNDFlow); ok {
		measured += fmt.Sprintf("; Basic Pitch: %s", times(large))
	}
	return measured, judge(ratio.Value < 1, "true", "not of small steps: callers bring threads of their own")
}
