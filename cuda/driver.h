// What Go asks of the driver: one function for each operation, so that it costs
// one transition. A goroutine moves between threads, so that each of them makes
// the context current first, and restores what was current before it returns. A
// context that is no more is found there, before any handle of it is used.

#ifndef NDFLOW_CUDA_DRIVER_H_
#define NDFLOW_CUDA_DRIVER_H_

#include <stdbool.h>

#include "capi.h"

// The code of a function that was not called: this process was forked from one
// that had the driver open, which the driver does not survive.
enum { NDC_FORKED = -1 };

// What became of an operation: the code of the call that failed, and its name.
typedef struct {
  CUresult code;
  const char *call;
} ndc_status;

// ndc_set_forked runs in the child of a fork().
void ndc_set_forked(void);

// ndc_fork_probe forks, asks the driver for its devices in the child, and
// returns the code that the child was given. For tests.
int ndc_fork_probe(void);

typedef struct {
  ndc_status status;
  int n;
} ndc_count;

// ndc_device_count initializes the driver, and counts.
ndc_count ndc_device_count(void);

typedef struct {
  CUdevice device;
  CUcontext ctx;
  int major, minor;
  size_t memory;
  CUuuid uuid;
  char name[256];
  char pci[32];
} ndc_device;

// ndc_device_open initializes the driver and retains the primary context of a
// device; on failure nothing is retained.
ndc_status ndc_device_open(int ordinal, ndc_device *d);
ndc_status ndc_device_release(CUdevice device);

typedef struct {
  ndc_status status;
  size_t free, total;
} ndc_memory_info;

ndc_memory_info ndc_memory(CUcontext ctx);

// ndc_synchronize waits for all work of the context, whoever has put it there.
ndc_status ndc_synchronize(CUcontext ctx);

typedef struct {
  ndc_status status;
  uintptr_t ptr;
} ndc_pointer;

ndc_pointer ndc_alloc(CUcontext ctx, size_t size);
ndc_status ndc_free(CUcontext ctx, uintptr_t ptr);
ndc_pointer ndc_host_alloc(CUcontext ctx, size_t size);
ndc_status ndc_host_free(CUcontext ctx, uintptr_t ptr);
ndc_status ndc_host_register(CUcontext ctx, uintptr_t ptr, size_t size, bool read_only);
ndc_status ndc_host_unregister(CUcontext ctx, uintptr_t ptr);

// Where an address points: ordinal is negative where it is none of a device's
// memory.
typedef struct {
  ndc_status status;
  int ordinal;
  uintptr_t start;
  size_t size;
} ndc_range;

// ctx may be NULL where there is none; the driver may want one.
ndc_range ndc_range_of(CUcontext ctx, uintptr_t ptr);

typedef struct {
  ndc_status status;
  CUstream stream;
} ndc_new_stream;

ndc_new_stream ndc_stream_new(CUcontext ctx);
ndc_status ndc_stream_destroy(CUcontext ctx, CUstream stream);
ndc_status ndc_stream_synchronize(CUcontext ctx, CUstream stream);
ndc_status ndc_stream_query(CUcontext ctx, CUstream stream);

ndc_status ndc_event_query(CUcontext ctx, CUevent event);
ndc_status ndc_event_synchronize(CUcontext ctx, CUevent event);
ndc_status ndc_event_destroy(CUcontext ctx, CUevent event);

typedef struct {
  ndc_status status;
  float ms;
} ndc_elapsed;

ndc_elapsed ndc_event_elapsed(CUcontext ctx, CUevent start, CUevent end);

// ndc_peer_enable lets two devices read each other's memory without the host in
// between, where they can. Where they cannot, copies are slower, no more.
void ndc_peer_enable(CUcontext a, CUdevice a_device, CUcontext b, CUdevice b_device);

typedef enum {
  NDC_NOTHING,  // only the event
  NDC_HOST_TO_DEVICE,
  NDC_DEVICE_TO_HOST,
  NDC_DEVICE_TO_DEVICE,
  NDC_PEER,
  NDC_ZERO,
  NDC_WAIT,  // for an event of another stream
} ndc_work_kind;

// Work for a stream, with an event behind it.
typedef struct {
  CUcontext ctx;
  CUstream stream;
  CUevent event;        // to be used again; NULL: a new one
  unsigned event_flags; // of a new one
  ndc_work_kind kind;
  uintptr_t dst, src;
  size_t size;
  CUcontext dst_ctx, src_ctx;  // of NDC_PEER
  CUevent wait_for;            // of NDC_WAIT
  bool wait;                   // until the work is done
  CUevent oldest[2];  // events that were recorded before; NULL for none
} ndc_work;

typedef struct {
  ndc_status status;
  CUevent event;  // that was given or made, NULL where that failed
  // The driver was given the work: where it finds the device lost it may have
  // begun with it all the same, since it copies pageable memory itself.
  bool tried;
  // The work is on the stream, and may touch its memory until the event has
  // passed, or until the stream is synchronized where recording has failed.
  bool started;
  bool recorded;
  bool done;   // the work is over
  int passed;  // so many of oldest have passed
} ndc_enqueued;

ndc_enqueued ndc_enqueue(ndc_work w);

#endif  // NDFLOW_CUDA_DRIVER_H_
