// A prepared op: a TFE_Op with its attributes, and the cells of its inputs and
// outputs, all in C memory, so that executing it is one call and allocates nothing
// in Go.

#ifndef NDFLOW_TFC_EAGEROP_H_
#define NDFLOW_TFC_EAGEROP_H_

#include "executor.h"
#include "handle.h"

typedef struct {
  TFE_Op *op;
  TFE_Op *attrs;  // has the attributes; NULL when there are none to set
  bool spent;     // op is still set up as it was executed last
  bool async_context;
  bool async;     // the last run has returned before it was done
  uint64_t executor;    // that it was begun on
  uint64_t set_up_for;  // the one that op was set up for
  char *name;
  char *device;   // NULL for any
  TFE_Context *ctx;
  TFE_CancellationManager *cancel;  // of the next run, or NULL
  int num_inputs;  // tensors, those of lists too
  ndf_handle **inputs;
  TFE_TensorHandle **taken;
  int num_outputs;
  TFE_TensorHandle **outputs;  // of the last run, until they are somebody's
  ndf_handle **targets;        // cells that they go to
  TF_Status *scratch;
  atomic_int phase;  // see phase.h
  ndf_result result;
  ndf_landing out;  // for results that land
} ndf_op;

// What becomes of the results.
typedef enum {
  NDF_KEEP,   // they stay in outputs
  NDF_SWAP,   // they go to targets
  NDF_LAND,   // they land in the arrays of out.fetches
} ndf_fate;

// ndf_op_new returns an op with room for its inputs and outputs, to be filled by
// the caller; NULL when memory runs out. It takes over nothing.
ndf_op *ndf_op_new(int num_inputs, int num_outputs);
void ndf_op_free(ndf_op *o);

// ndf_op_open makes the TFE_Ops for name, device and ctx, once. False: the
// status says why.
bool ndf_op_open(ndf_op *o, bool has_attrs);

// ndf_op_run executes the op once. On success the results are where fate says;
// otherwise there are none, and no array was written to but those of fetches
// that are dirty. With NDF_CLOSED out.failed is the number of an input, with
// NDF_BUSY that of an output.
ndf_result ndf_op_run(ndf_op *o, ndf_fate fate);

// ndf_op_run_at is ndf_op_run for Go; see ndf_plan_run_at.
static inline void ndf_op_run_at(uintptr_t op, int fate) {
  ((ndf_op *)op)->result = ndf_op_run((ndf_op *)op, (ndf_fate)fate);
}

// ndf_op_arm says, before a run, that ndf_op_abandon may be called beside it, and what
// cancels the run; see ndf_plan_arm.
void ndf_op_arm(ndf_op *o, TFE_CancellationManager *cancel);

// ndf_op_abandon makes an armed run drop its results, or not run at all. False means
// that it was too late. It cancels nothing: that may take its time.
bool ndf_op_abandon(ndf_op *o);

// ndf_op_floor is a plain C loop over ops, for benchmarks. Each is set up and
// executed; its results are copied to the arrays of out.fetches and deleted, or,
// where there is none, go to targets, which later ops may have as inputs. It
// returns an op whose execution has failed, or NULL.
ndf_op *ndf_op_floor(ndf_op *const *ops, int num, long n);

#endif  // NDFLOW_TFC_EAGEROP_H_
