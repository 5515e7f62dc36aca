// The part of the TensorFlow C API that ndflow uses, declared once.
//
// The library is opened with dlopen, never linked, so none of TensorFlow's
// headers are needed to build. NDF_CAPI lists every function; from it come the
// table of pointers, the dlsym loop in loader.c and the inline wrappers below,
// which keep the C API's own names. TestPrototypes compiles the list against
// the headers that ship beside the library.
//
// What only some programs use has lists of its own: capi_build.h, for those who
// build graphs, capi_checkpoint.h and capi_eager.h. A library that lacks a function of such a list
// is loaded all the same, and refused by whoever needs the list.

#ifndef NDFLOW_TFC_CAPI_H_
#define NDFLOW_TFC_CAPI_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef NDF_HAVE_TF_HEADERS

typedef int TF_DataType;
typedef int TF_Code;

typedef struct TF_Status TF_Status;
typedef struct TF_Tensor TF_Tensor;
typedef struct TF_Graph TF_Graph;
typedef struct TF_Operation TF_Operation;
typedef struct TF_Session TF_Session;
typedef struct TF_SessionOptions TF_SessionOptions;
typedef struct TF_ImportGraphDefOptions TF_ImportGraphDefOptions;
typedef struct TF_DeviceList TF_DeviceList;

typedef struct TF_Buffer {
  const void *data;
  size_t length;
  void (*data_deallocator)(void *data, size_t length);
} TF_Buffer;

typedef struct TF_Input {
  TF_Operation *oper;
  int index;
} TF_Input;

typedef struct TF_Output {
  TF_Operation *oper;
  int index;
} TF_Output;

typedef struct TF_TString TF_TString;

#endif  // NDF_HAVE_TF_HEADERS

#include "capi_build.h"
#include "capi_checkpoint.h"
#include "capi_eager.h"

