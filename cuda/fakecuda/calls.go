package fakecuda

// #include <stdlib.h>
// #include "open.h"
import "C"

import "unsafe"

// The calls of the driver API as this package's tests make them: cgo is not
// allowed in test files. Each is the call of its name on the opened fake.

type (
	code    int
	context = C.CUcontext
	stream  = C.CUstream
	event   = C.CUevent
	devptr  = C.CUdeviceptr
)

const (
	success        = code(C.CUDA_SUCCESS)
	invalidValue   = code(C.CUDA_ERROR_INVALID_VALUE)
	outOfMemory    = code(C.CUDA_ERROR_OUT_OF_MEMORY)
	notInitialized = code(C.CUDA_ERROR_NOT_INITIALIZED)
	noDevice       = code(C.CUDA_ERROR_NO_DEVICE)
	invalidDevice  = code(C.CUDA_ERROR_INVALID_DEVICE)
	invalidContext = code(C.CUDA_ERROR_INVALID_CONTEXT)
	peerTwice      = code(C.CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED)
	invalidHandle  = code(C.CUDA_ERROR_INVALID_HANDLE)
	notFound       = code(C.CUDA_ERROR_NOT_FOUND)
	notReady       = code(C.CUDA_ERROR_NOT_READY)
	illegalAddress = code(C.CUDA_ERROR_ILLEGAL_ADDRESS)
	destroyed      = code(C.CUDA_ERROR_CONTEXT_IS_DESTROYED)
	registered     = code(C.CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED)
	notRegistered  = code(C.CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED)
	launchFailed   = code(C.CUDA_ERROR_LAUNCH_FAILED)
	notPermitted   = code(C.CUDA_ERROR_NOT_PERMITTED)
)

func (c code) String() string {
	var name *C.char
	C.call_cuGetErrorName(C.CUresult(c), &name)
	if name == nil {
		return "a code with no name"
	}
	return C.GoString(name)
}

func (c code) text() string {
	var text *C.char
	C.call_cuGetErrorString(C.CUresult(c), &text)
	return C.GoString(text)
}

func cuInit() code { return code(C.call_cuInit(0)) }

func cuDriverGetVersion() (int, code) {
	var v C.int
	rc := code(C.call_cuDriverGetVersion(&v))
	return int(v), rc
}

func cuDeviceGetCount() (int, code) {
	var n C.int
	rc := code(C.call_cuDeviceGetCount(&n))
	return int(n), rc
}

func cuDeviceGet(ordinal int) code {
	var d C.CUdevice
	return code(C.call_cuDeviceGet(&d, C.int(ordinal)))
}

func cuDeviceGetName(device int) (string, code) {
	var name [64]C.char
	rc := code(C.call_cuDeviceGetName(&name[0], C.int(len(name)), C.CUdevice(device)))
	return C.GoString(&name[0]), rc
}

func cuDeviceTotalMem(device int) (int64, code) {
	var n C.size_t
	rc := code(C.call_cuDeviceTotalMem_v2(&n, C.CUdevice(device)))
	return int64(n), rc
}

func cuDeviceGetAttribute(attribute, device int) (int, code) {
	var n C.int
	rc := code(C.call_cuDeviceGetAttribute(&n, C.int(attribute), C.CUdevice(device)))
	return int(n), rc
}

func cuDeviceGetUuid(device int) ([16]byte, code) {
	var u C.CUuuid
	rc := code(C.call_cuDeviceGetUuid_v2(&u, C.CUdevice(device)))
	return *(*[16]byte)(unsafe.Pointer(&u)), rc
}

func cuDeviceGetPCIBusId(device int) (string, code) {
	var id [16]C.char
	rc := code(C.call_cuDeviceGetPCIBusId(&id[0], C.int(len(id)), C.CUdevice(device)))
	return C.GoString(&id[0]), rc
}

func cuDeviceCanAccessPeer(device, peer int) (bool, code) {
	var can C.int
	rc := code(C.call_cuDeviceCanAccessPeer(&can, C.CUdevice(device), C.CUdevice(peer)))
	return can != 0, rc
}

func cuDevicePrimaryCtxRetain(device int) (c context, rc code) {
	rc = code(C.call_cuDevicePrimaryCtxRetain(&c, C.CUdevice(device)))
	return c, rc
}

