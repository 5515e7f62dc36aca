// Compiled, not run, against CUDA's own header, where there is one: each function
// of the list in capi.h must have the type, and each constant the value, that
// cuda.h gives it. With the header of the wheel nvidia-cuda-runtime-cu12:
//
//	gcc -std=gnu11 -fsyntax-only -Wall -Werror -isystem nvidia/cuda_runtime/include -I. testdata/prototypes.c

#define NDC_HAVE_CUDA_HEADERS
#include <cuda.h>

#include "capi.h"

#define SAME(name, params, args)                                               \
  _Static_assert(__builtin_types_compatible_p(                                 \
                     __typeof__(&name), __typeof__(((ndc_cuda_api *)0)->name)), \
                 #name " has another prototype in cuda.h");
NDC_CUDA(SAME)

#define VALUE(name, value) _Static_assert(name == value, #name " is another number in cuda.h");
NDC_CONSTANTS(VALUE)
