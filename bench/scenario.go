package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ndflow/npy"
)

// Scenario is one subject that is measured: the claims that people make about
// it, the work that tests them, and what is to be learnt.
type Scenario struct {
	Name   string // one word, for the command line: "batching"
	Title  string // a heading: "Batches against single samples"
	Work   string // what is done and timed, in a sentence or two
	Unit   string // what a time is the time of: "sample", "call", "row"
	XLabel string // what a case's X is, for the plot: "samples in a batch"; empty where cases are kinds
	Claims []Claim

	// WholeProcess is for work whose peak memory and share of the processor
	// matter: each timing is one repetition in a process of its own, which is
	// not in the time. Its peers are of Env.Child, Env.Python, and external.
	WholeProcess bool

	// Cases makes what is timed. It is called once, just before; what it makes in
	// env.Dir is removed after the scenario.
	Cases func(ctx context.Context, env *Env) ([]Case, error)
}

// Claim is what is said of the subject, and what has become of it here.
type Claim struct {
	Says string // "up to 100 times faster in batches"
	// Verdict returns what was measured and what follows, in a few words each. It
	// must bear a result in which anything is missing; see Result.Ratio.
	Verdict func(r *Result) (measured, verdict string)
}

// Case is one piece of work that several peers do.
type Case struct {
	Name  string  // unique in the scenario: "tiny, 32 samples"
	Panel string  // the plot that it is drawn in; cases of one panel share axes
	X     float64 // where it is drawn; 0 where cases are kinds, not sizes
	Items float64 // how many units a repetition does; 0 stands for 1

	// Cases of one Group are set up together and timed in the same rounds, so that
	// ratios between them can be had, as Result.Ratio gives them. With no group a
	// case is alone, and its memory is given back before the next is set up.
	Group string

	Floor string // the peer that ratios are against: the floor, or the first where there is none
	Peers []Peer

	// Task is the work in the words of the line protocol; external peers are asked
	// to do it. Nil where the work is ndflow's own.
	Task *Task

	// Want are the results that every peer must have. Where it is nil they are
	// those of the first peer that gives any.
	Want map[string]*npy.Array
	// Tolerance is the difference between floats that is let pass, as a part of the
	// largest of the array. Other elements must be equal.
	Tolerance float64
}

func (c *Case) items() float64 {
	if c.Items == 0 {
		return 1
	}
	return c.Items
}

// Kind says what a peer is.
type Kind string

// The kinds of peers.
const (
	NDFlow   Kind = "ndflow"
	Floor    Kind = "floor"    // a loop in C, or what else no binding can beat
	Memcpy   Kind = "memcpy"   // a copy over touched pages
	Python   Kind = "python"   // TensorFlow's and NumPy's own Python
	External Kind = "external" // a command of the user's
)

// Kinds lists the kinds of peers, for Options.Peers.
func Kinds() []string {
	return []string{string(NDFlow), string(Floor), string(Memcpy), string(Python), string(External)}
}

// Peer is one way to do a case's work.
type Peer struct {
	Name string // the same in each case, since it is a line of the plot: "Runner, calling thread"
	Kind Kind
	// Floor is the peer that its ratio is to, where that is not the case's: what runs
	// on TensorFlow's pool has another floor than what runs on the calling thread.
	Floor string
	// Setup prepares the work. An error that is ErrMissing makes a row that says
	// what is missing and how to get it; any other, one that has failed.
	Setup func(ctx context.Context) (*Work, error)
}

// Against returns the peer with a floor of its own.
func (p Peer) Against(floor string) Peer {
	p.Floor = floor
	return p
}

// Work is prepared work.
type Work struct {
	// Run does the work n times. It is all that is timed.
	Run func(n int) error
	// Results returns the results of the last repetition, by name. They are
	// compared with what is wanted before anything is timed.
	Results func() (map[string]*npy.Array, error)
	// Measures returns what else was seen of the last Run, by name ("p99 ns"). It
	// may be nil.
	Measures func() map[string]float64
	// Close gives back what Setup has taken. It may be nil.
	Close func()
}

func (w *Work) close() {
	if w != nil && w.Close != nil {
		w.Close()
	}
}

// ErrMissing says that a peer is not there. The error that wraps it says how to
// get it; see Missing.
var ErrMissing = errors.New("missing")

// Missing returns an error that is ErrMissing and says how to get what is missing.
func Missing(format string, args ...any) error {
	return &missingError{how: fmt.Sprintf(format, args...)}
}

type missingError struct{ how string }

func (e *missingError) Error() string { return "bench: missing: " + e.how }
func (e *missingError) Unwrap() error { return ErrMissing }

// scenarios is filled by the files that have one each.
var scenarios []*Scenario

// order is that of the report.
var order = []string{
	"eager", "conversion", "frequency", "batching", "async", "mapping", "saving", "feeding", "concurrency",
}

// register adds a scenario; each is registered by a variable of its own file.
func register(s *Scenario) *Scenario {
	scenarios = append(scenarios, s)
	return s
}

// Scenarios returns all scenarios in the order of the report.
func Scenarios() []*Scenario {
	list := slices.Clone(scenarios)
	slices.SortStableFunc(list, func(a, b *Scenario) int {
		return slices.Index(order, a.Name) - slices.Index(order, b.Name)
	})
	return list
}

// Find returns the named scenarios, in the order of the report; all of them
// where there are no names.
func Find(names ...string) ([]*Scenario, error) {
	all := Scenarios()
	if len(names) == 0 {
		return all, nil
	}
	var have []string
	for _, s := range all {
		have = append(have, s.Name)
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return nil, fmt.Errorf("bench: no scenario %q: have %q", name, have)
		}
	}
	return slices.DeleteFunc(all, func(s *Scenario) bool { return !slices.Contains(names, s.Name) }), nil
}
