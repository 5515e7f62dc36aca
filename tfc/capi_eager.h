// What eager execution takes of the C API; see capi.h.

#ifndef NDFLOW_TFC_CAPI_EAGER_H_
#define NDFLOW_TFC_CAPI_EAGER_H_

#ifndef NDF_HAVE_TF_HEADERS

typedef struct TFE_Context TFE_Context;
typedef struct TFE_ContextOptions TFE_ContextOptions;
typedef struct TFE_TensorHandle TFE_TensorHandle;
typedef struct TFE_Op TFE_Op;
typedef struct TFE_OpAttrs TFE_OpAttrs;
typedef struct TFE_Executor TFE_Executor;
typedef struct TFE_CancellationManager TFE_CancellationManager;

typedef enum TFE_ContextDevicePlacementPolicy {
  TFE_DEVICE_PLACEMENT_EXPLICIT = 0,
  TFE_DEVICE_PLACEMENT_WARN = 1,
  TFE_DEVICE_PLACEMENT_SILENT = 2,
  TFE_DEVICE_PLACEMENT_SILENT_FOR_INT32 = 3,
} TFE_ContextDevicePlacementPolicy;

#endif  // NDF_HAVE_TF_HEADERS

// What every op calls comes first.
#define NDF_CAPI_EAGER(F, V)                                                   \
  V(TFE_OpReset,                                                               \
    (TFE_Op *op, const char *name, const char *device, TF_Status *status),     \
    (op, name, device, status))                                                \
  V(TFE_OpAddInput,                                                            \
    (TFE_Op *op, TFE_TensorHandle *input, TF_Status *status),                  \
    (op, input, status))                                                       \
  F(const TFE_OpAttrs *, TFE_OpGetAttrs, (const TFE_Op *op), (op))             \
  V(TFE_OpAddAttrs, (TFE_Op *op, const TFE_OpAttrs *attrs), (op, attrs))       \
  V(TFE_Execute,                                                               \
    (TFE_Op *op, TFE_TensorHandle **retvals, int *num_retvals, TF_Status       \
     *status),                                                                 \
    (op, retvals, num_retvals, status))                                        \
  V(TFE_DeleteTensorHandle, (TFE_TensorHandle *h), (h))                        \
  F(TF_Tensor *, TFE_TensorHandleResolve,                                      \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
                                                                               \
  F(TFE_ContextOptions *, TFE_NewContextOptions, (void), ())                   \
  V(TFE_ContextOptionsSetConfig,                                               \
    (TFE_ContextOptions *options, const void *proto, size_t proto_len,         \
     TF_Status *status),                                                       \
    (options, proto, proto_len, status))                                       \
  V(TFE_ContextOptionsSetAsync,                                                \
    (TFE_ContextOptions *options, unsigned char enable),                       \
    (options, enable))                                                         \
  V(TFE_ContextOptionsSetDevicePlacementPolicy,                                \
    (TFE_ContextOptions *options, TFE_ContextDevicePlacementPolicy policy),    \
    (options, policy))                                                         \
  V(TFE_DeleteContextOptions, (TFE_ContextOptions *options), (options))        \
  F(TFE_Context *, TFE_NewContext,                                             \
    (const TFE_ContextOptions *opts, TF_Status *status),                       \
    (opts, status))                                                            \
  V(TFE_DeleteContext, (TFE_Context *ctx), (ctx))                              \
  F(TF_DeviceList *, TFE_ContextListDevices,                                   \
    (TFE_Context *ctx, TF_Status *status),                                     \
    (ctx, status))                                                             \
  V(TFE_ContextClearCaches, (TFE_Context *ctx), (ctx))                         \
  V(TFE_ContextAddFunctionDef,                                                 \
    (TFE_Context *ctx, const char *serialized_function_def, size_t size,       \
     TF_Status *status),                                                       \
    (ctx, serialized_function_def, size, status))                              \
  V(TFE_ContextRemoveFunction,                                                 \
    (TFE_Context *ctx, const char *name, TF_Status *status),                   \
    (ctx, name, status))                                                       \
  F(unsigned char, TFE_ContextHasFunction,                                     \
    (TFE_Context *ctx, const char *name),                                      \
    (ctx, name))                                                               \
  V(TFE_ContextGetFunctionDef,                                                 \
    (TFE_Context *ctx, const char *function_name, TF_Buffer *buf, TF_Status    \
     *status),                                                                 \
    (ctx, function_name, buf, status))                                         \
                                                                               \
  F(TFE_TensorHandle *, TFE_NewTensorHandle,                                   \
    (const TF_Tensor *t, TF_Status *status),                                   \
    (t, status))                                                               \
  F(TFE_TensorHandle *, TFE_NewTensorHandleFromDeviceMemory,                   \
    (TFE_Context *ctx, const char *device_name, TF_DataType dtype,             \
     const int64_t *dims, int num_dims, void *data, size_t len,                \
     void (*deallocator)(void *data, size_t len, void *arg),                   \
     void *deallocator_arg, TF_Status *status),                                \
    (ctx, device_name, dtype, dims, num_dims, data, len, deallocator,          \
     deallocator_arg, status))                                                 \
  F(TF_DataType, TFE_TensorHandleDataType, (TFE_TensorHandle *h), (h))         \
  F(int64_t, TFE_TensorHandleNumElements,                                      \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(int, TFE_TensorHandleNumDims,                                              \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(int64_t, TFE_TensorHandleDim,                                              \
    (TFE_TensorHandle *h, int dim_index, TF_Status *status),                   \
    (h, dim_index, status))                                                    \
  F(const char *, TFE_TensorHandleDeviceName,                                  \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(const char *, TFE_TensorHandleBackingDeviceName,                           \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(TFE_TensorHandle *, TFE_TensorHandleCopySharingTensor,                     \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(void *, TFE_TensorHandleDevicePointer,                                     \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(size_t, TFE_TensorHandleDeviceMemorySize,                                  \
    (TFE_TensorHandle *h, TF_Status *status),                                  \
    (h, status))                                                               \
  F(TFE_TensorHandle *, TFE_TensorHandleCopyToDevice,                          \
    (TFE_TensorHandle *h, TFE_Context *ctx, const char *device_name,           \
     TF_Status *status),                                                       \
    (h, ctx, device_name, status))                                             \
                                                                               \
  F(TFE_Op *, TFE_NewOp,                                                       \
    (TFE_Context *ctx, const char *op_or_function_name, TF_Status *status),    \
    (ctx, op_or_function_name, status))                                        \
  V(TFE_DeleteOp, (TFE_Op *op), (op))                                          \
  V(TFE_OpSetAttrValueProto,                                                   \
    (const TFE_Op *op, const char *attr_name, const void *proto, size_t        \
     proto_len, TF_Status *status),                                            \
    (op, attr_name, proto, proto_len, status))                                 \
  V(TFE_OpSetCancellationManager,                                              \
    (TFE_Op *op, TFE_CancellationManager *manager, TF_Status *status),         \
    (op, manager, status))                                                     \
  F(TFE_CancellationManager *, TFE_NewCancellationManager, (void), ())         \
  V(TFE_CancellationManagerStartCancel,                                        \
    (TFE_CancellationManager *manager),                                        \
    (manager))                                                                 \
  V(TFE_DeleteCancellationManager,                                             \
    (TFE_CancellationManager *manager),                                        \
    (manager))                                                                 \
                                                                               \
  F(TFE_Executor *, TFE_NewExecutor,                                           \
    (bool is_async, bool enable_streaming_enqueue, int                         \
     in_flight_nodes_limit),                                                   \
    (is_async, enable_streaming_enqueue, in_flight_nodes_limit))               \
  V(TFE_DeleteExecutor, (TFE_Executor *executor), (executor))                  \
  V(TFE_ExecutorWaitForAllPendingNodes,                                        \
    (TFE_Executor *executor, TF_Status *status),                               \
    (executor, status))                                                        \
  V(TFE_ExecutorClearError, (TFE_Executor *executor), (executor))              \
  V(TFE_ContextSetExecutorForThread,                                           \
    (TFE_Context *ctx, TFE_Executor *executor),                                \
    (ctx, executor))                                                           \
  F(TFE_Executor *, TFE_ContextGetExecutorForThread,                           \
    (TFE_Context *ctx),                                                        \
    (ctx))

#endif  // NDFLOW_TFC_CAPI_EAGER_H_
