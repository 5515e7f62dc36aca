package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"ndflow/npy"
)

// entry is one peer of one case, while its group is timed.
type entry struct {
	of     *Case
	peer   *Peer
	result *PeerResult
	work   *Work
	n      int // repetitions in a timing
}

// usable reports whether the entry is still to be timed.
func (e *entry) usable() bool { return e.result.State == Timed }

// fail notes why a peer has no times.
func (e *entry) fail(err error) {
	r := e.result
	r.State, r.Note, r.Times, r.Measures = Failed, err.Error(), nil, nil
	switch {
	case errors.Is(err, context.Canceled):
		r.State, r.Note = Stopped, ""
	case errors.Is(err, ErrMissing):
		r.State = Absent
		var missing *missingError
		if errors.As(err, &missing) {
			r.Note = missing.how
		}
	}
}

// timeGroup sets the entries up, checks them against what is wanted, and times
// them in rounds. What has failed, or is missing, is noted and left out.
func (s *run) timeGroup(ctx context.Context, entries []*entry, whole bool, progress func(part float64)) {
	defer func() {
		for _, e := range entries {
			e.work.close()
		}
	}()
	want := map[*Case]map[string]*npy.Array{}
	for i, e := range entries {
		if err := s.prepare(ctx, e, want, whole); err != nil {
			e.fail(err)
			e.work.close()
			e.work = nil
		}
		progress(0.3 * float64(i+1) / float64(len(entries)))
	}
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	rounds := s.Rounds
	start := time.Now()
	for round := 0; round < rounds; round++ {
		s.rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for k, i := range order {
			if e := entries[i]; e.usable() && ctx.Err() == nil {
				if err := s.timeOne(ctx, e, whole); err != nil && ctx.Err() == nil {
					e.fail(err)
				}
			}
			progress(0.3 + 0.7*(float64(round)+float64(k+1)/float64(len(order)))/float64(rounds))
		}
		if round == 0 && s.fewer {
			rounds = affordable(rounds, time.Since(start))
		}
	}
	trim(entries)
}

// Rounds are fewer where all would take long, but not so few that the interval of a
// ratio says nothing.
const (
	roundsBudget = 2 * time.Minute
	fewestRounds = 7
)

func affordable(rounds int, round time.Duration) int {
	return min(rounds, max(fewestRounds, int(roundsBudget/round)))
}

// LeastRounds is how many make a median worth to be told.
const LeastRounds = 3

// trim leaves the rounds that all have done, where a run was interrupted.
func trim(entries []*entry) {
	rounds := math.MaxInt
	for _, e := range entries {
		if e.usable() {
			rounds = min(rounds, len(e.result.Times))
		}
	}
	for _, e := range entries {
		if !e.usable() {
			continue
		}
		if rounds < LeastRounds {
			e.fail(context.Canceled)
			continue
		}
		e.result.Times = e.result.Times[:rounds]
		for name, v := range e.result.Measures {
			e.result.Measures[name] = v[:min(rounds, len(v))]
		}
	}
}

// prepare sets a peer up, compares its results, warms it up, and finds out how
// often to repeat its work in a timing.
func (s *run) prepare(ctx context.Context, e *entry, want map[*Case]map[string]*npy.Array, whole bool) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.work, err = e.peer.Setup(ctx); err != nil {
		return err
	}
	if err := e.work.Run(1); err != nil {
		return err
	}
	have, err := e.work.Results()
	if err != nil {
		return err
	}
	switch {
	case len(have) == 0:
		return errors.New("it has no results that could be checked")
	case e.of.Want != nil:
		err = compare(have, e.of.Want, e.of.Tolerance)
	case want[e.of] != nil:
		err = compare(have, want[e.of], e.of.Tolerance)
	default:
		want[e.of] = have
	}
	if err != nil {
		return fmt.Errorf("its result is wrong: %w", err)
	}
	if whole { // each timing has a process of its own
		e.work.close()
		e.work, e.n = nil, 1
		return nil
	}
	return s.calibrate(e)
}

// Before a Runner has chosen its executor and TensorFlow its memory, it is slow.
const (
	mostWarmUps  = 12
	leastWarmUps = 4
)

func (s *run) calibrate(e *entry) error {
	var warm time.Duration
	for i := 0; i < leastWarmUps || i < mostWarmUps && warm < 2*s.Timing; i++ {
		start := time.Now()
		if err := e.work.Run(1); err != nil {
			return err
		}
		warm += time.Since(start)
		if warm > 50*s.Timing { // work that takes so long is warm
			break
		}
	}
	for e.n = 1; ; {
		start := time.Now()
		if err := e.work.Run(e.n); err != nil {
			return err
		}
		took := time.Since(start)
		if took >= s.Timing {
			return nil
		}
		// A fifth more than it seems to take, since the next may be faster.
		grow := 1.2 * float64(s.Timing) / float64(max(took, time.Microsecond))
		e.n = max(e.n+1, int(float64(e.n)*min(grow, 50)))
	}
}

// timeOne takes one timing.
func (s *run) timeOne(ctx context.Context, e *entry, whole bool) (err error) {
	if whole {
		if e.work, err = e.peer.Setup(ctx); err != nil {
			return err
		}
		defer func() {
			e.work.close()
			e.work = nil
		}()
	}
	runtime.GC() // so that nobody pays for the garbage of the peer before
	start := time.Now()
	err = e.work.Run(e.n)
	took := time.Since(start)
	if err != nil {
		return err
	}
	r := e.result
	r.N = e.n
	r.Times = append(r.Times, float64(took)/(float64(e.n)*e.of.items()))
	if e.work.Measures != nil {
		for name, v := range e.work.Measures() {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			if r.Measures == nil {
				r.Measures = map[string][]float64{}
			}
			r.Measures[name] = append(r.Measures[name], v)
		}
	}
	return nil
}

func newOrder() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }
