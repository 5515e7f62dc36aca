// Copies what cannot be placed.

#ifndef NDFLOW_TFC_COPY_H_
#define NDFLOW_TFC_COPY_H_

#include <stddef.h>
#include <string.h>

// What has this many bytes or more is streamed past the caches: three quarters
// of the largest one, where source and destination do not fit in by far.
// SIZE_MAX on machines without such stores.
extern size_t ndf_stream_size;

// ndf_stream copies n bytes past the caches.
void ndf_stream(void *dst, const void *src, size_t n);

// ndf_copy copies n bytes between memory that does not overlap, the fastest way
// for that size. memcpy streams as well, but on some machines only far beyond
// the size from which that is faster.
static inline void ndf_copy(void *dst, const void *src, size_t n) {
  if (n < ndf_stream_size) {
    if (n > 0) {
      memcpy(dst, src, n);
    }
    return;
  }
  ndf_stream(dst, src, n);
}

#endif  // NDFLOW_TFC_COPY_H_
