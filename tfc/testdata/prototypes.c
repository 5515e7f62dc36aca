// Compiled, not run, by TestPrototypes: each function of the list in capi.h
// must have the type that TensorFlow's own headers give it, and ndf_tstring
// the layout of TF_TString.

#define NDF_HAVE_TF_HEADERS
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_tstring.h"

// capi.h has a table of these too; prototypes_eager.cc compares them.
typedef struct TF_CheckpointReader TF_CheckpointReader;
typedef struct TFE_Context TFE_Context;
typedef struct TFE_ContextOptions TFE_ContextOptions;
typedef struct TFE_TensorHandle TFE_TensorHandle;
typedef struct TFE_Op TFE_Op;
typedef struct TFE_OpAttrs TFE_OpAttrs;
typedef struct TFE_Executor TFE_Executor;
typedef struct TFE_CancellationManager TFE_CancellationManager;
typedef int TFE_ContextDevicePlacementPolicy;

#include "tstring.h"

#define SAME(name)                                                             \
  _Static_assert(__builtin_types_compatible_p(                                 \
                     __typeof__(&name), __typeof__(((ndf_api *)0)->name)),     \
                 #name " has another prototype in TensorFlow's headers");
#define SAME_F(type, name, params, args) SAME(name)
#define SAME_V(name, params, args) SAME(name)
NDF_CAPI(SAME_F, SAME_V)
NDF_CAPI_OPTIONAL(SAME_F, SAME_V)
NDF_CAPI_BUILD(SAME_F, SAME_V)

#define SAME_OFFSET(ours, theirs)                                              \
  _Static_assert(                                                              \
      offsetof(ndf_tstring, ours) == offsetof(TF_TString, u.theirs),           \
      #theirs " lies elsewhere in TF_TString");
_Static_assert(sizeof(ndf_tstring) == sizeof(TF_TString), "TF_TString's size");
SAME_OFFSET(small.str, smll.str)
SAME_OFFSET(large.cap, large.cap)
SAME_OFFSET(large.ptr, large.ptr)
SAME_OFFSET(offset.offset, offset.offset)
SAME_OFFSET(view.ptr, view.ptr)
_Static_assert(NDF_TSTR_SMALL == (int)TF_TSTR_SMALL, "kind");
_Static_assert(NDF_TSTR_LARGE == (int)TF_TSTR_LARGE, "kind");
_Static_assert(NDF_TSTR_OFFSET == (int)TF_TSTR_OFFSET, "kind");
_Static_assert(NDF_TSTR_VIEW == (int)TF_TSTR_VIEW, "kind");
_Static_assert((int)NDF_TSTR_SMALL_MAX == (int)TF_TString_SmallCapacity, "capacity");
_Static_assert(sizeof(TF_Buffer) == 3 * sizeof(void *), "TF_Buffer");
_Static_assert(sizeof(TF_Output) == 2 * sizeof(void *), "TF_Output");
