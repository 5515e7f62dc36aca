// Queued work, and when it is done.
//
// A step does a part of the operation at the head of one stream, picked at
// random among those that may go on, so parts of different streams come in an
// order that is odd and still legal. Who takes steps: a call that waits, until
// what it waits for has passed; a call that asks, a few; and a thread, if the
// test wants one or if a host function is queued, since a program may wait for
// that without calling the driver.

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fakecuda.h"

static int64_t hosts;  // host functions in queues
static int barren;     // queries in a row that took no step

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void fc_mark_release(fc_mark *m) {
  if (m != NULL && --m->refs == 0) {
    free(m);
  }
}

static void count_pending(const fc_op *op, int by) {
  if (op->dst_range != NULL) {
    op->dst_range->pending += by;
  }
  if (op->src_range != NULL && op->src_range != op->dst_range) {
    op->src_range->pending += by;
  }
}

void fc_put(fc_stream *s, fc_op *op) {
  fc_check_order(s, op);
  op->call = fc_now;
  op->seq = ++s->context->next_seq;
  count_pending(op, 1);
  if (s->head == NULL) {
    s->head = op;
  } else {
    s->tail->next = op;
  }
  s->tail = op;
  fc.count.queued++;
  if (op->kind == FC_HOST) {
    hosts++;
  }
  if (op->kind == FC_HOST || fc.set.late == FC_LATE_THREAD) {
    fc_thread_wanted();
  }
  fc_changed();
}

static fc_op *take(fc_stream *s) {
  fc_op *op = s->head;
  s->head = op->next;
  if (s->head == NULL) {
    s->tail = NULL;
  }
  if (op->kind == FC_HOST) {
    hosts--;
  }
  return op;
}

static void finish(fc_op *op) {
  count_pending(op, -1);
  if (op->kind == FC_RECORD) {
    op->mark->passed = true;
    op->mark->ms = now_ms();
  }
  fc_mark_release(op->mark);
  if (op->finished != NULL) {
    *op->finished = true;
  }
  free(op->staged);
  free(op);
  fc.count.queued--;
  fc_changed();
}

static void finish_head(fc_stream *s) {
  finish(take(s));
  if (s->destroyed && s->head == NULL && !s->running) {
    fc_stream_forget(s);
  }
}

// fc_drop empties the queues of a context whose work will never be done. Who
// waits for it elsewhere goes on.
void fc_drop(fc_context *c) {
  for (fc_stream *s = fc.streams, *next; s != NULL; s = next) {
    next = s->next;
    while (s->context == c && s->head != NULL) {
      bool last = s->head->next == NULL;
      fc.count.dropped++;
      finish_head(s);
      if (last) {
        break;  // s may be gone
      }
    }
  }
}

static bool uses(const fc_stream *s, const fc_range *r) {
  for (const fc_op *op = s->head; op != NULL; op = op->next) {
    if (op->dst_range == r || op->src_range == r) {
      return true;
    }
  }
  return false;
}

// fc_lose_users gives the contexts whose queued work uses r the error of a
// device that finds memory gone.
void fc_lose_users(const fc_range *r) {
  for (fc_stream *s = fc.streams; s != NULL;) {
    if (uses(s, r)) {
      fc_context_lose(s->context, CUDA_ERROR_ILLEGAL_ADDRESS);
      s = fc.streams;  // streams may have gone
    } else {
      s = s->next;
    }
  }
}

static bool busy_before(const fc_stream *s, uint64_t seq) {
  return s->running || (s->head != NULL && s->head->seq < seq);
}

// may_run applies the order of streams: the legacy stream waits for all that
// was put into blocking streams before, and they wait for it.
static bool may_run(const fc_stream *s, bool thread) {
  const fc_op *op = s->head;
  if (op == NULL || s->running) {
    return false;
  }
  if (op->kind == FC_WAIT && !op->mark->passed) {
    return false;
  }
  if (op->kind == FC_HOST && !thread) {
    return false;
  }
  const fc_stream *legacy = s->context->legacy;
  if (s != legacy) {
    return (s->flags & 1) != 0 || !busy_before(legacy, op->seq);
  }
  for (const fc_stream *t = fc.streams; t != NULL; t = t->next) {
    if (t != s && t->context == s->context && (t->flags & 1) == 0 &&
        busy_before(t, op->seq)) {
      return false;
    }
  }
  return true;
}

static size_t part_of(size_t size) {
  size_t part = size / (1 + fc_random(4)) + 1;
  return part > (size_t)16 << 20 ? (size_t)16 << 20 : part;
}

