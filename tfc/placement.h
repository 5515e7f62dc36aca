// What tfc and the placement plugin say to each other: plain C, no TensorFlow.

#ifndef NDFLOW_TFC_PLACEMENT_H_
#define NDFLOW_TFC_PLACEMENT_H_

#include <stddef.h>

// The plugin's file, beside the framework library, and the symbol in it that
// is an ndf_placement. ABI changes with every change of what stands below.
#define NDF_PLACEMENT_FILE "libndflow_placement.so"
#define NDF_PLACEMENT_SYMBOL "ndf_placement_v1"
#define NDF_PLACEMENT_ABI 2

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

// A step that can be cancelled while it runs.
typedef struct ndf_step ndf_step;

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

  // Steps that can be cancelled. can_cancel is 0, and the others must not be called,
  // where the library has a CPU device that is not TensorFlow's plain one.
  int (*can_cancel)(void);
  ndf_step *(*step_new)(void);  // NULL when memory runs out
  void (*step_free)(ndf_step *step);
  // step_arm makes a cancel of the past void. From then on step_cancel may be called,
  // by any thread.
  void (*step_arm)(ndf_step *step);
  // step_enter and step_leave stand around the step, on the thread that begins it.
  void (*step_enter)(ndf_step *step, int is_inline);
  void (*step_leave)(ndf_step *step);
  // step_cancel makes the step fail as soon as the ops that it has begun end, and
  // wakes those that wait for something.
  void (*step_cancel)(ndf_step *step);
} ndf_placement;

#endif  // NDFLOW_TFC_PLACEMENT_H_
