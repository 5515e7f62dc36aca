// Opens the library and fills the table of capi.h.

#ifndef NDFLOW_TFC_LOADER_H_
#define NDFLOW_TFC_LOADER_H_

#include <stdbool.h>

// ndf_open opens the shared library at path (a file, or a name for the
// loader's own search) and fills ndf_capi. On failure it returns a message to
// free(), and the table stays empty. On success it returns NULL and puts the
// path the loader really opened, to be freed, in *opened.
//
// stderr is held back meanwhile: TensorFlow writes lines there while it is
// being opened that no setting stops. Those are dropped, all others are
// written out afterwards.
char *ndf_open(const char *path, char **opened);

// ndf_exports says whether the loaded library, or one that it needs, has a symbol.
bool ndf_exports(const char *symbol);

// These return the first function that the loaded library lacks of those that
// build graphs, read checkpoints, or run eagerly; NULL when it has them all.
const char *ndf_missing_build(void);
const char *ndf_missing_checkpoint(void);
const char *ndf_missing_eager(void);

#endif  // NDFLOW_TFC_LOADER_H_
