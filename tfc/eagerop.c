#include "eagerop.h"

#include <stdlib.h>
#include <string.h>

#include "floatstate.h"
#include "phase.h"

ndf_op *ndf_op_new(int num_inputs, int num_outputs) {
  ndf_op *o = calloc(1, sizeof *o);
  if (o == NULL) {
    return NULL;
  }
  o->num_inputs = num_inputs;
  o->num_outputs = num_outputs;
  // One more of each, since calloc of nothing may be NULL.
  o->inputs = calloc((size_t)num_inputs + 1, sizeof *o->inputs);
  o->taken = calloc((size_t)num_inputs + 1, sizeof *o->taken);
  o->outputs = calloc((size_t)num_outputs + 1, sizeof *o->outputs);
  o->targets = calloc((size_t)num_outputs + 1, sizeof *o->targets);
  o->scratch = TF_NewStatus();
  if (!ndf_landing_init(&o->out, num_outputs) || o->inputs == NULL || o->taken == NULL ||
      o->outputs == NULL || o->targets == NULL) {
    ndf_op_free(o);
    return NULL;
  }
  return o;
}

static void drop_outputs(ndf_op *o) {
  for (int i = 0; o->outputs != NULL && i < o->num_outputs; i++) {
    if (o->outputs[i] != NULL) {
      TFE_DeleteTensorHandle(o->outputs[i]);
      o->outputs[i] = NULL;
    }
  }
}

void ndf_op_free(ndf_op *o) {
  drop_outputs(o);
  if (o->op != NULL) {
    TFE_DeleteOp(o->op);
  }
  if (o->attrs != NULL) {
    TFE_DeleteOp(o->attrs);
  }
  ndf_landing_free(&o->out);
  TF_DeleteStatus(o->scratch);
  free(o->name);
  free(o->device);
  free(o->inputs);
  free(o->taken);
  free(o->outputs);
  free(o->targets);
  free(o);
}

// reset sets the op up anew. From then on it is for the executor that the calling
// thread has now.
static bool reset(ndf_op *o, TF_Status *s) {
  o->set_up_for = ndf_executor_id(o->ctx);
  TFE_OpReset(o->op, o->name, o->device, s);
  o->spent = TF_GetCode(s) != 0;
  return !o->spent;
}

bool ndf_op_open(ndf_op *o, bool has_attrs) {
  TF_Status *s = o->out.status;
  o->op = TFE_NewOp(o->ctx, o->name, s);
  if (TF_GetCode(s) == 0 && has_attrs) {
    o->attrs = TFE_NewOp(o->ctx, o->name, s);
  }
  return TF_GetCode(s) == 0 && reset(o, s);
}

// take_inputs takes all handles, or none.
static ndf_result take_inputs(ndf_op *o) {
  for (int i = 0; i < o->num_inputs; i++) {
    o->taken[i] = ndf_handle_take(o->inputs[i]);
    if (o->taken[i] == NULL) {
      o->out.failed = i;
      for (int k = 0; k < i; k++) {
        ndf_handle_give(o->inputs[k]);
      }
      return NDF_CLOSED;
    }
  }
  return NDF_DONE;
}

static void give_inputs(ndf_op *o) {
  for (int i = 0; i < o->num_inputs; i++) {
    ndf_handle_give(o->inputs[i]);
  }
}

// set_up gives the op what it is executed with.
static bool set_up(ndf_op *o) {
  TF_Status *s = o->out.status;
  // The executor that it was set up for may be gone.
  bool stale = o->set_up_for != o->executor;
  if ((o->spent || stale) && !reset(o, s)) {
    return false;
  }
  o->spent = true;
  if (o->attrs != NULL) {
    TFE_OpAddAttrs(o->op, TFE_OpGetAttrs(o->attrs));
  }
  for (int i = 0; i < o->num_inputs; i++) {
    // Lists too, tensor by tensor: TFE_OpAddInputList takes the type of a list
    // from a wrong tensor if a list comes before it, and crashes on an empty one.
    TFE_OpAddInput(o->op, o->taken[i], s);
    if (TF_GetCode(s) != 0) {
      return false;
    }
  }
  if (o->cancel != NULL) {
    TFE_OpSetCancellationManager(o->op, o->cancel, s);
  }
  return TF_GetCode(s) == 0;
}

