// The result codes of the driver API that the fake can give, with texts of our
// own for cuGetErrorString.

#ifndef NDFLOW_FAKECUDA_CODES_H_
#define NDFLOW_FAKECUDA_CODES_H_

#define FC_CODE_LIST(X)                                                       \
  X(CUDA_SUCCESS, 0, "no error")                                              \
  X(CUDA_ERROR_INVALID_VALUE, 1, "invalid argument")                          \
  X(CUDA_ERROR_OUT_OF_MEMORY, 2, "out of memory")                             \
  X(CUDA_ERROR_NOT_INITIALIZED, 3, "the driver is not initialised")           \
  X(CUDA_ERROR_DEINITIALIZED, 4, "the driver is shutting down")               \
  X(CUDA_ERROR_STUB_LIBRARY, 34, "the library is a stub")                     \
  X(CUDA_ERROR_DEVICE_UNAVAILABLE, 46, "the device is busy or unavailable")   \
  X(CUDA_ERROR_NO_DEVICE, 100, "no device was found")                         \
  X(CUDA_ERROR_INVALID_DEVICE, 101, "invalid device ordinal")                 \
  X(CUDA_ERROR_INVALID_CONTEXT, 201, "invalid device context")                \
  X(CUDA_ERROR_ECC_UNCORRECTABLE, 214, "uncorrectable memory error")          \
  X(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, 217, "no access between the devices") \
  X(CUDA_ERROR_INVALID_HANDLE, 400, "invalid handle")                         \
  X(CUDA_ERROR_NOT_FOUND, 500, "not found")                                   \
  X(CUDA_ERROR_NOT_READY, 600, "not done yet")                                \
  X(CUDA_ERROR_ILLEGAL_ADDRESS, 700, "illegal memory access")                 \
  X(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, 704,                              \
    "access between the devices is enabled already")                          \
  X(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, 705,                                  \
    "access between the devices is not enabled")                              \
  X(CUDA_ERROR_CONTEXT_IS_DESTROYED, 709, "the context is destroyed")         \
  X(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, 712,                           \
    "the memory is registered or pinned already")                             \
  X(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, 713,                               \
    "the memory is not registered")                                           \
  X(CUDA_ERROR_LAUNCH_FAILED, 719, "work on the device failed")               \
  X(CUDA_ERROR_NOT_PERMITTED, 800, "not permitted here")                      \
  X(CUDA_ERROR_NOT_SUPPORTED, 801, "not supported")                           \
  X(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, 803,                                   \
    "the driver and the library do not fit each other")                       \
  X(CUDA_ERROR_UNKNOWN, 999, "unknown error")

enum {
#define FC_CODE_ENUM(name, value, text) name = value,
  FC_CODE_LIST(FC_CODE_ENUM)
#undef FC_CODE_ENUM
};

#endif  // NDFLOW_FAKECUDA_CODES_H_
