// The ranges of memory that the driver knows, by address.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakecuda.h"

// What was freed last, for better messages about what is used after.
enum { kFreed = 1024 };
static fc_range freed[kFreed];
static size_t nfreed;

// after gives the index of the first range that begins behind p.
static size_t after(uintptr_t p) {
  size_t lo = 0, hi = fc.nranges;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (fc.ranges[mid]->base <= p) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
  }
  return lo;
}

fc_range *fc_range_at(uintptr_t p) {
  size_t i = after(p);
  if (i == 0) {
    return NULL;
  }
  fc_range *r = fc.ranges[i - 1];
  return p - r->base < r->size ? r : NULL;
}

fc_range *fc_range_overlapping(uintptr_t p, size_t size) {
  fc_range *r = fc_range_at(p);
  if (r != NULL) {
    return r;
  }
  size_t i = after(p);
  return i < fc.nranges && fc.ranges[i]->base - p < size ? fc.ranges[i] : NULL;
}

static void count(const fc_range *r, int sign) {
  int64_t bytes = sign * (int64_t)r->size;
  switch (r->kind) {
    case FC_DEVICE_MEMORY:
      fc.count.allocations += sign;
      fc.count.allocated_bytes += bytes;
      break;
    case FC_PINNED:
      fc.count.pinned += sign;
      fc.count.pinned_bytes += bytes;
      break;
    case FC_REGISTERED:
      fc.count.registered += sign;
  }
}

fc_range *fc_range_add(uintptr_t base, size_t size, fc_kind kind,
                       fc_context *c, unsigned flags) {
  if (fc.nranges == fc.ranges_room) {
    fc.ranges_room = fc.ranges_room == 0 ? 64 : 2 * fc.ranges_room;
    fc.ranges = realloc(fc.ranges, fc.ranges_room * sizeof *fc.ranges);
  }
  fc_range *r = calloc(1, sizeof *r);
  if (fc.ranges == NULL || r == NULL) {
    fc_violation(fc_now, "the fake itself is out of memory");
  }
  *r = (fc_range){.base = base,
                  .size = size,
                  .kind = kind,
                  .context = c,
                  .flags = flags,
                  .id = ++fc.next_id};
  size_t i = after(base);
  memmove(&fc.ranges[i + 1], &fc.ranges[i],
          (fc.nranges - i) * sizeof *fc.ranges);
  fc.ranges[i] = r;
  fc.nranges++;
  count(r, 1);
  return r;
}

// fc_range_remove forgets r and gives back the memory behind it, if it is the
// fake's. No queued operation may use r.
void fc_range_remove(fc_range *r) {
  size_t i = after(r->base) - 1;
  memmove(&fc.ranges[i], &fc.ranges[i + 1],
          (fc.nranges - i - 1) * sizeof *fc.ranges);
  fc.nranges--;
  count(r, -1);
  freed[nfreed++ % kFreed] = *r;
  if (r->kind == FC_DEVICE_MEMORY) {
    fc_devmem_give(r->context->device, r->base, r->size);
  } else if (r->kind == FC_PINNED) {
    fc_pinned_release(r->base, r->size);
  }
  free(r);
}

// fc_ranges_end frees what a context owns; its own queues are empty by then,
// but a copy between devices may be queued in another context.
void fc_ranges_end(fc_context *c, bool by_owner) {
  for (size_t i = fc.nranges; i > 0; i--) {
    fc_range *r = fc.ranges[i - 1];
    if (r->context != c) {
      continue;
    }
    if (r->pending > 0 && by_owner) {
      fc_violation(fc_now,
                   "0x%zx goes with its context, but is in use by %d queued "
                   "operations of another",
                   r->base, r->pending);
    }
    if (r->pending > 0) {
      fc_lose_users(r);
    }
    fc_range_remove(r);
  }
}

static const char *kind_name(fc_kind kind) {
  switch (kind) {
    case FC_DEVICE_MEMORY:
      return "device memory";
    case FC_PINNED:
      return "pinned host memory";
    default:
      return "registered host memory";
  }
}

// fc_range_describe says what lies at p.
void fc_range_describe(uintptr_t p, char *text, size_t room) {
  fc_range *r = fc_range_at(p);
  if (r != NULL) {
    snprintf(text, room, "%s of device %d, %zu bytes at 0x%zx",
             kind_name(r->kind), r->context->device, r->size, r->base);
    return;
  }
  size_t known = nfreed < kFreed ? nfreed : kFreed;
  for (size_t i = 1; i <= known; i++) {
    fc_range *f = &freed[(nfreed - i) % kFreed];
    if (p - f->base < f->size) {
      snprintf(text, room, "%s that was freed, %zu bytes at 0x%zx",
               kind_name(f->kind), f->size, f->base);
      return;
    }
  }
  CUdevice d = fc_devmem_owner(p);
  if (d >= 0) {
    snprintf(text, room, "an address of device %d that is not allocated", d);
  } else {
    snprintf(text, room, "pageable host memory");
  }
}
