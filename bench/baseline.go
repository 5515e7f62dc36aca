package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// WriteJSON writes the report with every timing.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// ReadReport reads what WriteJSON has written.
func ReadReport(in io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return nil, fmt.Errorf("bench: not a report: %w", err)
	}
	if r.Format != reportFormat {
		return nil, fmt.Errorf("bench: not a report of this version: it is of format %d, want %d", r.Format, reportFormat)
	}
	return &r, nil
}

// ErrOtherMachine says that a baseline is of a machine that times cannot be
// compared with.
var ErrOtherMachine = errors.New("the baseline is of another machine")

// worse is from which part on a ratio that got larger has got worse.
const worse = 1.05

// Change is a ratio to the floor that is not what it was.
type Change struct {
	Scenario, Case, Peer string
	Was, Is              Ratio
}

func (c Change) String() string {
	return fmt.Sprintf("%s: %s: %s: against the floor it was %v, and is %v", c.Scenario, c.Case, c.Peer, c.Was, c.Is)
}

// Comparison is a report beside an earlier one.
type Comparison struct {
	Compared      int      // ratios that both have
	Worse, Better []Change // by more than 5 %, and more than their intervals
	Notes         []string // what else is not the same
}

// Write says what has changed.
func (c *Comparison) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "\nBASELINE\n\n%d ratios to the floor compared: %d worse, %d better\n", c.Compared, len(c.Worse), len(c.Better))
	for _, n := range c.Notes {
		_, err = fmt.Fprintf(w, "not the same: %s\n", n)
	}
	for _, x := range c.Worse {
		_, err = fmt.Fprintf(w, "worse: %v\n", x)
	}
	for _, x := range c.Better {
		_, err = fmt.Fprintf(w, "better: %v\n", x)
	}
	return err
}

// Compare compares the ratios of ndflow's peers to their floors with those of a
// baseline. A ratio has got worse if it is more than 5 % larger and the two
// intervals do not meet. The error is ErrOtherMachine where the baseline is not of
// this machine.
func (r *Report) Compare(baseline *Report) (*Comparison, error) {
	if err := r.Machine.check(&baseline.Machine); err != nil {
		return nil, err
	}
	c := &Comparison{}
	c.note("TensorFlow", r.Machine.Library.Version, baseline.Machine.Library.Version)
	c.note("the library's size", r.Machine.Library.Size, baseline.Machine.Library.Size)
	c.note("the library's settings", r.Machine.Library.Env, baseline.Machine.Library.Env)
	c.note("placement", r.Machine.Placement, baseline.Machine.Placement)
	c.note("a quick run", r.Settings.Quick, baseline.Settings.Quick)
	for _, s := range r.Scenarios {
		for _, k := range s.Cases {
			for _, p := range k.Peers {
				if was := baseline.ratio(s.Name, k, p); was != nil && p.Kind == NDFlow && p.ToFloor != nil {
					c.add(Change{Scenario: s.Name, Case: k.Name, Peer: p.Name, Was: *was, Is: *p.ToFloor})
				}
			}
		}
	}
	if c.Compared == 0 {
		return nil, errors.New("bench: the baseline has no ratio that this run has too")
	}
	return c, nil
}

func (c *Comparison) note(what string, is, was any) {
	if fmt.Sprint(is) != fmt.Sprint(was) {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: it was %v, and is %v", what, was, is))
	}
}

func (c *Comparison) add(x Change) {
	c.Compared++
	switch {
	case x.Is.Value > worse*x.Was.Value && x.Is.Low > x.Was.High:
		c.Worse = append(c.Worse, x)
	case x.Is.Value*worse < x.Was.Value && x.Is.High < x.Was.Low:
		c.Better = append(c.Better, x)
	}
}

// ratio finds a peer's ratio to the same floor, or nil.
func (r *Report) ratio(scenario string, k *CaseResult, p *PeerResult) *Ratio {
	for _, s := range r.Scenarios {
		if s.Name == scenario {
			if old := s.Case(k.Name).Peer(p.Name); old != nil && old.Floor == p.Floor {
				return old.ToFloor
			}
		}
	}
	return nil
}