// V(name, (parameters), (arguments)) for functions that return nothing,
// F(type, name, (parameters), (arguments)) for the others.
//
// What every step calls comes first, so that it shares a cache line.
#define NDF_CAPI(F, V)                                                         \
  V(TF_SessionRun,                                                             \
    (TF_Session * s, const TF_Buffer *run_options, const TF_Output *inputs,    \
     TF_Tensor *const *input_values, int ninputs, const TF_Output *outputs,    \
     TF_Tensor **output_values, int noutputs,                                  \
     const TF_Operation *const *target_opers, int ntargets,                    \
     TF_Buffer *run_metadata, TF_Status *status),                              \
    (s, run_options, inputs, input_values, ninputs, outputs, output_values,    \
     noutputs, target_opers, ntargets, run_metadata, status))                  \
  F(TF_Code, TF_GetCode, (const TF_Status *s), (s))                            \
  F(TF_Tensor *, TF_TensorMaybeMove, (TF_Tensor * t), (t))                     \
  F(void *, TF_TensorData, (const TF_Tensor *t), (t))                          \
  F(size_t, TF_TensorByteSize, (const TF_Tensor *t), (t))                      \
  F(int, TF_NumDims, (const TF_Tensor *t), (t))                                \
  F(int64_t, TF_Dim, (const TF_Tensor *t, int dim_index), (t, dim_index))      \
  V(TF_DeleteTensor, (TF_Tensor * t), (t))                                     \
                                                                               \
  F(const char *, TF_Version, (void), ())                                      \
                                                                               \
  F(TF_Status *, TF_NewStatus, (void), ())                                     \
  V(TF_DeleteStatus, (TF_Status * s), (s))                                     \
  F(const char *, TF_Message, (const TF_Status *s), (s))                       \
                                                                               \
  F(TF_Buffer *, TF_NewBuffer, (void), ())                                     \
  V(TF_DeleteBuffer, (TF_Buffer * b), (b))                                     \
                                                                               \
  F(TF_Tensor *, TF_NewTensor,                                                 \
    (TF_DataType dt, const int64_t *dims, int num_dims, void *data,            \
     size_t len, void (*deallocator)(void *data, size_t len, void *arg),       \
     void *deallocator_arg),                                                   \
    (dt, dims, num_dims, data, len, deallocator, deallocator_arg))             \
  F(TF_Tensor *, TF_AllocateTensor,                                            \
    (TF_DataType dt, const int64_t *dims, int num_dims, size_t len),           \
    (dt, dims, num_dims, len))                                                 \
  F(TF_DataType, TF_TensorType, (const TF_Tensor *t), (t))                     \
  F(size_t, TF_DataTypeSize, (TF_DataType dt), (dt))                           \
  F(TF_Graph *, TF_NewGraph, (void), ())                                       \
  V(TF_DeleteGraph, (TF_Graph * g), (g))                                       \
  F(TF_Operation *, TF_GraphOperationByName,                                   \
    (TF_Graph * g, const char *oper_name), (g, oper_name))                     \
  F(TF_Operation *, TF_GraphNextOperation, (TF_Graph * g, size_t *pos),        \
    (g, pos))                                                                  \
  V(TF_GraphToGraphDef,                                                        \
    (TF_Graph * g, TF_Buffer * output_graph_def, TF_Status * status),          \
    (g, output_graph_def, status))                                             \
  F(int, TF_GraphGetTensorNumDims,                                             \
    (TF_Graph * g, TF_Output output, TF_Status * status), (g, output, status)) \
  V(TF_GraphGetTensorShape,                                                    \
    (TF_Graph * g, TF_Output output, int64_t * dims, int num_dims,             \
     TF_Status *status),                                                       \
    (g, output, dims, num_dims, status))                                       \
  F(TF_ImportGraphDefOptions *, TF_NewImportGraphDefOptions, (void), ())       \
  V(TF_DeleteImportGraphDefOptions, (TF_ImportGraphDefOptions * opts), (opts)) \
  V(TF_ImportGraphDefOptionsSetPrefix,                                         \
    (TF_ImportGraphDefOptions * opts, const char *prefix), (opts, prefix))     \
  V(TF_GraphImportGraphDef,                                                    \
    (TF_Graph * g, const TF_Buffer *graph_def,                                 \
     const TF_ImportGraphDefOptions *opts, TF_Status *status),                 \
    (g, graph_def, opts, status))                                              \
                                                                               \
  V(TF_GraphGetOpDef,                                                          \
    (TF_Graph * g, const char *op_name, TF_Buffer *output_op_def,              \
     TF_Status *status),                                                       \
    (g, op_name, output_op_def, status))                                       \
  F(int, TF_OperationNumControlInputs, (TF_Operation * oper), (oper))          \
  F(int, TF_OperationGetControlInputs,                                         \
    (TF_Operation * oper, TF_Operation * *control_inputs, int max),            \
    (oper, control_inputs, max))                                               \
  F(const char *, TF_OperationName, (TF_Operation * oper), (oper))             \
  F(const char *, TF_OperationOpType, (TF_Operation * oper), (oper))           \
  F(const char *, TF_OperationDevice, (TF_Operation * oper), (oper))           \
  F(int, TF_OperationNumInputs, (TF_Operation * oper), (oper))                 \
  F(int, TF_OperationNumOutputs, (TF_Operation * oper), (oper))                \
  F(TF_DataType, TF_OperationOutputType, (TF_Output oper_out), (oper_out))     \
  F(TF_Output, TF_OperationInput, (TF_Input oper_in), (oper_in))               \
                                                                               \
  F(TF_SessionOptions *, TF_NewSessionOptions, (void), ())                     \
  V(TF_DeleteSessionOptions, (TF_SessionOptions * opts), (opts))               \
  V(TF_SetTarget, (TF_SessionOptions * opts, const char *target),              \
    (opts, target))                                                            \
  V(TF_SetConfig,                                                              \
    (TF_SessionOptions * opts, const void *proto, size_t proto_len,            \
     TF_Status *status),                                                       \
    (opts, proto, proto_len, status))                                          \
  F(TF_Session *, TF_NewSession,                                               \
    (TF_Graph * g, const TF_SessionOptions *opts, TF_Status *status),          \
    (g, opts, status))                                                         \
  F(TF_Session *, TF_LoadSessionFromSavedModel,                                \
    (const TF_SessionOptions *opts, const TF_Buffer *run_options,              \
     const char *export_dir, const char *const *tags, int tags_len,            \
     TF_Graph *g, TF_Buffer *meta_graph_def, TF_Status *status),               \
    (opts, run_options, export_dir, tags, tags_len, g, meta_graph_def,         \
     status))                                                                  \
  V(TF_CloseSession, (TF_Session * s, TF_Status * status), (s, status))        \
  V(TF_DeleteSession, (TF_Session * s, TF_Status * status), (s, status))       \
  F(TF_DeviceList *, TF_SessionListDevices,                                    \
    (TF_Session * s, TF_Status * status), (s, status))                         \
  V(TF_DeleteDeviceList, (TF_DeviceList * list), (list))                       \
  F(int, TF_DeviceListCount, (const TF_DeviceList *list), (list))              \
  F(const char *, TF_DeviceListName,                                           \
    (const TF_DeviceList *list, int index, TF_Status *status),                 \
    (list, index, status))                                                     \
  F(const char *, TF_DeviceListType,                                           \
    (const TF_DeviceList *list, int index, TF_Status *status),                 \
    (list, index, status))                                                     \
  F(int64_t, TF_DeviceListMemoryBytes,                                         \
    (const TF_DeviceList *list, int index, TF_Status *status),                 \
    (list, index, status))

