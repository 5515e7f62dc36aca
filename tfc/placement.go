package tfc

// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"
)

// EnvPlacement names the environment variable that turns placement off
// ("off"), or says which plugin to open instead of the one beside the library.
const EnvPlacement = "NDFLOW_PLACEMENT"

// openPlacement opens the plugin. That must come before TensorFlow allocates
// anything, so it belongs to loading the library.
func (l *Library) openPlacement() {
	path := os.Getenv(EnvPlacement)
	switch path {
	case "off":
		l.placement = EnvPlacement + " is off"
		return
	case "":
		path = filepath.Join(filepath.Dir(l.path), C.NDF_PLACEMENT_FILE)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		l.placement = fmt.Sprintf("there is no plugin %s; %s builds it where there is a C++ compiler", path, setUp)
		return
	}
	cpath, version := C.CString(path), C.CString(l.version)
	defer C.free(unsafe.Pointer(cpath))
	defer C.free(unsafe.Pointer(version))
	if msg := C.ndf_plugin_open(cpath, version); msg != nil {
		defer C.free(unsafe.Pointer(msg))
		l.placement = fmt.Sprintf("the plugin %s was refused: %s", path, C.GoString(msg))
	}
}

// Placement reports whether results can be placed, and if not, why.
func (l *Library) Placement() (on bool, why string) { return l.placement == "", l.placement }

// places reports whether the loaded library can place results.
func places() bool { return C.ndf_plugin != nil }
