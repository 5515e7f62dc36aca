package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// Options says what is measured and how.
type Options struct {
	Scenarios []*Scenario   // nil for all
	Peers     []string      // kinds or names of those to time; nil for all
	Rounds    int           // 0 for 21, fewer where they would take minutes, or 3 in a quick run
	Timing    time.Duration // that one lasts at least; 0 for 20 ms, or 1 ms in a quick run
	Quick     bool          // small sizes and few rounds: to see that all works
	Command   string        // for the report: how it was called

	Baseline *Report          // that the report is to be compared with: one of another machine is refused
	Models   string           // the folder of the fixture models; empty to look for it
	PythonAt string           // Python's interpreter; empty for the one in the cache
	External []ExternalPeer   // commands that speak the line protocol
	Child    []string         // the command that serves ndflow's works in a process of its own
	Progress func(p Progress) // may be nil
	Patience time.Duration    // how long a peer's process may take to answer; 0 for 5 minutes

	fewer bool // rounds, where all would take long
}

// Progress is how far a run is.
type Progress struct {
	Scenario string  // its name
	Part     float64 // of all that is to do, 0 to 1
}

// run is a run that is going on.
type run struct {
	Options
	rand  *rand.Rand
	peers processes
}

// Run measures. After ctx has ended it returns what is done until then, with
// Interrupted set; its error is for what leaves nothing to tell.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.setDefaults()
	s := &run{Options: o, rand: newOrder(), peers: processes{shared: map[string]*process{}}}
	defer s.peers.close()
	machine, err := readMachine()
	if err != nil {
		return nil, err
	}
	if s.Models, err = findModels(o.Models); err != nil {
		return nil, err
	}
	if o.Baseline != nil {
		if err := machine.check(&o.Baseline.Machine); err != nil {
			return nil, err
		}
	}
	report := &Report{
		Format: reportFormat, Time: time.Now().UTC().Truncate(time.Second), Command: o.Command, Machine: machine,
		Settings:  Settings{Quick: o.Quick, Rounds: o.Rounds, Timing: o.Timing},
		Scenarios: []*Result{},
	}
	look := func() {
		if load, ok := othersLoad(ctx); ok {
			report.Load = append(report.Load, load)
		}
	}
	for i, scenario := range o.Scenarios {
		look()
		r := s.scenario(ctx, scenario, func(part float64) {
			if o.Progress != nil {
				o.Progress(Progress{Scenario: scenario.Name, Part: (float64(i) + part) / float64(len(o.Scenarios))})
			}
		})
		report.Scenarios = append(report.Scenarios, r)
		if ctx.Err() != nil {
			report.Interrupted = true
			break
		}
	}
	look()
	report.Peers = s.peers.said
	if w := loadWarning(report.Load); w != "" {
		report.Warnings = append(report.Warnings, w)
	}
	return report, nil
}

