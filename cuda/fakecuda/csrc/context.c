// Primary contexts and the stack of contexts that each thread has.

#include "fakecuda.h"

enum { kStack = 64 };

static _Thread_local fc_context *stack[kStack];
static _Thread_local int depth;
static _Thread_local bool in_host_function;

fc_context *fc_current(void) { return depth > 0 ? stack[depth - 1] : NULL; }
bool fc_in_host_function(void) { return in_host_function; }
void fc_host_function_begins(bool begins) { in_host_function = begins; }

// fc_context_check takes a handle apart from garbage. A context that another
// library destroyed is an error of the driver's; one that the caller has
// released itself is a violation.
fc_context *fc_context_check(CUcontext c, CUresult *code) {
  if (!fc_pool_has(&fc.context_pool, c)) {
    fc_violation(fc_now, "%p is not a context", (void *)c);
  }
  if (c->life == FC_RELEASED) {
    fc_violation(fc_now, "the context of device %d was released", c->device);
  }
  *code = c->life == FC_DESTROYED_BY_OTHERS ? CUDA_ERROR_CONTEXT_IS_DESTROYED
                                            : CUDA_SUCCESS;
  return c;
}

// fc_context_end destroys what the context owns. Slots of contexts are never
// given back, so that a stale handle stays one.
void fc_context_end(fc_context *c, fc_life how) {
  fc_drop(c);
  fc_streams_end(c);
  fc_events_end(c);
  fc_ranges_end(c, how == FC_RELEASED);
  c->life = how;
  if (fc.primary[c->device] == c) {
    fc.primary[c->device] = NULL;
  }
  fc_changed();
}

// fc_context_lose makes code the answer to everything that is asked of c.
void fc_context_lose(fc_context *c, CUresult code) {
  c->lost = code;
  fc_drop(c);
  fc_changed();
}

FC_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev) {
  FC_ENTER(cuDevicePrimaryCtxRetain, FC_INIT);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  if (pctx == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_context *c = fc.primary[dev];
  if (c == NULL) {
    c = fc_pool_get(&fc.context_pool, sizeof *c);
    c->life = FC_ALIVE;
    c->device = dev;
    c->legacy = fc_stream_new(c, 0);
    fc.primary[dev] = c;
  } else if (c->lost != 0) {
    return fc_leave(c->lost);
  }
  c->refs++;
  fc.count.contexts++;
  *pctx = c;
  return fc_leave(CUDA_SUCCESS);
}

// released finds the context that a Release means: the primary one, or the last
// one that another library destroyed while it was retained.
static fc_context *released(CUdevice dev) {
  if (fc.primary[dev] != NULL) {
    return fc.primary[dev];
  }
  fc_context *all = (fc_context *)fc.context_pool.base;
  for (uint32_t i = fc.context_pool.used; i > 0; i--) {
    fc_context *c = &all[i - 1];
    if (c->device == dev && c->life == FC_DESTROYED_BY_OTHERS && c->refs > 0) {
      return c;
    }
  }
  return NULL;
}

static int queued_in(const fc_context *c) {
  int n = 0;
  for (fc_stream *s = fc.streams; s != NULL; s = s->next) {
    for (fc_op *op = s->context == c ? s->head : NULL; op; op = op->next) {
      n++;
    }
  }
  return n;
}

FC_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev) {
  FC_ENTER(cuDevicePrimaryCtxRelease_v2, FC_INIT | FC_FINISHES);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  fc_context *c = released(dev);
  if (c == NULL) {
    fc_violation(fc_now, "the context of device %d is not retained", dev);
  }
  fc.count.contexts--;
  if (--c->refs == 0 && c->life == FC_ALIVE) {
    int n = queued_in(c);
    if (n > 0) {
      fc_violation(fc_now,
                   "the last reference to device %d's context goes while %d "
                   "operations are queued in it",
                   dev, n);
    }
    int64_t before = fc.count.allocations + fc.count.pinned +
                     fc.count.registered + fc.count.streams + fc.count.events;
    fc_context_end(c, FC_RELEASED);
    fc.count.orphaned += before - fc.count.allocations - fc.count.pinned -
                         fc.count.registered - fc.count.streams -
                         fc.count.events;
  }
  return fc_leave(c->lost);
}

FC_EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned *flags,
                                              int *active) {
  FC_ENTER(cuDevicePrimaryCtxGetState, FC_INIT);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  if (flags == NULL || active == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *flags = 0;
  *active = fc.primary[dev] != NULL;
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext ctx) {
  FC_ENTER(cuCtxPushCurrent_v2, FC_INIT);
  if (ctx == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_CONTEXT);
  }
  CUresult code;
  fc_context_check(ctx, &code);
  if (code != CUDA_SUCCESS) {
    return fc_leave(code);
  }
  if (depth == kStack) {
    fc_violation(fc_now, "%d contexts are pushed on this thread", kStack);
  }
  stack[depth++] = ctx;
  fc.count.pushed++;
  return fc_leave(CUDA_SUCCESS);
}

// A context that has gone can still be popped: the stack holds it.
FC_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *pctx) {
  FC_ENTER(cuCtxPopCurrent_v2, FC_INIT | FC_FINISHES);
  if (depth == 0) {
    return fc_leave(CUDA_ERROR_INVALID_CONTEXT);
  }
  fc_context *c = stack[--depth];
  fc.count.pushed--;
  if (pctx != NULL) {
    *pctx = c;
  }
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuCtxGetCurrent(CUcontext *pctx) {
  FC_ENTER(cuCtxGetCurrent, FC_INIT);
  if (pctx == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *pctx = fc_current();
  return fc_leave(CUDA_SUCCESS);
}

static bool context_idle(void *arg) { return queued_in(arg) == 0; }

FC_EXPORT CUresult cuCtxSynchronize(void) {
  FC_ENTER(cuCtxSynchronize, FC_CURRENT | FC_FINISHES);
  fc_context *c = fc_current();
  return fc_leave(fc_wait(context_idle, c, c));
}

FC_EXPORT CUresult cuCtxEnablePeerAccess(CUcontext peerContext,
                                         unsigned Flags) {
  FC_ENTER(cuCtxEnablePeerAccess, FC_CURRENT);
  fc_context *c = fc_current();
  if (Flags != 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (peerContext == NULL || peerContext == c) {
    return fc_leave(CUDA_ERROR_INVALID_CONTEXT);
  }
  CUresult code;
  fc_context_check(peerContext, &code);
  if (code != CUDA_SUCCESS) {
    return fc_leave(code);
  }
  uint32_t bit = UINT32_C(1) << peerContext->device;
  if ((c->peers & bit) != 0) {
    return fc_leave(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
  }
  c->peers |= bit;
  return fc_leave(CUDA_SUCCESS);
}