// Functions that some 2.x libraries lack. The wrapper of a missing one must
// not be called; ask ndf_has_NAME first.
#define NDF_CAPI_OPTIONAL(F, V)                                                \
  V(TF_ExtendSession, (TF_Session * s, TF_Status * status), (s, status))       \
  V(TF_StringInit, (TF_TString * t), (t))

typedef struct {
#define NDF_FIELD_F(type, name, params, args) type(*name) params;
#define NDF_FIELD_V(name, params, args) void(*name) params;
  NDF_CAPI(NDF_FIELD_F, NDF_FIELD_V)
  NDF_CAPI_OPTIONAL(NDF_FIELD_F, NDF_FIELD_V)
  NDF_CAPI_BUILD(NDF_FIELD_F, NDF_FIELD_V)
  NDF_CAPI_CHECKPOINT(NDF_FIELD_F, NDF_FIELD_V)
  NDF_CAPI_EAGER(NDF_FIELD_F, NDF_FIELD_V)
#undef NDF_FIELD_F
#undef NDF_FIELD_V
} ndf_api;

// The one loaded library's functions; all NULL until ndf_open has succeeded.
extern ndf_api ndf_capi __attribute__((aligned(64)));

#ifndef NDF_HAVE_TF_HEADERS

#define NDF_WRAP_F(type, name, params, args)                                   \
  static inline type name params { return ndf_capi.name args; }
#define NDF_WRAP_V(name, params, args)                                         \
  static inline void name params { ndf_capi.name args; }
NDF_CAPI(NDF_WRAP_F, NDF_WRAP_V)
NDF_CAPI_OPTIONAL(NDF_WRAP_F, NDF_WRAP_V)
NDF_CAPI_BUILD(NDF_WRAP_F, NDF_WRAP_V)
NDF_CAPI_CHECKPOINT(NDF_WRAP_F, NDF_WRAP_V)
NDF_CAPI_EAGER(NDF_WRAP_F, NDF_WRAP_V)
#undef NDF_WRAP_F
#undef NDF_WRAP_V

#define NDF_HAS_F(type, name, params, args)                                    \
  static inline bool ndf_has_##name(void) { return ndf_capi.name != NULL; }
#define NDF_HAS_V(name, params, args) NDF_HAS_F(void, name, params, args)
NDF_CAPI_OPTIONAL(NDF_HAS_F, NDF_HAS_V)
#undef NDF_HAS_F
#undef NDF_HAS_V

#endif  // NDF_HAVE_TF_HEADERS

#endif  // NDFLOW_TFC_CAPI_H_
