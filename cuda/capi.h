// The part of the CUDA driver API that ndflow uses, declared once.
//
// The library is opened with dlopen, never linked, and none of CUDA's headers are
// needed to build. NDC_CUDA lists every function; from it come the table of
// pointers, the dlsym loop in loader.c and the inline wrappers below, which keep
// the driver API's own names. The GPU build of TensorFlow exports stubs of the
// same names: only the table is ever called.

#ifndef NDFLOW_CUDA_CAPI_H_
#define NDFLOW_CUDA_CAPI_H_

#include <stddef.h>
#include <stdint.h>

// C(name, value)
#define NDC_CONSTANTS(C)                                                       \
  C(CUDA_SUCCESS, 0)                                                           \
                                                                               \
  C(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 75)                          \
  C(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 76)                          \
                                                                               \
  C(CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 2)                                       \
  C(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, 9)                                    \
  C(CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, 11)                                 \
  C(CU_POINTER_ATTRIBUTE_RANGE_SIZE, 12)                                       \
  C(CU_MEMORYTYPE_DEVICE, 2)                                                   \
                                                                               \
  C(CU_MEMHOSTALLOC_PORTABLE, 1)                                               \
  C(CU_MEMHOSTREGISTER_PORTABLE, 1)                                            \
  C(CU_MEMHOSTREGISTER_READ_ONLY, 8)                                           \
                                                                               \
  C(CU_STREAM_NON_BLOCKING, 1)                                                 \
  C(CU_EVENT_BLOCKING_SYNC, 1)                                                 \
  C(CU_EVENT_DISABLE_TIMING, 2)

#ifndef NDC_HAVE_CUDA_HEADERS

typedef int CUresult;
typedef int CUdevice;
typedef int CUdevice_attribute;
typedef int CUpointer_attribute;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUuuid_st {
  char bytes[16];
} CUuuid;

enum {
#define NDC_CONSTANT(name, value) name = value,
  NDC_CONSTANTS(NDC_CONSTANT)
#undef NDC_CONSTANT
};

#endif  // NDC_HAVE_CUDA_HEADERS

