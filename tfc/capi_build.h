// What building graphs and functions takes of the C API; see capi.h.

#ifndef NDFLOW_TFC_CAPI_BUILD_H_
#define NDFLOW_TFC_CAPI_BUILD_H_

#ifndef NDF_HAVE_TF_HEADERS

typedef struct TF_Function TF_Function;

#endif  // NDF_HAVE_TF_HEADERS

#define NDF_CAPI_BUILD(F, V)                                                   \
  F(TF_Buffer *, TF_GetAllOpList, (void), ())                                  \
  V(TF_DeleteFunction, (TF_Function * func), (func))

#endif  // NDFLOW_TFC_CAPI_BUILD_H_
