// A fake of the CUDA driver for tests: what its files share.
//
// There is one lock. Every exported function of the driver API takes it with
// FC_ENTER, which counts the call and gives the answers that every call can
// give (not initialised, no context, the context is lost, a failure that the
// test asked for), and gives it back with fc_leave.

#ifndef NDFLOW_FAKECUDA_H_
#define NDFLOW_FAKECUDA_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"
#include "codes.h"

#define FC_EXPORT __attribute__((visibility("default")))
#define FC_MAX_DEVICES 16

#define FC_DECLARE(name, params, args) FC_EXPORT CUresult name params;
FC_API(FC_DECLARE)
#undef FC_DECLARE

// Objects behind handles. A pool hands a slot out again only after thousands of
// others, so that a handle of something destroyed is seen to be stale.
typedef struct {
  char *base;
  size_t size;  // of one object
  uint32_t used;
  uint32_t *freed;  // slots in the order in which they were given back
  uint32_t first, waiting;
} fc_pool;

void *fc_pool_get(fc_pool *pool, size_t size);
void fc_pool_put(fc_pool *pool, void *object);
bool fc_pool_has(const fc_pool *pool, const void *object);

// How a context ended, or that it has not.
typedef enum { FC_ALIVE = 1, FC_RELEASED, FC_DESTROYED_BY_OTHERS } fc_life;

typedef struct fc_stream fc_stream;

typedef struct fc_context {
  fc_life life;
  CUdevice device;
  int refs;            // primary context: Retain less Release
  CUresult lost;       // sticky error of a lost device, or 0
  uint32_t peers;      // bit n: peer access to device n is enabled
  fc_stream *legacy;   // stream 0
  uint64_t next_seq;   // order of what is put into this context's streams
} fc_context;

typedef enum { FC_DEVICE_MEMORY = 1, FC_PINNED, FC_REGISTERED } fc_kind;

// A range of memory that the driver knows.
typedef struct fc_range {
  uintptr_t base;
  size_t size;  // as asked for
  fc_kind kind;
  fc_context *context;
  unsigned flags;
  uint64_t id;
  int pending;  // queued operations that use it
} fc_range;

// A point in a stream. Recording an event makes one; the event, and whoever
// waits for it, share it.
typedef struct {
  int refs;
  bool passed;
  double ms;  // when it passed
} fc_mark;

typedef struct fc_event {
  bool alive;
  unsigned flags;
  fc_context *context;
  fc_mark *mark;  // of the last record, or NULL
} fc_event;

typedef enum { FC_COPY, FC_FILL, FC_RECORD, FC_WAIT, FC_HOST } fc_op_kind;

typedef struct fc_op {
  struct fc_op *next;
  fc_op_kind kind;
  fc_call call;  // which function queued it
  uint64_t seq;
  uintptr_t dst, src;
  fc_range *dst_range, *src_range;  // NULL: memory that is not pinned
  char *staged;                     // the source, if it was staged
  size_t size, done, part;
  unsigned char value;
  fc_mark *mark;
  void (*fn)(void *);
  void *arg;
  bool *finished;  // set when it is done, for a caller that waits
} fc_op;

struct fc_stream {
  bool alive;
  bool destroyed;  // by its owner; it goes when its queue is empty
  bool running;    // a host function of it runs, without the lock
  unsigned flags;
  fc_context *context;
  fc_op *head, *tail;
  fc_stream *next;  // in fc.streams
  uint64_t before;  // scratch of order.c
};

// When queued work is done.
enum { FC_LATE_ASKED = 0, FC_LATE_THREAD = 1 };

typedef struct {
  int64_t devices, memory, driver, late, seed;
  int64_t major, minor;
} fc_settings;

typedef struct {
  int64_t allocations, allocated_bytes;
  int64_t pinned, pinned_bytes;
  int64_t registered;
  int64_t streams, events;
  int64_t contexts;   // references to primary contexts
  int64_t pushed;     // contexts on the stacks of all threads
  int64_t queued;     // operations in queues
  int64_t orphaned;   // things that were alive when their context ended
  int64_t copies;     // copies begun
  int64_t to_device, to_host, on_device, between_devices;  // bytes copied
  int64_t filled;     // bytes of memset
  int64_t dropped;    // operations that a lost or destroyed context dropped
} fc_counters;

