// What the C library's malloc keeps of memory that has been freed.

#ifndef NDFLOW_TFC_TRIM_H_
#define NDFLOW_TFC_TRIM_H_

#include <stdbool.h>
#include <stdint.h>

// ndf_can_trim says whether ndf_trim does anything: with glibc it does.
bool ndf_can_trim(void);

// ndf_trim gives free pages of malloc's back to the system (malloc_trim), and
// returns whether there were any.
bool ndf_trim(void);

// ndf_malloc writes the file that malloc is in to file, and returns the version
// of glibc where it is glibc's own, else NULL.
const char *ndf_malloc(char *file, int size);

// ndf_anonymous returns how much memory of this process is resident and not of
// a file, in bytes; -1 where the system does not say.
int64_t ndf_anonymous(void);

#endif  // NDFLOW_TFC_TRIM_H_
