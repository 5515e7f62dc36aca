// Streams.

#include <stdlib.h>

#include "fakecuda.h"

fc_stream *fc_stream_new(fc_context *c, unsigned flags) {
  fc_stream *s = fc_pool_get(&fc.stream_pool, sizeof *s);
  s->alive = true;
  s->flags = flags;
  s->context = c;
  s->next = fc.streams;
  fc.streams = s;
  return s;
}

// fc_stream_check gives the stream of a handle; 0 and 1 are the legacy stream
// of the current context.
fc_stream *fc_stream_check(CUstream h) {
  if (h == NULL || h == (CUstream)1) {
    return fc_current()->legacy;
  }
  if (h == (CUstream)2) {
    fc_violation(fc_now, "streams of threads are not simulated");
  }
  if (!fc_pool_has(&fc.stream_pool, h)) {
    fc_violation(fc_now, "%p is not a stream", (void *)h);
  }
  if (!h->alive) {
    fc_violation(fc_now, "stream %p was destroyed", (void *)h);
  }
  if (h->context != fc_current()) {
    fc_violation(fc_now,
                 "stream %p is of device %d, but the context of device %d is "
                 "current",
                 (void *)h, h->context->device, fc_current()->device);
  }
  return h;
}

// fc_stream_forget takes a stream whose queue is empty out of the list.
void fc_stream_forget(fc_stream *s) {
  for (fc_stream **at = &fc.streams; *at != NULL; at = &(*at)->next) {
    if (*at == s) {
      *at = s->next;
      break;
    }
  }
  fc_pool_put(&fc.stream_pool, s);
}

// fc_streams_end destroys the streams of a context whose queues are empty.
void fc_streams_end(fc_context *c) {
  for (fc_stream *s = fc.streams, *next; s != NULL; s = next) {
    next = s->next;
    if (s->context != c) {
      continue;
    }
    if (s->alive && s != c->legacy) {
      fc.count.streams--;
    }
    s->alive = false;
    fc_stream_forget(s);
  }
}

FC_EXPORT CUresult cuStreamCreate(CUstream *phStream, unsigned Flags) {
  FC_ENTER(cuStreamCreate, FC_CURRENT);
  if (phStream == NULL || (Flags & ~1u) != 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *phStream = fc_stream_new(fc_current(), Flags);
  fc.count.streams++;
  return fc_leave(CUDA_SUCCESS);
}

// What is queued is still done.
FC_EXPORT CUresult cuStreamDestroy_v2(CUstream hStream) {
  FC_ENTER(cuStreamDestroy_v2, FC_CURRENT | FC_FINISHES);
  fc_stream *s = fc_stream_check(hStream);
  if (s == s->context->legacy) {
    return fc_leave(CUDA_ERROR_INVALID_HANDLE);
  }
  s->alive = false;
  s->destroyed = true;
  fc.count.streams--;
  if (s->head == NULL && !s->running) {
    fc_stream_forget(s);
  }
  return fc_leave(CUDA_SUCCESS);
}

// A point in a stream, after all that was put into its context before.
typedef struct {
  fc_stream *stream;
  fc_context *context;
  uint64_t seq;
} point;

static point here(fc_stream *s) {
  return (point){s, s->context, s->context->next_seq};
}

static bool idle(const fc_stream *s, uint64_t seq) {
  return !s->running && (s->head == NULL || s->head->seq > seq);
}

// The legacy stream has passed a point when the blocking streams have, too.
static bool point_passed(void *arg) {
  const point *p = arg;
  if (!idle(p->stream, p->seq)) {
    return false;
  }
  if (p->stream != p->context->legacy) {
    return true;
  }
  for (const fc_stream *t = fc.streams; t != NULL; t = t->next) {
    if (t->context == p->context && (t->flags & 1) == 0 && !idle(t, p->seq)) {
      return false;
    }
  }
  return true;
}

FC_EXPORT CUresult cuStreamSynchronize(CUstream hStream) {
  FC_ENTER(cuStreamSynchronize, FC_CURRENT | FC_FINISHES);
  point p = here(fc_stream_check(hStream));
  return fc_leave(fc_wait(point_passed, &p, p.context));
}

FC_EXPORT CUresult cuStreamQuery(CUstream hStream) {
  FC_ENTER(cuStreamQuery, FC_CURRENT);
  point p = here(fc_stream_check(hStream));
  if (!point_passed(&p)) {
    fc_nudge();
  }
  if (p.context->lost != 0) {
    return fc_leave(p.context->lost);
  }
  return fc_leave(point_passed(&p) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY);
}

FC_EXPORT CUresult cuLaunchHostFunc(CUstream hStream, void (*fn)(void *),
                                    void *userData) {
  FC_ENTER(cuLaunchHostFunc, FC_CURRENT);
  fc_stream *s = fc_stream_check(hStream);
  if (fn == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_op *op = calloc(1, sizeof *op);
  if (op == NULL) {
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  op->kind = FC_HOST;
  op->fn = fn;
  op->arg = userData;
  fc_put(s, op);
  return fc_leave(CUDA_SUCCESS);
}
