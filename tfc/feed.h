// An array that a step is fed.

#ifndef NDFLOW_TFC_FEED_H_
#define NDFLOW_TFC_FEED_H_

#include "capi.h"
#include "hold.h"

enum { NDF_MAX_DIMS = 254 };  // TensorFlow's own limit

// What a step touches lies together, dims last, so that it is in few cache
// lines: a small step shares the cache with a few hundred others.

// A fed array.
typedef struct {
  TF_DataType dtype;
  int num_dims;
  void *data;
  size_t size;
  TF_Tensor *copy;  // ours alone, or shared with TensorFlow, see refill
  void *copy_data;  // its memory
  ndf_hold *hold;   // counts how often TensorFlow was given data itself
  bool in_place;    // give TensorFlow data itself; else a copy
  bool on_trial;    // copied until a step shows that TensorFlow keeps nothing
  bool read_only;   // nobody writes to data, so TensorFlow may keep it
  int64_t dims[NDF_MAX_DIMS];
} ndf_feed;

#endif  // NDFLOW_TFC_FEED_H_
