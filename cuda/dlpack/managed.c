#include "managed.h"

#include <stdlib.h>
#include <string.h>

// In Go: what was lent by this handle has come back.
void ndfDLPackReturned(uintptr_t handle);

// Shape and strides lie behind the tensor, in the same piece of memory.
static void *allocate(size_t size, int ndim) {
  return malloc(size + 2 * (size_t)ndim * sizeof(int64_t));
}

static void fill(DLTensor *dst, const DLTensor *t, const int64_t *shape, int64_t *behind) {
  *dst = *t;
  dst->shape = behind;
  dst->strides = behind + t->ndim;
  int64_t stride = 1;
  for (int i = t->ndim - 1; i >= 0; i--) {
    dst->shape[i] = shape[i];
    dst->strides[i] = stride;
    stride *= shape[i];
  }
}

static void delete_versioned(DLManagedTensorVersioned *m) {
  uintptr_t handle = (uintptr_t)m->manager_ctx;
  free(m);
  ndfDLPackReturned(handle);
}

static void delete_unversioned(DLManagedTensor *m) {
  uintptr_t handle = (uintptr_t)m->manager_ctx;
  free(m);
  ndfDLPackReturned(handle);
}

DLManagedTensorVersioned *ndf_lend(const DLTensor *t, const int64_t *shape,
                                   uint64_t flags, uintptr_t handle) {
  DLManagedTensorVersioned *m = allocate(sizeof *m, t->ndim);
  if (m != NULL) {
    m->version = (DLPackVersion){1, 0};
    m->manager_ctx = (void *)handle;
    m->deleter = delete_versioned;
    m->flags = flags;
    fill(&m->dl_tensor, t, shape, (int64_t *)(m + 1));
  }
  return m;
}

DLManagedTensor *ndf_lend_unversioned(const DLTensor *t, const int64_t *shape,
                                      uintptr_t handle) {
  DLManagedTensor *m = allocate(sizeof *m, t->ndim);
  if (m != NULL) {
    m->manager_ctx = (void *)handle;
    m->deleter = delete_unversioned;
    fill(&m->dl_tensor, t, shape, (int64_t *)(m + 1));
  }
  return m;
}

void ndf_give_back(DLManagedTensorVersioned *m) {
  if (m->deleter != NULL) {
    m->deleter(m);
  }
}

void ndf_give_back_unversioned(DLManagedTensor *m) {
  if (m->deleter != NULL) {
    m->deleter(m);
  }
}
