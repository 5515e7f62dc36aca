package tfc

// #include "trim.h"
import "C"

import (
	"os"
	"strings"
)

// Allocator is what is known of the malloc of this process, from which TensorFlow gets
// the CPU's memory.
type Allocator struct {
	File     string // the shared library that it is in; empty where that is not known
	Glibc    string // the version of glibc, if it is glibc's own
	Settings string // of the environment, for glibc's: "MALLOC_ARENA_MAX=1"
	Fixed    bool   // the environment fixes from which size on blocks are mapped one by one
}

// ReadAllocator looks at the process. A setting that a program has made by mallopt is not
// seen.
func ReadAllocator() Allocator {
	var file [4096]C.char
	a := Allocator{Glibc: C.GoString(C.ndf_malloc(&file[0], C.int(len(file))))}
	a.File = C.GoString(&file[0])
	if a.Glibc != "" {
		a.Settings, a.Fixed = mallocSettings(os.Environ())
	}
	return a
}

// mallocSettings picks the settings of glibc's malloc from an environment. To set any of
// four of them makes its thresholds fixed.
func mallocSettings(environment []string) (settings string, fixed bool) {
	var found []string
	for _, e := range environment {
		name, value, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "MALLOC_") && strings.HasSuffix(name, "_") || name == "MALLOC_ARENA_MAX" {
			found = append(found, e)
			fixed = fixed || fixes(strings.ToLower(strings.Trim(strings.TrimPrefix(name, "MALLOC_"), "_")))
		}
		if name != "GLIBC_TUNABLES" {
			continue
		}
		for _, tunable := range strings.Split(value, ":") {
			name, _, _ := strings.Cut(tunable, "=")
			if name, ok := strings.CutPrefix(name, "glibc.malloc."); ok {
				found = append(found, tunable)
				fixed = fixed || fixes(name)
			}
		}
	}
	return strings.Join(found, ", "), fixed
}

func fixes(setting string) bool {
	switch setting {
	case "mmap_threshold", "trim_threshold", "top_pad", "mmap_max":
		return true
	}
	return false
}
