#include "floor.h"

#include <string.h>

#include "tstring.h"

static TF_Tensor *copy(TF_DataType dtype, const int64_t *dims, int num_dims, const void *data, size_t size) {
  TF_Tensor *t = TF_AllocateTensor(dtype, dims, num_dims, size);
  memcpy(TF_TensorData(t), data, size);
  return t;
}

static void leave(void *data, size_t size, void *arg) { (void)data, (void)size, (void)arg; }

static void make_feeds(ndf_plan *p, bool in_place) {
  for (int i = 0; i < p->num_feeds; i++) {
    const ndf_feed *f = &p->feeds[i];
    p->feed_values[i] = in_place ? TF_NewTensor(f->dtype, f->dims, f->num_dims, f->data, f->size, leave, NULL)
                                 : copy(f->dtype, f->dims, f->num_dims, f->data, f->size);
  }
}

static void delete_feeds(ndf_plan *p) {
  for (int i = 0; i < p->num_feeds; i++) {
    TF_DeleteTensor(p->feed_values[i]);
    p->feed_values[i] = NULL;
  }
}

static bool step(ndf_plan *p) {
  TF_SessionRun(p->session, &p->run_options, p->feed_outputs, p->feed_values,
                p->num_feeds, p->fetch_outputs, p->out.values,
                p->out.num_fetches, p->targets, p->num_targets, NULL, p->out.status);
  return TF_GetCode(p->out.status) == 0;
}

// take brings the results to their dsts, from the given row on.
static void take(ndf_plan *p, long row) {
  for (int i = 0; i < p->out.num_fetches; i++) {
    TF_Tensor *t = p->out.values[i];
    char *dst = p->out.fetches[i].dst;
    if (dst != NULL) {
      size_t size = TF_TensorByteSize(t);
      size_t at = row > 0 ? size / (size_t)TF_Dim(t, 0) * (size_t)row : 0;
      memcpy(dst + at, TF_TensorData(t), size);
    }
    TF_DeleteTensor(t);
    p->out.values[i] = NULL;
  }
}

bool ndf_floor_run(ndf_plan *p, long n) {
  make_feeds(p, false);
  bool ok = true;
  for (long k = 0; ok && k < n; k++) {
    ok = step(p);
    if (ok) {
      take(p, 0);
    }
  }
  delete_feeds(p);
  return ok;
}

bool ndf_floor_feed(ndf_plan *p, long n, bool in_place) {
  bool ok = true;
  for (long k = 0; ok && k < n; k++) {
    make_feeds(p, in_place);
    ok = step(p);
    if (ok) {
      take(p, 0);
    }
    delete_feeds(p);
  }
  return ok;
}

bool ndf_floor_rows(ndf_plan *p, long lo, long hi, long batch) {
  bool ok = true;
  for (; ok && lo < hi; lo += batch) {
    long rows = batch < hi - lo ? batch : hi - lo;
    for (int i = 0; i < p->num_feeds; i++) {
      const ndf_feed *f = &p->feeds[i];
      size_t row = f->size / (size_t)f->dims[0];
      int64_t dims[NDF_MAX_DIMS];
      memcpy(dims, f->dims, (size_t)f->num_dims * sizeof *dims);
      dims[0] = rows;
      p->feed_values[i] = copy(f->dtype, dims, f->num_dims, (const char *)f->data + row * (size_t)lo, row * (size_t)rows);
    }
    ok = step(p);
    if (ok) {
      take(p, lo);
    }
    delete_feeds(p);
  }
  return ok;
}

// bytes_of returns where a string's bytes are, and how many.
static const char *bytes_of(const ndf_tstring *s, size_t *size) {
  int kind = s->small.size & NDF_TSTR_MASK;
  if (kind == NDF_TSTR_SMALL) {
    *size = s->small.size >> 2;
    return s->small.str;
  }
  if (kind == NDF_TSTR_OFFSET) {
    *size = s->offset.size >> 2;
    return (const char *)s + s->offset.offset;
  }
  *size = s->large.size >> 2;  // a view's is in the same place
  return kind == NDF_TSTR_VIEW ? s->view.ptr : s->large.ptr;
}

bool ndf_floor_strings(ndf_plan *p, long n, char *block, int64_t *ends) {
  make_feeds(p, false);
  bool ok = true;
  for (long k = 0; ok && k < n; k++) {
    ok = step(p);
    if (!ok) {
      break;
    }
    TF_Tensor *t = p->out.values[0];
    const ndf_tstring *s = TF_TensorData(t);
    int64_t at = 0;
    for (size_t i = 0, count = TF_TensorByteSize(t) / sizeof *s; i < count; i++) {
      size_t size;
      const char *bytes = bytes_of(&s[i], &size);
      memcpy(block + at, bytes, size);
      at += (int64_t)size;
      ends[i] = at;
    }
    TF_DeleteTensor(t);
    p->out.values[0] = NULL;
  }
  delete_feeds(p);
  return ok;
}

void ndf_floor_memcpy(void *dst, const void *src, size_t size, long n) {
  for (long k = 0; k < n; k++) {
    memcpy(dst, src, size);
    __asm__ volatile("" : : "r"(dst) : "memory");  // or else one would do
  }
}
