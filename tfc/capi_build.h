// What building graphs and functions takes of the C API; see capi.h.

#ifndef NDFLOW_TFC_CAPI_BUILD_H_
#define NDFLOW_TFC_CAPI_BUILD_H_

#ifndef NDF_HAVE_TF_HEADERS

typedef struct TF_OperationDescription TF_OperationDescription;
typedef struct TF_Function TF_Function;
typedef struct TF_FunctionOptions TF_FunctionOptions;

#endif  // NDF_HAVE_TF_HEADERS

#define NDF_CAPI_BUILD(F, V)                                                   \
  F(TF_Buffer *, TF_GetAllOpList, (void), ())                                  \
                                                                               \
  F(TF_OperationDescription *, TF_NewOperation,                                \
    (TF_Graph * g, const char *op_type, const char *oper_name),                \
    (g, op_type, oper_name))                                                   \
  V(TF_SetDevice, (TF_OperationDescription * desc, const char *device),        \
    (desc, device))                                                            \
  V(TF_AddInput, (TF_OperationDescription * desc, TF_Output input),            \
    (desc, input))                                                             \
  V(TF_AddInputList,                                                           \
    (TF_OperationDescription * desc, const TF_Output *inputs, int num_inputs), \
    (desc, inputs, num_inputs))                                                \
  V(TF_AddControlInput,                                                        \
    (TF_OperationDescription * desc, TF_Operation * input), (desc, input))     \
  V(TF_SetAttrValueProto,                                                      \
    (TF_OperationDescription * desc, const char *attr_name,                    \
     const void *proto, size_t proto_len, TF_Status *status),                  \
    (desc, attr_name, proto, proto_len, status))                               \
  F(TF_Operation *, TF_FinishOperation,                                        \
    (TF_OperationDescription * desc, TF_Status * status), (desc, status))      \
  V(TF_AddGradients,                                                           \
    (TF_Graph * g, TF_Output * y, int ny, TF_Output *x, int nx, TF_Output *dx, \
     TF_Status *status, TF_Output *dy),                                        \
    (g, y, ny, x, nx, dx, status, dy))                                         \
                                                                               \
  F(TF_Function *, TF_GraphToFunctionWithControlOutputs,                       \
    (const TF_Graph *body, const char *name, unsigned char append_hash,        \
     int num_opers, const TF_Operation *const *opers, int ninputs,             \
     const TF_Output *inputs, int noutputs, const TF_Output *outputs,          \
     const char *const *output_names, int ncontrol_outputs,                    \
     const TF_Operation *const *control_outputs,                               \
     const char *const *control_output_names, const TF_FunctionOptions *opts,  \
     const char *description, TF_Status *status),                              \
    (body, name, append_hash, num_opers, opers, ninputs, inputs, noutputs,     \
     outputs, output_names, ncontrol_outputs, control_outputs,                 \
     control_output_names, opts, description, status))                         \
  F(TF_Function *, TF_FunctionImportFunctionDef,                               \
    (const void *proto, size_t proto_len, TF_Status *status),                  \
    (proto, proto_len, status))                                                \
  F(const char *, TF_FunctionName, (TF_Function * func), (func))               \
  V(TF_OperationToNodeDef,                                                     \
    (TF_Operation * oper, TF_Buffer * output_node_def, TF_Status * status),    \
    (oper, output_node_def, status))                                           \
  V(TF_FunctionToFunctionDef,                                                  \
    (TF_Function * func, TF_Buffer * output_func_def, TF_Status * status),     \
    (func, output_func_def, status))                                           \
  V(TF_GraphCopyFunction,                                                      \
    (TF_Graph * g, const TF_Function *func, const TF_Function *grad,           \
     TF_Status *status),                                                       \
    (g, func, grad, status))                                                   \
  F(int, TF_GraphNumFunctions, (TF_Graph * g), (g))                            \
  F(int, TF_GraphGetFunctions,                                                 \
    (TF_Graph * g, TF_Function * *funcs, int max_func, TF_Status *status),     \
    (g, funcs, max_func, status))                                              \
  V(TF_DeleteFunction, (TF_Function * func), (func))

#endif  // NDFLOW_TFC_CAPI_BUILD_H_
