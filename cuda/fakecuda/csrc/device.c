// Initialisation and devices.

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fakecuda.h"

FC_EXPORT CUresult cuInit(unsigned Flags) {
  FC_ENTER(cuInit, FC_ALWAYS);
  if (fc.pid != 0 && fc.pid != getpid()) {
    return fc_leave(CUDA_ERROR_NOT_INITIALIZED);
  }
  if (Flags != 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (fc.set.devices == 0) {
    return fc_leave(CUDA_ERROR_NO_DEVICE);
  }
  fc.initialised = true;
  fc.pid = getpid();
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDriverGetVersion(int *driverVersion) {
  FC_ENTER(cuDriverGetVersion, FC_ALWAYS);
  if (driverVersion == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *driverVersion = (int)fc.set.driver;
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDeviceGetCount(int *count) {
  FC_ENTER(cuDeviceGetCount, FC_INIT);
  if (count == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *count = (int)fc.set.devices;
  return fc_leave(CUDA_SUCCESS);
}

bool fc_device_exists(CUdevice device) {
  return device >= 0 && device < fc.set.devices;
}

FC_EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  FC_ENTER(cuDeviceGet, FC_INIT);
  if (device == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (!fc_device_exists(ordinal)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  *device = ordinal;
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDeviceGetName(char *name, int len, CUdevice dev) {
  FC_ENTER(cuDeviceGetName, FC_INIT);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  if (name == NULL || len <= 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  snprintf(name, (size_t)len, "Fake GPU %d", dev);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev) {
  FC_ENTER(cuDeviceTotalMem_v2, FC_INIT);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  if (bytes == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *bytes = (size_t)fc.set.memory;
  return fc_leave(CUDA_SUCCESS);
}

// attribute gives the attributes that a program is likely to ask for; the
// others are 0.
static int attribute(int attrib, CUdevice dev) {
  switch (attrib) {
    case 1:  // MAX_THREADS_PER_BLOCK
      return 1024;
    case 10:  // WARP_SIZE
      return 32;
    case 16:  // MULTIPROCESSOR_COUNT
      return 4;
    case 19:  // CAN_MAP_HOST_MEMORY
    case 31:  // CONCURRENT_KERNELS
    case 41:  // UNIFIED_ADDRESSING
    case 99:  // HOST_REGISTER_SUPPORTED
      return 1;
    case 33:  // PCI_BUS_ID
      return dev + 1;
    case 40:  // ASYNC_ENGINE_COUNT
      return 2;
    case 75:  // COMPUTE_CAPABILITY_MAJOR
      return (int)fc.set.major;
    case 76:  // COMPUTE_CAPABILITY_MINOR
      return (int)fc.set.minor;
    default:
      return 0;
  }
}

FC_EXPORT CUresult cuDeviceGetAttribute(int *pi, int attrib, CUdevice dev) {
  FC_ENTER(cuDeviceGetAttribute, FC_INIT);
  if (pi == NULL || attrib < 1 || attrib > 200) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  *pi = attribute(attrib, dev);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev) {
  FC_ENTER(cuDeviceGetUuid_v2, FC_INIT);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  if (uuid == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  memcpy(uuid->bytes, "fakecuda-device", 15);
  uuid->bytes[15] = (char)dev;
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDeviceGetPCIBusId(char *pciBusId, int len, CUdevice dev) {
  FC_ENTER(cuDeviceGetPCIBusId, FC_INIT);
  if (!fc_device_exists(dev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  char text[32];
  int n = snprintf(text, sizeof text, "0000:%02X:00.0", dev + 1);
  if (pciBusId == NULL || len <= n) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  memcpy(pciBusId, text, (size_t)n + 1);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuDeviceCanAccessPeer(int *canAccessPeer, CUdevice dev,
                                         CUdevice peerDev) {
  FC_ENTER(cuDeviceCanAccessPeer, FC_INIT);
  if (canAccessPeer == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (!fc_device_exists(dev) || !fc_device_exists(peerDev)) {
    return fc_leave(CUDA_ERROR_INVALID_DEVICE);
  }
  *canAccessPeer = dev != peerDev;
  return fc_leave(CUDA_SUCCESS);
}