// F(name, (parameters), (arguments)); all of them return a CUresult.
#define NDC_CUDA(F)                                                            \
  F(cuCtxPushCurrent_v2, (CUcontext ctx), (ctx))                               \
  F(cuCtxPopCurrent_v2, (CUcontext * ctx), (ctx))                              \
  F(cuMemcpyHtoDAsync_v2,                                                      \
    (CUdeviceptr dst, const void *src, size_t size, CUstream stream),          \
    (dst, src, size, stream))                                                  \
  F(cuMemcpyDtoHAsync_v2,                                                      \
    (void *dst, CUdeviceptr src, size_t size, CUstream stream),                \
    (dst, src, size, stream))                                                  \
  F(cuMemcpyDtoDAsync_v2,                                                      \
    (CUdeviceptr dst, CUdeviceptr src, size_t size, CUstream stream),          \
    (dst, src, size, stream))                                                  \
  F(cuMemcpyPeerAsync,                                                         \
    (CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src, CUcontext src_ctx,   \
     size_t size, CUstream stream),                                            \
    (dst, dst_ctx, src, src_ctx, size, stream))                                \
  F(cuMemsetD8Async,                                                           \
    (CUdeviceptr dst, unsigned char value, size_t size, CUstream stream),      \
    (dst, value, size, stream))                                                \
  F(cuEventRecord, (CUevent event, CUstream stream), (event, stream))          \
  F(cuEventQuery, (CUevent event), (event))                                    \
  F(cuEventSynchronize, (CUevent event), (event))                              \
  F(cuEventElapsedTime, (float *ms, CUevent start, CUevent end),               \
    (ms, start, end))                                                          \
  F(cuEventCreate, (CUevent * event, unsigned int flags), (event, flags))      \
  F(cuEventDestroy_v2, (CUevent event), (event))                               \
                                                                               \
  F(cuStreamCreate, (CUstream * stream, unsigned int flags), (stream, flags))  \
  F(cuStreamDestroy_v2, (CUstream stream), (stream))                           \
  F(cuStreamSynchronize, (CUstream stream), (stream))                          \
  F(cuStreamQuery, (CUstream stream), (stream))                                \
  F(cuStreamWaitEvent,                                                         \
    (CUstream stream, CUevent event, unsigned int flags),                      \
    (stream, event, flags))                                                    \
                                                                               \
  F(cuMemAlloc_v2, (CUdeviceptr * ptr, size_t size), (ptr, size))              \
  F(cuMemFree_v2, (CUdeviceptr ptr), (ptr))                                    \
  F(cuMemGetInfo_v2, (size_t * free, size_t *total), (free, total))            \
  F(cuMemHostAlloc, (void **ptr, size_t size, unsigned int flags),             \
    (ptr, size, flags))                                                        \
  F(cuMemFreeHost, (void *ptr), (ptr))                                         \
  F(cuMemHostRegister_v2, (void *ptr, size_t size, unsigned int flags),        \
    (ptr, size, flags))                                                        \
  F(cuMemHostUnregister, (void *ptr), (ptr))                                   \
  F(cuPointerGetAttributes,                                                    \
    (unsigned int num, CUpointer_attribute *attributes, void **data,           \
     CUdeviceptr ptr),                                                         \
    (num, attributes, data, ptr))                                              \
                                                                               \
  F(cuInit, (unsigned int flags), (flags))                                     \
  F(cuDriverGetVersion, (int *version), (version))                             \
  F(cuDeviceGetCount, (int *count), (count))                                   \
  F(cuDeviceGet, (CUdevice * device, int ordinal), (device, ordinal))          \
  F(cuDeviceGetName, (char *name, int len, CUdevice device),                   \
    (name, len, device))                                                       \
  F(cuDeviceTotalMem_v2, (size_t * size, CUdevice device), (size, device))     \
  F(cuDeviceGetAttribute,                                                      \
    (int *value, CUdevice_attribute attribute, CUdevice device),               \
    (value, attribute, device))                                                \
  F(cuDeviceGetUuid_v2, (CUuuid * uuid, CUdevice device), (uuid, device))      \
  F(cuDeviceGetPCIBusId, (char *id, int len, CUdevice device),                 \
    (id, len, device))                                                         \
  F(cuDevicePrimaryCtxRetain, (CUcontext * ctx, CUdevice device),              \
    (ctx, device))                                                             \
  F(cuDevicePrimaryCtxRelease_v2, (CUdevice device), (device))                 \
  F(cuDeviceCanAccessPeer, (int *can, CUdevice device, CUdevice peer),         \
    (can, device, peer))                                                       \
  F(cuCtxEnablePeerAccess, (CUcontext peer, unsigned int flags),               \
    (peer, flags))                                                             \
  F(cuCtxSynchronize, (void), ())                                              \
  F(cuGetErrorName, (CUresult code, const char **text), (code, text))          \
  F(cuGetErrorString, (CUresult code, const char **text), (code, text))

typedef struct {
#define NDC_FIELD(name, params, args) CUresult(*name) params;
  NDC_CUDA(NDC_FIELD)
#undef NDC_FIELD
} ndc_cuda_api;

// The one loaded driver's functions; all NULL until ndc_cuda_open has succeeded.
extern ndc_cuda_api ndc_cuda __attribute__((aligned(64)));

#ifndef NDC_HAVE_CUDA_HEADERS

#define NDC_WRAP(name, params, args)                                           \
  static inline CUresult name params { return ndc_cuda.name args; }
NDC_CUDA(NDC_WRAP)
#undef NDC_WRAP

#endif  // NDC_HAVE_CUDA_HEADERS

#endif  // NDFLOW_CUDA_CAPI_H_
