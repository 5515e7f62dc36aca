#include "hold.h"

#include <stdlib.h>
#include <unistd.h>

ndf_hold *ndf_hold_new(int wake) {
  ndf_hold *h = calloc(1, sizeof *h);
  if (h != NULL) {
    h->wake = wake;
  }
  return h;
}

void ndf_hold_release(void *data, size_t len, void *arg) {
  (void)data;
  (void)len;
  ndf_hold *h = arg;
  int wake = h->wake;  // h may be gone as soon as it is not busy
  atomic_fetch_add(&h->released, 1);
  if (wake >= 0 && write(wake, "", 1) < 0) {
    return;  // the pipe is full, so its reader has yet to look
  }
}
