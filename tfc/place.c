#include "place.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "land.h"
#include "plugin.h"

// So many allocations of a step are looked at in a rehearsal, and so often
// rehearsals begin anew for one combination of shapes, before a result that is
// never as it was rehearsed is given up.
enum { MAX_LOG = 1 << 14, MAX_TRIES = 4 };

bool ndf_place_init(ndf_landing *l) {
  // One more, since calloc of nothing may be NULL.
  l->placing.places = calloc((size_t)l->num_fetches + 1, sizeof *l->placing.places);
  return l->placing.places != NULL;
}

void ndf_place_forget(ndf_landing *l) {
  ndf_placing *g = &l->placing;
  for (int i = 0; g->rehearsals != NULL && i < NDF_MAX_REHEARSALS; i++) {
    ndf_spot *spots = g->rehearsals[i].spots;
    for (int k = 0; spots != NULL && k < l->num_fetches; k++) {
      free(spots[k].dims);
    }
    free(spots);
  }
  free(g->rehearsals);
  g->rehearsals = g->now = NULL;
  g->num_rehearsals = 0;
}

static void free_place(ndf_place *place) {
  if (place != NULL) {
    free(place->arg);
    free(place);
  }
}

void ndf_place_free(ndf_landing *l) {
  ndf_place_forget(l);
  free(l->placing.places);
  for (int i = 0; l->fetches != NULL && i < l->num_fetches; i++) {
    free_place(l->fetches[i].place);
  }
}

// rehearsal_for returns the rehearsal for these shapes, perhaps in place of the
// oldest; NULL when memory runs out.
static ndf_rehearsal *rehearsal_for(ndf_landing *l, uint64_t shapes) {
  ndf_placing *g = &l->placing;
  if (g->now != NULL && g->now->shapes == shapes) {
    return g->now;
  }
  int known = g->num_rehearsals < NDF_MAX_REHEARSALS ? g->num_rehearsals : NDF_MAX_REHEARSALS;
  for (int i = 0; i < known; i++) {
    if (g->rehearsals[i].shapes == shapes) {
      return &g->rehearsals[i];
    }
  }
  if (g->rehearsals == NULL) {
    g->rehearsals = calloc(NDF_MAX_REHEARSALS, sizeof *g->rehearsals);
    if (g->rehearsals == NULL) {
      return NULL;
    }
  }
  ndf_rehearsal *r = &g->rehearsals[g->num_rehearsals % NDF_MAX_REHEARSALS];
  if (r->spots == NULL) {
    r->spots = calloc((size_t)l->num_fetches, sizeof *r->spots);
    if (r->spots == NULL) {
      return NULL;
    }
  }
  g->num_rehearsals++;
  r->shapes = shapes;
  r->phase = NDF_COLD;
  r->tries = 0;
  return r;
}

// released ends a place whose plan has left it to the plugin.
static void released(ndf_place *place) {
  ndf_hold_release(NULL, 0, place->arg);
  free(place);
}

// new_place returns a place and the hold that it is let go with, should
// TensorFlow keep it.
static ndf_place *new_place(void) {
  ndf_place *place = calloc(1, sizeof *place);
  ndf_hold *hold = ndf_hold_new(-1);
  if (place == NULL || hold == NULL) {
    free(place);
    free(hold);
    return NULL;
  }
  atomic_store(&hold->handed, 1);
  place->released = released;
  place->arg = hold;
  return place;
}

// place_for prepares the fetch's place, or says why there is none.
static ndf_why place_for(ndf_fetch *f, const ndf_spot *s) {
  if (s->why != NDF_PLACED) {
    return s->why;
  }
  if (s->retained) {
    return NDF_RETAINED;
  }
  if ((uintptr_t)f->dst % 64 != 0) {
    return NDF_MISALIGNED;
  }
  if (ndf_fits(f->dst_num_dims, f->dst_dims, f->dst_size, s->size, s->num_dims, s->dims) != NDF_DONE) {
    return NDF_VARIES;  // if it does not, that will be an error; nothing may be written before
  }
  if (f->place == NULL && (f->place = new_place()) == NULL) {
    return NDF_OFF;
  }
  f->place->ordinal = s->ordinal;
  f->place->size = s->size;
  f->place->memory = f->dst;
  return NDF_PLACED;
}

