#include "hold.h"

#include <stdlib.h>

ndf_hold *ndf_hold_new(void) { return calloc(1, sizeof(ndf_hold)); }

void ndf_hold_release(void *data, size_t len, void *arg) {
  (void)data;
  (void)len;
  atomic_fetch_add(&((ndf_hold *)arg)->released, 1);
}
