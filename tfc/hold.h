// Memory that TensorFlow reads in place, counted: arrays, and buffers of devices.

#ifndef NDFLOW_TFC_HOLD_H_
#define NDFLOW_TFC_HOLD_H_

#include <stdatomic.h>

#include "capi.h"

// How often memory was handed to TensorFlow, and how often TensorFlow has said that
// it is done with it. Deallocators run on any thread.
typedef struct {
  atomic_long handed;
  atomic_long released;
  int wake;  // a pipe that is written to with each release, or -1
} ndf_hold;

ndf_hold *ndf_hold_new(int wake);

static inline bool ndf_hold_busy(ndf_hold *h) {
  return atomic_load(&h->handed) != atomic_load(&h->released);
}

// ndf_hold_release is the deallocator to give to TF_NewTensor; arg is the
// ndf_hold. It frees nothing: the memory is the caller's.
void ndf_hold_release(void *data, size_t len, void *arg);

// ndf_hold_tensor hands memory to TensorFlow. Where TensorFlow copies it, since
// it is not aligned, it is released at once; on failure too.
static inline TF_Tensor *ndf_hold_tensor(ndf_hold *h, TF_DataType dtype,
                                         const int64_t *dims, int num_dims,
                                         void *data, size_t len) {
  atomic_fetch_add(&h->handed, 1);
  return TF_NewTensor(dtype, dims, num_dims, data, len, ndf_hold_release, h);
}

// ndf_hold_handle is ndf_hold_tensor for memory of a device, at an address that the
// host need not be able to read.
static inline TFE_TensorHandle *ndf_hold_handle(ndf_hold *h, TFE_Context *ctx,
                                                const char *device, TF_DataType dtype,
                                                const int64_t *dims, int num_dims,
                                                uintptr_t data, size_t len, TF_Status *s) {
  atomic_fetch_add(&h->handed, 1);
  TFE_TensorHandle *handle = TFE_NewTensorHandleFromDeviceMemory(
      ctx, device, dtype, dims, num_dims, (void *)data, len, ndf_hold_release, h, s);
  if (handle == NULL) {
    // Some versions call the deallocator then, and some do not.
    atomic_store(&h->released, atomic_load(&h->handed));
  }
  return handle;
}

#endif  // NDFLOW_TFC_HOLD_H_