func cuDevicePrimaryCtxRelease(device int) code {
	return code(C.call_cuDevicePrimaryCtxRelease_v2(C.CUdevice(device)))
}

func cuDevicePrimaryCtxGetState(device int) (active bool, rc code) {
	var flags C.uint
	var on C.int
	rc = code(C.call_cuDevicePrimaryCtxGetState(C.CUdevice(device), &flags, &on))
	return on != 0, rc
}

func cuCtxPushCurrent(c context) code { return code(C.call_cuCtxPushCurrent_v2(c)) }

func cuCtxPopCurrent() code { return code(C.call_cuCtxPopCurrent_v2(nil)) }

func cuCtxGetCurrent() (c context, rc code) {
	rc = code(C.call_cuCtxGetCurrent(&c))
	return c, rc
}

func cuCtxSynchronize() code { return code(C.call_cuCtxSynchronize()) }

func cuCtxEnablePeerAccess(peer context) code { return code(C.call_cuCtxEnablePeerAccess(peer, 0)) }

func cuMemAlloc(n int) (p devptr, rc code) {
	rc = code(C.call_cuMemAlloc_v2(&p, C.size_t(n)))
	return p, rc
}

func cuMemFree(p devptr) code { return code(C.call_cuMemFree_v2(p)) }

func cuMemGetInfo() (free, total int64, rc code) {
	var f, t C.size_t
	rc = code(C.call_cuMemGetInfo_v2(&f, &t))
	return int64(f), int64(t), rc
}

func cuMemGetAddressRange(p devptr) (base devptr, size int, rc code) {
	var n C.size_t
	rc = code(C.call_cuMemGetAddressRange_v2(&base, &n, p))
	return base, int(n), rc
}

func cuMemHostAlloc(n int) ([]byte, code) {
	var p unsafe.Pointer
	rc := code(C.call_cuMemHostAlloc(&p, C.size_t(n), 0))
	return unsafe.Slice((*byte)(p), n), rc
}

func cuMemFreeHost(b []byte) code { return code(C.call_cuMemFreeHost(unsafe.Pointer(&b[0]))) }

func cuMemHostRegister(b []byte) code {
	return code(C.call_cuMemHostRegister_v2(unsafe.Pointer(&b[0]), C.size_t(len(b)), 0))
}

func cuMemHostUnregister(b []byte) code {
	return code(C.call_cuMemHostUnregister(unsafe.Pointer(&b[0])))
}

func cuMemHostGetFlags(b []byte) code {
	var flags C.uint
	return code(C.call_cuMemHostGetFlags(&flags, unsafe.Pointer(&b[0])))
}

func cuMemcpyHtoDAsync(dst devptr, src []byte, s stream) code {
	return code(C.call_cuMemcpyHtoDAsync_v2(dst, unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)), s))
}

func cuMemcpyDtoHAsync(dst []byte, src devptr, s stream) code {
	return code(C.call_cuMemcpyDtoHAsync_v2(unsafe.Pointer(unsafe.SliceData(dst)), src, C.size_t(len(dst)), s))
}

// cuMemcpyHtoDFrom copies from an address that is no host memory.
func cuMemcpyHtoDFrom(dst, src devptr, n int) code {
	return code(C.ndf_fake_copy_from(dst, src, C.size_t(n)))
}

func cuMemcpyDtoDAsync(dst, src devptr, n int, s stream) code {
	return code(C.call_cuMemcpyDtoDAsync_v2(dst, src, C.size_t(n), s))
}

func cuMemcpyPeerAsync(dst devptr, to context, src devptr, from context, n int, s stream) code {
	return code(C.call_cuMemcpyPeerAsync(dst, to, src, from, C.size_t(n), s))
}

func cuMemsetD8Async(dst devptr, value byte, n int, s stream) code {
	return code(C.call_cuMemsetD8Async(dst, C.uchar(value), C.size_t(n), s))
}

func cuStreamCreate(flags int) (s stream, rc code) {
	rc = code(C.call_cuStreamCreate(&s, C.uint(flags)))
	return s, rc
}

