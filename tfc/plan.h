// A prepared step: what to feed, what to fetch and where results land, all in
// C memory, so that running it is one call and allocates nothing in Go.

#ifndef NDFLOW_TFC_PLAN_H_
#define NDFLOW_TFC_PLAN_H_

#include "land.h"

typedef struct ndf_plan {
  TF_Session *session;
  TF_Buffer run_options;
  uint8_t run_options_bytes[32];
  int num_feeds;
  TF_Output *feed_outputs;
  TF_Tensor **feed_values;
  ndf_feed *feeds;
  TF_Output *fetch_outputs;
  int num_targets;
  const TF_Operation **targets;
  ndf_result result;  // of the last step that ndf_plan_run_at ran
  atomic_int phase;
  ndf_step *step;  // the plugin's part in cancelling it; NULL until it was armed, or with no plugin
  ndf_landing out;
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

// ndf_plan_abandon makes an armed step drop its results, or not run at all. With the
// plugin TensorFlow is told to end the step as well: it does so as soon as the ops
// that it has begun return. False means that it was too late: results are landing, or
// the step is over.
bool ndf_plan_abandon(ndf_plan *p);

#endif  // NDFLOW_TFC_PLAN_H_
