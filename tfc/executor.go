package tfc

// #include "executor.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"weak"
)

// Executor is a TFE_Executor: an order in which eager ops run, beside that of
// other executors of the same context.
type Executor struct {
	mu      sync.RWMutex // held for reading while it is used
	res     *executorResource
	cleanup runtime.Cleanup
	behind  sync.WaitGroup // ops that run on it though their callers have gone
}

type executorResource struct {
	c     *C.TFE_Executor // nil once closed
	ctx   *contextResource
	async bool
	id    uint64 // its number in the context, from 1
}

// NewExecutor returns an executor of the context (TFE_NewExecutor). An async one
// lets ops return before they are done.
func (c *EagerContext) NewExecutor(async bool) (e *Executor, err error) {
	err = c.use(func(*C.TFE_Context) error {
		c.res.enter()
		res := &executorResource{c: C.TFE_NewExecutor(C.bool(async), true, 0), ctx: c.res, async: async, id: c.res.executors.Add(1)}
		e = &Executor{res: res}
		e.cleanup = runtime.AddCleanup(e, (*executorResource).free, res)
		objects.Add("executor", 1)
		c.res.mu.Lock()
		defer c.res.mu.Unlock()
		if c.res.numbers == nil {
			c.res.numbers = make(map[uint64]weak.Pointer[Executor])
		}
		c.res.numbers[res.id] = weak.Make(e)
		return nil
	})
	return e, err
}

// executor returns the executor of a number, which is in use; nil for the context's own.
func (r *contextResource) executor(id uint64) *Executor {
	if id == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.numbers[id].Value()
}

// free waits for what is still running.
func (r *executorResource) free() {
	r.ctx.mu.Lock()
	delete(r.ctx.numbers, r.id)
	r.ctx.mu.Unlock()
	C.TFE_DeleteExecutor(r.c)
	deleteCancels(r.ctx.takeCancels(r.id))
	r.c = nil
	r.ctx.leave()
	objects.Add("executor", -1)
}

// Close waits for ops that are still running, and for Do, and gives the executor
// back (TFE_DeleteExecutor).
func (e *Executor) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.behind.Wait()
	if e.res.c != nil {
		e.cleanup.Stop()
		e.res.free()
	}
}

// Do calls f on a thread whose ops the executor runs
// (TFE_ContextSetExecutorForThread).
func (e *Executor) Do(f func()) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.res.c == nil {
		return fmt.Errorf("tfc: executor: %w", ErrClosed)
	}
	e.on(f)
	return nil
}

// on calls f on a thread whose ops the executor runs, which is not closed meanwhile.
func (e *Executor) on(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before C.ndf_thread_executor
	old := C.ndf_executor_enter(e.res.ctx.c, e.res.c, C.bool(e.res.async), C.uint64_t(e.res.id), &before)
	defer C.ndf_executor_leave(e.res.ctx.c, old, before)
	f()
}

// beside calls f on another goroutine, whose ops the executor runs. It may be called
// in Do; Close waits for f.
func (e *Executor) beside(f func()) {
	e.behind.Go(func() { e.on(f) })
}

// Wait waits until all that was begun is done
// (TFE_ExecutorWaitForAllPendingNodes). The error of an op that has failed belongs
// to its tensors, which keep it: it is cleared here, so that the executor goes on.
func (e *Executor) Wait() error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.res.c == nil {
		return fmt.Errorf("tfc: executor: %w", ErrClosed)
	}
	return e.res.ctx.wait(e.res.c, e.res.id)
}

// wait waits for an executor, and clears its error.
func (r *contextResource) wait(e *C.TFE_Executor, id uint64) error {
	cancels := r.takeCancels(id) // first: what is begun meanwhile is not waited for
	err := status(func(s *C.TF_Status) { C.TFE_ExecutorWaitForAllPendingNodes(e, s) })
	if err != nil {
		C.TFE_ExecutorClearError(e)
	}
	deleteCancels(cancels)
	return err
}

// settle waits until the calling thread's executor is done with the failure of an
// op, whose tensors have told of it a moment before: what it still has in its queue
// fails with that op, what is begun after settle does not.
func (r *contextResource) settle() {
	if !r.tryEnter() {
		return
	}
	defer r.leave()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	e := C.TFE_ContextGetExecutorForThread(r.c)
	defer C.TFE_DeleteExecutor(e)
	_ = r.wait(e, uint64(C.ndf_executor_id(r.c))) // the error is the tensors', which keep it
}

// keepCancel keeps what ops that still run may look at, until their executor has
// been waited for.
func (r *contextResource) keepCancel(id uint64, c *canceller) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancels == nil {
		r.cancels = make(map[uint64][]*canceller)
	}
	r.cancels[id] = append(r.cancels[id], c)
}

func (r *contextResource) takeCancels(id uint64) []*canceller {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.cancels[id]
	delete(r.cancels, id)
	return list
}

func deleteCancels(list []*canceller) {
	for _, c := range list {
		c.end()
	}
}
