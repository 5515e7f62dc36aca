#define _GNU_SOURCE
#include "loader.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capi.h"
#include "driver.h"

ndc_cuda_api ndc_cuda __attribute__((aligned(64)));

__attribute__((format(printf, 1, 2))) static char *message(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *out = NULL;
  int n = vasprintf(&out, format, args);
  va_end(args);
  return n < 0 ? strdup("out of memory") : out;
}

// check_version comes before the functions are looked up: that a driver is old
// says more than that it lacks a function.
static char *check_version(void *lib, int min_version, int *version) {
  CUresult (*get_version)(int *);
  *(void **)&get_version = dlsym(lib, "cuDriverGetVersion");
  if (get_version == NULL) {
    return message("not a CUDA driver: it has no cuDriverGetVersion");
  }
  CUresult code = get_version(version);
  if (code != CUDA_SUCCESS) {
    return message("cuDriverGetVersion failed (%d)", code);
  }
  if (*version < min_version) {
    return message("the driver is too old: it is for CUDA %d.%d, want one for %d.%d or newer",
                   *version / 1000, *version % 1000 / 10, min_version / 1000,
                   min_version % 1000 / 10);
  }
  return NULL;
}

// fill looks up every function of the list. It returns the name of the first
// that is missing, or NULL.
static const char *fill(void *lib, ndc_cuda_api *api) {
  const char *missing = NULL;
#define LOOK_UP(name, params, args)            \
  *(void **)&api->name = dlsym(lib, #name);    \
  if (api->name == NULL && missing == NULL) {  \
    missing = #name;                           \
  }
  NDC_CUDA(LOOK_UP)
#undef LOOK_UP
  return missing;
}

char *ndc_cuda_open(const char *path, int min_version, char **opened, int *version) {
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (lib == NULL) {
    return strdup(dlerror());
  }
  char *failed = check_version(lib, min_version, version);
  ndc_cuda_api api;
  if (failed == NULL) {
    const char *missing = fill(lib, &api);
    if (missing != NULL) {
      failed = message("the driver has no %s", missing);
    }
  }
  if (failed != NULL) {
    dlclose(lib);
    return failed;
  }
  struct link_map *map = NULL;
  dlinfo(lib, RTLD_DI_LINKMAP, &map);
  *opened = strdup(map != NULL ? map->l_name : path);
  ndc_cuda = api;
  pthread_atfork(NULL, NULL, ndc_set_forked);
  return NULL;
}
