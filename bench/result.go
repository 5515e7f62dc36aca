package bench

import (
	"fmt"
	"slices"
	"time"
)

// Report is what a run has found: everything that tables and plots are made of.
type Report struct {
	Format      int       `json:"format"`
	Time        time.Time `json:"time"`
	Command     string    `json:"command"` // that made it
	Machine     Machine   `json:"machine"`
	Settings    Settings  `json:"settings"`
	Load        []float64 `json:"load"`            // the share of all cores that others kept busy, sampled between scenarios
	Peers       []string  `json:"peers,omitempty"` // what processes have said that they are
	Warnings    []string  `json:"warnings,omitempty"`
	Interrupted bool      `json:"interrupted,omitempty"`
	Scenarios   []*Result `json:"scenarios"`
}

// reportFormat is raised when older programs would misread a report.
const reportFormat = 1

// Settings is how it was measured.
type Settings struct {
	Quick  bool          `json:"quick"`
	Rounds int           `json:"rounds"`
	Timing time.Duration `json:"timing_ns"` // that one lasts at least
}

// Result is what one scenario has found.
type Result struct {
	Name         string        `json:"name"`
	Title        string        `json:"title"`
	Work         string        `json:"work"`
	Unit         string        `json:"unit"`
	XLabel       string        `json:"x_label,omitempty"`
	WholeProcess bool          `json:"whole_process,omitempty"`
	Findings     []Finding     `json:"findings"`
	Error        string        `json:"error,omitempty"` // why there are no cases
	Cases        []*CaseResult `json:"cases"`
}

// Failed reports whether something that ought to work has not: a scenario that has
// no cases, or a peer that gave wrong results or none.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Scenarios, func(s *Result) bool { return s.Error != "" || s.failed() != "" })
}

// failed names the first peer that has failed, with its case; empty if none has.
func (r *Result) failed() string {
	for _, c := range r.Cases {
		for _, p := range c.Peers {
			if p.State == Failed {
				return fmt.Sprintf("%s, %s", c.Name, p.Name)
			}
		}
	}
	return ""
}

// Finding is a claim beside what was measured.
type Finding struct {
	Claim    string `json:"claim"`
	Measured string `json:"measured"`
	Verdict  string `json:"verdict"`
}

// CaseResult is what one case has found.
type CaseResult struct {
	Name  string        `json:"name"`
	Panel string        `json:"panel,omitempty"`
	Group string        `json:"group,omitempty"`
	X     float64       `json:"x,omitempty"`
	Items float64       `json:"items"` // units in a repetition
	Floor string        `json:"floor"` // the peer that ratios are to
	Peers []*PeerResult `json:"peers"`
}

// State is what has become of a peer.
type State string

// The states of peers.
const (
	Timed   State = "timed"
	Absent  State = "missing"
	Failed  State = "failed"
	Stopped State = "stopped" // by Ctrl-C, before there were enough rounds
)

// PeerResult is what one peer has done.
type PeerResult struct {
	Name  string    `json:"name"`
	Kind  Kind      `json:"kind"`
	State State     `json:"state"`
	Note  string    `json:"note,omitempty"`  // how to get it, or why it has failed
	N     int       `json:"n,omitempty"`     // repetitions in a timing
	Times []float64 `json:"times,omitempty"` // ns for a unit, one for each round
	Summary
	ToFloor  *Ratio               `json:"to_floor,omitempty"` // nil for the floor itself
	Floor    string               `json:"floor,omitempty"`    // what that is to
	Measures map[string][]float64 `json:"measures,omitempty"` // what else was seen, by round
}

// Case returns a case by its name, or nil.
func (r *Result) Case(name string) *CaseResult {
	for _, c := range r.Cases {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Peer returns a peer by its name, or nil.
func (c *CaseResult) Peer(name string) *PeerResult {
	if c == nil {
		return nil
	}
	for _, p := range c.Peers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Timed returns a peer of a case that has timings, or nil.
func (r *Result) Timed(of, peer string) *PeerResult {
	if p := r.Case(of).Peer(peer); p != nil && p.State == Timed {
		return p
	}
	return nil
}

// Ratio returns how much longer a unit takes peerA in caseA than peerB in caseB.
// It is false where either was not timed.
func (r *Result) Ratio(caseA, peerA, caseB, peerB string) (Ratio, bool) {
	a, b := r.Timed(caseA, peerA), r.Timed(caseB, peerB)
	if a == nil || b == nil {
		return Ratio{}, false
	}
	ca, cb := r.Case(caseA), r.Case(caseB)
	if ca == cb || ca.Group != "" && ca.Group == cb.Group {
		return pairedRatio(a.Times, b.Times), true
	}
	return unpairedRatio(a.Times, b.Times), true
}

// Measure returns the median of what else was seen of a peer, by its name. It is
// false where there is none.
func (p *PeerResult) Measure(name string) (float64, bool) {
	if p == nil || len(p.Measures[name]) == 0 {
		return 0, false
	}
	return summarize(p.Measures[name]).Median, true
}
