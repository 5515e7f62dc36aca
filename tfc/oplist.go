package tfc

// #include "capi.h"
// #include "loader.h"
import "C"

import "unsafe"

// AllOps returns the ops of the library as a serialized OpList
// (TF_GetAllOpList).
func AllOps() ([]byte, error) {
	if err := ensureBuild("listing the ops"); err != nil {
		return nil, err
	}
	buf := C.TF_GetAllOpList()
	defer C.TF_DeleteBuffer(buf)
	return C.GoBytes(unsafe.Pointer(buf.data), C.int(buf.length)), nil
}