func cuStreamDestroy(s stream) code     { return code(C.call_cuStreamDestroy_v2(s)) }
func cuStreamSynchronize(s stream) code { return code(C.call_cuStreamSynchronize(s)) }
func cuStreamQuery(s stream) code       { return code(C.call_cuStreamQuery(s)) }

func cuStreamWaitEvent(s stream, e event) code { return code(C.call_cuStreamWaitEvent(s, e, 0)) }

// cuLaunchHostFunc queues a function of C: one that adds 1 to the number, or
// one that stores there what cuDeviceGetCount gives.
func cuLaunchHostFunc(s stream, number *C.int, ask bool) code {
	fn := C.CUhostFn(C.ndf_fake_add_one)
	if ask {
		fn = C.CUhostFn(C.ndf_fake_ask_count)
	}
	return code(C.call_cuLaunchHostFunc(s, fn, unsafe.Pointer(number)))
}

// newInt is a number in C's memory; freeInt frees it.
func newInt() *C.int        { return (*C.int)(C.calloc(1, C.sizeof_int)) }
func freeInt(n *C.int)      { C.free(unsafe.Pointer(n)) }
func intValue(n *C.int) int { return int(C.ndf_fake_load(n)) }

func cuEventCreate(flags int) (e event, rc code) {
	rc = code(C.call_cuEventCreate(&e, C.uint(flags)))
	return e, rc
}

func cuEventDestroy(e event) code          { return code(C.call_cuEventDestroy_v2(e)) }
func cuEventRecord(e event, s stream) code { return code(C.call_cuEventRecord(e, s)) }
func cuEventQuery(e event) code            { return code(C.call_cuEventQuery(e)) }
func cuEventSynchronize(e event) code      { return code(C.call_cuEventSynchronize(e)) }

func cuEventElapsedTime(start, end event) (float32, code) {
	var ms C.float
	rc := code(C.call_cuEventElapsedTime(&ms, start, end))
	return float32(ms), rc
}

// pointerInfo is what the attributes of a pointer say.
type pointerInfo struct {
	memoryType, ordinal int
	context             context
	base                devptr
	size                int
}

func cuPointerGetAttributes(p devptr) (pointerInfo, code) {
	var (
		kind    C.uint
		ordinal C.int
		size    C.size_t
	)
	// The table of addresses must be C's: it holds pointers.
	table := (*[5]unsafe.Pointer)(C.calloc(5, C.sizeof_size_t))
	values := (*[5]C.ulonglong)(C.calloc(5, C.sizeof_ulonglong))
	defer C.free(unsafe.Pointer(table))
	defer C.free(unsafe.Pointer(values))
	for i := range table {
		table[i] = unsafe.Pointer(&values[i])
	}
	attributes := [5]C.int{2, 9, 1, 11, 12}
	rc := code(C.call_cuPointerGetAttributes(5, &attributes[0], &table[0], p))
	kind = *(*C.uint)(table[0])
	ordinal = *(*C.int)(table[1])
	size = *(*C.size_t)(table[4])
	return pointerInfo{int(kind), int(ordinal), *(*context)(table[2]), *(*devptr)(table[3]), int(size)}, rc
}

// cuPointerGetAttribute asks for the ordinal of a pointer's device.
func cuPointerGetAttribute(p devptr) (int, code) {
	var ordinal C.int
	rc := code(C.call_cuPointerGetAttribute(unsafe.Pointer(&ordinal), 9, p))
	return int(ordinal), rc
}

// inFork is what the driver says in a forked child.
func inFork() code { return code(C.ndf_fake_in_fork()) }

// touch reads a byte of the host's at p, and ends the process where that may
// not be read.
func touch(p devptr) byte { return byte(C.ndf_fake_touch(C.ulonglong(p))) }

// nameCode and textCode are the codes of asking for a code's name and text, and
// hostAllocCode that of pinning memory, with nothing made of what they give.
func nameCode() code {
	var name *C.char
	return code(C.call_cuGetErrorName(0, &name))
}

func textCode() code {
	var text *C.char
	return code(C.call_cuGetErrorString(0, &text))
}

func hostAllocCode(n int) code {
	var p unsafe.Pointer
	return code(C.call_cuMemHostAlloc(&p, C.size_t(n), 0))
}
