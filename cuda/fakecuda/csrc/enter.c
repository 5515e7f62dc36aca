// What every call goes through: the lock, its count, the failures asked for.

#include <pthread.h>
#include <unistd.h>

#include "fakecuda.h"

fc_state fc;

_Thread_local fc_call fc_now;
static _Thread_local CUresult fail_after;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
void fc_wait_changed(void) { pthread_cond_wait(&changed, &lock); }
void fc_changed(void) { pthread_cond_broadcast(&changed); }

void fc_lock(void) {
  pthread_once(&once, fc_read_environment);
  pthread_mutex_lock(&lock);
}

void fc_unlock(void) { pthread_mutex_unlock(&lock); }

uint64_t fc_random(uint64_t below) {  // splitmix64
  uint64_t x = (fc.random += 0x9e3779b97f4a7c15u);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return below == 0 ? x : x % below;
}

static CUresult ready(int needs) {
  if (needs == FC_ALWAYS) {
    return CUDA_SUCCESS;
  }
  if (!fc.initialised) {
    return CUDA_ERROR_NOT_INITIALIZED;
  }
  if (needs & FC_CURRENT) {
    fc_context *c = fc_current();
    if (c == NULL) {
      return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (c->life != FC_ALIVE) {
      return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    if (c->lost != 0 && (needs & FC_FINISHES)) {
      fail_after = c->lost;
    } else if (c->lost != 0) {
      return c->lost;
    }
  }
  return CUDA_SUCCESS;
}

CUresult fc_enter(fc_call call, int needs) {
  // A forked child has the parent's memory, maybe with the lock held, and none
  // of its threads: the driver does not work there.
  if (fc.pid != 0 && fc.pid != getpid() && needs != FC_ALWAYS) {
    return CUDA_ERROR_NOT_INITIALIZED;
  }
  if (fc_in_host_function() && needs != FC_ALWAYS) {
    return CUDA_ERROR_NOT_PERMITTED;
  }
  fc_lock();
  fc_now = call;
  fail_after = 0;
  fc.calls[call]++;
  CUresult code = ready(needs);
  if (code == CUDA_SUCCESS && fc.calls[call] == fc.fail_at[call]) {
    if (needs & FC_FINISHES) {
      fail_after = fc.fail_code[call];
    } else {
      code = fc.fail_code[call];
    }
  }
  if (code != CUDA_SUCCESS) {
    fc_unlock();
  }
  return code;
}

CUresult fc_leave(CUresult code) {
  if (code == CUDA_SUCCESS) {
    code = fail_after;
  }
  fc_unlock();
  return code;
}