static bool execute(ndf_op *o) {
  if (!set_up(o)) {
    return false;
  }
  int n = o->num_outputs;
  ndf_float_state before = ndf_float_state_enter();
  TFE_Execute(o->op, o->outputs, &n, o->out.status);
  ndf_float_state_leave(before);
  return TF_GetCode(o->out.status) == 0;
}

// execute_again is for an async executor. Once a node of it has failed it refuses
// all that follow with that node's error, until it is cleared. The error belongs
// to the tensors of that node, which keep it, and not to this op.
static bool execute_again(ndf_op *o) {
  TFE_Executor *e = TFE_ContextGetExecutorForThread(o->ctx);
  TFE_ExecutorClearError(e);
  TFE_DeleteExecutor(e);
  return execute(o);
}

// fed_shapes is a hash of what the results' shapes depend on.
static uint64_t fed_shapes(ndf_op *o) {
  uint64_t h = NDF_PLACE_SEED;
  for (int i = 0; i < o->num_inputs; i++) {
    TFE_TensorHandle *t = o->taken[i];
    int n = TFE_TensorHandleNumDims(t, o->scratch);
    h = ndf_place_mix(h, (uint64_t)TFE_TensorHandleDataType(t));
    h = ndf_place_mix(h, (uint64_t)n);
    for (int d = 0; d < n; d++) {
      h = ndf_place_mix(h, (uint64_t)TFE_TensorHandleDim(t, d, o->scratch));
    }
  }
  return h;
}

// resolve makes tensors of the handles, which on the CPU share their memory.
static bool resolve(ndf_op *o) {
  for (int i = 0; i < o->num_outputs; i++) {
    o->out.values[i] = TFE_TensorHandleResolve(o->outputs[i], o->out.status);
    if (TF_GetCode(o->out.status) != 0) {
      return false;
    }
  }
  drop_outputs(o);
  return true;
}

static ndf_result land(ndf_op *o) {
  ndf_landing *l = &o->out;
  for (int i = 0; i < l->num_fetches; i++) {
    ndf_fetch *f = &l->fetches[i];
    TF_DataType dtype = TF_TensorType(l->values[i]);
    if (f->lands && !ndf_same_dtype(dtype, f->dtype)) {
      l->failed = i;
      l->failed_dtype = dtype;
      return NDF_WRONG_DTYPE;
    }
  }
  return ndf_land(l);
}

static ndf_result run_and_land(ndf_op *o, bool armed) {
  ndf_landing *l = &o->out;
  ndf_landing_forget(l);
  ndf_result r = ndf_landing_check(l);
  if (r != NDF_DONE) {
    return r;
  }
  l->is_inline = !o->async;
  if (ndf_place_may(l, armed)) {
    ndf_place_begin(l, fed_shapes(o));
  }
  bool ok = (execute(o) || (o->async && execute_again(o))) && resolve(o);
  ndf_place_ran(l);
  r = NDF_STATUS;
  if (ok) {
    r = ndf_may_land(&o->phase, armed) ? land(o) : NDF_ABANDONED;
  }
  // Nothing of the op may hold the results when their memory is looked after.
  drop_outputs(o);
  ndf_landing_clear(l);
  reset(o, o->scratch);
  int kept = ndf_place_end(l, r == NDF_DONE);
  if (kept >= 0 && r == NDF_DONE) {
    l->failed = kept;
    r = NDF_KEPT;
  }
  return r;
}

static ndf_result run(ndf_op *o) {
  bool ok = execute(o) || (o->async && execute_again(o));
  // Now, since a TFE_Op holds its inputs until it is reset.
  reset(o, o->scratch);
  return ok ? NDF_DONE : NDF_STATUS;
}

