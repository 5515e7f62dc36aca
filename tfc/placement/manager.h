// Cancellation managers for ops that wait in a list.

#ifndef NDFLOW_TFC_MANAGER_H_
#define NDFLOW_TFC_MANAGER_H_

#include <functional>

#include "tensorflow/core/framework/op_kernel.h"

// ndf_waits_in_list reports whether the kernel may leave a waiting op in a list of its
// resource, as queues, barriers, readers and accumulators do.
bool ndf_waits_in_list(const tensorflow::OpKernel *kernel);

// ndf_own_manager gives an op a cancellation manager of its own, which is cancelled with
// the one that it had. It returns what is to be called at the op's end in place of done.
std::function<void()> ndf_own_manager(tensorflow::OpKernelContext *ctx, std::function<void()> done);

#endif  // NDFLOW_TFC_MANAGER_H_
