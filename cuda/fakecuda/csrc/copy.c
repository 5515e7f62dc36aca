// Copies and fills: every side is checked when they are queued, and held until
// they are done.

#include <stdlib.h>

#include "fakecuda.h"

static fc_range *within(fc_range *r, const char *side, uintptr_t p, size_t n) {
  if (n > r->base + r->size - p) {
    fc_violation(fc_now,
                 "the %s runs %zu bytes past its end: 0x%zx and %zu bytes, in "
                 "%zu bytes at 0x%zx",
                 side, n - (r->base + r->size - p), p, n, r->size, r->base);
  }
  return r;
}

static fc_range *device_side(const char *side, CUdeviceptr p, size_t n) {
  fc_range *r = fc_range_at((uintptr_t)p);
  if (r == NULL || r->kind != FC_DEVICE_MEMORY) {
    char what[160];
    fc_range_describe((uintptr_t)p, what, sizeof what);
    fc_violation(fc_now, "the %s, 0x%llx, is not device memory: it is %s", side,
                 p, what);
  }
  return within(r, side, (uintptr_t)p, n);
}

static fc_range *of_context(fc_range *r, const char *side, fc_context *c) {
  if (r->context != c) {
    fc_violation(fc_now, "the %s, 0x%zx, is of device %d, not of device %d",
                 side, r->base, r->context->device, c->device);
  }
  return r;
}

// host_side gives the pinned range that holds the memory, or NULL.
static fc_range *host_side(const char *side, const void *ptr, size_t n) {
  uintptr_t p = (uintptr_t)ptr;
  fc_range *r = fc_range_overlapping(p, n);
  if (fc_devmem_owner(p) >= 0 || (r != NULL && r->kind == FC_DEVICE_MEMORY)) {
    char what[160];
    fc_range_describe(p, what, sizeof what);
    fc_violation(fc_now, "the %s, %p, is not host memory: it is %s", side, ptr,
                 what);
  }
  if (r != NULL && p < r->base) {
    fc_violation(fc_now,
                 "the %s, %p and %zu bytes, is pinned in part only: from 0x%zx",
                 side, ptr, n, r->base);
  }
  return r == NULL ? NULL : within(r, side, p, n);
}

static fc_op *new_op(fc_op_kind kind, uintptr_t dst, fc_range *dst_range,
                     uintptr_t src, fc_range *src_range, size_t n) {
  fc_op *op = calloc(1, sizeof *op);
  if (op == NULL) {
    fc_violation(fc_now, "the fake itself is out of memory");
  }
  *op = (fc_op){.kind = kind,
                .dst = dst,
                .dst_range = dst_range,
                .src = src,
                .src_range = src_range,
                .size = n};
  return op;
}

static bool is_set(void *flag) { return *(bool *)flag; }

// put_and_wait is for copies that are done when the call returns.
static CUresult put_and_wait(fc_stream *s, fc_op *op) {
  bool done = false;
  op->finished = &done;
  fc_put(s, op);
  return fc_wait(is_set, &done, s->context);
}

// Pageable memory is read before the call returns; the copy into device memory
// comes later all the same.
static CUresult to_device(CUdeviceptr dst, const void *src, size_t n,
                          fc_stream *s) {
  if (n == 0) {
    return CUDA_SUCCESS;
  }
  fc_range *d = of_context(device_side("destination", dst, n), "destination",
                           s->context);
  fc_range *h = host_side("source", src, n);
  fc_op *op = new_op(FC_COPY, (uintptr_t)dst, d, (uintptr_t)src, h, n);
  if (h == NULL) {
    op->staged = malloc(n);
    if (op->staged == NULL) {
      free(op);
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!fc_host_read(op->staged, (uintptr_t)src, n)) {
      fc_violation(fc_now, "the source, %p and %zu bytes, cannot be read", src,
                   n);
    }
  }
  fc_put(s, op);
  return CUDA_SUCCESS;
}

// Into pageable memory a copy is done when the call returns.
static CUresult to_host(void *dst, CUdeviceptr src, size_t n,
                        fc_stream *s) {
  if (n == 0) {
    return CUDA_SUCCESS;
  }
  fc_range *d = of_context(device_side("source", src, n), "source", s->context);
  fc_range *h = host_side("destination", dst, n);
  fc_op *op = new_op(FC_COPY, (uintptr_t)dst, h, (uintptr_t)src, d, n);
  if (h == NULL) {
    return put_and_wait(s, op);
  }
  fc_put(s, op);
  return CUDA_SUCCESS;
}