static void unmapped(const fc_op *op, uintptr_t p, const char *what) {
  fc_violation(op->call, "the host memory at 0x%zx is not there any more to "
               "be %s when the copy is done",
               p, what);
}

static void move(const fc_op *op, size_t n) {
  uintptr_t from = op->src + op->done, to = op->dst + op->done;
  CUdevice d = fc_devmem_owner(to), s = fc_devmem_owner(from);
  if (op->kind == FC_FILL) {
    memset(fc_devmem_shadow(d, to), op->value, n);
    fc.count.filled += (int64_t)n;
  } else if (op->staged != NULL) {
    memcpy(fc_devmem_shadow(d, to), op->staged + op->done, n);
    fc.count.to_device += (int64_t)n;
  } else if (d >= 0 && s >= 0) {
    memmove(fc_devmem_shadow(d, to), fc_devmem_shadow(s, from), n);
    *(d == s ? &fc.count.on_device : &fc.count.between_devices) += (int64_t)n;
  } else if (d >= 0) {
    if (!fc_host_read(fc_devmem_shadow(d, to), from, n)) {
      unmapped(op, from, "read");
    }
    fc.count.to_device += (int64_t)n;
  } else {
    if (!fc_host_write(to, fc_devmem_shadow(s, from), n)) {
      unmapped(op, to, "written");
    }
    fc.count.to_host += (int64_t)n;
  }
}

static void run_part(fc_stream *s) {
  fc_op *op = s->head;
  if (op->part == 0) {
    op->part = part_of(op->size);
    if (op->kind == FC_COPY && ++fc.count.copies == fc.lose_at) {
      move(op, op->size / 2);
      fc_context_lose(s->context, fc.lose_code);
      return;
    }
  }
  size_t left = op->size - op->done;
  size_t n = left < op->part ? left : op->part;
  move(op, n);
  op->done += n;
  if (op->done == op->size) {
    finish_head(s);
  }
}

static void run_host(fc_stream *s) {
  fc_op *op = take(s);
  s->running = true;
  fc_unlock();
  fc_host_function_begins(true);
  op->fn(op->arg);
  fc_host_function_begins(false);
  fc_lock();
  s->running = false;
  finish(op);
  if (s->destroyed && s->head == NULL) {
    fc_stream_forget(s);
  }
}

static bool step(bool thread) {
  uint64_t ready = 0;
  for (fc_stream *s = fc.streams; s != NULL; s = s->next) {
    ready += may_run(s, thread);
  }
  if (ready == 0) {
    return false;
  }
  uint64_t pick = fc_random(ready);
  fc_stream *s = fc.streams;
  while (!may_run(s, thread) || pick-- > 0) {
    s = s->next;
  }
  switch (s->head->kind) {
    case FC_COPY:
    case FC_FILL:
      run_part(s);
      break;
    case FC_HOST:
      run_host(s);
      break;
    default:
      finish_head(s);
  }
  return true;
}

// fc_wait takes steps until passed(arg), or until c is lost or destroyed, which
// it gives as the code.
CUresult fc_wait(bool (*passed)(void *), void *arg, fc_context *c) {
  for (;;) {
    if (c->lost != 0) {
      return c->lost;
    }
    if (c->life != FC_ALIVE) {
      return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    if (passed(arg)) {
      return CUDA_SUCCESS;
    }
    if (fc.held || !step(false)) {
      fc_wait_changed();
    } else {
      fc_unlock();  // others may come in between
      fc_lock();
    }
  }
}

// fc_nudge takes the few steps that asking for progress brings: none at times,
// but never none twice in a row.
void fc_nudge(void) {
  if (fc.held) {
    return;
  }
  uint64_t steps = fc_random(4);
  if (steps == 0 && barren++ > 0) {
    steps = 1;
  }
  for (; steps > 0 && step(false); steps--) {
    barren = 0;
  }
}

static void *serve(void *arg) {
  (void)arg;
  fc_lock();
  for (;;) {
    bool always = fc.set.late == FC_LATE_THREAD;
    if (fc.held || !(always || hosts > 0) || !step(true)) {
      fc_wait_changed();
    } else if (always) {
      useconds_t pause = (useconds_t)fc_random(100);
      fc_unlock();
      usleep(pause);
      fc_lock();
    }
  }
  return NULL;
}

// fc_thread_wanted starts the thread, which takes none of the program's
// signals.
void fc_thread_wanted(void) {
  static bool started;
  if (started) {
    return;
  }
  started = true;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, NULL, serve, NULL) != 0) {
    fc_violation(fc_now, "the fake itself can start no thread");
  }
  pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
