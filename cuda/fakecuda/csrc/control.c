// Settings, failures and counters.

#include "control.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(type, name, params, args) FC_EXPORT type name params;
FC_CONTROL(DECLARE)
#undef DECLARE

static const fc_settings defaults = {.devices = 1,
                                     .memory = 256 << 20,
                                     .driver = 12040,
                                     .major = 8,
                                     .minor = 6,
                                     .seed = 1};

static bool set(const char *key, int64_t value) {
  const struct {
    const char *key;
    int64_t *at, least, most;
  } settings[] = {
      {"devices", &fc.set.devices, 0, FC_MAX_DEVICES},
      {"memory", &fc.set.memory, 0, INT64_C(1) << 35},
      {"driver", &fc.set.driver, 0, 1000000},
      {"major", &fc.set.major, 0, 99},
      {"minor", &fc.set.minor, 0, 99},
      {"seed", &fc.set.seed, INT64_MIN, INT64_MAX},
      {"late", &fc.set.late, FC_LATE_ASKED, FC_LATE_THREAD},
  };
  if (strcmp(key, "held") == 0) {
    fc.held = value != 0;
    fc_changed();
    return true;
  }
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    if (strcmp(key, settings[i].key) == 0) {
      if (value < settings[i].least || value > settings[i].most) {
        return false;
      }
      *settings[i].at = value;
      fc.random = (uint64_t)fc.set.seed;
      if (fc.set.late == FC_LATE_THREAD) {
        fc_thread_wanted();
      }
      fc_changed();
      return true;
    }
  }
  return false;
}

static bool fail(const char *call, int64_t nth, int code) {
  int i = fc_call_by_name(call);
  if (i < 0 || nth < 0) {
    return false;
  }
  fc.fail_at[i] = nth == 0 ? 0 : fc.calls[i] + nth;
  fc.fail_code[i] = code;
  return true;
}

static bool lose(int64_t nth, int code) {
  if (nth < 0) {
    return false;
  }
  fc.lose_at = nth == 0 ? 0 : fc.count.copies + nth;
  fc.lose_code = code;
  return true;
}

bool fakecuda_set(const char *key, int64_t value) {
  fc_lock();
  bool ok = set(key, value);
  fc_unlock();
  return ok;
}

bool fakecuda_fail(const char *call, int64_t nth, int code) {
  fc_lock();
  bool ok = fail(call, nth, code);
  fc_unlock();
  return ok;
}

bool fakecuda_lose(int64_t nth, int code) {
  fc_lock();
  bool ok = lose(nth, code);
  fc_unlock();
  return ok;
}

bool fakecuda_destroy(int device) {
  fc_lock();
  bool ok = device >= 0 && device < FC_MAX_DEVICES &&
            fc.primary[device] != NULL;
  if (ok) {
    fc_context_end(fc.primary[device], FC_DESTROYED_BY_OTHERS);
  }
  fc_unlock();
  return ok;
}

bool fakecuda_counters(fc_counters *to) {
  fc_lock();
  *to = fc.count;
  fc_unlock();
  return true;
}

int64_t fakecuda_calls(const char *call) {
  fc_lock();
  int i = fc_call_by_name(call);
  int64_t n = i < 0 ? -1 : fc.calls[i];
  fc_unlock();
  return n;
}

// Contexts end as if released. The contexts on the stacks of other threads
// stay there, and stay counted.
bool fakecuda_reset(void) {
  fc_lock();
  for (int d = 0; d < FC_MAX_DEVICES; d++) {
    if (fc.primary[d] != NULL) {
      fc_drop(fc.primary[d]);
    }
  }
  for (int d = 0; d < FC_MAX_DEVICES; d++) {
    if (fc.primary[d] != NULL) {
      fc_context_end(fc.primary[d], FC_RELEASED);
    }
  }
  fc_context *all = (fc_context *)fc.context_pool.base;
  for (uint32_t i = 0; i < fc.context_pool.used; i++) {
    all[i].refs = 0;
  }
  fc.count = (fc_counters){.pushed = fc.count.pushed};
  memset(fc.calls, 0, sizeof fc.calls);
  memset(fc.fail_at, 0, sizeof fc.fail_at);
  fc.lose_at = 0;
  fc.held = false;
  fc.set = defaults;
  fc.random = (uint64_t)fc.set.seed;
  fc_changed();
  fc_unlock();
  return true;
}

