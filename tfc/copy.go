package tfc

// #include "copy.h"
import "C"

import "unsafe"

// What a step uses from within C, for those who test and time it: copies between
// slices of one length that do not overlap.

// streamSize is from how many bytes on copies go past the caches.
func streamSize() uint { return uint(C.ndf_stream_size) }

func copyBytes(dst, src []byte) { C.ndf_copy(start(dst), start(src), C.size_t(len(dst))) }

func streamBytes(dst, src []byte) { C.ndf_stream(start(dst), start(src), C.size_t(len(dst))) }

func memcpyBytes(dst, src []byte) { C.memcpy(start(dst), start(src), C.size_t(len(dst))) }

func start(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
