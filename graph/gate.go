package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"ndflow/internal/behind"
)

// ErrFull: as many steps run as may, or a queue has no room for another item.
var ErrFull = behind.ErrFull

// WithMaxConcurrent lets n steps of the model or session run at once, and fails the
// others with [ErrFull] without running them. A step whose caller has gone counts until
// it is over. [Map] and [Pipeline] wait for their turn.
//
// A server should set it, to the number of processors or little more: steps that share
// the processors with too many others all miss their deadlines.
func WithMaxConcurrent(n int) Option {
	return func(o *options) { o.concurrent = n }
}

// WithWaiting makes steps beyond [WithMaxConcurrent] wait for their turn until their
// ctx ends. Of those that have a deadline the last to come is the first to go: where
// there is too much to do, it has the most time left, and the others would miss theirs.
func WithWaiting() Option {
	return func(o *options) { o.waiting = true }
}

// gate lets so many steps run at once.
type gate struct {
	mu      sync.Mutex
	most    int
	running int
	waits   bool
	patient []*turn // without a deadline, in the order they came
	hurried []*turn // with one
	fair    bool    // the patient are next
}

// turn is what a step waits for.
type turn struct{ admitted chan struct{} }

func newGate(o *options) (*gate, error) {
	switch {
	case o.concurrent < 0:
		return nil, fmt.Errorf("graph: at most %d steps at once: want at least 1, or 0 for no limit", o.concurrent)
	case o.concurrent == 0 && o.waiting:
		return nil, errors.New("graph: WithWaiting is about steps beyond WithMaxConcurrent, which is not set")
	case o.concurrent == 0:
		return nil, nil
	}
	return &gate{most: o.concurrent, waits: o.waiting}, nil
}

// enter admits a step, now or in its turn.
func (g *gate) enter(ctx context.Context, wait bool) error {
	g.mu.Lock()
	if g.running < g.most {
		g.running++
		g.mu.Unlock()
		return nil
	}
	if !wait && !g.waits {
		g.mu.Unlock()
		return fmt.Errorf("%w: %d steps run, and no more may", ErrFull, g.most)
	}
	w := &turn{admitted: make(chan struct{})}
	queue := &g.patient
	if _, ok := ctx.Deadline(); ok {
		queue = &g.hurried
	}
	*queue = append(*queue, w)
	g.mu.Unlock()
	select {
	case <-w.admitted:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(*queue, w)
	if i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	g.mu.Unlock()
	if i < 0 { // it was admitted just now
		g.leave()
	}
	return fmt.Errorf("waiting for its turn: %w", ctx.Err())
}

// leave ends a step, and admits the next.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.next()
	if w == nil {
		g.running--
		return
	}
	close(w.admitted)
}

// next takes who waits: the patient and the hurried in turn.
func (g *gate) next() (w *turn) {
	patient, hurried := len(g.patient), len(g.hurried)
	if patient > 0 && (hurried == 0 || g.fair) {
		w, g.patient, g.fair = g.patient[0], g.patient[1:], false
		return w
	}
	if hurried > 0 {
		w, g.hurried, g.fair = g.hurried[hurried-1], g.hurried[:hurried-1], true
	}
	return w
}
