// Brings a step's results to where they belong: the results of a session's
// step, or those of an op that is executed eagerly.

#ifndef NDFLOW_TFC_LAND_H_
#define NDFLOW_TFC_LAND_H_

#include "feed.h"
#include "place.h"

enum { TF_STRING = 7 };

// A fetched tensor.
typedef struct {
  TF_DataType dtype;
  // Where it lands: dst_size bytes at dst, seen as an array of dst_dims. A
  // tensor that does not land is kept for the caller. So is one that lands
  // with dst NULL (strings), once it was checked to fit.
  bool lands;
  int dst_num_dims;
  void *dst;
  size_t dst_size;
  ndf_place *place;   // what dst is to TensorFlow in a step that places
  ndf_hold *escaped;  // TensorFlow has kept dst, until the hold is not busy
  // What the last step gave.
  ndf_why why;        // it was copied
  bool dirty;         // it has failed, and has perhaps written to dst
  int num_dims;
  size_t size;
  TF_Tensor *kept;
  // What all steps gave: how many results of each kind.
  uint64_t num_placed, num_copied, num_kept;
  int64_t dims[NDF_MAX_DIMS];
  int64_t dst_dims[NDF_MAX_DIMS];
} ndf_fetch;

typedef enum {
  NDF_DONE = 0,
  NDF_STATUS,      // TensorFlow failed; the plan's status says why
  NDF_WRONG_DTYPE, // the result of fetch number `failed` is not of its dst's dtype
  NDF_TOO_SMALL,   // the result of fetch number `failed` has more bytes than its dst
  NDF_WRONG_SHAPE, // the result of fetch number `failed` does not fit its dst's shape
  NDF_STILL_HELD,  // TensorFlow still holds the array of feed number `failed`
  NDF_KEPT,        // it has kept, or still holds, the dst of fetch number `failed`
  NDF_NO_MEMORY,
  NDF_CLOSED,      // a tensor that is needed was closed
  NDF_BUSY,        // a tensor that is to be replaced is in use
  NDF_ABANDONED,   // ndf_plan_abandon came first: nothing was landed or kept
} ndf_result;

// What lands, and where.
typedef struct ndf_landing {
  bool is_inline;  // the step runs on the calling thread
  // The step's operations have no state, and no result was ever kept: nothing
  // of TensorFlow's or of the caller's can share the memory of what was fed.
  bool shares_nothing;
  int num_fetches;
  ndf_fetch *fetches;
  TF_Tensor **values;  // what the step has given, until it is clear of them
  TF_Status *status;   // the step's
  int failed;
  TF_DataType failed_dtype;  // what the result was, with NDF_WRONG_DTYPE
  // Arrays that were fed, and may be shared with results; none for an op, whose
  // caller knows that its results may share.
  int num_feeds;
  const ndf_feed *feeds;
  ndf_placing placing;
} ndf_landing;

// ndf_landing_init makes room for so many results; false when memory runs out.
bool ndf_landing_init(ndf_landing *l, int num_fetches);

// ndf_landing_free deletes what is kept, and all that init has made.
void ndf_landing_free(ndf_landing *l);

// ndf_landing_forget deletes what the last step has kept.
void ndf_landing_forget(ndf_landing *l);

// ndf_landing_check looks, before a step, for results that cannot land:
// TensorFlow has kept the memory, and would see it change.
ndf_result ndf_landing_check(ndf_landing *l);

// ndf_landing_clear deletes what the step has given and nobody has kept.
void ndf_landing_clear(ndf_landing *l);

// ndf_same_dtype reports whether elements of a TensorFlow type are of an array's
// dtype: quantized ones are stored as plain integers.
bool ndf_same_dtype(TF_DataType have, TF_DataType array);

// ndf_fits checks a result against the array it is to land in. A flat array
// takes any shape; any other must agree beyond axis 0.
ndf_result ndf_fits(int dst_num_dims, const int64_t *dst_dims, size_t dst_size,
                    size_t size, int num_dims, const int64_t *dims);

// ndf_land brings the results to where they belong: all of them, or none.
ndf_result ndf_land(ndf_landing *l);

#endif  // NDFLOW_TFC_LAND_H_
