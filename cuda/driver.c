#define _GNU_SOURCE
#include "driver.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile bool forked;

void ndc_set_forked(void) { forked = true; }

static const ndc_status ok = {CUDA_SUCCESS, NULL};

// CALL runs one function of the driver; it is true where that has failed, which
// is noted in st.
#define CALL(st, name, ...) failed(&(st), name(__VA_ARGS__), #name)

static inline bool failed(ndc_status *st, CUresult code, const char *call) {
  *st = code == CUDA_SUCCESS ? ok : (ndc_status){code, call};
  return code != CUDA_SUCCESS;
}

// enter makes ctx current on this thread; false where it cannot.
static bool enter(ndc_status *st, CUcontext ctx) {
  if (forked) {
    *st = (ndc_status){NDC_FORKED, "fork"};
    return false;
  }
  return !CALL(*st, cuCtxPushCurrent_v2, ctx);
}

// leave restores what was current before. The work is done by then; where this
// reports a failure, it is of something earlier, and is told to whoever waits.
static void leave(void) {
  CUcontext ctx;
  cuCtxPopCurrent_v2(&ctx);
}

int ndc_fork_probe(void) {
  pid_t pid = fork();
  if (pid < 0) {
    return 1;
  }
  if (pid == 0) {
    _exit(ndc_device_count().status.code & 0xff);
  }
  int state = 0;
  waitpid(pid, &state, 0);
  return WIFEXITED(state) ? (int8_t)WEXITSTATUS(state) : 1;
}

static bool init(ndc_status *st) {
  if (forked) {
    *st = (ndc_status){NDC_FORKED, "fork"};
    return false;
  }
  return !CALL(*st, cuInit, 0);
}

ndc_count ndc_device_count(void) {
  ndc_count c = {ok, 0};
  if (init(&c.status)) {
    CALL(c.status, cuDeviceGetCount, &c.n);
  }
  return c;
}

ndc_status ndc_device_open(int ordinal, ndc_device *d) {
  ndc_status st;
  if (!init(&st) || CALL(st, cuDeviceGet, &d->device, ordinal) ||
      CALL(st, cuDeviceGetName, d->name, sizeof d->name, d->device) ||
      CALL(st, cuDeviceGetAttribute, &d->major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
           d->device) ||
      CALL(st, cuDeviceGetAttribute, &d->minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
           d->device) ||
      CALL(st, cuDeviceTotalMem_v2, &d->memory, d->device) ||
      CALL(st, cuDeviceGetUuid_v2, &d->uuid, d->device) ||
      CALL(st, cuDeviceGetPCIBusId, d->pci, sizeof d->pci, d->device) ||
      CALL(st, cuDevicePrimaryCtxRetain, &d->ctx, d->device)) {
    return st;
  }
  return ok;
}

ndc_status ndc_device_release(CUdevice device) {
  if (forked) {
    return ok;
  }
  ndc_status st;
  CALL(st, cuDevicePrimaryCtxRelease_v2, device);
  return st;
}

ndc_memory_info ndc_memory(CUcontext ctx) {
  ndc_memory_info m = {ok, 0, 0};
  if (enter(&m.status, ctx)) {
    CALL(m.status, cuMemGetInfo_v2, &m.free, &m.total);
    leave();
  }
  return m;
}

ndc_status ndc_synchronize(CUcontext ctx) {
  ndc_status st = ok;
  if (enter(&st, ctx)) {
    CALL(st, cuCtxSynchronize);
    leave();
  }
  return st;
}

ndc_pointer ndc_alloc(CUcontext ctx, size_t size) {
  ndc_pointer p = {ok, 0};
  if (enter(&p.status, ctx)) {
    CUdeviceptr ptr = 0;
    if (!CALL(p.status, cuMemAlloc_v2, &ptr, size)) {
      p.ptr = (uintptr_t)ptr;
    }
    leave();
  }
  return p;
}

ndc_pointer ndc_host_alloc(CUcontext ctx, size_t size) {
  ndc_pointer p = {ok, 0};
  if (enter(&p.status, ctx)) {
    void *ptr = NULL;
    // Portable: the memory is pinned for all devices.
    if (!CALL(p.status, cuMemHostAlloc, &ptr, size, CU_MEMHOSTALLOC_PORTABLE)) {
      p.ptr = (uintptr_t)ptr;
    }
    leave();
  }
  return p;
}

// WITHIN defines a function that is one call of the driver within a context.
#define WITHIN(function, params, name, ...)         \
  ndc_status function params {                      \
    ndc_status st = ok;                             \
    if (enter(&st, ctx)) {                          \
      CALL(st, name, __VA_ARGS__);                  \
      leave();                                      \
    }                                               \
    return st;                                      \
  }

WITHIN(ndc_free, (CUcontext ctx, uintptr_t ptr), cuMemFree_v2, (CUdeviceptr)ptr)
WITHIN(ndc_host_free, (CUcontext ctx, uintptr_t ptr), cuMemFreeHost, (void *)ptr)
WITHIN(ndc_host_register, (CUcontext ctx, uintptr_t ptr, size_t size, bool read_only),
       cuMemHostRegister_v2, (void *)ptr, size,
       CU_MEMHOSTREGISTER_PORTABLE | (read_only ? CU_MEMHOSTREGISTER_READ_ONLY : 0))
