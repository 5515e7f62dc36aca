#include "land.h"

#include <stdlib.h>

#include "copy.h"

bool ndf_landing_init(ndf_landing *l, int num_fetches) {
  l->num_fetches = num_fetches;
  // One more of each, since calloc of nothing may be NULL.
  l->values = calloc((size_t)num_fetches + 1, sizeof *l->values);
  l->fetches = calloc((size_t)num_fetches + 1, sizeof *l->fetches);
  l->status = TF_NewStatus();
  return ndf_place_init(l) && l->values != NULL && l->fetches != NULL;
}

static void drop(TF_Tensor **t) {
  if (*t != NULL) {
    TF_DeleteTensor(*t);
    *t = NULL;
  }
}

void ndf_landing_free(ndf_landing *l) {
  if (l->fetches != NULL) {
    ndf_landing_forget(l);
  }
  ndf_place_free(l);
  free(l->values);
  free(l->fetches);
  if (l->status != NULL) {
    TF_DeleteStatus(l->status);
  }
}

void ndf_landing_forget(ndf_landing *l) {
  for (int i = 0; i < l->num_fetches; i++) {
    drop(&l->fetches[i].kept);
  }
}

ndf_result ndf_landing_check(ndf_landing *l) {
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_fetch *f = &l->fetches[i];
    f->dirty = false;
    if (f->escaped != NULL && ndf_hold_busy(f->escaped)) {
      l->failed = i;
      return NDF_KEPT;
    }
  }
  return NDF_DONE;
}

void ndf_landing_clear(ndf_landing *l) {
  for (int i = 0; i < l->num_fetches; i++) {
    drop(&l->values[i]);
  }
}

static void measure(ndf_fetch *f, const TF_Tensor *t) {
  f->size = TF_TensorByteSize(t);
  f->num_dims = TF_NumDims(t);
  for (int d = 0; d < f->num_dims; d++) {
    f->dims[d] = TF_Dim(t, d);
  }
}

bool ndf_same_dtype(TF_DataType have, TF_DataType array) {
  enum { INT32 = 3, UINT8 = 4, INT16 = 5, INT8 = 6, UINT16 = 17 };
  enum { QINT8 = 11, QUINT8 = 12, QINT32 = 13, QINT16 = 15, QUINT16 = 16 };
  switch (have) {
    case QINT8: return array == INT8;
    case QUINT8: return array == UINT8;
    case QINT32: return array == INT32;
    case QINT16: return array == INT16;
    case QUINT16: return array == UINT16;
    default: return have == array;
  }
}

ndf_result ndf_fits(int dst_num_dims, const int64_t *dst_dims, size_t dst_size,
                    size_t size, int num_dims, const int64_t *dims) {
  if (dst_num_dims != 1) {
    if (num_dims != dst_num_dims) {
      return NDF_WRONG_SHAPE;
    }
    for (int d = 1; d < num_dims; d++) {
      if (dims[d] != dst_dims[d]) {
        return NDF_WRONG_SHAPE;
      }
    }
  }
  return size <= dst_size ? NDF_DONE : NDF_TOO_SMALL;
}

static bool overlap(const char *a, size_t a_size, const char *b, size_t b_size) {
  return a_size > 0 && b_size > 0 && a < b + b_size && b < a + a_size;
}

static bool is_given(const ndf_fetch *f) {
  return f->place != NULL && f->place->given;
}

// is_callers reports whether a result lies in memory of the caller's: an array
// that is fed in place and that its owner will write to again, or one that
// TensorFlow was given for another result.
static bool is_callers(const ndf_landing *l, const ndf_fetch *f, const char *data) {
  for (int i = 0; i < l->num_feeds; i++) {
    const ndf_feed *in = &l->feeds[i];
    if (in->in_place && !in->on_trial && !in->read_only &&
        overlap(data, f->size, in->data, in->size)) {
      return true;
    }
  }
  for (int i = 0; i < l->num_fetches; i++) {
    const ndf_fetch *other = &l->fetches[i];
    if (is_given(other) &&
        overlap(data, f->size, other->place->memory, other->place->size)) {
      return true;
    }
  }
  return false;
}

