// Brings a step's results to where they belong.

#ifndef NDFLOW_TFC_LAND_H_
#define NDFLOW_TFC_LAND_H_

#include "plan.h"

enum { TF_STRING = 7 };

// ndf_fits checks a result against the array it is to land in. A flat array
// takes any shape; any other must agree beyond axis 0.
ndf_result ndf_fits(const ndf_fetch *f, size_t size, int num_dims,
                    const int64_t *dims);

// ndf_land brings the results to where they belong: all of them, or none.
ndf_result ndf_land(ndf_plan *p);

#endif  // NDFLOW_TFC_LAND_H_
