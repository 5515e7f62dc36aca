// Events.

#include <stdlib.h>

#include "fakecuda.h"

enum { kDisableTiming = 2 };

static fc_event *check(CUevent h) {
  if (!fc_pool_has(&fc.event_pool, h)) {
    fc_violation(fc_now, "%p is not an event", (void *)h);
  }
  if (!h->alive) {
    fc_violation(fc_now, "event %p was destroyed", (void *)h);
  }
  return h;
}

// The driver takes an event that was never recorded for one that has passed,
// which hides a mistake, so it is a violation here.
static fc_mark *recorded(CUevent h) {
  fc_event *e = check(h);
  if (e->mark == NULL) {
    fc_violation(fc_now, "event %p is used before it was recorded", (void *)h);
  }
  return e->mark;
}

static void destroy(fc_event *e) {
  fc_mark_release(e->mark);
  e->mark = NULL;
  e->alive = false;
  fc.count.events--;
  fc_pool_put(&fc.event_pool, e);
}

void fc_events_end(fc_context *c) {
  fc_event *all = (fc_event *)fc.event_pool.base;
  for (uint32_t i = 0; i < fc.event_pool.used; i++) {
    if (all[i].alive && all[i].context == c) {
      destroy(&all[i]);
    }
  }
}

FC_EXPORT CUresult cuEventCreate(CUevent *phEvent, unsigned Flags) {
  FC_ENTER(cuEventCreate, FC_CURRENT);
  if (phEvent == NULL || (Flags & ~3u) != 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_event *e = fc_pool_get(&fc.event_pool, sizeof *e);
  e->alive = true;
  e->flags = Flags;
  e->context = fc_current();
  fc.count.events++;
  *phEvent = e;
  return fc_leave(CUDA_SUCCESS);
}

// An event may go while it is queued: what waits for it still does.
FC_EXPORT CUresult cuEventDestroy_v2(CUevent hEvent) {
  FC_ENTER(cuEventDestroy_v2, FC_CURRENT | FC_FINISHES);
  destroy(check(hEvent));
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuEventRecord(CUevent hEvent, CUstream hStream) {
  FC_ENTER(cuEventRecord, FC_CURRENT);
  fc_event *e = check(hEvent);
  fc_stream *s = fc_stream_check(hStream);
  if (e->context != s->context) {
    return fc_leave(CUDA_ERROR_INVALID_HANDLE);
  }
  fc_op *op = calloc(1, sizeof *op);
  fc_mark *mark = calloc(1, sizeof *mark);
  if (op == NULL || mark == NULL) {
    free(op);
    free(mark);
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  fc_mark_release(e->mark);
  mark->refs = 2;
  e->mark = mark;
  op->kind = FC_RECORD;
  op->mark = mark;
  fc_put(s, op);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuStreamWaitEvent(CUstream hStream, CUevent hEvent,
                                     unsigned Flags) {
  FC_ENTER(cuStreamWaitEvent, FC_CURRENT);
  fc_stream *s = fc_stream_check(hStream);
  fc_mark *mark = recorded(hEvent);
  if (Flags > 1) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_op *op = calloc(1, sizeof *op);
  if (op == NULL) {
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  mark->refs++;
  op->kind = FC_WAIT;
  op->mark = mark;
  fc_put(s, op);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuEventQuery(CUevent hEvent) {
  FC_ENTER(cuEventQuery, FC_CURRENT);
  fc_mark *mark = recorded(hEvent);
  fc_context *c = hEvent->context;
  if (c->lost == 0 && !mark->passed) {
    fc_nudge();
  }
  if (c->lost != 0) {
    return fc_leave(c->lost);
  }
  return fc_leave(mark->passed ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY);
}

static bool mark_passed(void *arg) { return ((fc_mark *)arg)->passed; }

FC_EXPORT CUresult cuEventSynchronize(CUevent hEvent) {
  FC_ENTER(cuEventSynchronize, FC_CURRENT | FC_FINISHES);
  fc_mark *mark = recorded(hEvent);
  mark->refs++;  // the event may be destroyed or recorded again meanwhile
  CUresult code = fc_wait(mark_passed, mark, hEvent->context);
  fc_mark_release(mark);
  return fc_leave(code);
}

FC_EXPORT CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart,
                                      CUevent hEnd) {
  FC_ENTER(cuEventElapsedTime, FC_CURRENT);
  fc_event *start = check(hStart), *end = check(hEnd);
  if (pMilliseconds == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (start->mark == NULL || end->mark == NULL ||
      start->context != end->context ||
      ((start->flags | end->flags) & kDisableTiming) != 0) {
    return fc_leave(CUDA_ERROR_INVALID_HANDLE);
  }
  if (!start->mark->passed || !end->mark->passed) {
    return fc_leave(CUDA_ERROR_NOT_READY);
  }
  *pMilliseconds = (float)(end->mark->ms - start->mark->ms);
  return fc_leave(CUDA_SUCCESS);
}
