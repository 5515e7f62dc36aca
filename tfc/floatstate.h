// The floating-point state in which TensorFlow's kernels compute.
//
// TensorFlow sets it on each thread that it starts: results and operands too small
// for a normal number count as zero (flush to zero, denormals are zero), rounding is
// to nearest, and no exception traps. A step that runs on the calling thread needs
// the same, or its results depend on the executor. The caller's own state is
// restored when the step returns.

#ifndef NDFLOW_TFC_FLOATSTATE_H_
#define NDFLOW_TFC_FLOATSTATE_H_

#include <stdint.h>

#if defined(__x86_64__)

#include <xmmintrin.h>

typedef struct {
  uint32_t mxcsr;
  uint16_t x87;
} ndf_float_state;

// All exceptions masked, none raised, round to nearest; flush to zero (bit 15) and
// denormals are zero (bit 6). The x87 unit, which computes long doubles, rounds to
// nearest with full precision.
enum { NDF_MXCSR = 0x1f80 | 1 << 15 | 1 << 6, NDF_X87 = 0x037f };

static inline ndf_float_state ndf_float_state_enter(void) {
  ndf_float_state old = {.mxcsr = _mm_getcsr()};
  __asm__ volatile("fnstcw %0" : "=m"(old.x87));
  _mm_setcsr(NDF_MXCSR);
  if (old.x87 != NDF_X87) {
    const uint16_t x87 = NDF_X87;
    __asm__ volatile("fldcw %0" : : "m"(x87));
  }
  return old;
}

static inline void ndf_float_state_leave(ndf_float_state old) {
  if (old.x87 != NDF_X87) {
    __asm__ volatile("fldcw %0" : : "m"(old.x87));
  }
  _mm_setcsr(old.mxcsr);
}

#elif defined(__aarch64__)

typedef struct {
  uint64_t fpcr, fpsr;
} ndf_float_state;

// Round to nearest, no traps, flush to zero (bit 24).
enum { NDF_FPCR = 1 << 24 };

static inline ndf_float_state ndf_float_state_enter(void) {
  ndf_float_state old;
  __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(old.fpcr), "=r"(old.fpsr));
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)NDF_FPCR));
  return old;
}

static inline void ndf_float_state_leave(ndf_float_state old) {
  __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(old.fpcr), "r"(old.fpsr));
}

#else

typedef struct {
  char none;
} ndf_float_state;

static inline ndf_float_state ndf_float_state_enter(void) { return (ndf_float_state){0}; }
static inline void ndf_float_state_leave(ndf_float_state old) { (void)old; }

#endif

#endif  // NDFLOW_TFC_FLOATSTATE_H_
