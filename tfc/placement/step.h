// Steps that can be cancelled, and the CPU device that looks between ops whether they
// are.

#ifndef NDFLOW_TFC_STEP_H_
#define NDFLOW_TFC_STEP_H_

#include "placement.h"

// ndf_steps_open registers the device, before TensorFlow makes its first one.
void ndf_steps_open();

int ndf_steps_can_cancel();
ndf_step *ndf_step_new();
void ndf_step_free(ndf_step *step);
void ndf_step_arm(ndf_step *step);
void ndf_step_enter(ndf_step *step, int is_inline);
void ndf_step_leave(ndf_step *step);
void ndf_step_cancel(ndf_step *step);

#endif  // NDFLOW_TFC_STEP_H_