// set_places prepares the places of all fetches that can have one, in the
// order of their allocations.
static void set_places(ndf_landing *l) {
  ndf_watch *w = &l->placing.watch;
  w->places = l->placing.places;
  w->num_places = w->next_place = 0;
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_fetch *f = &l->fetches[i];
    if (f->dst == NULL) {
      continue;
    }
    f->why = place_for(f, &l->placing.now->spots[i]);
    if (f->why != NDF_PLACED) {
      continue;
    }
    int at = w->num_places++;
    for (; at > 0 && w->places[at - 1]->ordinal > f->place->ordinal; at--) {
      w->places[at] = w->places[at - 1];
    }
    w->places[at] = f->place;
  }
}

static void watch(ndf_landing *l) {
  l->placing.watch.count = 0;
  l->placing.watching = true;
  ndf_plugin->watch(&l->placing.watch);
}

// why_none says why nothing can be placed in the step, as far as that is clear
// before its shapes are looked at.
static ndf_why why_none(const ndf_landing *l, bool armed) {
  if (!l->placing.wanted) {
    return NDF_OFF;
  }
  if (l->placing.escaped) {
    return NDF_ESCAPED;
  }
  bool large = false;
  for (int i = 0; i < l->num_fetches; i++) {
    large = large || (l->fetches[i].dst != NULL && l->fetches[i].dst_size >= NDF_PLACE_MIN);
  }
  if (!large) {
    return NDF_SMALL;
  }
  if (!l->is_inline) {
    return NDF_ON_POOL;
  }
  return armed ? NDF_CANCELLABLE : NDF_PLACED;
}

bool ndf_place_may(ndf_landing *l, bool armed) {
  l->placing.watching = false;
  l->placing.why = why_none(l, armed);
  return l->placing.why == NDF_PLACED;
}

void ndf_place_begin(ndf_landing *l, uint64_t shapes) {
  ndf_placing *g = &l->placing;
  g->now = rehearsal_for(l, shapes);
  if (g->now == NULL) {
    g->why = NDF_OFF;
    return;
  }
  switch (g->now->phase) {
    case NDF_COLD:
      g->why = NDF_REHEARSED;
      return;
    case NDF_FIRST:
    case NDF_SECOND:
      g->why = NDF_REHEARSED;
      g->watch.log = malloc(MAX_LOG * sizeof *g->watch.log);
      if (g->watch.log != NULL) {
        g->watch.log_size = MAX_LOG;
        g->watch.num_places = g->watch.next_place = 0;
        watch(l);
      }
      return;
    case NDF_READY:
      set_places(l);
      if (g->watch.num_places > 0) {
        watch(l);
      }
  }
}

// find returns the allocation that the result's memory is, or is a part of.
static ndf_allocation *find(const ndf_watch *w, const char *data, size_t size) {
  for (size_t i = w->count < w->log_size ? w->count : w->log_size; i > 0; i--) {
    ndf_allocation *a = &w->log[i - 1];
    const char *lo = a->memory;
    if (!a->freed && data >= lo && data + size <= lo + a->size) {
      return a;
    }
  }
  return NULL;
}

// judge says what the rehearsal shows of one result, while it is still there.
static ndf_spot judge(const ndf_landing *l, int i) {
  ndf_spot s = {0};
  TF_Tensor *t = l->values[i];
  const char *data = TF_TensorData(t);
  s.size = TF_TensorByteSize(t);
  if (s.size < NDF_PLACE_MIN) {
    s.why = NDF_SMALL;
    return s;
  }
  const ndf_allocation *a = find(&l->placing.watch, data, s.size);
  if (a == NULL) {
    s.why = NDF_FOREIGN;
    return s;
  }
  s.ordinal = (size_t)(a - l->placing.watch.log);
  if (a->memory != data || a->size != s.size) {
    s.why = NDF_PART;
  }
  for (int j = 0; j < l->num_fetches; j++) {
    if (j != i && TF_TensorData(l->values[j]) == data) {
      // The first of those that land can be placed; it is copied to the others.
      s.why = j < i || l->fetches[j].dst == NULL ? NDF_SHARED : s.why;
    }
  }
  return s;
}

// same_dims notes a result's shape in its spot. It reports whether that was
// there before; a spot without memory for it has none.
static bool same_dims(ndf_spot *s, const TF_Tensor *t) {
  int n = TF_NumDims(t);
  bool same = s->dims != NULL && s->num_dims == n;
  for (int d = 0; same && d < n; d++) {
    same = s->dims[d] == TF_Dim(t, d);
  }
  if (same) {
    return true;
  }
  free(s->dims);
  s->num_dims = n;
  s->dims = malloc(((size_t)n + 1) * sizeof *s->dims);
  for (int d = 0; s->dims != NULL && d < n; d++) {
    s->dims[d] = TF_Dim(t, d);
  }
  return false;
}

