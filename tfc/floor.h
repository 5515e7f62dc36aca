// The floor that steps are measured against: what a C program does at best.

#ifndef NDFLOW_TFC_FLOOR_H_
#define NDFLOW_TFC_FLOOR_H_

#include "eagerop.h"
#include "plan.h"

// Each is a plain C loop over the plan's step, whose feeds are not strings and whose
// results fit: TF_SessionRun, then a memcpy of each result to its dst, and
// TF_DeleteTensor. A result that has no dst is only deleted. False when a step
// fails; the plan's status says why.

// ndf_floor_run runs n steps on input tensors that are made once.
bool ndf_floor_run(ndf_plan *p, long n);

// ndf_floor_feed runs n steps on input tensors that are made anew for each: over
// the fed arrays, which must be aligned, or as copies of them.
bool ndf_floor_feed(ndf_plan *p, long n, bool in_place);

// ndf_floor_rows walks axis 0 of what is fed from row lo to row hi, batch rows a
// step, and brings the results to the same rows of their dsts.
bool ndf_floor_rows(ndf_plan *p, long lo, long hi, long batch);

// ndf_floor_strings runs n steps whose only result is strings: their bytes are
// copied to block, one string behind the other, and where each ends to ends.
bool ndf_floor_strings(ndf_plan *p, long n, char *block, int64_t *ends);

// ndf_floor_memcpy copies n times, without a step.
void ndf_floor_memcpy(void *dst, const void *src, size_t size, long n);

#endif  // NDFLOW_TFC_FLOOR_H_
