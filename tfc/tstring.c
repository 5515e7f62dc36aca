#include "tstring.h"

#include <stdlib.h>
#include <string.h>

ndf_tstring *ndf_strings_new(size_t n) {
  // aligned_alloc wants a multiple of the alignment, and more than nothing.
  size_t size = (n * sizeof(ndf_tstring) + 64) & ~(size_t)63;
  ndf_tstring *strings = aligned_alloc(64, size);
  if (strings != NULL) {
    memset(strings, 0, size);  // all zero is the empty small string
  }
  return strings;
}

bool ndf_strings_grow(ndf_tstring *strings, size_t n, const char *staging) {
  for (size_t i = 0; i < n; i++) {
    ndf_tstring *s = &strings[i];
    if ((s->small.size & NDF_TSTR_MASK) != NDF_TSTR_LARGE) {
      continue;
    }
    size_t size = s->large.size >> 2;
    char *p = malloc(size + 1);
    if (p == NULL) {
      for (; i < n; i++) {  // their ptr is no pointer yet
        if ((strings[i].small.size & NDF_TSTR_MASK) == NDF_TSTR_LARGE) {
          memset(&strings[i], 0, sizeof *strings);
        }
      }
      return false;
    }
    memcpy(p, staging + (uintptr_t)s->large.ptr, size);
    p[size] = '\0';
    s->large.cap = size;
    s->large.ptr = p;
  }
  return true;
}

void ndf_strings_free(ndf_tstring *strings, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if ((strings[i].small.size & NDF_TSTR_MASK) == NDF_TSTR_LARGE) {
      free(strings[i].large.ptr);
    }
  }
  free(strings);
}

static void dealloc_strings(void *data, size_t len, void *arg) {
  (void)arg;
  ndf_strings_free(data, len / sizeof(ndf_tstring));
}

TF_Tensor *ndf_strings_tensor(ndf_tstring *strings, size_t n,
                              const int64_t *dims, int num_dims) {
  enum { TF_STRING = 7 };
  // On failure TF_NewTensor calls the deallocator itself.
  return TF_NewTensor(TF_STRING, dims, num_dims, strings,
                      n * sizeof(ndf_tstring), dealloc_strings, NULL);
}