static fc_range *allocation(uint64_t p, size_t n) {
  fc_range *r = fc_range_at((uintptr_t)p);
  return r != NULL && r->kind == FC_DEVICE_MEMORY &&
                 n <= r->base + r->size - p
             ? r
             : NULL;
}

bool fakecuda_read(void *to, uint64_t from, size_t n) {
  fc_lock();
  fc_range *r = allocation(from, n);
  if (r != NULL) {
    memcpy(to, fc_devmem_shadow(r->context->device, (uintptr_t)from), n);
  }
  fc_unlock();
  return r != NULL;
}

bool fakecuda_write(uint64_t to, const void *from, size_t n) {
  fc_lock();
  fc_range *r = allocation(to, n);
  if (r != NULL) {
    memcpy(fc_devmem_shadow(r->context->device, (uintptr_t)to), from, n);
  }
  fc_unlock();
  return r != NULL;
}

bool fakecuda_touchable(uint64_t p, bool on) {
  fc_lock();
  fc_range *r = allocation(p, 0);
  bool ok = r != NULL && fc_devmem_touchable(r->base, r->size, on);
  fc_unlock();
  return ok;
}

// A setting in the environment that does not fit is a mistake in a test, and
// found at once.
static void wrong(const char *name, const char *value) {
  fprintf(stderr, "fakecuda: %s: %s is not a value of it\n", name, value);
  abort();
}

static void number(const char *name, const char *key) {
  const char *text = getenv(name);
  if (text == NULL || *text == '\0') {
    return;
  }
  char *end;
  int64_t value = strtoll(text, &end, 0);
  if (*end != '\0' || !set(key, value)) {
    wrong(name, text);
  }
}

// failures reads "cuMemAlloc_v2:3:2,cuInit:1:100": name, which call, code.
static void failures(const char *name) {
  const char *text = getenv(name);
  for (const char *p = text; p != NULL && *p != '\0';) {
    char call[64];
    long long nth;
    int code, used = 0;
    if (sscanf(p, "%63[^:]:%lld:%d%n", call, &nth, &code, &used) != 3 ||
        !fail(call, nth, code)) {
      wrong(name, text);
    }
    p += used;
    p += *p == ',';
  }
}

static void before_fork(void) { fc_lock(); }

// fc_read_environment runs once, before anything else.
void fc_read_environment(void) {
  pthread_atfork(before_fork, fc_unlock, fc_unlock);
  fc.set = defaults;
  fc.random = (uint64_t)fc.set.seed;
  number("FAKECUDA_DEVICES", "devices");
  number("FAKECUDA_MEMORY", "memory");
  number("FAKECUDA_DRIVER", "driver");
  number("FAKECUDA_SEED", "seed");
  number("FAKECUDA_LATE", "late");
  const char *capability = getenv("FAKECUDA_CAPABILITY");
  int major, minor;
  if (capability != NULL && *capability != '\0') {
    if (sscanf(capability, "%d.%d", &major, &minor) != 2 ||
        !set("major", major) || !set("minor", minor)) {
      wrong("FAKECUDA_CAPABILITY", capability);
    }
  }
  failures("FAKECUDA_FAIL");
  const char *lost = getenv("FAKECUDA_LOSE");
  long long nth;
  int code = CUDA_ERROR_LAUNCH_FAILED;
  if (lost != NULL && *lost != '\0' &&
      (sscanf(lost, "%lld:%d", &nth, &code) < 1 || !lose(nth, code))) {
    wrong("FAKECUDA_LOSE", lost);
  }
}
