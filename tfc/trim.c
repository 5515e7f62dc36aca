#define _GNU_SOURCE
#include "trim.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __GLIBC__
bool ndf_can_trim(void) { return true; }
bool ndf_trim(void) { return malloc_trim(0) != 0; }
#else
bool ndf_can_trim(void) { return false; }
bool ndf_trim(void) { return false; }
#endif

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
