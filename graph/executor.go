package graph

import (
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"ndflow/tfc"
)

// Executor says which threads run a step.
type Executor int

const (
	// Auto times Inline and Pool over the first steps of each input shape and
	// keeps the faster.
	Auto Executor = iota
	// Inline runs the step on the calling thread: for small models, whose
	// steps would cost more to hand over than to run. Ops still use the
	// session's threads for large operands. The thread is in the floating-point
	// state of TensorFlow's own meanwhile, so that the results have the same bits.
	Inline
	// Pool runs independent ops of the step at once on the session's threads.
	Pool
)

var executorNames = [...]string{Auto: "auto", Inline: "inline", Pool: "pool"}

func (e Executor) String() string {
	if e < 0 || int(e) >= len(executorNames) {
		return fmt.Sprintf("Executor(%d)", int(e))
	}
	return executorNames[e]
}

// ParseExecutor returns the executor with the given name: auto, inline, pool.
func ParseExecutor(name string) (Executor, error) {
	for e, n := range executorNames {
		if n == name {
			return Executor(e), nil
		}
	}
	return Auto, &NameError{Kind: "executor", Name: name, Have: executorNames[:]}
}

const (
	warmUpSteps = 2 // TensorFlow prepares executors and memory in them
	timedSteps  = 4 // of each kind

	// Inputs of ever new shapes must not fill memory with trials.
	mostChoices = 256
)

// tuner remembers, for equal plans, which executor is the faster for each
// combination of input shapes. It is safe for concurrent use.
type tuner struct {
	mu      sync.Mutex
	seed    maphash.Seed
	choices map[uint64]*choice
}

// choice is the trial of the two executors for one combination of shapes.
type choice struct {
	winner atomic.Int32 // an Executor, Auto until the trial is over
	mu     sync.Mutex
	steps  int
	best   [2]time.Duration // of Inline and Pool
}

func newTuner() *tuner {
	return &tuner{seed: maphash.MakeSeed(), choices: make(map[uint64]*choice)}
}

// choice returns the trial for the shapes of the fed inputs.
func (t *tuner) choice(inputs []port) *choice {
	t.mu.Lock()
	defer t.mu.Unlock()
	var h maphash.Hash
	h.SetSeed(t.seed)
	for i := range inputs {
		if a := inputs[i].array; a != nil {
			for d := range a.NDim() {
				maphash.WriteComparable(&h, a.Dim(d))
			}
		}
		h.WriteByte(0xff)
	}
	key := h.Sum64()
	c := t.choices[key]
	if c == nil {
		if len(t.choices) >= mostChoices {
			clear(t.choices)
		}
		c = &choice{}
		t.choices[key] = c
	}
	return c
}

// decided returns the faster executor, Auto until that is known.
func (c *choice) decided() Executor { return Executor(c.winner.Load()) }

// try runs a step of the trial: Inline and Pool in turn.
func (c *choice) try(plan *tfc.Plan, s tfc.Step) error {
	c.mu.Lock()
	e, timed := Inline, c.steps >= warmUpSteps
	if c.steps%2 == 1 {
		e = Pool
	}
	c.steps++
	c.mu.Unlock()

	s.Inline = e == Inline
	start := time.Now()
	err := plan.Run(s)
	if timed && err == nil {
		c.took(e, time.Since(start))
	}
	return err
}

// took notes the time of a step; the trial ends when there are enough.
func (c *choice) took(e Executor, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	best := &c.best[e-Inline]
	if *best == 0 || d < *best {
		*best = d
	}
	if c.steps >= warmUpSteps+2*timedSteps && c.best[0] > 0 && c.best[1] > 0 {
		winner := Inline
		if c.best[1] < c.best[0] {
			winner = Pool
		}
		c.winner.Store(int32(winner))
	}
}
