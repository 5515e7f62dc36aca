// The functions of the fake that the driver does not have: settings, failures
// and counters, for tests. They go past the checks of calls.

#ifndef NDFLOW_FAKECUDA_CONTROL_H_
#define NDFLOW_FAKECUDA_CONTROL_H_

#include "fakecuda.h"

// F(type, name, (parameters), (arguments))
#define FC_CONTROL(F)                                                         \
  /* sets "devices", "memory", "driver", "major", "minor", "seed", "late" or  \
     "held"; false: there is no such setting, or no such value */             \
  F(bool, fakecuda_set, (const char *key, int64_t value), (key, value))       \
  /* lets the nth call from now of a function fail; 0: none does */           \
  F(bool, fakecuda_fail, (const char *call, int64_t nth, int code),           \
    (call, nth, code))                                                        \
  /* loses the device in the middle of the nth copy from now; 0: never */     \
  F(bool, fakecuda_lose, (int64_t nth, int code), (nth, code))                \
  /* ends a device's primary context, as another library may */               \
  F(bool, fakecuda_destroy, (int device), (device))                           \
  F(bool, fakecuda_counters, (fc_counters * to), (to))                        \
  /* how often a function was called; -1: there is none of that name */       \
  F(int64_t, fakecuda_calls, (const char *call), (call))                      \
  /* drops all contexts, counters and failures, and sets the defaults */      \
  F(bool, fakecuda_reset, (void), ())                                         \
  /* reads and writes device memory past all queues */                        \
  F(bool, fakecuda_read, (void *to, uint64_t from, size_t n), (to, from, n))  \
  F(bool, fakecuda_write, (uint64_t to, const void *from, size_t n),          \
    (to, from, n))                                                            \
  /* lets the host touch the allocation at p, or no more */                   \
  F(bool, fakecuda_touchable, (uint64_t p, bool on), (p, on))

#endif  // NDFLOW_FAKECUDA_CONTROL_H_
