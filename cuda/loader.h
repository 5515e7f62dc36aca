// Opens the driver's library and fills the table of capi.h.

#ifndef NDFLOW_CUDA_LOADER_H_
#define NDFLOW_CUDA_LOADER_H_

// ndc_cuda_open opens the shared library at path (a file, or a name for the
// loader's own search) and fills ndc_cuda, if the driver's version is
// min_version or newer (12020 is 12.2). On failure it returns a message to
// free(), and the table stays empty. On success it returns NULL, with the path
// that the loader really opened, to be freed, in *opened.
char *ndc_cuda_open(const char *path, int min_version, char **opened, int *version);

#endif  // NDFLOW_CUDA_LOADER_H_
