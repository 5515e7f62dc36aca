// What tfc and the placement plugin say to each other: plain C, no TensorFlow.

#ifndef NDFLOW_TFC_PLACEMENT_H_
#define NDFLOW_TFC_PLACEMENT_H_

#include <stddef.h>

// The plugin's file, beside the framework library, and the symbol in it that
// is an ndf_placement. ABI changes with every change of what stands below.
#define NDF_PLACEMENT_FILE "libndflow_placement.so"
#define NDF_PLACEMENT_SYMBOL "ndf_placement_v1"
#define NDF_PLACEMENT_ABI 1

// A place is memory that one allocation is to be given. It belongs to the
// plugin from `given` to `freed`.
typedef struct ndf_place {
  // Set by the plan.
  size_t ordinal;  // which of the watched allocations, counted from 0
  size_t size;     // the bytes that it asks for
  void *memory;    // what it is given, aligned to 64 bytes
  // Called once, on any thread, when memory that was kept past its step is
  // freed; see keep.
  void (*released)(struct ndf_place *place);
  void *arg;
  // Set by the plugin.
  int given;  // the allocation was made
  int state;  // atomic: an ndf_place_state
  struct ndf_place *next;
} ndf_place;

typedef enum {
  NDF_PLACE_FREE = 0,  // not given, or TensorFlow has given it back
  NDF_PLACE_GIVEN,
  NDF_PLACE_KEPT,      // given, and to be answered by released
} ndf_place_state;

// One allocation of a rehearsal.
typedef struct {
  void *memory;
  size_t size;
  int freed;
} ndf_allocation;

// A watch sees the allocations that its thread makes in TensorFlow's CPU
// memory: it notes them (log), or gives some of them their place.
typedef struct {
  size_t count;         // allocations so far
  ndf_allocation *log;  // room for log_size of them, or NULL
  size_t log_size;
  ndf_place **places;   // ascending by ordinal
  int num_places;
  int next_place;
} ndf_watch;

typedef struct {
  int abi;
  const char *tensorflow;  // the version of the library it was built for
  // open registers the allocator, before TensorFlow makes its first one. NULL,
  // or why that cannot be.
  const char *(*open)(void);
  // watch makes w the calling thread's watch; NULL ends that.
  void (*watch)(ndf_watch *w);
  // keep is for a place that was given and, when its step is over, perhaps not
  // freed. True: it is not, and released will be called when it is.
  int (*keep)(ndf_place *place);
} ndf_placement;

#endif  // NDFLOW_TFC_PLACEMENT_H_
