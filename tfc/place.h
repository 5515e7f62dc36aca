// Placing: results that TensorFlow's kernels write straight into the memory
// where they are to land, with no copy.
//
// While a step runs on the calling thread, its allocations happen there in the
// same order each time. Rehearsals, steps that copy their results, find out
// which allocation becomes which result. From then on that allocation is given
// the landing memory. Whatever does not go as it was rehearsed is seen by the
// result's address, and copied.

#ifndef NDFLOW_TFC_PLACE_H_
#define NDFLOW_TFC_PLACE_H_

#include <stdbool.h>
#include <stdint.h>

#include "placement.h"

// Smaller results are copied: that costs no more than placing them.
enum { NDF_PLACE_MIN = 4096 };

// Why a result was copied; NDF_PLACED if it was not. tfc/stats.go has the words.
typedef enum {
  NDF_PLACED = 0,
  NDF_NO_STEP,      // none has run
  NDF_OFF,          // there is no plugin, or it is not wanted
  NDF_STRINGS,      // they have no memory to land in
  NDF_ON_POOL,      // the step ran on the session's threads
  NDF_CANCELLABLE,  // the caller could have been told of the step's end before it was
  NDF_SMALL,        // NDF_PLACE_MIN
  NDF_MISALIGNED,   // the landing memory is
  NDF_REHEARSED,    // the step was a rehearsal, or the one before them
  NDF_FOREIGN,      // the result's memory was not allocated in the step
  NDF_PART,         // it is a part of what was allocated
  NDF_SHARED,       // another result has the same memory
  NDF_RETAINED,     // TensorFlow did not free it with the result
  NDF_VARIES,       // allocations are not the same in each step
  NDF_MISSED,       // they were not in this one
  NDF_ESCAPED,      // TensorFlow has kept a placed result; nothing is placed since
} ndf_why;

// What rehearsals have shown of one result.
typedef struct {
  ndf_why why;     // NDF_PLACED: it can be placed
  bool retained;   // TensorFlow did not free it with the result
  size_t ordinal;  // of its allocation in the step
  size_t size;
  int num_dims;
  int64_t *dims;
} ndf_spot;

// The rehearsals for one combination of fed shapes. TensorFlow prepares much in
// the first step of its kind; the two after it must agree.
typedef struct {
  uint64_t shapes;  // their hash; a collision shows as a step that misses
  enum { NDF_COLD, NDF_FIRST, NDF_SECOND, NDF_READY } phase;
  int tries;        // how often it was not as rehearsed
  ndf_spot *spots;  // one for each fetch
} ndf_rehearsal;

enum { NDF_MAX_REHEARSALS = 16 };  // shapes that a plan remembers

// A step's part in placing.
typedef struct {
  bool wanted;   // by the session, and there is a plugin
  bool escaped;  // a placed result was kept: never again
  bool watching; // during a step
  ndf_why why;   // why no result of this step can be placed; NDF_PLACED if some can
  ndf_watch watch;
  ndf_place **places;  // room for one for each fetch
  ndf_rehearsal *now;  // of this step's shapes
  ndf_rehearsal *rehearsals;
  int num_rehearsals;
} ndf_placing;

struct ndf_landing;

// ndf_place_init makes room; false when memory runs out.
bool ndf_place_init(struct ndf_landing *l);
void ndf_place_free(struct ndf_landing *l);

// ndf_place_forget forgets all rehearsals, for a plan whose results begin or
// cease to land.
void ndf_place_forget(struct ndf_landing *l);

// ndf_place_may reports whether the step that comes may be one that places, or
// a rehearsal, as far as that is clear before its shapes are looked at.
bool ndf_place_may(struct ndf_landing *l, bool armed);

// ndf_place_begin decides which of them it is, if it may be one. shapes is a
// hash of all that the results' shapes depend on; see ndf_place_mix.
void ndf_place_begin(struct ndf_landing *l, uint64_t shapes);

// ndf_place_mix adds a word to a hash that begins with NDF_PLACE_SEED.
static inline uint64_t ndf_place_mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * 0x100000001b3u;  // a step of FNV-1a over words
  return h ^ h >> 29;
}
#define NDF_PLACE_SEED 0xcbf29ce484222325u

// ndf_place_ran is called as soon as TensorFlow is done, results in hand.
void ndf_place_ran(struct ndf_landing *l);

// ndf_place_is_kept reports whether TensorFlow has not yet given back what it
// was given.
bool ndf_place_is_kept(const ndf_place *place);

// ndf_place_end is called when the step's results were deleted. It returns the
// number of a fetch whose landing memory TensorFlow keeps, or -1.
int ndf_place_end(struct ndf_landing *l, bool ok);

#endif  // NDFLOW_TFC_PLACE_H_