// claim claims all targets, or none.
static ndf_result claim(ndf_op *o) {
  for (int i = 0; i < o->num_outputs; i++) {
    if (!ndf_handle_may_swap(o->targets[i])) {
      o->out.failed = i;
      while (i-- > 0) {
        ndf_handle_swap(o->targets[i], NULL);
      }
      return NDF_BUSY;
    }
  }
  return NDF_DONE;
}

static ndf_result swap(ndf_op *o) {
  ndf_result r = claim(o);
  for (int i = 0; r == NDF_DONE && i < o->num_outputs; i++) {
    ndf_handle_swap(o->targets[i], o->outputs[i]);
    o->outputs[i] = NULL;
  }
  return r;
}

static ndf_result run_to(ndf_op *o, ndf_fate fate, bool armed) {
  ndf_result r = take_inputs(o);
  if (r != NDF_DONE) {
    return r;
  }
  o->async = ndf_is_async(o->ctx, o->async_context);
  o->executor = ndf_executor_id(o->ctx);
  r = fate == NDF_LAND ? run_and_land(o, armed) : run(o);
  give_inputs(o);  // first, as a target may be one of them
  if (r == NDF_DONE && fate != NDF_LAND && !ndf_may_land(&o->phase, armed)) {
    r = NDF_ABANDONED;
  }
  if (r == NDF_DONE && fate == NDF_SWAP) {
    r = swap(o);
  }
  if (r != NDF_DONE) {
    drop_outputs(o);
  }
  return r;
}

__attribute__((flatten)) ndf_result ndf_op_run(ndf_op *o, ndf_fate fate) {
  int phase = atomic_load_explicit(&o->phase, memory_order_relaxed);
  ndf_result r = phase == NDF_LEFT ? NDF_ABANDONED : run_to(o, fate, phase == NDF_ARMED);
  if (phase != NDF_IDLE) {
    atomic_store(&o->phase, NDF_IDLE);
  }
  return r;
}

void ndf_op_arm(ndf_op *o, TFE_CancellationManager *cancel) {
  o->cancel = cancel;
  atomic_store(&o->phase, NDF_ARMED);
}

bool ndf_op_abandon(ndf_op *o) { return ndf_abandon(&o->phase); }

static bool floor_once(ndf_op *o) {
  TF_Status *s = o->out.status;
  if (o->attrs != NULL) {
    TFE_OpAddAttrs(o->op, TFE_OpGetAttrs(o->attrs));
  }
  for (int i = 0; i < o->num_inputs; i++) {
    TFE_OpAddInput(o->op, o->inputs[i]->handle, s);
  }
  int num = o->num_outputs;
  TFE_Execute(o->op, o->outputs, &num, s);
  bool ok = TF_GetCode(s) == 0;
  for (int i = 0; ok && i < o->num_outputs; i++) {
    void *dst = o->out.fetches[i].dst;
    TFE_TensorHandle *old = o->outputs[i];
    if (dst != NULL) {
      TF_Tensor *t = TFE_TensorHandleResolve(o->outputs[i], s);
      memcpy(dst, TF_TensorData(t), TF_TensorByteSize(t));
      TF_DeleteTensor(t);
    } else {
      old = o->targets[i]->handle;
      o->targets[i]->handle = o->outputs[i];
    }
    if (old != NULL) {
      TFE_DeleteTensorHandle(old);
    }
    o->outputs[i] = NULL;
  }
  TFE_OpReset(o->op, o->name, o->device, s);
  return ok;
}

ndf_op *ndf_op_floor(ndf_op *const *ops, int num, long n) {
  for (int i = 0; i < num; i++) {
    if (!reset(ops[i], ops[i]->out.status)) {
      return ops[i];
    }
  }
  for (long k = 0; k < n; k++) {
    for (int i = 0; i < num; i++) {
      if (!floor_once(ops[i])) {
        return ops[i];
      }
    }
  }
  return NULL;
}
