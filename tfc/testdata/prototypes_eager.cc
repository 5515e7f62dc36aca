// Compiled, not run, by TestPrototypes: each function of the lists in
// capi_eager.h and capi_checkpoint.h must have the type that TensorFlow's own headers give it. Those
// are C++ as soon as they are about what is experimental.

#define NDF_HAVE_TF_HEADERS
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/c_api_experimental.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/eager/c_api_experimental.h"

#include "capi.h"

// An initialisation picks the right one of functions with overloads.
#define SAME(name) \
  [[maybe_unused]] static const decltype(ndf_api::name) same_##name = &name;
#define SAME_F(type, name, params, args) SAME(name)
#define SAME_V(name, params, args) SAME(name)
NDF_CAPI_EAGER(SAME_F, SAME_V)
NDF_CAPI_CHECKPOINT(SAME_F, SAME_V)
