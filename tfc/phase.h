// Whether a step, or an op, whose caller may go before it is over lands its results or
// was abandoned: one of the two, whichever comes first.

#ifndef NDFLOW_TFC_PHASE_H_
#define NDFLOW_TFC_PHASE_H_

#include <stdatomic.h>
#include <stdbool.h>

// Where nobody may go, the phase stays IDLE.
enum { NDF_IDLE, NDF_ARMED, NDF_LANDING, NDF_LEFT };

// ndf_may_land decides for landing. False: it was abandoned before.
static inline bool ndf_may_land(atomic_int *phase, bool armed) {
  int expected = NDF_ARMED;
  return !armed || atomic_compare_exchange_strong(phase, &expected, NDF_LANDING);
}

// ndf_abandon decides against landing. False: it is too late, results are landing or
// all is over.
static inline bool ndf_abandon(atomic_int *phase) {
  int expected = NDF_ARMED;
  return atomic_compare_exchange_strong(phase, &expected, NDF_LEFT);
}

#endif  // NDFLOW_TFC_PHASE_H_
