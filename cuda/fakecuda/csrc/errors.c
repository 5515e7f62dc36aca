// Violations, and the names of codes and calls.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakecuda.h"

const char *fc_call_name(fc_call call) {
  static const char *const names[] = {
#define FC_NAME(name, params, args) #name,
      FC_API(FC_NAME)
#undef FC_NAME
  };
  return (unsigned)call < FC_CALLS ? names[call] : "?";
}

int fc_call_by_name(const char *name) {
  for (int i = 0; i < FC_CALLS; i++) {
    if (strcmp(name, fc_call_name((fc_call)i)) == 0) {
      return i;
    }
  }
  return -1;
}

// The line is written in one piece and past stdio, since the process ends.
void fc_violation(fc_call call, const char *format, ...) {
  char line[1024];
  int n = snprintf(line, sizeof line, "fakecuda: %s: ", fc_call_name(call));
  va_list args;
  va_start(args, format);
  n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
  va_end(args);
  if (n > (int)sizeof line - 2) {
    n = sizeof line - 2;
  }
  line[n++] = '\n';
  if (write(STDERR_FILENO, line, (size_t)n) < 0) {
    // stderr is gone; the abort still tells
  }
  abort();
}

static const struct {
  CUresult code;
  const char *name, *text;
} codes[] = {
#define FC_ROW(name, value, text) {value, #name, text},
    FC_CODE_LIST(FC_ROW)
#undef FC_ROW
};

static CUresult find(CUresult code, const char **name, const char **text) {
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    if (codes[i].code == code) {
      *name = codes[i].name;
      *text = codes[i].text;
      return CUDA_SUCCESS;
    }
  }
  *name = *text = NULL;
  return CUDA_ERROR_INVALID_VALUE;
}

FC_EXPORT CUresult cuGetErrorName(CUresult error, const char **pStr) {
  FC_ENTER(cuGetErrorName, FC_ALWAYS);
  const char *text;
  return fc_leave(pStr == NULL ? CUDA_ERROR_INVALID_VALUE
                               : find(error, pStr, &text));
}

FC_EXPORT CUresult cuGetErrorString(CUresult error, const char **pStr) {
  FC_ENTER(cuGetErrorString, FC_ALWAYS);
  const char *name;
  return fc_leave(pStr == NULL ? CUDA_ERROR_INVALID_VALUE
                               : find(error, &name, pStr));
}
