#define _GNU_SOURCE
#include "trim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>

// Another malloc, by LD_PRELOAD or linked into the program, has other memory.
static bool is_glibc(const char *file) {
  Dl_info libc;
  return dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &libc) != 0 &&
         strcmp(libc.dli_fname, file) == 0;
}

static const char *version_of(const char *file) {
  return is_glibc(file) ? gnu_get_libc_version() : NULL;
}

bool ndf_can_trim(void) { return true; }
bool ndf_trim(void) { return malloc_trim(0) != 0; }
#else
static const char *version_of(const char *file) {
  (void)file;
  return NULL;
}

bool ndf_can_trim(void) { return false; }
bool ndf_trim(void) { return false; }
#endif

const char *ndf_malloc(char *file, int size) {
  Dl_info info;
  file[0] = 0;
  if (dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) == 0) {
    return NULL;
  }
  snprintf(file, (size_t)size, "%s", info.dli_fname);
  return version_of(info.dli_fname);
}

int64_t ndf_anonymous(void) {
  int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return -1;
  }
  char text[128];
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) {
    return -1;
  }
  text[n] = 0;
  int64_t resident, shared;
  if (sscanf(text, "%*d %" SCNd64 " %" SCNd64, &resident, &shared) != 2) {
    return -1;
  }
  return (resident - shared) * sysconf(_SC_PAGESIZE);
}
