package bench

import (
	"context"
	"errors"
	"fmt"

	"ndflow/graph"
	"ndflow/npy"
)

var _ = register(&Scenario{
	Name:  "conversion",
	Title: "What getting a result out costs",
	Work: "A step on the calling thread whose result comes out in one of several ways: one op (x + x), of which " +
		"the way out is most; a real model; and strings. What a way takes beyond the step itself, whose result is dropped, is its share.",
	Unit:   "run",
	XLabel: "bytes of the result",
	Claims: []Claim{
		{Says: "conversion takes 4 to 26 % of a run", Verdict: shareVerdict},
		{Says: "results as nested Go slices cost dozens of times a copy", Verdict: nestedVerdict},
	},
	Cases: conversionCases,
})

const (
	outDropped = "C, dropped"
	outC       = "C, copied"
	outMemcpy  = "memcpy alone"
	outPlaced  = "Into, placed"
	outCopied  = "Into, copied"
	outView    = "Value"
	outCopy    = "Run, a new array"
	outNested  = "nested Go slices"
	outPython  = "Python, Session.run"
	outNumpy   = "Python, eager .numpy()"
)

// nestedMost bounds what is cut into slices of four elements, which takes seconds
// of more.
const nestedMost = 16 << 20

func conversionCases(ctx context.Context, env *Env) ([]Case, error) {
	sizes := []int{4, 4 << 10, 64 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20}
	count := 100_000
	if env.Quick {
		sizes, count = []int{4, 64 << 10}, 1000
	}
	var cases []Case
	for _, bytes := range sizes {
		c, err := oneOpOut(env, bytes)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	models, err := modelsOut(env)
	if err != nil {
		return nil, err
	}
	strings, err := stringsOut(env, count)
	return append(append(cases, models...), strings), err
}

// oneOpOut is a step whose result has so many bytes, in rows of four numbers.
func oneOpOut(env *Env, bytes int) (Case, error) {
	shape := []int{1, 1}
	if bytes >= 16 {
		shape = []int{bytes / 16, 4}
	}
	x, err := ramp(shape...)
	if err != nil {
		return Case{}, err
	}
	n := oneOp("AddV2", 2, x)
	task, err := n.Task(env)
	if err != nil {
		return Case{}, err
	}
	want, err := x.Clone()
	if err != nil {
		return Case{}, err
	}
	v, err := npy.Values[float32](want)
	if err != nil {
		return Case{}, err
	}
	for i := range v {
		v[i] += v[i]
	}
	inline := how{executor: graph.Inline}
	task = inline.in(task, "session")
	c := Case{
		Name: wholeSize(float64(bytes)), Panel: "one op", X: float64(bytes), Floor: outC, Task: &task,
		Want: map[string]*npy.Array{result: want},
		Peers: []Peer{
			n.Floor(outC, inline), n.dropped(outDropped), Copy(outMemcpy, want, result),
		},
	}
	ways := []string{outPlaced, outCopied, outView, outCopy, outNested}
	if bytes > nestedMost {
		ways = ways[:4]
	}
	c.Peers = append(c.Peers, waysOut(n.source, ways...)...)
	c.Peers = append(c.Peers, env.Python(outPython, task), env.Python(outNumpy, task.With("how", "eager")))
	return c, nil
}

// modelsOut are steps of a model, if it is there.
func modelsOut(env *Env) ([]Case, error) {
	name, batches := pitch, []int{1, 8}
	dir, err := env.BasicPitch()
	if env.Quick {
		name, batches = smallNet, []int{8}
		dir, err = env.Model("mlp")
	}
	if errors.Is(err, ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, batch := range batches {
		step, err := stepOf(dir, batch)
		if err != nil {
			return nil, err
		}
		step.Executor = graph.Inline
		bytes, err := step.resultBytes(batch)
		if err != nil {
			return nil, err
		}
		task, err := step.Task(env)
		if err != nil {
			return nil, err
		}
		task = task.With("how", "session").With("inline", true)
		c := Case{
			Name: fmt.Sprintf("%s, %d in a batch", name, batch), Panel: name, X: bytes,
			Floor: outC, Task: &task, Tolerance: 1e-4,
			Peers: append([]Peer{step.Floor(outC), step.dropped(outDropped)},
				waysOut(step.source, outPlaced, outCopied, outView, outCopy, outNested)...),
		}
		c.Peers = append(c.Peers, env.Python(outPython, task))
		cases = append(cases, c)
	}
	return cases, nil
}

// stringsOut is a step that gives strings of 20 bytes, which a constant has.
func stringsOut(env *Env, count int) (Case, error) {
	list := make([]string, count)
	for i := range list {
		list[i] = fmt.Sprintf("string number %06d", i)
	}
	a, err := npy.From(list)
	if err != nil {
		return Case{}, err
	}
	n := &network{consts: []*npy.Array{a}, ops: []networkOp{{"Identity", []int{0}}}}
	task, err := n.Task(env)
	if err != nil {
		return Case{}, err
	}
	inline := how{executor: graph.Inline}
	task = inline.in(task, "session")
	return Case{
		Name: fmt.Sprintf("%d strings", count), Panel: "strings", X: float64(20 * count), Floor: outC, Task: &task,
		Want: map[string]*npy.Array{result: a},
		Peers: append([]Peer{n.stringsFloor(outC, 20*count, count)}, append(waysOut(n.source, outCopied, outView, outCopy),
			env.Python(outPython, task), env.Python(outNumpy, task.With("how", "eager")))...),
	}, nil
}

// share is the part of a run that a way out takes, in percent.
func share(r *Result, name, way string) (percent float64, ok bool) {
	ratio, ok := r.Ratio(name, way, name, outDropped)
	return 100 * (1 - 1/ratio.Value), ok
}

func shareVerdict(r *Result) (measured, verdict string) {
	const small, large = "4 kB", "4 MB"
	model := pitch + ", 8 in a batch"
	var list []float64
	for _, of := range []struct{ name, way string }{
		{small, outC}, {large, outC}, {large, outPlaced}, {model, outC}, {model, outPlaced},
	} {
		p, ok := share(r, of.name, of.way)
		if !ok {
			return unknown()
		}
		list = append(list, max(p, 0))
	}
	measured = fmt.Sprintf("a copy: %.0f %% of a step of one op with 4 kB, %.0f %% with 4 MB, %.1f %% of Basic Pitch's; placed: %.0f %% with 4 MB, %.1f %% of Basic Pitch's",
		list[0], list[1], list[3], list[2], list[4])
	return measured, "it is a matter of how much a model does for each byte that it gives: of one op a copy is most, of a real model it is lost in the noise"
}

// nestedVerdict compares what the ways take beyond the step.
func nestedVerdict(r *Result) (measured, verdict string) {
	const name = "4 MB"
	slices, step, once := r.Timed(name, outNested), r.Timed(name, outDropped), r.Timed(name, outMemcpy)
	if slices == nil || step == nil || once == nil {
		return unknown()
	}
	ratio := (slices.Median - step.Median) / once.Median
	measured = fmt.Sprintf("4 MB in rows of four: %s times a memcpy", number(ratio))
	return measured, judge(ratio >= 24, "true", judge(ratio > 3, "many times, though not dozens", "not here"))
}
