// What the driver says about a pointer.

#include <string.h>

#include "fakecuda.h"

// Attributes, by the numbers of the driver API.
enum {
  kContext = 1,
  kMemoryType = 2,
  kDevicePointer = 3,
  kHostPointer = 4,
  kSyncMemops = 6,
  kBufferID = 7,
  kIsManaged = 8,
  kDeviceOrdinal = 9,
  kRangeStart = 11,
  kRangeSize = 12,
  kMapped = 13,
};

static CUresult put(void *data, const void *value, size_t size) {
  memcpy(data, value, size);
  return CUDA_SUCCESS;
}

// get writes an attribute of r at p. Where r is NULL it writes the value that
// stands for nothing, and gives an error.
static CUresult get(void *data, int attribute, uintptr_t p, fc_range *r) {
  CUresult code = r == NULL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  bool device = r != NULL && r->kind == FC_DEVICE_MEMORY;
  uint64_t address = 0;
  unsigned word = 0;
  switch (attribute) {
    case kContext:
      put(data, r == NULL ? &(void *){NULL} : (void *)&r->context,
          sizeof(void *));
      return code;
    case kMemoryType:  // 1: host, 2: device
      word = r == NULL ? 0 : device ? 2 : 1;
      put(data, &word, sizeof word);
      return code;
    case kDevicePointer:
      address = r == NULL ? 0 : p;
      put(data, &address, sizeof address);
      return code;
    case kHostPointer:
      address = r == NULL || device ? 0 : p;
      put(data, &address, sizeof address);
      return device ? CUDA_ERROR_INVALID_VALUE : code;
    case kSyncMemops:
    case kIsManaged:
      put(data, &word, sizeof word);
      return code;
    case kBufferID:
      address = r == NULL ? 0 : r->id;
      put(data, &address, sizeof address);
      return code;
    case kDeviceOrdinal: {
      int ordinal = r == NULL ? -2 : r->context->device;
      put(data, &ordinal, sizeof ordinal);
      return code;
    }
    case kRangeStart:
      address = r == NULL ? 0 : r->base;
      put(data, &address, sizeof address);
      return code;
    case kRangeSize: {
      size_t size = r == NULL ? 0 : r->size;
      put(data, &size, sizeof size);
      return code;
    }
    case kMapped:
      word = r != NULL;
      put(data, &word, sizeof word);
      return code;
    default:
      return CUDA_ERROR_NOT_SUPPORTED;
  }
}

FC_EXPORT CUresult cuPointerGetAttribute(void *data, int attribute,
                                         CUdeviceptr ptr) {
  FC_ENTER(cuPointerGetAttribute, FC_INIT);
  if (data == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  char value[8];
  CUresult code =
      get(value, attribute, (uintptr_t)ptr, fc_range_at((uintptr_t)ptr));
  if (code == CUDA_SUCCESS) {
    get(data, attribute, (uintptr_t)ptr, fc_range_at((uintptr_t)ptr));
  }
  return fc_leave(code);
}

// A pointer that the driver does not know is no error here: the attributes say
// nothing.
FC_EXPORT CUresult cuPointerGetAttributes(unsigned numAttributes,
                                          int *attributes, void **data,
                                          CUdeviceptr ptr) {
  FC_ENTER(cuPointerGetAttributes, FC_INIT);
  if (numAttributes > 0 && (attributes == NULL || data == NULL)) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_range *r = fc_range_at((uintptr_t)ptr);
  for (unsigned i = 0; i < numAttributes; i++) {
    if (get(data[i], attributes[i], (uintptr_t)ptr, r) ==
        CUDA_ERROR_NOT_SUPPORTED) {
      return fc_leave(CUDA_ERROR_INVALID_VALUE);
    }
  }
  return fc_leave(CUDA_SUCCESS);
}
