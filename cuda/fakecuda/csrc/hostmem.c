// Host memory: pinned by the driver, or registered with it.

#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fakecuda.h"

enum { kPage = 4096, kPoison = 0xa5, kKept = 256 };

static size_t up(size_t n) { return (n + kPage - 1) / kPage * kPage; }

// The host's memory is read and written by the kernel, which answers with an
// error where a plain copy would crash the process without a word.
static ssize_t move(bool read, void *here, uintptr_t there, size_t n) {
  struct iovec l = {here, n}, r = {(void *)there, n};
  return read ? process_vm_readv(getpid(), &l, 1, &r, 1, 0)
              : process_vm_writev(getpid(), &l, 1, &r, 1, 0);
}

static bool move_all(bool read, char *here, uintptr_t there, size_t n) {
  while (n > 0) {
    ssize_t moved = move(read, here, there, n);
    if (moved < 0 && errno != EFAULT) {  // not allowed here
      if (read) {
        memcpy(here, (void *)there, n);
      } else {
        memcpy((void *)there, here, n);
      }
      return true;
    }
    if (moved <= 0) {
      return false;
    }
    here += moved;
    there += (size_t)moved;
    n -= (size_t)moved;
  }
  return true;
}

bool fc_host_read(void *to, uintptr_t from, size_t n) {
  return move_all(true, to, from, n);
}

bool fc_host_write(uintptr_t to, const void *from, size_t n) {
  return move_all(false, (void *)from, to, n);
}

// Pages of pinned memory that was freed stay unreadable for a while, so that
// the host faults on using them.
static struct {
  char *p;
  size_t bytes;
} kept[kKept];
static size_t nkept;

void fc_pinned_release(uintptr_t base, size_t size) {
  char *p = (char *)base;
  madvise(p, up(size), MADV_DONTNEED);
  mprotect(p, up(size), PROT_NONE);
  size_t slot = nkept++ % kKept;
  if (kept[slot].p != NULL) {
    munmap(kept[slot].p, kept[slot].bytes);
  }
  kept[slot].p = p - kPage;
  kept[slot].bytes = up(size) + 2 * kPage;
}

FC_EXPORT CUresult cuMemHostAlloc(void **pp, size_t bytesize, unsigned Flags) {
  FC_ENTER(cuMemHostAlloc, FC_CURRENT);
  if (pp == NULL || bytesize == 0 || (Flags & ~7u) != 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  if (bytesize > (size_t)1 << 40) {
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  char *p = mmap(NULL, up(bytesize) + 2 * kPage, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  if (mprotect(p + kPage, up(bytesize), PROT_READ | PROT_WRITE) != 0) {
    munmap(p, up(bytesize) + 2 * kPage);
    return fc_leave(CUDA_ERROR_OUT_OF_MEMORY);
  }
  p += kPage;
  memset(p, kPoison, bytesize);
  fc_range_add((uintptr_t)p, bytesize, FC_PINNED, fc_current(), Flags);
  *pp = p;
  return fc_leave(CUDA_SUCCESS);
}

static void refuse_pending(const fc_range *r) {
  if (r->pending > 0) {
    fc_violation(fc_now, "0x%zx is in use by %d queued operations", r->base,
                 r->pending);
  }
}

FC_EXPORT CUresult cuMemFreeHost(void *p) {
  FC_ENTER(cuMemFreeHost, FC_CURRENT | FC_FINISHES);
  fc_range *r = fc_range_at((uintptr_t)p);
  if (r == NULL || r->base != (uintptr_t)p || r->kind != FC_PINNED) {
    char what[160];
    fc_range_describe((uintptr_t)p, what, sizeof what);
    fc_violation(fc_now, "%p was not allocated by cuMemHostAlloc: it is %s", p,
                 what);
  }
  refuse_pending(r);
  fc_range_remove(r);
  return fc_leave(CUDA_SUCCESS);
}

static bool readable(uintptr_t p, size_t size) {
  char byte;
  for (size_t i = 0; i < size; i += kPage) {
    if (!fc_host_read(&byte, p + i, 1)) {
      return false;
    }
  }
  return fc_host_read(&byte, p + size - 1, 1);
}

FC_EXPORT CUresult cuMemHostRegister_v2(void *p, size_t bytesize,
                                        unsigned Flags) {
  FC_ENTER(cuMemHostRegister_v2, FC_CURRENT);
  if (p == NULL || bytesize == 0 || (Flags & ~15u) != 0) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_range *r = fc_range_overlapping((uintptr_t)p, bytesize);
  if (r != NULL && r->kind != FC_DEVICE_MEMORY) {
    return fc_leave(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
  }
  if (r != NULL || !readable((uintptr_t)p, bytesize)) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  fc_range_add((uintptr_t)p, bytesize, FC_REGISTERED, fc_current(), Flags);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemHostUnregister(void *p) {
  FC_ENTER(cuMemHostUnregister, FC_CURRENT | FC_FINISHES);
  fc_range *r = fc_range_at((uintptr_t)p);
  if (r == NULL || r->kind == FC_DEVICE_MEMORY) {
    return fc_leave(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
  }
  if (r->base != (uintptr_t)p || r->kind != FC_REGISTERED) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  refuse_pending(r);
  fc_range_remove(r);
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemHostGetFlags(unsigned *pFlags, void *p) {
  FC_ENTER(cuMemHostGetFlags, FC_CURRENT);
  fc_range *r = fc_range_at((uintptr_t)p);
  if (pFlags == NULL || r == NULL || r->kind == FC_DEVICE_MEMORY) {
    return fc_leave(CUDA_ERROR_INVALID_VALUE);
  }
  *pFlags = r->flags;
  return fc_leave(CUDA_SUCCESS);
}
