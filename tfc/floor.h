// The floor that steps are measured against: what a C program does at best.

#ifndef NDFLOW_TFC_FLOOR_H_
#define NDFLOW_TFC_FLOOR_H_

#include "plan.h"

// ndf_floor_run runs the plan's step n times as a plain C loop: input tensors
// made once, then TF_SessionRun, a memcpy of each result to its dst, and
// TF_DeleteTensor. Feeds and fetches must not be strings, dsts must fit.
// False when a step fails; the plan's status says why.
bool ndf_floor_run(ndf_plan *p, long n);

// ndf_floor_memcpy copies size bytes n times with the C library's memcpy.
void ndf_floor_memcpy(void *dst, const void *src, size_t size, long n);

#endif  // NDFLOW_TFC_FLOOR_H_
