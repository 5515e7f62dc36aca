#include "executor.h"

__thread ndf_thread_executor ndf_this_thread;

TFE_Executor *ndf_executor_enter(TFE_Context *ctx, TFE_Executor *e, bool async,
                                 uint64_t id, ndf_thread_executor *before) {
  *before = ndf_this_thread;
  TFE_Executor *old = TFE_ContextGetExecutorForThread(ctx);
  TFE_ContextSetExecutorForThread(ctx, e);
  ndf_this_thread = (ndf_thread_executor){ctx, async, id};
  return old;
}

void ndf_executor_leave(TFE_Context *ctx, TFE_Executor *e, ndf_thread_executor before) {
  TFE_ContextSetExecutorForThread(ctx, e);
  TFE_DeleteExecutor(e);  // our handle to it
  ndf_this_thread = before;
}
