// Package behind counts work that runs on though its caller has gone.
package behind

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Most is how many steps whose callers have gone may still run in a session, or ops in
// an eager context. Each has a thread.
const Most = 64

// ErrFull: there are as many as there may be.
var ErrFull = errors.New("full")

// behindWait is how long a step waits for one of so many to end. Those that were told to
// end do so in a moment, unless an op cannot be interrupted.
const behindWait = time.Second

// Count counts the steps of a session that were left behind, or the ops of an eager
// context. The zero value is none.
type Count struct {
	mu    sync.Mutex
	steps int
	fewer chan struct{} // closed when a step ends; nil when nobody waits for that
}

// Add counts one more.
func (b *Count) Add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps++
}

// Remove says that one is over.
func (b *Count) Remove() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps--
	if b.fewer != nil {
		close(b.fewer)
		b.fewer = nil
	}
}

// Len returns how many there are.
func (b *Count) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.steps
}

// wait returns a channel that is closed when there may be room for one more; nil where
// there is.
func (b *Count) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.steps < Most {
		return nil
	}
	if b.fewer == nil {
		b.fewer = make(chan struct{})
	}
	return b.fewer
}

// Room waits until a step may begin that may have to be left behind, but not for long:
// then it is [ErrFull].
func (b *Count) Room(ctx context.Context) error {
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
			return fmt.Errorf("waiting for one of %d steps left behind: %w", Most, ctx.Err())
		case <-late.C:
			return fmt.Errorf("%w: %d steps whose callers have gone still run; an op of theirs cannot be interrupted", ErrFull, Most)
		}
	}
	return nil
}
