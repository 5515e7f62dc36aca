// A prepared step: what to feed, what to fetch and where results land, all in
// C memory, so that running it is one call and allocates nothing in Go.

#ifndef NDFLOW_TFC_PLAN_H_
#define NDFLOW_TFC_PLAN_H_

#include "capi.h"
#include "hold.h"
#include "place.h"

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
  NDF_TOO_SMALL,   // the result of fetch number `failed` has more bytes than its dst
  NDF_WRONG_SHAPE, // the result of fetch number `failed` does not fit its dst's shape
  NDF_STILL_HELD,  // TensorFlow still holds the array of feed number `failed`
  NDF_KEPT,        // it has kept, or still holds, the dst of fetch number `failed`
  NDF_NO_MEMORY,
  NDF_ABANDONED,   // ndf_plan_abandon came first: nothing was landed or kept
} ndf_result;

typedef struct ndf_plan {
  TF_Session *session;
  TF_Buffer run_options;
  uint8_t run_options_bytes[32];
  bool is_inline;  // the run options say that the step runs on the calling thread
  int num_feeds;
  TF_Output *feed_outputs;
  TF_Tensor **feed_values;
  ndf_feed *feeds;
  int num_fetches;
  TF_Output *fetch_outputs;
  TF_Tensor **fetch_values;
  ndf_fetch *fetches;
  int num_targets;
  const TF_Operation **targets;
  // The step's operations have no state, and no result was ever kept: nothing
  // of TensorFlow's or of the caller's can share the memory of what was fed.
  bool shares_nothing;
  TF_Status *status;
  int failed;
  ndf_result result;  // of the last step that ndf_plan_run_at ran
  atomic_int phase;
  ndf_placing placing;
} ndf_plan;

// ndf_plan_new returns a plan with room for so many feeds, fetches and
// targets, to be filled by the caller; NULL when memory runs out.
ndf_plan *ndf_plan_new(TF_Session *session, int num_feeds, int num_fetches,
                       int num_targets);

// ndf_plan_free must not run beside ndf_plan_run. Kept tensors are deleted.
void ndf_plan_free(ndf_plan *p);

// ndf_plan_run runs the step once. When it returns NDF_DONE each result is in
// its dst or kept; otherwise nothing is kept, and no dst was written to but
// those of fetches that are dirty.
ndf_result ndf_plan_run(ndf_plan *p);

// ndf_plan_run_at is ndf_plan_run for Go, with the result left in the plan. A
// step of microseconds finds little in the caches, so each line of code around
// it counts: cgo looks at pointer arguments, and at the stack again after a
// call that returns something, but not here.
static inline void ndf_plan_run_at(uintptr_t plan) {
  ((ndf_plan *)plan)->result = ndf_plan_run((ndf_plan *)plan);
}

// ndf_plan_arm says, before a step, that ndf_plan_abandon may be called beside
// it. Steps that were not armed skip what that costs.
void ndf_plan_arm(ndf_plan *p);

// ndf_plan_abandon makes an armed step drop its results, or not run at all.
// False means that it was too late: results are landing, or the step is over.
bool ndf_plan_abandon(ndf_plan *p);

#endif  // NDFLOW_TFC_PLAN_H_
