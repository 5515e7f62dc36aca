#include "handle.h"

#include <stdlib.h>

#include "copy.h"

ndf_handle *ndf_handle_new(TFE_TensorHandle *h) {
  ndf_handle *c = calloc(1, sizeof *c);
  if (c != NULL) {
    c->handle = h;
  }
  return c;
}

// gone deletes the handle of a cell that has become closed and unused.
static void gone(ndf_handle *c) {
  if (c->handle != NULL) {
    TFE_DeleteTensorHandle(c->handle);
    c->handle = NULL;
  }
}

void ndf_handle_close(ndf_handle *c) {
  if (atomic_fetch_or(&c->state, NDF_HANDLE_CLOSED) == 0) {
    gone(c);
  }
}

TFE_TensorHandle *ndf_handle_take(ndf_handle *c) {
  unsigned s = atomic_load_explicit(&c->state, memory_order_relaxed);
  do {
    if (s & (NDF_HANDLE_CLOSED | NDF_HANDLE_SWAPPING)) {
      return NULL;
    }
  } while (!atomic_compare_exchange_weak(&c->state, &s, s + 1));
  if (c->handle == NULL) {
    ndf_handle_give(c);
    return NULL;
  }
  return c->handle;
}

void ndf_handle_give(ndf_handle *c) {
  if (atomic_fetch_sub(&c->state, 1) == (NDF_HANDLE_CLOSED | 1)) {
    gone(c);
  }
}

bool ndf_handle_may_swap(ndf_handle *c) {
  unsigned unused = 0;
  return atomic_compare_exchange_strong(&c->state, &unused, NDF_HANDLE_SWAPPING);
}

void ndf_handle_swap(ndf_handle *c, TFE_TensorHandle *h) {
  TFE_TensorHandle *old = NULL;
  if (h != NULL) {
    old = c->handle;
    c->handle = h;
  }
  unsigned before = atomic_fetch_and(&c->state, ~NDF_HANDLE_SWAPPING);
  if (old != NULL) {
    TFE_DeleteTensorHandle(old);
  }
  if (before & NDF_HANDLE_CLOSED) {
    gone(c);
  }
}

TF_DataType ndf_handle_dtype(ndf_handle *c) {
  TFE_TensorHandle *h = ndf_handle_take(c);
  if (h == NULL) {
    return 0;
  }
  TF_DataType dtype = TFE_TensorHandleDataType(h);
  ndf_handle_give(c);
  return dtype;
}

size_t ndf_handle_weight(TFE_TensorHandle *h, TF_Status *s) {
  size_t size = TF_DataTypeSize(TFE_TensorHandleDataType(h));
  int64_t n = size > 0 ? TFE_TensorHandleNumElements(h, s) : 0;
  return n > 0 ? (size_t)n * size : 0;
}

// describe asks for the shape first, which waits for what is being computed.
static bool describe(TFE_TensorHandle *h, ndf_handle_info *info, TF_Status *s) {
  info->dtype = TFE_TensorHandleDataType(h);
  info->num_dims = TFE_TensorHandleNumDims(h, s);
  if (TF_GetCode(s) != 0) {
    info->num_dims = -1;
    return false;
  }
  for (int d = 0; d < info->num_dims; d++) {
    info->dims[d] = TFE_TensorHandleDim(h, d, s);
  }
  return TF_GetCode(s) == 0;
}

bool ndf_handle_describe(ndf_handle *c, ndf_handle_info *info, bool *closed, TF_Status *s) {
  TFE_TensorHandle *h = ndf_handle_take(c);
  *closed = h == NULL;
  if (h == NULL) {
    return false;
  }
  bool ok = describe(h, info, s);
  ndf_handle_give(c);
  return ok;
}

TF_Tensor *ndf_handle_resolve(ndf_handle *c, bool *closed, TF_Status *s) {
  TFE_TensorHandle *h = ndf_handle_take(c);
  *closed = h == NULL;
  if (h == NULL) {
    return NULL;
  }
  TF_Tensor *t = TFE_TensorHandleResolve(h, s);
  ndf_handle_give(c);
  return t;
}

// into is ndf_handle_into once there is a tensor.
static ndf_result into(const TF_Tensor *t, ndf_handle_info *info, TF_DataType dtype,
                       void *dst, size_t size, const int64_t *dst_dims, int dst_num_dims) {
  info->dtype = TF_TensorType(t);
  info->num_dims = TF_NumDims(t);
  for (int d = 0; d < info->num_dims; d++) {
    info->dims[d] = TF_Dim(t, d);
  }
  if (!ndf_same_dtype(info->dtype, dtype)) {
    return NDF_WRONG_DTYPE;
  }
  size_t have = TF_TensorByteSize(t);
  ndf_result r = ndf_fits(dst_num_dims, dst_dims, size, have, info->num_dims, info->dims);
  if (r == NDF_DONE) {
    ndf_copy(dst, TF_TensorData(t), have);
  }
  return r;
}

ndf_result ndf_handle_into(ndf_handle *c, ndf_handle_info *info, TF_DataType dtype,
                           void *dst, size_t size, const int64_t *dst_dims,
                           int dst_num_dims, TF_Status *s) {
  bool closed;
  TF_Tensor *t = ndf_handle_resolve(c, &closed, s);
  if (t == NULL) {
    return closed ? NDF_CLOSED : NDF_STATUS;
  }
  ndf_result r = into(t, info, dtype, dst, size, dst_dims, dst_num_dims);
  TF_DeleteTensor(t);
  return r;
}

// in_place is ndf_handle_in_place once there is a handle.
static ndf_result in_place(TFE_TensorHandle *h, ndf_in_place *m, TF_Status *s) {
  if (!describe(h, &m->info, s)) {
    return NDF_STATUS;
  }
  if (m->info.dtype == TF_STRING || TF_DataTypeSize(m->info.dtype) == 0) {
    return NDF_WRONG_DTYPE;
  }
  // The size comes first: it waits until the op is on the device's stream. The
  // address waits for the device, but before it waits for the op.
  m->size = TFE_TensorHandleDeviceMemorySize(h, s);
  if (TF_GetCode(s) != 0) {
    return NDF_STATUS;
  }
  m->address = (uintptr_t)TFE_TensorHandleDevicePointer(h, s);
  if (TF_GetCode(s) != 0) {
    return NDF_STATUS;
  }
  m->device = TFE_TensorHandleBackingDeviceName(h, s);
  return TF_GetCode(s) == 0 ? NDF_DONE : NDF_STATUS;
}

ndf_result ndf_handle_in_place(ndf_handle *c, ndf_in_place *m, TF_Status *s) {
  TFE_TensorHandle *h = ndf_handle_take(c);
  if (h == NULL) {
    return NDF_CLOSED;
  }
  m->handle = TFE_TensorHandleCopySharingTensor(h, s);
  ndf_handle_give(c);
  if (m->handle == NULL) {
    return NDF_STATUS;
  }
  ndf_result r = in_place(m->handle, m, s);
  if (r != NDF_DONE) {
    TFE_DeleteTensorHandle(m->handle);
    m->handle = NULL;
  }
  return r;
}
