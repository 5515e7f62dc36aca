#define _GNU_SOURCE
#include "plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ndf_placement *ndf_plugin;

// refuse says why the plugin is not for this process; NULL if it is.
static char *refuse(const ndf_placement *plugin, const char *version) {
  char *why = NULL;
  if (plugin == NULL || plugin->abi != NDF_PLACEMENT_ABI) {
    return strdup("it was built by another version of ndflow");
  }
  if (strcmp(plugin->tensorflow, version) != 0 &&
      asprintf(&why, "it was built for TensorFlow %s, the library is %s",
               plugin->tensorflow, version) < 0) {
    return strdup("it was built for another version of TensorFlow");
  }
  return why;
}

char *ndf_plugin_open(const char *path, const char *version) {
  // Opening it runs nothing of TensorFlow's: it registers itself when told to.
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (lib == NULL) {
    return strdup(dlerror());
  }
  const ndf_placement *plugin = dlsym(lib, NDF_PLACEMENT_SYMBOL);
  char *why = refuse(plugin, version);
  if (why == NULL) {
    const char *failed = plugin->open();
    why = failed != NULL ? strdup(failed) : NULL;
  }
  if (why != NULL) {
    dlclose(lib);
    return why;
  }
  ndf_plugin = plugin;
  return NULL;
}