WITHIN(ndc_host_unregister, (CUcontext ctx, uintptr_t ptr), cuMemHostUnregister, (void *)ptr)
WITHIN(ndc_stream_destroy, (CUcontext ctx, CUstream stream), cuStreamDestroy_v2, stream)
WITHIN(ndc_stream_synchronize, (CUcontext ctx, CUstream stream), cuStreamSynchronize, stream)
WITHIN(ndc_stream_query, (CUcontext ctx, CUstream stream), cuStreamQuery, stream)
WITHIN(ndc_event_query, (CUcontext ctx, CUevent event), cuEventQuery, event)
WITHIN(ndc_event_synchronize, (CUcontext ctx, CUevent event), cuEventSynchronize, event)
WITHIN(ndc_event_destroy, (CUcontext ctx, CUevent event), cuEventDestroy_v2, event)

ndc_range ndc_range_of(CUcontext ctx, uintptr_t ptr) {
  ndc_range r = {ok, -1, 0, 0};
  if (!init(&r.status) || (ctx != NULL && !enter(&r.status, ctx))) {
    return r;
  }
  unsigned type = 0;
  int ordinal = -1;
  CUdeviceptr start = 0;
  CUpointer_attribute attributes[] = {
      CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
      CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, CU_POINTER_ATTRIBUTE_RANGE_SIZE};
  void *data[] = {&type, &ordinal, &start, &r.size};
  if (!CALL(r.status, cuPointerGetAttributes, 4, attributes, data, ptr) &&
      type == CU_MEMORYTYPE_DEVICE) {
    r.ordinal = ordinal;
    r.start = (uintptr_t)start;
  }
  if (ctx != NULL) {
    leave();
  }
  return r;
}

ndc_new_stream ndc_stream_new(CUcontext ctx) {
  ndc_new_stream s = {ok, NULL};
  if (enter(&s.status, ctx)) {
    // Without an order between it and the default stream, as TensorFlow's.
    CALL(s.status, cuStreamCreate, &s.stream, CU_STREAM_NON_BLOCKING);
    leave();
  }
  return s;
}

ndc_elapsed ndc_event_elapsed(CUcontext ctx, CUevent start, CUevent end) {
  ndc_elapsed e = {ok, 0};
  if (enter(&e.status, ctx)) {
    CALL(e.status, cuEventElapsedTime, &e.ms, start, end);
    leave();
  }
  return e;
}

static void enable_one(CUcontext ctx, CUdevice device, CUcontext peer, CUdevice peer_device) {
  int can = 0;
  ndc_status st;
  if (!CALL(st, cuDeviceCanAccessPeer, &can, device, peer_device) && can && enter(&st, ctx)) {
    CALL(st, cuCtxEnablePeerAccess, peer, 0);
    leave();
  }
}

void ndc_peer_enable(CUcontext a, CUdevice a_device, CUcontext b, CUdevice b_device) {
  if (!forked) {
    enable_one(a, a_device, b, b_device);
    enable_one(b, b_device, a, a_device);
  }
}

// start puts the work on its stream; true where that has failed.
static bool start(ndc_status *st, const ndc_work *w) {
  switch (w->kind) {
    case NDC_HOST_TO_DEVICE:
      return CALL(*st, cuMemcpyHtoDAsync_v2, w->dst, (const void *)w->src, w->size, w->stream);
    case NDC_DEVICE_TO_HOST:
      return CALL(*st, cuMemcpyDtoHAsync_v2, (void *)w->dst, w->src, w->size, w->stream);
    case NDC_DEVICE_TO_DEVICE:
      return CALL(*st, cuMemcpyDtoDAsync_v2, w->dst, w->src, w->size, w->stream);
    case NDC_PEER:
      return CALL(*st, cuMemcpyPeerAsync, w->dst, w->dst_ctx, w->src, w->src_ctx, w->size,
                  w->stream);
    case NDC_ZERO:
      return CALL(*st, cuMemsetD8Async, w->dst, 0, w->size, w->stream);
    case NDC_WAIT:
      return CALL(*st, cuStreamWaitEvent, w->stream, w->wait_for, 0);
    case NDC_NOTHING:
      break;
  }
  return false;
}

ndc_enqueued ndc_enqueue(ndc_work w) {
  ndc_enqueued r = {.event = w.event};
  if (!enter(&r.status, w.ctx)) {
    return r;
  }
  // All that can fail without harm comes first: a copy without an event behind
  // it is one that nobody can wait for.
  if (w.event == NULL && CALL(r.status, cuEventCreate, &r.event, w.event_flags)) {
    r.event = NULL;
    leave();
    return r;
  }
  r.tried = true;
  if (start(&r.status, &w)) {
    leave();
    return r;
  }
  r.started = true;
  r.recorded = !CALL(r.status, cuEventRecord, r.event, w.stream);
  if (w.wait || !r.recorded) {
    ndc_status st;
    r.done = !CALL(st, cuStreamSynchronize, w.stream);
    if (r.recorded) {
      r.status = st;
    }
  }
  for (int i = 0; i < 2 && w.oldest[i] != NULL; i++) {
    if (cuEventQuery(w.oldest[i]) != CUDA_SUCCESS) {
      break;
    }
    r.passed++;
  }
  leave();
  return r;
}
