// A cell that holds a TFE_TensorHandle, so that ops which run often are told once
// where their inputs and outputs are, though the handles change.

#ifndef NDFLOW_TFC_HANDLE_H_
#define NDFLOW_TFC_HANDLE_H_

#include <stdatomic.h>

#include "land.h"

// The cell is in C memory and belongs to a Go object. Whoever uses the handle
// takes it, on any thread; closing it meanwhile leaves the deletion to the last.
typedef struct {
  TFE_TensorHandle *handle;
  atomic_uint state;  // the number of users, and the bits below
} ndf_handle;

enum { NDF_HANDLE_CLOSED = 1u << 31, NDF_HANDLE_SWAPPING = 1u << 30 };

// ndf_handle_new returns a cell for h, which may be NULL: an empty cell.
ndf_handle *ndf_handle_new(TFE_TensorHandle *h);

// ndf_handle_close deletes the handle as soon as nobody uses it. Only the first
// call does anything.
void ndf_handle_close(ndf_handle *c);

// ndf_handle_take returns the handle, to be given back; NULL when the cell is
// empty, closed or being swapped.
TFE_TensorHandle *ndf_handle_take(ndf_handle *c);
void ndf_handle_give(ndf_handle *c);

// ndf_handle_may_swap claims a cell that nobody uses. False when somebody does,
// or when it is closed.
bool ndf_handle_may_swap(ndf_handle *c);

// ndf_handle_swap puts a handle into a claimed cell, and deletes what was there.
// With NULL all stays as it was.
void ndf_handle_swap(ndf_handle *c, TFE_TensorHandle *h);

// What a handle is.
typedef struct {
  TF_DataType dtype;
  int num_dims;  // -1 when it is not known, of a resource say
  int64_t dims[NDF_MAX_DIMS];
} ndf_handle_info;

// ndf_handle_dtype is the type of the elements, which is known before they are; 0
// of a closed or empty cell.
TF_DataType ndf_handle_dtype(ndf_handle *c);

// ndf_handle_weight is the size in bytes of a tensor that is there already; 0 of
// one whose elements have no fixed size.
size_t ndf_handle_weight(TFE_TensorHandle *h, TF_Status *s);

// These wait, where the handle's tensor is still being computed. They return
// false, or NULL, when that has failed: s says why, unless *closed says that the
// cell is closed or empty.
bool ndf_handle_describe(ndf_handle *c, ndf_handle_info *info, bool *closed, TF_Status *s);
TF_Tensor *ndf_handle_resolve(ndf_handle *c, bool *closed, TF_Status *s);

// ndf_handle_into copies the tensor to the front of an array: size bytes at dst,
// whose shape is dst_dims. info tells what the tensor is, also where it does not
// fit.
ndf_result ndf_handle_into(ndf_handle *c, ndf_handle_info *info, TF_DataType dtype,
                           void *dst, size_t size, const int64_t *dst_dims,
                           int dst_num_dims, TF_Status *s);

// A tensor in the memory of its device.
typedef struct {
  TFE_TensorHandle *handle;  // keeps the memory; to be deleted
  const char *device;        // belongs to the handle
  uintptr_t address;
  size_t size;
  ndf_handle_info info;
} ndf_in_place;

// ndf_handle_in_place tells where the tensor lies, once it has been computed.
// NDF_WRONG_DTYPE says that its elements have no fixed size.
ndf_result ndf_handle_in_place(ndf_handle *c, ndf_in_place *m, TF_Status *s);

#endif  // NDFLOW_TFC_HANDLE_H_
