package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"ndflow/graph"
	"ndflow/npy"
)

var _ = register(&Scenario{
	Name:  "eager",
	Title: "Eager mode against graphs",
	Work: "A network gives its result as an array: as eager ops on tensors, as a function called with tensors, " +
		"and in a session that is fed arrays; by one caller, and by as many at once as there are cores.",
	Unit: "call",
	Claims: []Claim{
		{Says: "eager mode is 5 to 10 times slower than a graph", Verdict: eagerVerdict},
		{Says: "a function is as fast as a session", Verdict: functionVerdict},
	},
	Cases: eagerCases,
})

const (
	byC      = "C"
	byNDFlow = "ndflow"
	byPython = "Python"

	oneAdd   = "one op"
	tenOps   = "10 ops"
	smallNet = "small network"
	pitch    = "Basic Pitch"

	asEager    = "eager ops"
	asFunction = "function"
	asPool     = "session on the pool"
	asThread   = "session on the calling thread"
	asSingle   = "session on the calling thread, in single file"
)

func eagerCases(ctx context.Context, env *Env) ([]Case, error) {
	networks, err := eagerNetworks()
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, callers := range slices.Compact([]int{1, runtime.NumCPU()}) {
		for _, name := range []string{oneAdd, tenOps, smallNet} {
			if env.Quick && (callers == 1 && name != oneAdd || callers > 1 && name != smallNet) {
				continue
			}
			more, err := networkCases(env, networks[name], name, callers)
			if err != nil {
				return nil, err
			}
			cases = append(cases, more...)
		}
		if dir, err := env.BasicPitch(); err == nil && !(env.Quick && callers > 1) {
			more, err := pitchCases(env, dir, callers)
			if err != nil {
				return nil, err
			}
			cases = append(cases, more...)
		}
	}
	return cases, nil
}

// eagerNetworks are an addition, ten of them, and two layers with a softmax.
func eagerNetworks() (map[string]*network, error) {
	one, err := ramp(1)
	if err != nil {
		return nil, err
	}
	chain := &network{feeds: []*npy.Array{one}, ops: []networkOp{{"AddV2", []int{0, 0}}}}
	for len(chain.ops) < 10 {
		chain.ops = append(chain.ops, networkOp{"AddV2", []int{0, len(chain.ops)}})
	}
	net, err := layers(1)
	if err != nil {
		return nil, err
	}
	return map[string]*network{oneAdd: oneOp("AddV2", 2, one), tenOps: chain, smallNet: net}, nil
}

// layers is a network of 16 inputs, 8 hidden units and 4 probabilities for each of
// so many rows.
func layers(rows int) (*network, error) {
	n := &network{ops: []networkOp{
		{"MatMul", []int{0, 1}}, {"AddV2", []int{5, 2}}, {"Relu", []int{6}},
		{"MatMul", []int{7, 3}}, {"AddV2", []int{8, 4}}, {"Softmax", []int{9}},
	}}
	x, err := ramp(rows, 16)
	if err != nil {
		return nil, err
	}
	n.feeds = []*npy.Array{x}
	for _, shape := range [][]int{{16, 8}, {8}, {8, 4}, {4}} {
		w, err := ramp(shape...)
		if err != nil {
			return nil, err
		}
		n.consts = append(n.consts, w)
	}
	return n, nil
}

// networkCases are the ways to run a network, timed together.
func networkCases(env *Env, n *network, name string, callers int) ([]Case, error) {
	task, err := n.Task(env)
	if err != nil {
		return nil, err
	}
	var cases []Case
	add := func(way, word string, h how, floor, own Peer) {
		c := eagerCase(name, way, callers)
		t := h.in(task, word)
		c.Task, c.Peers = &t, []Peer{floor, own, env.Python(byPython, t)}
		cases = append(cases, c)
	}
	plain := how{callers: callers}
	add(asEager, "eager", plain, n.eagerFloor(byC, callers), n.eagerOps(byNDFlow, callers))
	add(asFunction, "function", plain, n.functionFloor(byC, callers), n.function(byNDFlow, callers))
	for _, s := range []struct {
		way string
		how how
	}{
		{asPool, how{executor: graph.Pool, callers: callers}},
		{asThread, how{executor: graph.Inline, callers: callers}},
		{asSingle, how{executor: graph.Inline, singleFile: true, callers: callers}},
	} {
		add(s.way, "session", s.how, n.Floor(byC, s.how), n.Runner(byNDFlow, s.how))
	}
	return cases, nil
}

func eagerCase(name, way string, callers int) Case {
	panel := name
	if callers > 1 {
		panel = fmt.Sprintf("%s, %d callers", name, callers)
	}
	return Case{
		Name: words(panel, way), Panel: panel, Group: panel, Items: float64(callers), Floor: byC, Tolerance: 1e-4,
	}
}

// pitchCases are the ways to run a real model, whose ops nobody calls one by one.
func pitchCases(env *Env, dir string, callers int) ([]Case, error) {
	step, err := stepOf(dir, 1)
	if err != nil {
		return nil, err
	}
	step.Callers = callers
	task, err := step.Task(env)
	if err != nil {
		return nil, err
	}
	var cases []Case
	ways := []string{asFunction, asPool, asThread}
	if env.Quick {
		ways = ways[:1]
	}
	for _, way := range ways {
		c := eagerCase(pitch, way, callers)
		step.Executor = graph.Pool
		t, own := task.With("how", "signature"), step.caller(byNDFlow)
		switch way {
		case asThread:
			step.Executor = graph.Inline
			t = task.With("how", "session").With("inline", true)
			own = step.Runner(byNDFlow)
		case asPool:
			t, own = task.With("how", "session"), step.Runner(byNDFlow)
		}
		c.Task, c.Peers = &t, []Peer{step.Floor(byC), own, env.Python(byPython, t)}
		cases = append(cases, c)
	}
	return cases, nil
}

// eagerVerdict compares ops with the session that runs them fastest, and with the
// one that most programs have.
func eagerVerdict(r *Result) (measured, verdict string) {
	eager := words(smallNet, asEager)
	best, ok := r.Ratio(eager, byNDFlow, words(smallNet, asSingle), byNDFlow)
	usual, ok2 := r.Ratio(eager, byNDFlow, words(smallNet, asPool), byNDFlow)
	if !ok || !ok2 {
		return unknown()
	}
	measured = fmt.Sprintf("six small ops: %s as long as a step on the calling thread, %s as long as one on the pool", times(best), times(usual))
	if python, ok := r.Ratio(eager, byPython, words(smallNet, asPool), byPython); ok {
		measured += fmt.Sprintf("; in Python %s", times(python))
	}
	return measured, judge(best.Value >= 5, "true against the fastest session", "not here, even against the fastest session")
}

func functionVerdict(r *Result) (measured, verdict string) {
	small, ok := r.Ratio(words(smallNet, asFunction), byNDFlow, words(smallNet, asSingle), byNDFlow)
	if !ok {
		return unknown()
	}
	measured = fmt.Sprintf("small network: %s as long as a step on the calling thread", times(small))
	large, ok := r.Ratio(words(pitch, asFunction), byNDFlow, words(pitch, asThread), byNDFlow)
	if ok {
		measured += fmt.Sprintf("; Basic Pitch: %s", times(large))
	}
	if small.Value < 1.1 {
		return measured, "true"
	}
	return measured, judge(ok && large.Value < 1.1, "true of models whose steps take milliseconds; a small one is handed to another thread, which costs more than it does", "not here")
}
