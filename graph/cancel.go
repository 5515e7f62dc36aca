package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ndflow/tfc"
)

// runUntil runs the step beside the caller, so that a ctx that ends can be
// answered at once.
func (r *Runner) runUntil(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("graph: %s: %w", r.label, err)
	}
	plan, done := r.plan, make(chan error, 1)
	e, s := r.stepFor(ctx)
	choice := r.choice
	plan.Arm()
	go func() { done <- step(plan, e, choice, s) }()
	select {
	case err := <-done:
		return r.ended(ctx, err)
	case <-ctx.Done():
	}
	if !plan.Abandon() {
		return r.ended(ctx, <-done) // the step is over but for landing its results
	}
	r.leaveBehind(plan, done)
	return fmt.Errorf("graph: %s: %w", r.label, ctx.Err())
}

// stepFor chooses how a step runs whose ctx can end. Only the pool sees a
// timeout.
func (r *Runner) stepFor(ctx context.Context) (Executor, tfc.Step) {
	if deadline, ok := ctx.Deadline(); ok && r.executor != Inline {
		return Pool, tfc.Step{Timeout: max(time.Until(deadline), time.Millisecond)}
	}
	return r.executor, tfc.Step{}
}

// ended finishes a step. One that TensorFlow's timeout has stopped has met the
// ctx's deadline, even where the ctx's own timer is a moment late.
func (r *Runner) ended(ctx context.Context, err error) error {
	if _, ok := ctx.Deadline(); ok && errors.Is(err, tfc.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return r.finish(err)
}

// leaveBehind parts with a plan whose step still runs. The plan holds all that
// the step reads, and is closed when the step is over.
func (r *Runner) leaveBehind(plan *tfc.Plan, done <-chan error) {
	r.keepStats()
	over := make(chan struct{})
	r.behind, r.plan, r.ready, r.stale, r.ok = over, nil, false, true, false
	go func() {
		<-done
		plan.Close()
		close(over)
	}()
}

// wait waits for the step that was left behind, if there is one.
func (r *Runner) wait(ctx context.Context) error {
	if r.behind == nil {
		return nil
	}
	select {
	case <-r.behind:
		r.behind = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("graph: %s: waiting for the step left behind: %w", r.label, ctx.Err())
	}
}
