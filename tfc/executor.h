// Executors of eager ops, which belong to threads.

#ifndef NDFLOW_TFC_EXECUTOR_H_
#define NDFLOW_TFC_EXECUTOR_H_

#include "capi.h"

// What was set for the calling thread last: the executor of a context, and whether
// ops that it runs return before they are done.
typedef struct {
  TFE_Context *ctx;
  bool async;
  uint64_t id;
} ndf_thread_executor;

extern __thread ndf_thread_executor ndf_this_thread;

// ndf_is_async reports whether an op of the context that the calling thread begins
// returns before it is done.
static inline bool ndf_is_async(const TFE_Context *ctx, bool context_is) {
  return ndf_this_thread.ctx == ctx ? ndf_this_thread.async : context_is;
}

// ndf_executor_id is the calling thread's executor for the context; 0 is the
// context's own.
static inline uint64_t ndf_executor_id(const TFE_Context *ctx) {
  return ndf_this_thread.ctx == ctx ? ndf_this_thread.id : 0;
}

// ndf_executor_enter makes e the calling thread's executor for the context. It
// returns the one before it, and puts what was set last into *before; both are for
// ndf_executor_leave.
TFE_Executor *ndf_executor_enter(TFE_Context *ctx, TFE_Executor *e, bool async,
                                 uint64_t id, ndf_thread_executor *before);
void ndf_executor_leave(TFE_Context *ctx, TFE_Executor *e, ndf_thread_executor before);

#endif  // NDFLOW_TFC_EXECUTOR_H_
