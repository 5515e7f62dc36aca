#define _GNU_SOURCE
#include "loader.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capi.h"

ndf_api ndf_capi __attribute__((aligned(64)));

static void *library;  // that the table is filled from

// Lines that the library writes to stderr while it is being opened, whatever
// TF_CPP_MIN_LOG_LEVEL says.
static const char *const known_lines[] = {
    "WARNING: All log messages before absl::InitializeLog() is called",
    "oneDNN custom operations are on.",
};

static bool is_known(const char *line, size_t len) {
  for (size_t i = 0; i < sizeof known_lines / sizeof *known_lines; i++) {
    if (memmem(line, len, known_lines[i], strlen(known_lines[i])) != NULL) {
      return true;
    }
  }
  return false;
}

// hold_stderr points fd 2 at a file in memory and returns a copy of the old
// fd 2, or -1 where that cannot be done (then nothing is held back).
static int hold_stderr(int *held) {
  *held = memfd_create("ndflow-stderr", MFD_CLOEXEC);
  if (*held < 0) {
    return -1;
  }
  fflush(stderr);
  int saved = dup(STDERR_FILENO);
  if (saved < 0 || dup2(*held, STDERR_FILENO) < 0) {
    if (saved >= 0) {
      close(saved);
    }
    close(*held);
    return -1;
  }
  return saved;
}

static void write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t w = write(fd, p, n);
    if (w <= 0) {
      return;  // stderr is gone; there is no place left to say so
    }
    p += w;
    n -= (size_t)w;
  }
}

// release_stderr puts fd 2 back and writes out what was held, less the known
// lines.
static void release_stderr(int saved, int held) {
  if (saved < 0) {
    return;
  }
  fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  off_t size = lseek(held, 0, SEEK_END);
  char *text = size > 0 ? malloc((size_t)size) : NULL;
  if (text != NULL) {
    ssize_t n = pread(held, text, (size_t)size, 0);
    for (char *line = text, *end = text + (n > 0 ? n : 0); line < end;) {
      char *nl = memchr(line, '\n', (size_t)(end - line));
      size_t len = (size_t)((nl != NULL ? nl + 1 : end) - line);
      if (!is_known(line, len)) {
        write_all(STDERR_FILENO, line, len);
      }
      line += len;
    }
    free(text);
  }
  close(held);
}

static char *message(const char *format, const char *detail) {
  char *out = NULL;
  if (asprintf(&out, format, detail) < 0) {
    return strdup("out of memory");
  }
  return out;
}

// fill looks up every function of the list. It returns the name of the first
// required one that is missing, or NULL.
static const char *fill(void *lib, ndf_api *api) {
  const char *missing = NULL;
#define REQUIRE(field)                                  \
  *(void **)&api->field = dlsym(lib, #field);           \
  if (api->field == NULL && missing == NULL) {          \
    missing = #field;                                   \
  }
#define REQUIRE_F(type, name, params, args) REQUIRE(name)
#define REQUIRE_V(name, params, args) REQUIRE(name)
  NDF_CAPI(REQUIRE_F, REQUIRE_V)
#define LOOK_UP_F(type, name, params, args) \
  *(void **)&api->name = dlsym(lib, #name);
#define LOOK_UP_V(name, params, args) *(void **)&api->name = dlsym(lib, #name);
  NDF_CAPI_OPTIONAL(LOOK_UP_F, LOOK_UP_V)
  NDF_CAPI_BUILD(LOOK_UP_F, LOOK_UP_V)
  NDF_CAPI_CHECKPOINT(LOOK_UP_F, LOOK_UP_V)
  NDF_CAPI_EAGER(LOOK_UP_F, LOOK_UP_V)
  return missing;
}

// The first function of a list that the library lacks, or NULL.
#define MISSING_F(type, name, params, args) \
  if (ndf_capi.name == NULL) return #name;
#define MISSING_V(name, params, args) MISSING_F(void, name, params, args)

const char *ndf_missing_build(void) {
  NDF_CAPI_BUILD(MISSING_F, MISSING_V)
  return NULL;
}

const char *ndf_missing_checkpoint(void) {
  NDF_CAPI_CHECKPOINT(MISSING_F, MISSING_V)
  return NULL;
}

const char *ndf_missing_eager(void) {
  NDF_CAPI_EAGER(MISSING_F, MISSING_V)
  return NULL;
}

char *ndf_open(const char *path, char **opened) {
  // TensorFlow logs what it also returns as an error, and much for its own
  // developers. A user who wants to read that sets the variable to 0; the
  // library looks at it when it first logs.
  setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0);

  int held;
  int saved = hold_stderr(&held);
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  release_stderr(saved, held);
  if (lib == NULL) {
    return strdup(dlerror());
  }

  ndf_api api;
  const char *missing = fill(lib, &api);
  if (missing != NULL) {
    dlclose(lib);
    return message("not a TensorFlow 2 library: it has no %s", missing);
  }
  struct link_map *map = NULL;
  dlinfo(lib, RTLD_DI_LINKMAP, &map);
  *opened = strdup(map != NULL ? map->l_name : path);
  ndf_capi = api;
  library = lib;
  return NULL;
}

bool ndf_exports(const char *symbol) { return dlsym(library, symbol) != NULL; }
