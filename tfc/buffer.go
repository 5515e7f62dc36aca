package tfc

// #include "capi.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// withBuffer calls f with a TF_Buffer over b, for the time of the call.
func withBuffer(b []byte, f func(*C.TF_Buffer)) {
	var pin runtime.Pinner
	defer pin.Unpin()
	buf := C.TF_NewBuffer()
	defer C.TF_DeleteBuffer(buf)
	if len(b) > 0 {
		pin.Pin(unsafe.SliceData(b))
		buf.data = unsafe.Pointer(unsafe.SliceData(b))
		buf.length = C.size_t(len(b))
	}
	f(buf)
	// The memory is Go's, so TF_DeleteBuffer must not see it.
	buf.data, buf.length, buf.data_deallocator = nil, 0, nil
}

// fromBuffer calls f with an empty TF_Buffer and returns a copy of what f had
// written into it.
func fromBuffer(f func(*C.TF_Buffer) error) ([]byte, error) {
	buf := C.TF_NewBuffer()
	defer C.TF_DeleteBuffer(buf)
	if err := f(buf); err != nil {
		return nil, err
	}
	b := make([]byte, buf.length)
	copy(b, unsafe.Slice((*byte)(buf.data), buf.length))
	return b, nil
}
