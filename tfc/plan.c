#include "plan.h"

#include "copy.h"
#include "floatstate.h"
#include "land.h"
#include "phase.h"
#include "plugin.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

ndf_plan *ndf_plan_new(TF_Session *session, int num_feeds, int num_fetches,
                       int num_targets) {
  ndf_plan *p = calloc(1, sizeof *p);
  if (p == NULL) {
    return NULL;
  }
  p->session = session;
  p->num_feeds = p->out.num_feeds = num_feeds;
  p->num_targets = num_targets;
  // One more of each, since calloc of nothing may be NULL.
  p->feed_outputs = calloc((size_t)num_feeds + 1, sizeof *p->feed_outputs);
  p->feed_values = calloc((size_t)num_feeds + 1, sizeof *p->feed_values);
  p->feeds = calloc((size_t)num_feeds + 1, sizeof *p->feeds);
  p->fetch_outputs = calloc((size_t)num_fetches + 1, sizeof *p->fetch_outputs);
  p->targets = calloc((size_t)num_targets + 1, sizeof *p->targets);
  if (!ndf_landing_init(&p->out, num_fetches) || p->feed_outputs == NULL || p->feed_values == NULL ||
      p->feeds == NULL || p->fetch_outputs == NULL || p->targets == NULL) {
    ndf_plan_free(p);
    return NULL;
  }
  p->out.feeds = p->feeds;
  return p;
}

static void drop(TF_Tensor **t) {
  if (*t != NULL) {
    TF_DeleteTensor(*t);
    *t = NULL;
  }
}

void ndf_plan_free(ndf_plan *p) {
  for (int i = 0; p->feeds != NULL && i < p->num_feeds; i++) {
    drop(&p->feeds[i].copy);
  }
  ndf_landing_free(&p->out);
  if (p->step != NULL) {
    ndf_plugin->step_free(p->step);
  }
  free(p->feed_outputs);
  free(p->feed_values);
  free(p->feeds);
  free(p->fetch_outputs);
  free(p->targets);
  free(p);
}

// is_ours reports whether nobody but us holds the copy's memory.
// TF_TensorMaybeMove says so: it moves the tensor, in practice to itself, only
// if its buffer has one owner.
static bool is_ours(ndf_feed *f) {
  TF_Tensor *moved = TF_TensorMaybeMove(f->copy);
  if (moved == NULL) {
    return false;
  }
  if (moved != f->copy) {
    f->copy = moved;
    f->copy_data = TF_TensorData(moved);
  }
  return true;
}

// refill puts the array's elements into the copy that is fed. The copy's
// memory is used again as long as TensorFlow has kept nothing of it: a step
// that stores its input in a variable, say, does.
static bool refill(const ndf_plan *p, ndf_feed *f) {
  if (f->copy != NULL && !p->out.shares_nothing && !is_ours(f)) {
    drop(&f->copy);
  }
  if (f->copy == NULL) {
    f->copy = TF_AllocateTensor(f->dtype, f->dims, f->num_dims, f->size);
    if (f->copy == NULL) {
      return false;
    }
    f->copy_data = TF_TensorData(f->copy);
  }
  ndf_copy(f->copy_data, f->data, f->size);
  return true;
}

// still_held reports whether TensorFlow holds the array from an earlier step.
// Its threads may be a moment behind the step's end, so they get a while.
static bool still_held(ndf_feed *f) {
  for (int i = 0; ndf_hold_busy(f->hold); i++) {
    if (i == 10000) {
      return true;
    }
    sched_yield();
  }
  return false;
}

// fill_feeds makes the tensors to feed. Those made of the caller's own memory
// last for this step only: when they are deleted, TensorFlow's deallocator
// tells whether anything still holds the memory.
static ndf_result fill_feeds(ndf_plan *p) {
  for (int i = 0; i < p->num_feeds; i++) {
    ndf_feed *f = &p->feeds[i];
    if (f->dtype == TF_STRING) {
      p->feed_values[i] = f->copy;  // the caller makes it anew for each step
      continue;
    }
    if (f->in_place && (!f->on_trial || f->read_only)) {
      if (!f->read_only && still_held(f)) {
        p->out.failed = i;
        return NDF_STILL_HELD;
      }
      p->feed_values[i] = ndf_hold_tensor(f->hold, f->dtype, f->dims,
                                          f->num_dims, f->data, f->size);
      if (p->feed_values[i] == NULL) {
        return NDF_NO_MEMORY;
      }
      continue;
    }
    if (!refill(p, f)) {
      return NDF_NO_MEMORY;
    }
    p->feed_values[i] = f->copy;
  }
  return NDF_DONE;
}