func (o *Options) setDefaults() {
	if o.Scenarios == nil {
		o.Scenarios = Scenarios()
	}
	rounds, timing := 21, 20*time.Millisecond
	if o.Quick {
		rounds, timing = 3, time.Millisecond
	}
	if o.Rounds == 0 {
		o.Rounds, o.fewer = rounds, true
	}
	if o.Timing == 0 {
		o.Timing = timing
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
}

// scenario runs one.
func (s *run) scenario(ctx context.Context, sc *Scenario, progress func(part float64)) *Result {
	r := &Result{
		Name: sc.Name, Title: sc.Title, Work: sc.Work, Unit: sc.Unit, XLabel: sc.XLabel,
		WholeProcess: sc.WholeProcess, Cases: []*CaseResult{}, Findings: []Finding{},
	}
	progress(0)
	dir, err := os.MkdirTemp("", "ndflow-bench-")
	if err != nil {
		r.Error = err.Error()
		return r
	}
	defer os.RemoveAll(dir)
	env := &Env{Quick: s.Quick, Dir: dir, run: s, whole: sc.WholeProcess}
	cases, err := sc.Cases(ctx, env)
	if err == nil {
		err = checkCases(cases)
	}
	if err != nil {
		r.Error = err.Error()
		return r
	}
	groups := s.groups(env, cases, r)
	for i, g := range groups {
		s.timeGroup(ctx, g, sc.WholeProcess, func(part float64) { progress((float64(i) + part) / float64(len(groups))) })
		if ctx.Err() != nil {
			stop(groups[i+1:])
			break
		}
	}
	for _, c := range r.Cases {
		c.finish()
	}
	r.judge(sc.Claims)
	return r
}

// checkCases finds mistakes of a scenario's author.
func checkCases(cases []Case) error {
	names := map[string]bool{}
	for _, c := range cases {
		if names[c.Name] {
			return fmt.Errorf("bench: two cases are called %q", c.Name)
		}
		names[c.Name] = true
		peers := map[string]bool{}
		for _, p := range c.Peers {
			if peers[p.Name] {
				return fmt.Errorf("bench: case %q has two peers %q", c.Name, p.Name)
			}
			peers[p.Name] = true
		}
	}
	if len(cases) == 0 {
		return fmt.Errorf("bench: no cases")
	}
	return nil
}

// groups makes entries of the cases' peers, those together that are timed
// together, and their places in the result.
func (s *run) groups(env *Env, cases []Case, r *Result) [][]*entry {
	var groups [][]*entry
	at := map[string]int{}
	for i := range cases {
		c := &cases[i]
		if c.Task != nil {
			for _, x := range s.External {
				c.Peers = append(c.Peers, env.external(x, *c.Task))
			}
		}
		cr := &CaseResult{Name: c.Name, Panel: c.Panel, Group: c.Group, X: c.X, Items: c.items(), Floor: c.Floor, Peers: []*PeerResult{}}
		var entries []*entry
		for k := range c.Peers {
			p := &c.Peers[k]
			if s.wants(p) {
				e := &entry{of: c, peer: p, result: &PeerResult{Name: p.Name, Kind: p.Kind, State: Timed, Floor: p.Floor}}
				cr.Peers = append(cr.Peers, e.result)
				entries = append(entries, e)
			}
		}
		r.Cases = append(r.Cases, cr)
		if k, ok := at[c.Group]; ok && c.Group != "" {
			groups[k] = append(groups[k], entries...)
			continue
		}
		at[c.Group] = len(groups)
		groups = append(groups, entries)
	}
	return groups
}

// wants reports whether a peer was asked for.
func (s *run) wants(p *Peer) bool {
	return s.Peers == nil || slices.Contains(s.Peers, string(p.Kind)) || slices.Contains(s.Peers, p.Name)
}

// stop notes that groups were not begun.
func stop(groups [][]*entry) {
	for _, g := range groups {
		for _, e := range g {
			e.fail(context.Canceled)
		}
	}
}

// finish works the ratios out: to the floor, or to the first peer that was timed
// where the floor was not.
func (c *CaseResult) finish() {
	floor := c.Peer(c.Floor)
	for _, p := range c.Peers {
		if p.State != Timed {
			continue
		}
		p.Summary = summarize(p.Times)
		if floor == nil || floor.State != Timed {
			floor, c.Floor = p, p.Name
		}
	}
	for _, p := range c.Peers {
		own := c.Peer(p.Floor)
		if own == nil || own.State != Timed {
			own = floor
		}
		if p.State != Timed || p == own {
			p.Floor = ""
			continue
		}
		ratio := pairedRatio(p.Times, own.Times)
		p.ToFloor, p.Floor = &ratio, own.Name
	}
}

// judge sets the claims beside what was measured. Where a result was wrong there is
// no other verdict than that.
func (r *Result) judge(claims []Claim) {
	failed := r.failed()
	for _, c := range claims {
		measured, verdict := c.Verdict(r)
		if failed != "" {
			verdict = "failed: " + failed
		}
		r.Findings = append(r.Findings, Finding{Claim: c.Says, Measured: measured, Verdict: verdict})
	}
}
