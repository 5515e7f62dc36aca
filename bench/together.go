package bench

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ndflow/npy"
)

// What a caller waits for a step, where several run at once.
const (
	measureP50 = "p50 ns"
	measureP99 = "p99 ns"
)

// together makes one work of several, each of which a goroutine of its own does: a
// repetition is one of each. A single one is left as it is. Those that are watched
// have measures of how long a caller waits; they are taken in steps behind those
// that are timed, since to look at a clock for each is a part of a small step.
func together(callers int, watched bool, work func() (*Work, error)) (*Work, error) {
	works := make([]*Work, max(1, callers))
	for i := range works {
		var err error
		if works[i], err = work(); err != nil {
			return nil, err
		}
	}
	w := &Work{Run: works[0].Run, Results: works[0].Results}
	if len(works) > 1 {
		w.Run = func(n int) error {
			return parallel(len(works), func(i int) error { return works[i].Run(n) })
		}
		w.Results = func() (map[string]*npy.Array, error) { return agreed(works) }
	}
	if watched {
		n, run := 0, w.Run
		w.Run = func(reps int) error {
			n = reps
			return run(reps)
		}
		w.Measures = func() map[string]float64 { return waits(works, n) }
	}
	return w, nil
}

// agreed are the results of all works, which must be the same.
func agreed(works []*Work) (map[string]*npy.Array, error) {
	first, err := works[0].Results()
	if err != nil {
		return nil, err
	}
	for i, w := range works[1:] {
		other, err := w.Results()
		if err != nil {
			return nil, err
		}
		if err := compare(other, first, 0); err != nil {
			return nil, fmt.Errorf("goroutine %d: %w", i+1, err)
		}
	}
	return first, nil
}

// waits runs n steps of each work and returns how long they took.
func waits(works []*Work, n int) map[string]float64 {
	took := make([][]float64, len(works))
	err := parallel(len(works), func(i int) error {
		took[i] = make([]float64, 0, n)
		last := time.Now()
		for range n {
			if err := works[i].Run(1); err != nil {
				return err
			}
			now := time.Now()
			took[i] = append(took[i], float64(now.Sub(last)))
			last = now
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return percentiles(slices.Concat(took...))
}

// parallel calls f in n goroutines, with the number of each.
func parallel(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func percentiles(took []float64) map[string]float64 {
	slices.Sort(took)
	return map[string]float64{measureP50: quantile(took, 0.5), measureP99: quantile(took, 0.99)}
}