static void clear_feeds(ndf_plan *p) {
  for (int i = 0; i < p->num_feeds; i++) {
    ndf_feed *f = &p->feeds[i];
    if (f->dtype == TF_STRING) {
      drop(&f->copy);
    } else if (p->feed_values[i] != NULL && p->feed_values[i] != f->copy) {
      TF_DeleteTensor(p->feed_values[i]);
    } else if (f->on_trial && f->copy != NULL && is_ours(f)) {
      // A whole step has kept nothing: from now on without the copy.
      f->on_trial = false;
      drop(&f->copy);
    }
    p->feed_values[i] = NULL;
  }
}

// fed_shapes is a hash of what the results' shapes depend on.
static uint64_t fed_shapes(const ndf_plan *p) {
  uint64_t h = NDF_PLACE_SEED;
  for (int i = 0; i < p->num_feeds; i++) {
    const TF_Tensor *t = p->feed_values[i];
    int n = TF_NumDims(t);
    h = ndf_place_mix(h, (uint64_t)n);
    for (int d = 0; d < n; d++) {
      h = ndf_place_mix(h, (uint64_t)TF_Dim(t, d));
    }
  }
  return h;
}

// session_run runs the step in TensorFlow's floating-point state.
static void session_run(ndf_plan *p) {
  ndf_landing *out = &p->out;
  ndf_float_state before = ndf_float_state_enter();
  TF_SessionRun(p->session, &p->run_options, p->feed_outputs, p->feed_values,
                p->num_feeds, p->fetch_outputs, out->values, out->num_fetches,
                p->targets, p->num_targets, NULL, out->status);
  ndf_float_state_leave(before);
}

static ndf_result run(ndf_plan *p, bool armed) {
  ndf_landing *out = &p->out;
  if (out->num_fetches == 0 && p->num_targets == 0) {
    return NDF_DONE;  // TensorFlow calls that an error
  }
  ndf_result r = ndf_landing_check(out);
  if (r == NDF_DONE) {
    r = fill_feeds(p);
  }
  if (r != NDF_DONE) {
    return r;
  }
  if (ndf_place_may(out, armed)) {
    ndf_place_begin(out, fed_shapes(p));
  }
  if (armed && p->step != NULL) {
    ndf_plugin->step_enter(p->step, out->is_inline);
    session_run(p);
    ndf_plugin->step_leave(p->step);
  } else {
    session_run(p);
  }
  ndf_place_ran(out);
  if (TF_GetCode(out->status) != 0) {
    return NDF_STATUS;
  }
  return ndf_may_land(&p->phase, armed) ? ndf_land(out) : NDF_ABANDONED;
}

__attribute__((flatten)) ndf_result ndf_plan_run(ndf_plan *p) {
  ndf_landing_forget(&p->out);
  int phase = atomic_load_explicit(&p->phase, memory_order_relaxed);
  ndf_result r = phase == NDF_LEFT ? NDF_ABANDONED : run(p, phase == NDF_ARMED);
  ndf_landing_clear(&p->out);
  int kept = ndf_place_end(&p->out, r == NDF_DONE);
  if (kept >= 0 && r == NDF_DONE) {
    p->out.failed = kept;
    r = NDF_KEPT;
  }
  clear_feeds(p);
  if (phase != NDF_IDLE) {
    atomic_store(&p->phase, NDF_IDLE);
  }
  return r;
}

void ndf_plan_arm(ndf_plan *p) {
  if (p->step == NULL && ndf_can_cancel()) {
    p->step = ndf_plugin->step_new();
  }
  if (p->step != NULL) {
    ndf_plugin->step_arm(p->step);
  }
  atomic_store(&p->phase, NDF_ARMED);
}

bool ndf_plan_abandon(ndf_plan *p) {
  if (!ndf_abandon(&p->phase)) {
    return false;
  }
  if (p->step != NULL) {
    ndf_plugin->step_cancel(p->step);
  }
  return true;
}
