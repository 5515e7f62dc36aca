// Finds queued work of two streams that uses the same memory with nothing that
// orders the two, at least one of them writing. The driver does such work in
// any order, so that tests would pass by luck.

#include "fakecuda.h"

static bool overlap(uintptr_t a, size_t an, uintptr_t b, size_t bn) {
  return an > 0 && bn > 0 && (a - b < bn || b - a < an);
}

static bool writes_to(const fc_op *op, uintptr_t p, size_t n) {
  return op->dst_range != NULL && overlap(op->dst, op->size, p, n);
}

static bool reads(const fc_op *op, uintptr_t p, size_t n) {
  return op->src_range != NULL && overlap(op->src, op->size, p, n);
}

// conflict gives the address over which a and b conflict, or 0.
static uintptr_t conflict(const fc_op *a, const fc_op *b) {
  if (a->dst_range != NULL &&
      (writes_to(b, a->dst, a->size) || reads(b, a->dst, a->size))) {
    return a->dst;
  }
  if (a->src_range != NULL && writes_to(b, a->src, a->size)) {
    return a->src;
  }
  return 0;
}

// raise notes that what is in s up to seq comes before.
static bool raise(fc_stream *s, uint64_t seq) {
  if (s->before >= seq) {
    return false;
  }
  s->before = seq;
  return true;
}

static bool raise_recorded(const fc_mark *mark) {
  for (fc_stream *s = fc.streams; s != NULL; s = s->next) {
    for (fc_op *op = s->head; op != NULL; op = op->next) {
      if (op->kind == FC_RECORD && op->mark == mark) {
        return raise(s, op->seq);
      }
    }
  }
  return false;
}

static bool raise_legacy(fc_stream *s, uint64_t seq) {
  fc_stream *legacy = s->context->legacy;
  if (s != legacy) {
    return (s->flags & 1) == 0 && raise(legacy, seq);
  }
  bool raised = false;
  for (fc_stream *t = fc.streams; t != NULL; t = t->next) {
    if (t != s && t->context == s->context && (t->flags & 1) == 0) {
      raised |= raise(t, seq);
    }
  }
  return raised;
}

// spread takes what comes before through the waits and the legacy streams.
static bool spread(void) {
  bool raised = false;
  for (fc_stream *s = fc.streams; s != NULL; s = s->next) {
    for (fc_op *op = s->head; op != NULL && op->seq <= s->before;
         op = op->next) {
      if (op->kind == FC_WAIT && !op->mark->passed) {
        raised |= raise_recorded(op->mark);
      }
      raised |= raise_legacy(s, op->seq);
    }
  }
  return raised;
}

static void find_before(fc_stream *stream) {
  for (fc_stream *s = fc.streams; s != NULL; s = s->next) {
    s->before = 0;
  }
  stream->before = UINT64_MAX;
  raise_legacy(stream, UINT64_MAX);
  while (spread()) {
  }
}

void fc_check_order(fc_stream *stream, const fc_op *op) {
  bool known = false;
  for (fc_stream *s = fc.streams; s != NULL; s = s->next) {
    for (fc_op *other = s->head; s != stream && other != NULL;
         other = other->next) {
      uintptr_t p = conflict(op, other);
      if (p == 0) {
        continue;
      }
      if (!known) {
        find_before(stream);
        known = true;
      }
      if (other->seq > s->before) {
        fc_violation(fc_now,
                     "0x%zx is used by %s in another stream, and no event "
                     "orders the two",
                     p, fc_call_name(other->call));
      }
    }
  }
}
