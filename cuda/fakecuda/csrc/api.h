// The part of the driver API that the fake exports: types and functions, from
// the documentation of the API. Every function returns a CUresult.

#ifndef NDFLOW_FAKECUDA_API_H_
#define NDFLOW_FAKECUDA_API_H_

#include <stddef.h>

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct fc_context *CUcontext;
typedef struct fc_stream *CUstream;
typedef struct fc_event *CUevent;
typedef void (*CUhostFn)(void *userData);
typedef struct CUuuid {
  char bytes[16];
} CUuuid;

// F(name, (parameters), (arguments))
#define FC_API(F)                                                              \
  F(cuInit, (unsigned Flags), (Flags))                                         \
  F(cuDriverGetVersion, (int *driverVersion), (driverVersion))                 \
  F(cuGetErrorName, (CUresult error, const char **pStr), (error, pStr))        \
  F(cuGetErrorString, (CUresult error, const char **pStr), (error, pStr))      \
                                                                               \
  F(cuDeviceGetCount, (int *count), (count))                                   \
  F(cuDeviceGet, (CUdevice * device, int ordinal), (device, ordinal))          \
  F(cuDeviceGetName, (char *name, int len, CUdevice dev), (name, len, dev))    \
  F(cuDeviceTotalMem_v2, (size_t *bytes, CUdevice dev), (bytes, dev))          \
  F(cuDeviceGetAttribute, (int *pi, int attrib, CUdevice dev),                 \
    (pi, attrib, dev))                                                         \
  F(cuDeviceGetUuid_v2, (CUuuid * uuid, CUdevice dev), (uuid, dev))            \
  F(cuDeviceGetPCIBusId, (char *pciBusId, int len, CUdevice dev),              \
    (pciBusId, len, dev))                                                      \
  F(cuDeviceCanAccessPeer,                                                     \
    (int *canAccessPeer, CUdevice dev, CUdevice peerDev),                      \
    (canAccessPeer, dev, peerDev))                                             \
                                                                               \
  F(cuDevicePrimaryCtxRetain, (CUcontext * pctx, CUdevice dev), (pctx, dev))   \
  F(cuDevicePrimaryCtxRelease_v2, (CUdevice dev), (dev))                       \
  F(cuDevicePrimaryCtxGetState, (CUdevice dev, unsigned *flags, int *active),  \
    (dev, flags, active))                                                      \
  F(cuCtxPushCurrent_v2, (CUcontext ctx), (ctx))                               \
  F(cuCtxPopCurrent_v2, (CUcontext * pctx), (pctx))                            \
  F(cuCtxGetCurrent, (CUcontext * pctx), (pctx))                               \
  F(cuCtxSynchronize, (void), ())                                              \
  F(cuCtxEnablePeerAccess, (CUcontext peerContext, unsigned Flags),            \
    (peerContext, Flags))                                                      \
                                                                               \
  F(cuMemAlloc_v2, (CUdeviceptr * dptr, size_t bytesize), (dptr, bytesize))    \
  F(cuMemFree_v2, (CUdeviceptr dptr), (dptr))                                  \
  F(cuMemGetInfo_v2, (size_t *free, size_t *total), (free, total))             \
  F(cuMemGetAddressRange_v2,                                                   \
    (CUdeviceptr * pbase, size_t *psize, CUdeviceptr dptr),                    \
    (pbase, psize, dptr))                                                      \
  F(cuMemHostAlloc, (void **pp, size_t bytesize, unsigned Flags),              \
    (pp, bytesize, Flags))                                                     \
  F(cuMemFreeHost, (void *p), (p))                                             \
  F(cuMemHostRegister_v2, (void *p, size_t bytesize, unsigned Flags),          \
    (p, bytesize, Flags))                                                      \
  F(cuMemHostUnregister, (void *p), (p))                                       \
  F(cuMemHostGetFlags, (unsigned *pFlags, void *p), (pFlags, p))               \
                                                                               \
  F(cuMemcpyHtoDAsync_v2,                                                      \
    (CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,             \
     CUstream hStream),                                                        \
    (dstDevice, srcHost, ByteCount, hStream))                                  \
  F(cuMemcpyDtoHAsync_v2,                                                      \
    (void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,                   \
     CUstream hStream),                                                        \
    (dstHost, srcDevice, ByteCount, hStream))                                  \
  F(cuMemcpyDtoDAsync_v2,                                                      \
    (CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,           \
     CUstream hStream),                                                        \
    (dstDevice, srcDevice, ByteCount, hStream))                                \
  F(cuMemcpyPeerAsync,                                                         \
    (CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,       \
     CUcontext srcContext, size_t ByteCount, CUstream hStream),                \
    (dstDevice, dstContext, srcDevice, srcContext, ByteCount, hStream))        \
  F(cuMemsetD8Async,                                                           \
    (CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream),     \
    (dstDevice, uc, N, hStream))                                               \
                                                                               \
  F(cuStreamCreate, (CUstream * phStream, unsigned Flags), (phStream, Flags))  \
  F(cuStreamDestroy_v2, (CUstream hStream), (hStream))                         \
  F(cuStreamSynchronize, (CUstream hStream), (hStream))                        \
  F(cuStreamQuery, (CUstream hStream), (hStream))                              \
  F(cuStreamWaitEvent, (CUstream hStream, CUevent hEvent, unsigned Flags),     \
    (hStream, hEvent, Flags))                                                  \
  F(cuLaunchHostFunc, (CUstream hStream, CUhostFn fn, void *userData),         \
    (hStream, fn, userData))                                                   \
                                                                               \
  F(cuEventCreate, (CUevent * phEvent, unsigned Flags), (phEvent, Flags))      \
  F(cuEventDestroy_v2, (CUevent hEvent), (hEvent))                             \
  F(cuEventRecord, (CUevent hEvent, CUstream hStream), (hEvent, hStream))      \
  F(cuEventQuery, (CUevent hEvent), (hEvent))                                  \
  F(cuEventSynchronize, (CUevent hEvent), (hEvent))                            \
  F(cuEventElapsedTime, (float *pMilliseconds, CUevent hStart, CUevent hEnd),  \
    (pMilliseconds, hStart, hEnd))                                             \
                                                                               \
  F(cuPointerGetAttribute, (void *data, int attribute, CUdeviceptr ptr),       \
    (data, attribute, ptr))                                                    \
  F(cuPointerGetAttributes,                                                    \
    (unsigned numAttributes, int *attributes, void **data, CUdeviceptr ptr),   \
    (numAttributes, attributes, data, ptr))

typedef enum {
#define FC_CALL_ENUM(name, params, args) FC_##name,
  FC_API(FC_CALL_ENUM)
#undef FC_CALL_ENUM
      FC_CALLS
} fc_call;

#endif  // NDFLOW_FAKECUDA_API_H_