typedef struct {
  bool initialised;
  int pid;
  bool held;
  fc_settings set;
  fc_counters count;
  int64_t calls[FC_CALLS];
  int64_t fail_at[FC_CALLS];  // the call's number; 0: never
  CUresult fail_code[FC_CALLS];
  int64_t lose_at;
  CUresult lose_code;
  uint64_t random;
  fc_context *primary[FC_MAX_DEVICES];
  fc_stream *streams;
  fc_range **ranges;  // by address
  size_t nranges, ranges_room;
  uint64_t next_id;
  fc_pool context_pool, stream_pool, event_pool;
} fc_state;

extern fc_state fc;

// What a call needs before its own checks, and what an injected failure or a
// lost device means for it.
typedef enum {
  FC_ALWAYS = 0,    // works before cuInit
  FC_INIT = 1,      // needs cuInit
  FC_CURRENT = 2,   // needs a current context that is alive
  FC_FINISHES = 4,  // is done even if it fails: what frees, ends or waits
} fc_needs;

CUresult fc_enter(fc_call call, int needs);
CUresult fc_leave(CUresult code);
#define FC_ENTER(name, needs)                        \
  do {                                               \
    CUresult code_ = fc_enter(FC_##name, (needs));   \
    if (code_ != CUDA_SUCCESS) return code_;         \
  } while (0)

// lock and unlock without the checks: for control functions.
void fc_lock(void);
void fc_unlock(void);

// The lock's condition: something may have passed.
void fc_changed(void);
void fc_wait_changed(void);

// The running call of this thread, for messages.
extern _Thread_local fc_call fc_now;

// fc_violation says what is wrong with a call and aborts the process.
_Noreturn void fc_violation(fc_call call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *fc_call_name(fc_call call);
int fc_call_by_name(const char *name);

uint64_t fc_random(uint64_t below);

// control.c
void fc_read_environment(void);

// device.c
bool fc_device_exists(CUdevice device);

// context.c
fc_context *fc_current(void);
bool fc_in_host_function(void);
void fc_host_function_begins(bool begins);
void fc_context_end(fc_context *c, fc_life how);
void fc_context_lose(fc_context *c, CUresult code);
fc_context *fc_context_check(CUcontext c, CUresult *code);
int64_t fc_device_used(CUdevice device);

// ranges.c
fc_range *fc_range_at(uintptr_t p);
fc_range *fc_range_overlapping(uintptr_t p, size_t size);
fc_range *fc_range_add(uintptr_t base, size_t size, fc_kind kind,
                       fc_context *c, unsigned flags);
void fc_range_remove(fc_range *r);
void fc_ranges_end(fc_context *c, bool by_owner);
void fc_range_describe(uintptr_t p, char *text, size_t room);

// device memory behind its addresses: devmem.c
uintptr_t fc_devmem_take(CUdevice device, size_t size);
void fc_devmem_give(CUdevice device, uintptr_t base, size_t size);
char *fc_devmem_shadow(CUdevice device, uintptr_t p);
bool fc_devmem_touchable(uintptr_t base, size_t size, bool on);
CUdevice fc_devmem_owner(uintptr_t p);  // -1: no device's addresses

// hostmem.c
void fc_pinned_release(uintptr_t base, size_t size);
bool fc_host_read(void *to, uintptr_t from, size_t n);
bool fc_host_write(uintptr_t to, const void *from, size_t n);

// work.c
void fc_put(fc_stream *s, fc_op *op);
void fc_drop(fc_context *c);
void fc_lose_users(const fc_range *r);
CUresult fc_wait(bool (*passed)(void *), void *arg, fc_context *c);
void fc_nudge(void);
void fc_mark_release(fc_mark *m);
void fc_thread_wanted(void);

// order.c
void fc_check_order(fc_stream *stream, const fc_op *op);

// streams.c
fc_stream *fc_stream_check(CUstream s);
fc_stream *fc_stream_new(fc_context *c, unsigned flags);
void fc_stream_forget(fc_stream *s);
void fc_streams_end(fc_context *c);
void fc_events_end(fc_context *c);

#endif  // NDFLOW_FAKECUDA_H_
