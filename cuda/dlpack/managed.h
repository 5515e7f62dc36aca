// Tensors that are lent out, and the giving back of those that were.

#ifndef NDFLOW_CUDA_DLPACK_MANAGED_H_
#define NDFLOW_CUDA_DLPACK_MANAGED_H_

#include <stddef.h>

#include "dlpack.h"

// ndf_lend and ndf_lend_unversioned return a tensor over data whose deleter frees it
// and tells Go, by the handle. Strides are filled in. NULL where there is no memory.
DLManagedTensorVersioned *ndf_lend(const DLTensor *t, const int64_t *shape,
                                   uint64_t flags, uintptr_t handle);
DLManagedTensor *ndf_lend_unversioned(const DLTensor *t, const int64_t *shape,
                                      uintptr_t handle);

// These call a tensor's deleter, if it has one.
void ndf_give_back(DLManagedTensorVersioned *m);
void ndf_give_back_unversioned(DLManagedTensor *m);

#endif  // NDFLOW_CUDA_DLPACK_MANAGED_H_
