// String tensors. Their memory is an array of TF_TString, 24 bytes each: a
// string of up to 22 bytes lies inside, a longer one in malloc'd memory.

#ifndef NDFLOW_TFC_TSTRING_H_
#define NDFLOW_TFC_TSTRING_H_

#include "capi.h"

// ndf_tstring has the layout of TF_TString in every 2.x library since 2.4; the
// low two bits of the first byte are the kind. TestPrototypes checks it.
typedef union {
  struct {
    uint8_t size;  // size << 2 | NDF_TSTR_SMALL
    char str[23];
  } small;
  struct {
    size_t size;  // size << 2 | NDF_TSTR_LARGE
    size_t cap;
    char *ptr;
  } large;
  struct {
    uint32_t size;    // size << 2 | NDF_TSTR_OFFSET
    uint32_t offset;  // from the TF_TString's own address
    uint32_t count;
  } offset;
  struct {
    size_t size;  // size << 2 | NDF_TSTR_VIEW
    const char *ptr;
    void *owner;
  } view;
} ndf_tstring;

enum {
  NDF_TSTR_SMALL = 0,
  NDF_TSTR_LARGE = 1,
  NDF_TSTR_OFFSET = 2,
  NDF_TSTR_VIEW = 3,
  NDF_TSTR_MASK = 3,
  NDF_TSTR_SMALL_MAX = 22,
};

// ndf_strings_new returns n empty strings, aligned for TensorFlow, or NULL.
ndf_tstring *ndf_strings_new(size_t n);

// ndf_strings_grow makes strings[0..n) of kind LARGE real: their ptr is an
// offset in staging, from which the bytes are copied into memory of their own.
// Strings of other kinds are left alone. False when memory runs out; the
// strings not made are empty then.
bool ndf_strings_grow(ndf_tstring *strings, size_t n, const char *staging);

// ndf_strings_tensor returns a tensor that owns strings and frees them when
// TensorFlow is done with them. On failure they are freed at once.
TF_Tensor *ndf_strings_tensor(ndf_tstring *strings, size_t n,
                              const int64_t *dims, int num_dims);

// ndf_strings_free frees what ndf_strings_new gave.
void ndf_strings_free(ndf_tstring *strings, size_t n);

#endif  // NDFLOW_TFC_TSTRING_H_
