package tfc

// #include "loader.h"
import "C"

import "sync"

// missingBuild is the first function of capi_build.h that the library lacks,
// empty where all are there.
var missingBuild = sync.OnceValue(func() string {
	if name := C.ndf_missing_build(); name != nil {
		return C.GoString(name)
	}
	return ""
})

// ensureBuild loads the library and returns an error where it lacks a function
// that building graphs and functions takes.
func ensureBuild(what string) error {
	if err := ensure(); err != nil {
		return err
	}
	if name := missingBuild(); name != "" {
		return unsupported(name, what)
	}
	return nil
}
