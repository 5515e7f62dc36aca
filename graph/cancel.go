package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ndflow/tfc"
)

// runLimited runs a step whose ctx can end, or that needs to be admitted.
func (r *Runner) runLimited(ctx context.Context) error {
	if r.gate == nil {
		return r.runUntil(ctx)
	}
	if err := ctx.Err(); err != nil {
		return r.stepError(err)
	}
	if err := r.gate.enter(ctx, r.waits); err != nil {
		return r.stepError(err)
	}
	return r.runUntil(ctx)
}

// leave ends the step for those that wait to be admitted.
func (r *Runner) leave() {
	if r.gate != nil {
		r.gate.leave()
	}
}

// runUntil runs an admitted step, beside the caller if its ctx can end, so that that
// can be answered at once.
func (r *Runner) runUntil(ctx context.Context) error {
	if ctx.Done() == nil {
		defer r.leave()
		return r.finish(step(r.plan, r.executor, r.choice, tfc.Step{}))
	}
	if err := ctx.Err(); err != nil {
		r.leave()
		return r.stepError(err)
	}
	if err := r.behindAll.Room(ctx); err != nil {
		r.leave()
		return r.stepError(err)
	}
	plan, done := r.plan, make(chan error, 1)
	e, s := r.stepFor(ctx)
	choice := r.choice
	plan.Arm()
	go func() { done <- step(plan, e, choice, s) }()
	select {
	case err := <-done:
		r.leave()
		return r.ended(ctx, err)
	case <-ctx.Done():
	}
	if !plan.Abandon() { // the step is over but for landing its results
		err := <-done
		r.leave()
		return r.ended(ctx, err)
	}
	r.leaveBehind(plan, done)
	return r.stepError(ctx.Err())
}

// stepFor chooses how a step runs whose ctx can end. Where TensorFlow cannot be told to
// end a single step, a timeout of the pool does that at the deadline.
func (r *Runner) stepFor(ctx context.Context) (Executor, tfc.Step) {
	if deadline, ok := ctx.Deadline(); ok && r.executor != Inline && !tfc.CanCancel() {
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
	all, gate := r.behindAll, r.gate
	all.Add()
	go func() {
		<-done
		plan.Close()
		all.Remove()
		if gate != nil {
			gate.leave()
		}
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
		return r.stepError(fmt.Errorf("waiting for the step left behind: %w", ctx.Err()))
	}
}
