package tfc

// #include "eagerop.h"
import "C"

import (
	"context"
	"fmt"
	"runtime"
)

// runUntil runs the op until it is over or ctx ends.
func (o *EagerOp) runUntil(ctx context.Context, fate C.ndf_fate) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := o.res.c
	if !C.ndf_is_async(c.ctx, c.async_context) {
		return o.runBeside(ctx, fate)
	}
	canceller := newCanceller(ctx)
	c.cancel = canceller.manager
	o.execute(fate)
	c.cancel = nil
	err := o.outcome(ctx, fate)
	o.res.ctx.keepCancel(uint64(C.ndf_executor_id(c.ctx)), canceller)
	return err
}

// runBeside runs the op on another goroutine, so that the end of ctx can be answered at
// once.
func (o *EagerOp) runBeside(ctx context.Context, fate C.ndf_fate) error {
	manager := C.TFE_NewCancellationManager()
	C.ndf_op_arm(o.res.c, manager)
	done := make(chan struct{})
	run := func() {
		o.execute(fate)
		close(done)
	}
	if e := o.res.ctx.executor(uint64(C.ndf_executor_id(o.res.c.ctx))); e != nil {
		e.beside(run)
	} else {
		go run()
	}
	select {
	case <-done:
	case <-ctx.Done():
		if C.ndf_op_abandon(o.res.c) {
			o.leave(manager, done)
			return fmt.Errorf("%w (%w)", ctx.Err(), Cancelled)
		}
		<-done // it is over, but for its results, which are landing
	}
	o.res.c.cancel = nil
	C.TFE_DeleteCancellationManager(manager)
	return o.outcome(ctx, fate)
}

// leave parts with an op that still runs, and tells it to end. The op keeps all that it
// uses, and gives itself back when it is over. Its cancelling takes as long as what
// that wakes, and is not the caller's business either.
func (o *EagerOp) leave(manager *C.TFE_CancellationManager, done <-chan struct{}) {
	inputs, r, over := o.inputs, o.res, make(chan struct{})
	o.inputs = make([]*Handle, len(inputs)) // for Unset
	r.left, r.plain = over, false
	o.cleanup.Stop()
	go func() {
		C.TFE_CancellationManagerStartCancel(manager)
		<-done
		C.TFE_DeleteCancellationManager(manager)
		runtime.KeepAlive(inputs)
		r.mu.Lock()
		r.free()
		r.mu.Unlock()
		runtime.KeepAlive(o) // with the targets
		close(over)
	}()
}

// Left returns a channel of an op that was left behind in its last run, since the ctx
// of that has ended: it is closed when the op is over. Such an op runs on until the ops
// that it has begun return, or to its end where it cannot be interrupted: ops that wait
// for something are woken, and a function begins no further op if [CanCancel] reports
// true. It takes no results and writes to no array, gives itself back, and cannot be
// used any more. Left is nil for all others.
func (o *EagerOp) Left() <-chan struct{} {
	o.res.mu.Lock()
	defer o.res.mu.Unlock()
	return o.res.left
}

// canceller cancels what looks at its manager when a context.Context ends.
type canceller struct {
	manager *C.TFE_CancellationManager
	unwatch func() bool
	over    chan struct{} // closed once it has cancelled
}

func newCanceller(ctx context.Context) *canceller {
	c := &canceller{manager: C.TFE_NewCancellationManager(), over: make(chan struct{})}
	c.unwatch = context.AfterFunc(ctx, func() {
		C.TFE_CancellationManagerStartCancel(c.manager)
		close(c.over)
	})
	return c
}

// end deletes the manager, which nothing looks at any more, once no end of the ctx
// can reach it.
func (c *canceller) end() {
	if !c.unwatch() {
		<-c.over
	}
	C.TFE_DeleteCancellationManager(c.manager)
}