FC_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dstDevice,
                                        const void *srcHost, size_t ByteCount,
                                        CUstream hStream) {
  FC_ENTER(cuMemcpyHtoDAsync_v2, FC_CURRENT);
  return fc_leave(to_device(dstDevice, srcHost, ByteCount,
                            fc_stream_check(hStream)));
}

FC_EXPORT CUresult cuMemcpyDtoHAsync_v2(void *dstHost, CUdeviceptr srcDevice,
                                        size_t ByteCount, CUstream hStream) {
  FC_ENTER(cuMemcpyDtoHAsync_v2, FC_CURRENT);
  return fc_leave(
      to_host(dstHost, srcDevice, ByteCount, fc_stream_check(hStream)));
}

static void refuse_overlap(uintptr_t dst, uintptr_t src, size_t n) {
  if (dst - src < n || src - dst < n) {
    fc_violation(fc_now, "source 0x%zx and destination 0x%zx of %zu bytes "
                 "overlap",
                 src, dst, n);
  }
}

// reachable allows memory of another device where access to it was enabled.
static void reachable(fc_range *r, const char *side, fc_context *c) {
  uint32_t bit = UINT32_C(1) << r->context->device;
  if ((c->peers & bit) == 0) {
    of_context(r, side, c);
  }
}

FC_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr dstDevice,
                                        CUdeviceptr srcDevice,
                                        size_t ByteCount, CUstream hStream) {
  FC_ENTER(cuMemcpyDtoDAsync_v2, FC_CURRENT);
  fc_stream *s = fc_stream_check(hStream);
  if (ByteCount == 0) {
    return fc_leave(CUDA_SUCCESS);
  }
  fc_range *d = device_side("destination", dstDevice, ByteCount);
  fc_range *r = device_side("source", srcDevice, ByteCount);
  reachable(d, "destination", s->context);
  reachable(r, "source", s->context);
  refuse_overlap((uintptr_t)dstDevice, (uintptr_t)srcDevice, ByteCount);
  fc_put(s, new_op(FC_COPY, (uintptr_t)dstDevice, d, (uintptr_t)srcDevice, r,
                   ByteCount));
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemcpyPeerAsync(CUdeviceptr dstDevice,
                                     CUcontext dstContext,
                                     CUdeviceptr srcDevice,
                                     CUcontext srcContext, size_t ByteCount,
                                     CUstream hStream) {
  FC_ENTER(cuMemcpyPeerAsync, FC_CURRENT);
  fc_stream *s = fc_stream_check(hStream);
  CUcontext sides[2] = {dstContext, srcContext};
  for (int i = 0; i < 2; i++) {
    CUresult code = CUDA_ERROR_INVALID_CONTEXT;
    if (sides[i] != NULL) {
      fc_context_check(sides[i], &code);
    }
    if (code == CUDA_SUCCESS) {
      code = sides[i]->lost;
    }
    if (code != CUDA_SUCCESS) {
      return fc_leave(code);
    }
  }
  if (ByteCount == 0) {
    return fc_leave(CUDA_SUCCESS);
  }
  fc_range *d = of_context(device_side("destination", dstDevice, ByteCount),
                           "destination", dstContext);
  fc_range *r = of_context(device_side("source", srcDevice, ByteCount),
                           "source", srcContext);
  refuse_overlap((uintptr_t)dstDevice, (uintptr_t)srcDevice, ByteCount);
  fc_put(s, new_op(FC_COPY, (uintptr_t)dstDevice, d, (uintptr_t)srcDevice, r,
                   ByteCount));
  return fc_leave(CUDA_SUCCESS);
}

FC_EXPORT CUresult cuMemsetD8Async(CUdeviceptr dstDevice, unsigned char uc,
                                   size_t N, CUstream hStream) {
  FC_ENTER(cuMemsetD8Async, FC_CURRENT);
  fc_stream *s = fc_stream_check(hStream);
  if (N == 0) {
    return fc_leave(CUDA_SUCCESS);
  }
  fc_range *d = of_context(device_side("destination", dstDevice, N),
                           "destination", s->context);
  fc_op *op = new_op(FC_FILL, (uintptr_t)dstDevice, d, 0, NULL, N);
  op->value = uc;
  fc_put(s, op);
  return fc_leave(CUDA_SUCCESS);
}