// rehearse_one notes what the step shows of a result. It reports whether the
// rehearsal before this one has shown the same.
static bool rehearse_one(const ndf_landing *l, int i, ndf_spot *s) {
  ndf_spot seen = judge(l, i);
  bool same = same_dims(s, l->values[i]) && s->why == seen.why &&
              (s->why != NDF_PLACED || (s->ordinal == seen.ordinal && s->size == seen.size));
  s->why = s->dims != NULL ? seen.why : NDF_OFF;
  s->ordinal = seen.ordinal;
  s->size = seen.size;
  return same;
}

// rehearse notes what the step shows.
static void rehearse(ndf_landing *l) {
  ndf_rehearsal *r = l->placing.now;
  bool agree = true, last = r->tries >= MAX_TRIES;
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_spot *s = &r->spots[i];
    if (l->fetches[i].dst == NULL) {
      continue;
    }
    if (r->phase == NDF_FIRST) {
      s->retained = false;
    }
    bool same = rehearse_one(l, i, s);
    if (last && !same && s->why == NDF_PLACED) {
      s->why = NDF_VARIES;
    }
    agree = agree && same;
  }
  if (r->phase == NDF_SECOND && !agree) {
    r->tries++;
  }
  r->phase = r->phase == NDF_SECOND && (agree || last) ? NDF_READY : NDF_SECOND;
}

void ndf_place_ran(ndf_landing *l) {
  ndf_placing *g = &l->placing;
  if (!g->watching) {
    return;
  }
  if (g->watch.log == NULL) {
    ndf_plugin->watch(NULL);  // a rehearsal sees the results being deleted too
  } else if (TF_GetCode(l->status) == 0) {
    rehearse(l);
  }
}

// end_rehearsal looks at what became of the results' memory.
static void end_rehearsal(ndf_landing *l, bool ok) {
  ndf_placing *g = &l->placing;
  ndf_plugin->watch(NULL);
  for (int i = 0; ok && i < l->num_fetches; i++) {
    ndf_spot *s = &g->now->spots[i];
    if (l->fetches[i].dst != NULL && s->why == NDF_PLACED && !g->watch.log[s->ordinal].freed) {
      s->retained = true;
    }
  }
  free(g->watch.log);
  g->watch.log = NULL;
}

bool ndf_place_is_kept(const ndf_place *place) {
  // TensorFlow's threads may be a moment behind the step's end.
  for (int i = 0;
       __atomic_load_n(&place->state, __ATOMIC_ACQUIRE) != NDF_PLACE_FREE; i++) {
    if (i == 10000) {
      return true;
    }
    sched_yield();
  }
  return false;
}

// let_go leaves a place that TensorFlow keeps to the plugin. Its hold says for
// how long. False if it was given back meanwhile.
static bool let_go(ndf_fetch *f) {
  if (!ndf_place_is_kept(f->place)) {
    return false;
  }
  ndf_hold *hold = f->place->arg;
  if (!ndf_plugin->keep(f->place)) {
    return false;
  }
  f->place = NULL;
  f->escaped = hold;
  return true;
}

// end_placed looks whether TensorFlow has given back all that it was given.
static int end_placed(ndf_landing *l, bool ok) {
  ndf_rehearsal *r = l->placing.now;
  int kept = -1;
  bool missed = false;
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_fetch *f = &l->fetches[i];
    if (f->dst == NULL || f->place == NULL) {
      continue;
    }
    if (f->why == NDF_MISSED) {
      missed = true;
      r->spots[i].why = r->tries >= MAX_TRIES ? NDF_VARIES : NDF_PLACED;
    }
    if (!f->place->given) {
      continue;
    }
    f->dirty = !ok;
    f->place->given = 0;
    if (let_go(f)) {
      l->placing.escaped = true;
      kept = i;
    }
  }
  if (missed && r->tries++ < MAX_TRIES) {
    r->phase = NDF_FIRST;
  }
  return kept;
}

int ndf_place_end(ndf_landing *l, bool ok) {
  ndf_placing *g = &l->placing;
  if (!g->watching) {
    if (ok && g->now != NULL && g->why == NDF_REHEARSED && g->now->phase == NDF_COLD) {
      g->now->phase = NDF_FIRST;
    }
    return -1;
  }
  g->watching = false;
  if (g->watch.log != NULL) {
    end_rehearsal(l, ok);
    return -1;
  }
  return end_placed(l, ok);
}
