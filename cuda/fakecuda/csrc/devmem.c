// Device memory: addresses that fault when the host touches them, and the
// memory behind them.
//
// Each device has a file in memory that is mapped twice: the view, whose
// addresses are the device pointers and which nobody may touch, and the
// shadow, through which the fake reads and writes. Allocations end at a page's
// end, with at least one page between them that is never used, and addresses
// are used again only once all of the view has been.

#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "fakecuda.h"

// The view is far larger than the memory that may be allocated in it; pages
// exist only where there are allocations.
static const size_t kView = (size_t)1 << 36;
enum { kPage = 4096, kAlign = 256, kPoison = 0xa5 };

static struct {
  char *view, *shadow;
  size_t next;  // where the next allocation goes
} devices[FC_MAX_DEVICES];

static size_t up(size_t n, size_t to) { return (n + to - 1) / to * to; }

static void open_device(CUdevice d) {
  int fd = memfd_create("fakecuda", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)kView) != 0) {
    fc_violation(fc_now, "the fake itself can make no file in memory");
  }
  int flags = MAP_SHARED | MAP_NORESERVE;
  char *view = mmap(NULL, kView, PROT_NONE, flags, fd, 0);
  char *shadow = mmap(NULL, kView, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (view == MAP_FAILED || shadow == MAP_FAILED) {
    fc_violation(fc_now, "the fake itself cannot map %zu bytes twice", kView);
  }
  madvise(view, kView, MADV_DONTDUMP);
  madvise(shadow, kView, MADV_DONTDUMP);
  madvise(view, kView, MADV_DONTFORK);
  madvise(shadow, kView, MADV_DONTFORK);
  close(fd);
  devices[d].view = view;
  devices[d].shadow = shadow;
  devices[d].next = kPage;
}

static bool free_at(CUdevice d, size_t offset, size_t bytes) {
  return fc_range_overlapping((uintptr_t)devices[d].view + offset - kPage,
                              bytes + 2 * kPage) == NULL;
}

// fc_devmem_take finds addresses for size bytes and fills the memory behind
// them with a pattern, since new device memory holds anything.
uintptr_t fc_devmem_take(CUdevice d, size_t size) {
  if (devices[d].view == NULL) {
    open_device(d);
  }
  size_t pages = up(size, kPage);
  size_t offset = devices[d].next;
  for (int wraps = 0; offset + pages + kPage > kView ||
                      !free_at(d, offset, pages);) {
    offset += pages + kPage;
    if (offset + pages + kPage > kView) {
      offset = kPage;
      if (wraps++ == 2) {
        return 0;
      }
    }
  }
  devices[d].next = offset + pages + kPage;
  offset += pages - up(size, kAlign);
  char *p = devices[d].shadow + offset;
  for (size_t i = 0; i < size; i++) {
    p[i] = (char)kPoison;
  }
  return (uintptr_t)devices[d].view + offset;
}

static char *page_of(char *p) {
  return (char *)((uintptr_t)p / kPage * kPage);
}

void fc_devmem_give(CUdevice d, uintptr_t base, size_t size) {
  char *shadow = fc_devmem_shadow(d, base);
  char *first = page_of(shadow);
  size_t bytes = up((size_t)(shadow - first) + size, kPage);
  madvise(first, bytes, MADV_REMOVE);
  fc_devmem_touchable(base, size, false);
}

char *fc_devmem_shadow(CUdevice d, uintptr_t p) {
  return devices[d].shadow + (p - (uintptr_t)devices[d].view);
}

bool fc_devmem_touchable(uintptr_t base, size_t size, bool on) {
  char *first = page_of((char *)base);
  size_t bytes = up(base - (uintptr_t)first + size, kPage);
  return mprotect(first, bytes, on ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
}

CUdevice fc_devmem_owner(uintptr_t p) {
  for (int d = 0; d < FC_MAX_DEVICES; d++) {
    if (devices[d].view != NULL && p - (uintptr_t)devices[d].view < kView) {
      return d;
    }
  }
  return -1;
}

// fc_device_used counts in the units in which a driver hands out memory.
int64_t fc_device_used(CUdevice device) {
  int64_t used = 0;
  for (size_t i = 0; i < fc.nranges; i++) {
    fc_range *r = fc.ranges[i];
    if (r->kind == FC_DEVICE_MEMORY && r->context->device == device) {
      used += (int64_t)up(r->size, 512);
    }
  }
  return used;
}

static fc_range *owned(CUdeviceptr dptr) {
  fc_range *r = fc_range_at((uintptr_t)dptr);
  if (r == NULL || r->base != dptr || r->kind != FC_DEVICE_MEMORY) {
    char what[160];
    fc_range_describe((uintptr_t)dptr, what, sizeof what);
    fc_violation(fc_now, "0x%llx is no allocation: it is %s%s", dptr, what,
                 r != NULL && r->kind == FC_DEVICE_MEMORY
                     ? ", and frees go by its beginning"
                     : "");
  }
  return r;
}

FC_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize) {
  FC_ENTER(cuMemAlloc_v2, FC_CURRENT);
  fc_context *c = fc_current();
  if (dptr == NULL || bytesize == 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (bytesize > (size_t)fc.set.memory ||
      fc_device_used(c->device) + (int64_t)up(bytesize, 512) >
          fc.set.memory) {
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  uintptr_t p = fc_devmem_take(c->device, bytesize);
  if (p == 0) {
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  fc_range_add(p, bytesize, FC_DEVICE_MEMORY, c, 0);
  *dptr = p;
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemFree_v2(CUdeviceptr dptr) {
  FC_ENTER(cuMemFree_v2, FC_CURRENT | FC_FINISHES);
  fc_range *r = owned(dptr);
  if (r->context != fc_current()) {
    fc_violation(fc_now,
                 "0x%llx is of device %d, but the context of device %d is "
                 "current",
                 dptr, r->context->device, fc_current()->device);
  }
  if (r->pending > 0) {
    fc_violation(fc_now, "0x%llx is in use by %d queued operations", dptr,
                 r->pending);
  }
  fc_range_remove(r);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  FC_ENTER(cuMemGetInfo_v2, FC_CURRENT);
  if (free == NULL || total == NULL) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *total = (size_t)fc.set.memory;
  *free = *total - (size_t)fc_device_used(fc_current()->device);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr *pbase, size_t *psize,
                                           CUdeviceptr dptr) {
  FC_ENTER(cuMemGetAddressRange_v2, FC_CURRENT);
  fc_range *r = fc_range_at((uintptr_t)dptr);
  if (r == NULL) {
    return fc_leave(CUDA_ERROR_NOT_FOUND);
  }
  if (pbase != NULL) {
    *pbase = r->base;
  }
  if (psize != NULL) {
    *psize = r->size;
  }
  return fc_leave(CUDA_SUCCESS);
}
