package graph

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// mostBehind is how many steps whose callers have gone may still run in a session.
// Each has a thread.
const mostBehind = 64

// behindWait is how long a step waits for one of so many to end. Those that were told to
// end do so in a moment, unless an op cannot be interrupted.
const behindWait = time.Second

// behind counts the steps of a session that were left behind.
type behind struct {
	mu    sync.Mutex
	steps int
	fewer chan struct{} // closed when a step ends; nil when nobody waits for that
}

func (b *behind) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps++
}

func (b *behind) remove() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps--
	if b.fewer != nil {
		close(b.fewer)
		b.fewer = nil
	}
}

func (b *behind) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.steps
}

// wait returns a channel that is closed when there may be room for one more; nil where
// there is.
func (b *behind) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.steps < mostBehind {
		return nil
	}
	if b.fewer == nil {
		b.fewer = make(chan struct{})
	}
	return b.fewer
}

// room waits until a step may begin that may have to be left behind, but not for long.
func (b *behind) room(ctx context.Context) error {
	fewer := b.wait()
	if fewer == nil {
		return nil
	}
	late := time.NewTimer(behindWait)
	defer late.Stop()
	for ; fewer != nil; fewer = b.wait() {
		select {
		case <-fewer:
		case <-ctx.Done():
			return fmt.Errorf("waiting for one of %d steps left behind: %w", mostBehind, ctx.Err())
		case <-late.C:
			return fmt.Errorf("%w: %d steps whose callers have gone still run; an op of theirs cannot be interrupted", ErrFull, mostBehind)
		}
	}
	return nil
}
