#include "copy.h"

#include <stdint.h>

size_t ndf_stream_size = SIZE_MAX;

#ifdef __SSE2__

#include <cpuid.h>
#include <emmintrin.h>

// Where the processor does not say what its largest cache is.
enum { DEFAULT_CACHE = 32 << 20 };

// last_cache returns the size of the largest cache that the processor's leaf on
// caches lists: Intel's, and AMD's, which has the same form. The system's own
// figure is not asked for, since it can be that of several caches together.
static size_t last_cache(unsigned leaf) {
  size_t largest = 0;
  for (unsigned i = 0; i < 16; i++) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(leaf, i, &a, &b, &c, &d) || (a & 31) == 0) {
      break;
    }
    size_t line = (b & 0xfff) + 1, parts = ((b >> 12) & 0x3ff) + 1;
    size_t ways = (b >> 22) + 1, sets = (size_t)c + 1;
    size_t size = line * parts * ways * sets;
    largest = size > largest ? size : largest;
  }
  return largest;
}

__attribute__((constructor)) static void find_stream_size(void) {
  enum { INTEL = 4, AMD = 0x8000001d };
  size_t cache = last_cache(INTEL);
  if (cache == 0) {
    cache = last_cache(AMD);
  }
  if (cache == 0) {
    cache = DEFAULT_CACHE;
  }
  ndf_stream_size = cache / 4 * 3;
}

void ndf_stream(void *dst, const void *src, size_t n) {
  enum { BLOCK = 64, AHEAD = 16 * BLOCK };
  char *to = dst;
  const char *from = src;
  size_t head = -(uintptr_t)to % BLOCK;
  if (head > n) {
    head = n;
  }
  memcpy(to, from, head);
  for (to += head, from += head, n -= head; n >= BLOCK;
       to += BLOCK, from += BLOCK, n -= BLOCK) {
    _mm_prefetch(from + AHEAD, _MM_HINT_NTA);
    __m128i a = _mm_loadu_si128((const __m128i *)from);
    __m128i b = _mm_loadu_si128((const __m128i *)from + 1);
    __m128i c = _mm_loadu_si128((const __m128i *)from + 2);
    __m128i d = _mm_loadu_si128((const __m128i *)from + 3);
    _mm_stream_si128((__m128i *)to, a);
    _mm_stream_si128((__m128i *)to + 1, b);
    _mm_stream_si128((__m128i *)to + 2, c);
    _mm_stream_si128((__m128i *)to + 3, d);
  }
  _mm_sfence();  // these stores are in no order with others
  memcpy(to, from, n);
}

#else

void ndf_stream(void *dst, const void *src, size_t n) { memcpy(dst, src, n); }

#endif
