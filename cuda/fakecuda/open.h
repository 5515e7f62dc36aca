// The functions of an opened fake. The tables are filled by ndf_fake_open and
// left alone after that; a process has one fake, as it has one driver.

#ifndef NDFLOW_FAKECUDA_OPEN_H_
#define NDFLOW_FAKECUDA_OPEN_H_

#include "csrc/control.h"

typedef struct {
#define NDF_FIELD(name, params, args) CUresult(*name) params;
  FC_API(NDF_FIELD)
#undef NDF_FIELD
#define NDF_FIELD(type, name, params, args) type(*name) params;
  FC_CONTROL(NDF_FIELD)
#undef NDF_FIELD
} ndf_fake_functions;

extern ndf_fake_functions ndf_fake;

// ndf_fake_open fills the table and returns NULL, or says what is wrong: memory
// of dlerror's.
const char *ndf_fake_open(const char *path);

// ndf_fake_names holds the names of the driver's functions.
extern const char *const ndf_fake_names[FC_CALLS];

// ndf_fake_in_fork asks the driver for its devices in a forked child,
// and returns the code that it got there.
int ndf_fake_in_fork(void);

// The host functions of tests: they add 1 to an int, or record what a call of
// the driver from there gives.
void ndf_fake_add_one(void *counter);
void ndf_fake_ask_count(void *code);
int ndf_fake_load(const int *number);

// ndf_fake_copy_from is a copy from the host that is given a device's address.
CUresult ndf_fake_copy_from(CUdeviceptr dst, CUdeviceptr src, size_t n);

// ndf_fake_touch reads a byte, which crashes where it may not.
int ndf_fake_touch(unsigned long long p);

// The calls, by their names with a prefix.
#define NDF_CALL(name, params, args) \
  static inline CUresult call_##name params { return ndf_fake.name args; }
FC_API(NDF_CALL)
#undef NDF_CALL
#define NDF_CALL(type, name, params, args) \
  static inline type call_##name params { return ndf_fake.name args; }
FC_CONTROL(NDF_CALL)
#undef NDF_CALL

#endif  // NDFLOW_FAKECUDA_OPEN_H_
