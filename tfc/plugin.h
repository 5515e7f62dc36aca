// Opens the plugin, which lies beside the library where scripts/libtensorflow could
// build it. It places results, and cancels steps.

#ifndef NDFLOW_TFC_PLUGIN_H_
#define NDFLOW_TFC_PLUGIN_H_

#include "placement.h"

#include <stdbool.h>
#include <stddef.h>

// The plugin, or NULL: then nothing can be placed, and no step cancelled.
extern const ndf_placement *ndf_plugin;

// ndf_can_cancel reports whether single steps can be cancelled.
static inline bool ndf_can_cancel(void) { return ndf_plugin != NULL && ndf_plugin->can_cancel(); }

// ndf_plugin_open opens the plugin at path for a library of the given version,
// before that has allocated anything. On failure it returns a message to
// free(), and nothing has changed: a plugin for another version is closed again
// before it has done anything.
char *ndf_plugin_open(const char *path, const char *version);

#endif  // NDFLOW_TFC_PLUGIN_H_
