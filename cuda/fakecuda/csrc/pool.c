// Handles that are known to be stale after their object has gone.

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fakecuda.h"

enum { kSlots = 1 << 20, kQuarantine = 1 << 14 };

void *fc_pool_get(fc_pool *pool, size_t size) {
  if (pool->base == NULL) {
    pool->size = size;
    pool->base = mmap(NULL, size * kSlots, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pool->freed = mmap(NULL, sizeof *pool->freed * kSlots,
                       PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pool->base == MAP_FAILED || pool->freed == MAP_FAILED) {
      fc_violation(fc_now, "the fake itself has no memory for handles");
    }
  }
  uint32_t slot;
  if (pool->waiting > kQuarantine || pool->used == kSlots) {
    if (pool->waiting == 0) {
      fc_violation(fc_now, "%d handles are alive; they are leaked", kSlots);
    }
    slot = pool->freed[pool->first];
    pool->first = (pool->first + 1) % kSlots;
    pool->waiting--;
  } else {
    slot = pool->used++;
  }
  void *object = pool->base + slot * size;
  memset(object, 0, size);
  return object;
}

void fc_pool_put(fc_pool *pool, void *object) {
  size_t slot = (size_t)((char *)object - pool->base) / pool->size;
  pool->freed[(pool->first + pool->waiting) % kSlots] = (uint32_t)slot;
  pool->waiting++;
}

bool fc_pool_has(const fc_pool *pool, const void *object) {
  uintptr_t p = (uintptr_t)object, base = (uintptr_t)pool->base;
  return pool->base != NULL && p >= base &&
         p < base + pool->used * pool->size && (p - base) % pool->size == 0;
}
