// Opens the placement plugin, which lies beside the library where
// scripts/libtensorflow could build it.

#ifndef NDFLOW_TFC_PLUGIN_H_
#define NDFLOW_TFC_PLUGIN_H_

#include "placement.h"

// The plugin, or NULL: then nothing can be placed.
extern const ndf_placement *ndf_plugin;

// ndf_plugin_open opens the plugin at path for a library of the given version,
// before that has allocated anything. On failure it returns a message to
// free(), and nothing has changed: a plugin for another version is closed again
// before it has done anything.
char *ndf_plugin_open(const char *path, const char *version);

#endif  // NDFLOW_TFC_PLUGIN_H_
