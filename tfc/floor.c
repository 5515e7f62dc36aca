#include "floor.h"

#include <string.h>

bool ndf_floor_run(ndf_plan *p, long n) {
  for (int i = 0; i < p->num_feeds; i++) {
    const ndf_feed *f = &p->feeds[i];
    p->feed_values[i] = TF_AllocateTensor(f->dtype, f->dims, f->num_dims, f->size);
    memcpy(TF_TensorData(p->feed_values[i]), f->data, f->size);
  }
  bool ok = true;
  for (long k = 0; ok && k < n; k++) {
    TF_SessionRun(p->session, &p->run_options, p->feed_outputs, p->feed_values,
                  p->num_feeds, p->fetch_outputs, p->out.values,
                  p->out.num_fetches, p->targets, p->num_targets, NULL, p->out.status);
    ok = TF_GetCode(p->out.status) == 0;
    for (int i = 0; ok && i < p->out.num_fetches; i++) {
      TF_Tensor *t = p->out.values[i];
      memcpy(p->out.fetches[i].dst, TF_TensorData(t), TF_TensorByteSize(t));
      TF_DeleteTensor(t);
      p->out.values[i] = NULL;
    }
  }
  for (int i = 0; i < p->num_feeds; i++) {
    TF_DeleteTensor(p->feed_values[i]);
    p->feed_values[i] = NULL;
  }
  return ok;
}

void ndf_floor_memcpy(void *dst, const void *src, size_t size, long n) {
  for (long k = 0; k < n; k++) {
    memcpy(dst, src, size);
    // Else a compiler may see that one copy would do.
    __asm__ volatile("" : : "r"(dst), "r"(src) : "memory");
  }
}
