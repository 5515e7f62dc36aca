package graph

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestMaxConcurrentRefuses(t *testing.T) {
	m := load(t, "queue", WithMaxConcurrent(1))
	first, second := takeRunner(t, m), takeRunner(t, m)
	result := make(chan error, 1)
	go func() { result <- first.Run(bg) }() // waits for an element
	busy := func() bool {
		m.session.gate.mu.Lock()
		defer m.session.gate.mu.Unlock()
		return m.session.gate.running == 1
	}
	eventually(t, "the first step runs", busy)
	wantError(t, second.Run(bg), ErrFull, `signature "take"`, "1 steps run")
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	wantError(t, second.Run(ctx), ErrFull)
	m.Close()
	wantError(t, <-result, ErrClosed)
}

// A step whose caller has gone counts until it is over.
func TestMaxConcurrentCountsStepsLeftBehind(t *testing.T) {
	g := &gate{most: 2}
	must(t, g.enter(bg, false))
	must(t, g.enter(bg, false))
	wantError(t, g.enter(bg, false), ErrFull)
	g.leave()
	must(t, g.enter(bg, false))
	g.leave()
	g.leave()
	if g.running != 0 {
		t.Errorf("%d steps are counted when none runs", g.running)
	}
}

// The last to come of those in a hurry goes first, the patient go in the order they
// came, and neither keeps the other out.
func TestWaitingOrder(t *testing.T) {
	g := &gate{most: 1, waits: true}
	must(t, g.enter(bg, false))
	soon, cancel := context.WithTimeout(bg, time.Hour)
	defer cancel()
	order := make(chan string)
	var wg sync.WaitGroup
	for i, who := range []string{"patient 1", "hurried 1", "patient 2", "hurried 2", "hurried 3"} {
		ctx := bg
		if who[0] == 'h' {
			ctx = soon
		}
		wg.Go(func() {
			if err := g.enter(ctx, false); err != nil {
				t.Error(err)
			}
			order <- who
			g.leave()
		})
		eventually(t, who+" waits", func() bool {
			g.mu.Lock()
			defer g.mu.Unlock()
			return len(g.patient)+len(g.hurried) == i+1
		})
	}
	g.leave()
	for _, want := range []string{"hurried 3", "patient 1", "hurried 2", "patient 2", "hurried 1"} {
		if who := <-order; who != want {
			t.Errorf("%s goes, want %s", who, want)
		}
	}
	wg.Wait()
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	g := &gate{most: 1, waits: true}
	must(t, g.enter(bg, false))
	ctx, cancel := context.WithCancel(bg)
	cancel()
	wantError(t, g.enter(ctx, false), context.Canceled, "waiting for its turn")
	if len(g.patient) != 0 {
		t.Error("who has gone is still in the queue")
	}
	g.leave()
	must(t, g.enter(bg, false)) // nothing was lost
}

// Contexts that end just when their turn comes lose no place.
func TestWaitingLosesNoPlace(t *testing.T) {
	g := &gate{most: 2, waits: true}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for k := range times(2000) {
				ctx, cancel := context.WithCancel(bg)
				if k%2 == 0 {
					go cancel()
				}
				if err := g.enter(ctx, false); err == nil {
					g.leave()
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if g.running != 0 || len(g.patient)+len(g.hurried) != 0 {
		t.Errorf("%d steps are counted and %d wait when all is over", g.running, len(g.patient)+len(g.hurried))
	}
}

func TestMaxConcurrentOptions(t *testing.T) {
	for name, opts := range map[string][]Option{
		"negative":      {WithMaxConcurrent(-1)},
		"nothing to do": {WithWaiting()},
	} {
		if _, err := Load(fixture("add"), opts...); err == nil {
			t.Errorf("%s: it loads", name)
		}
	}
}
