package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ndflow/npy"
	"ndflow/tfc"
)

// Run runs the step once. When ctx ends, by a deadline or because it is cancelled, Run
// returns its error at once and the step is told to end, without touching the arrays
// that results land in. It ends as soon as the ops that it has begun return: ops that
// wait for something (queues, barriers, iterators of data) are woken, loops end, and no
// further op begins, but an op in the middle of its work is not interrupted. The next
// Run waits for it. Where ndflow's plugin is missing ([tfc.CanCancel]) only a deadline
// ends a step early, on the pool, and there only loops and ops that wait; any other step
// that was left behind runs to its end.
//
// A session has at most 64 such steps. Where so many do not end, those that could become
// one more are refused with [ErrFull].
func (r *Runner) Run(ctx context.Context) error {
	if !r.mu.TryLock() {
		return r.errorf(ErrBusy)
	}
	defer r.mu.Unlock()
	if !r.ready {
		if err := r.prepare(ctx); err != nil {
			return err
		}
	}
	if ctx.Done() != nil || r.gate != nil {
		return r.runLimited(ctx)
	}
	return r.finish(step(r.plan, r.executor, r.choice, tfc.Step{}))
}

// step runs a plan once on the executor, which Auto chooses.
func step(plan *tfc.Plan, e Executor, c *choice, s tfc.Step) error {
	if e == Auto {
		e = c.decided()
	}
	if e == Auto {
		return c.try(plan, s)
	}
	s.Inline = e == Inline
	return plan.Run(s)
}

// prepare makes sure that all inputs are fed and that the plan is the right one.
func (r *Runner) prepare(ctx context.Context) error {
	if r.closed {
		return r.errorf(ErrClosed)
	}
	if err := r.wait(ctx); err != nil {
		return err
	}
	for i := range r.inputs {
		in := &r.inputs[i]
		if in.array == nil && !in.optional {
			return fmt.Errorf("graph: %s: input %q (%v) is %w", r.label, in.spec.Name, in.spec, ErrNotFed)
		}
		r.stale = r.stale || (in.array != nil) != (in.index >= 0)
	}
	if r.stale {
		if err := r.makePlan(); err != nil {
			return err
		}
	}
	if r.choice == nil {
		r.choice = r.tuner.choice(r.inputs)
	}
	if r.passes {
		return r.checkPasses() // before each run
	}
	r.ready = true
	return nil
}

func (r *Runner) makePlan() error {
	r.dropPlan()
	var feeds, fetches []tfc.Output
	for i := range r.inputs {
		in := &r.inputs[i]
		in.index = -1
		if in.array != nil {
			in.index = len(feeds)
			feeds = append(feeds, in.output)
		}
	}
	r.passes = false
	all := !slices.ContainsFunc(r.outputs, func(out port) bool { return out.array != nil || out.fetch })
	for i := range r.outputs {
		out := &r.outputs[i]
		out.index = -1
		out.wanted = out.array != nil || out.fetch || all && out.spec.DType != npy.Invalid
		switch {
		case !out.wanted:
		case r.isFed(out):
			r.passes = true
		default:
			out.index = len(fetches)
			fetches = append(fetches, out.output)
		}
	}
	plan, err := r.session.NewPlan(feeds, fetches, r.targets)
	if err != nil {
		return fmt.Errorf("graph: %s: %w", r.label, err)
	}
	r.plan = plan
	for i := range r.inputs {
		if in := &r.inputs[i]; in.index >= 0 {
			if err := plan.Feed(in.index, in.array); err != nil {
				return fmt.Errorf("graph: input %q: %w", in.spec.Name, err)
			}
		}
	}
	for i := range r.outputs {
		if out := &r.outputs[i]; out.index >= 0 && out.array != nil {
			if err := plan.Into(out.index, out.array); err != nil {
				return fmt.Errorf("graph: output %q: %w", out.spec.Name, err)
			}
		}
	}
	r.stale = false
	return nil
}

// finish turns what the plan says into the Runner's words, and answers the
// outputs that are fed themselves.
func (r *Runner) finish(err error) error {
	if err != nil {
		r.ok = false
		if errors.Is(err, tfc.Cancelled) && r.session.Closed() {
			return r.stepError(fmt.Errorf("%w: %w", ErrClosed, err))
		}
		return r.explain(err)
	}
	r.ok = true
	r.run++
	if r.passes {
		return r.passThrough()
	}
	return nil
}

// output names the output that is a plan's fetch number i.
func (r *Runner) output(i int) string {
	at := slices.IndexFunc(r.outputs, func(out port) bool { return out.index == i })
	return r.outputs[at].spec.Name
}

// explain names the outputs and inputs that a plan knows by number only.
func (r *Runner) explain(err error) error {
	var partial *tfc.PartialError
	if errors.As(err, &partial) {
		var names []string
		for _, i := range partial.Fetches {
			names = append(names, fmt.Sprintf("%q", r.output(i)))
		}
		return fmt.Errorf("%w; output %s: the array was %w", r.explain(partial.Err), strings.Join(names, ", "), ErrPartial)
	}
	var fit *tfc.FitError
	if errors.As(err, &fit) {
		return &SizeError{Output: r.output(fit.Fetch), Have: fit.Have, Need: fit.Want, Flat: fit.Elements()}
	}
	var kept *tfc.KeptError
	if errors.As(err, &kept) {
		return fmt.Errorf("graph: output %q: %w: the step has stored the result itself, in a variable or a queue; "+
			"the array must not be written to until that lets it go, so let the output land in another one", r.output(kept.Fetch), ErrInUse)
	}
	var held *tfc.HeldError
	if errors.As(err, &held) {
		for i := range r.inputs {
			if in := &r.inputs[i]; in.index == held.Feed {
				return fmt.Errorf("graph: input %q: %w: an earlier step has stored it, in a variable or a queue; feed another array, or a Clone", in.spec.Name, ErrInUse)
			}
		}
	}
	return r.stepError(err)
}

func (r *Runner) stepError(err error) error { return fmt.Errorf("graph: %s: %w", r.label, err) }
