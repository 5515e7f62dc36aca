package graph

import "ndflow/tfc"

// Stats says how the results of a Runner have come to the caller.
type Stats struct {
	Outputs []OutputStats // in alphabetical order
}

// OutputStats counts the results of one output, over all steps that succeeded.
type OutputStats struct {
	Name   string
	Placed uint64 // landed with no copy: TensorFlow's kernel has written them there
	Copied uint64 // landed with one copy
	Kept   uint64 // not landed: views of TensorFlow's memory
	Why    string // why the last one that landed was copied; empty if it was placed, or none has landed
}

// Stats returns what has become of the results so far.
func (r *Runner) Stats() (Stats, error) {
	if err := r.lock(); err != nil {
		return Stats{}, err
	}
	defer r.mu.Unlock()
	s := Stats{Outputs: make([]OutputStats, len(r.outputs))}
	for i := range r.outputs {
		out := &r.outputs[i]
		s.Outputs[i] = out.stats
		s.Outputs[i].Name = out.spec.Name
		if r.plan != nil && out.index >= 0 {
			s.Outputs[i].add(r.plan.Stats(out.index))
		}
	}
	return s, nil
}

func (s *OutputStats) add(f tfc.FetchStats) {
	s.merge(OutputStats{Placed: f.Placed, Copied: f.Copied, Kept: f.Kept, Why: f.Why})
}

// merge adds what was counted later, or elsewhere.
func (s *OutputStats) merge(more OutputStats) {
	s.Placed += more.Placed
	s.Copied += more.Copied
	s.Kept += more.Kept
	if more.Placed+more.Copied > 0 {
		s.Why = more.Why
	}
}

// keepStats adds up what the plan has counted, before it is parted with.
func (r *Runner) keepStats() {
	for i := range r.outputs {
		if out := &r.outputs[i]; out.index >= 0 {
			out.stats.add(r.plan.Stats(out.index))
		}
	}
}