// own makes a result that is kept independent of the caller's arrays.
static bool own(const ndf_landing *l, const ndf_fetch *f, TF_Tensor **t) {
  const void *data = TF_TensorData(*t);
  if (!is_callers(l, f, data)) {
    return true;
  }
  TF_Tensor *copy = TF_AllocateTensor(f->dtype, f->dims, f->num_dims, f->size);
  if (copy == NULL) {
    return false;
  }
  ndf_copy(TF_TensorData(copy), data, f->size);
  TF_DeleteTensor(*t);
  *t = copy;
  return true;
}

// may_leave checks that every result fits, and makes those that are kept
// independent.
static ndf_result may_leave(ndf_landing *l) {
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_fetch *f = &l->fetches[i];
    measure(f, l->values[i]);
    if (f->lands) {
      ndf_result r = ndf_fits(f->dst_num_dims, f->dst_dims, f->dst_size, f->size, f->num_dims, f->dims);
      if (r != NDF_DONE) {
        l->failed = i;
        return r;
      }
    } else if (f->dtype != TF_STRING && !own(l, f, &l->values[i])) {
      return NDF_NO_MEMORY;
    }
  }
  return NDF_DONE;
}

static void keep(ndf_landing *l, int i) {
  ndf_fetch *f = &l->fetches[i];
  f->kept = l->values[i];
  l->values[i] = NULL;
  if (f->lands) {
    f->num_copied++;
    f->why = f->dtype == TF_STRING ? NDF_STRINGS : NDF_SMALL;
  } else {
    f->num_kept++;
    l->shares_nothing = false;
  }
}

static void copy(const ndf_landing *l, int i) {
  ndf_fetch *f = &l->fetches[i];
  ndf_copy(f->dst, TF_TensorData(l->values[i]), f->size);
  f->num_copied++;
  if (l->placing.why != NDF_PLACED) {
    f->why = l->placing.why;
  } else if (f->why == NDF_PLACED) {
    f->why = NDF_MISSED;
  }
}

// is_late reports whether a result has to wait: TensorFlow was given its landing
// memory, but for something else.
static bool is_late(const ndf_landing *l, int i) {
  const ndf_fetch *f = &l->fetches[i];
  return is_given(f) && TF_TensorData(l->values[i]) != f->dst;
}

// land_late copies the results that had to wait for the others, which may have
// been what their landing memory was given for. What TensorFlow keeps even so
// must not be written to.
static ndf_result land_late(ndf_landing *l) {
  for (int i = 0; i < l->num_fetches; i++) {
    TF_Tensor **t = &l->values[i];
    if (*t == NULL) {
      continue;
    }
    if (!is_late(l, i)) {
      TF_DeleteTensor(*t);
      *t = NULL;
    } else if (!own(l, &l->fetches[i], t)) {
      return NDF_NO_MEMORY;
    }
  }
  for (int i = 0; i < l->num_fetches; i++) {
    if (l->values[i] == NULL) {
      continue;
    }
    if (ndf_place_is_kept(l->fetches[i].place)) {
      l->failed = i;
      return NDF_KEPT;
    }
    copy(l, i);
  }
  return NDF_DONE;
}

ndf_result ndf_land(ndf_landing *l) {
  ndf_result r = may_leave(l);
  if (r != NDF_DONE) {
    return r;
  }
  bool late = false;
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_fetch *f = &l->fetches[i];
    if (f->dst == NULL) {
      keep(l, i);
    } else if (!is_given(f)) {
      copy(l, i);
    } else if (is_late(l, i)) {
      late = true;
    } else {
      f->num_placed++;
      f->why = NDF_PLACED;
    }
  }
  return late ? land_late(l) : NDF_DONE;
}
