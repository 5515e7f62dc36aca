// Package fakecuda is a CUDA driver for tests on machines without a GPU: a
// shared library of our own C that exports the functions of libcuda which
// ndflow calls, and checks every call.
//
// [Build] compiles it, the code under test opens it by its path, and [Open]
// gives the test a [Control] of the same library: it sets what devices there
// are, lets calls fail, and reads what is alive. In a child process, and for
// the ndflow command, NDFLOW_LIBCUDA names the path and the environment has the
// settings (see below). A process has one fake.
//
// # What it does
//
// Device memory lies at addresses that fault when the host touches them; the
// fake itself reaches it through a second mapping. Allocations are 256-byte
// aligned and no more, with pages between them that are never used, hold a
// pattern that is not zero, and have addresses that are not used again for a
// long time. So have handles.
//
// What is put into a stream is queued, and done late: by default only when a
// call waits for it, or a few steps at a time when a call asks about it
// ([WhenAsked]), or by a thread ([ByThread]). A step is a part of the operation
// at the head of one stream, and which stream is drawn at random from
// [Settings].Seed, so that all orders which events, the legacy stream and the
// order within a stream allow will be seen. A host function is called by a
// thread in either case. Pinned and registered host memory is read and written
// when the copy is done; the driver knows nothing of other host memory, so it
// is read before the call returns on the way to the device, and written before
// the call returns on the way back.
//
// # What is wrong with a call
//
// What the driver reports as a code comes as that code. What the driver would
// hide, break on or leave undefined, and what can only be a mistake in ndflow,
// is a violation: the fake writes one line, "fakecuda: CALL: what is wrong", to
// stderr and aborts the process.
//
//	as a code
//	  before cuInit; in a forked child                        NOT_INITIALIZED
//	  no device at all (cuInit), no such device               NO_DEVICE, INVALID_DEVICE
//	  no context is current; pop from an empty stack          INVALID_CONTEXT
//	  the current context has ended; push of one that
//	    another library destroyed                             CONTEXT_IS_DESTROYED
//	  the device was lost                                     the code it was lost with
//	  a context of another device with memory in a queued
//	    copy was destroyed by another library                 ILLEGAL_ADDRESS
//	  a null pointer for a result, no bytes, unknown flags,
//	    host memory to register that cannot be read           INVALID_VALUE
//	  more device memory than there is                        OUT_OF_MEMORY
//	  registering twice, unregistering what is not            HOST_MEMORY_(ALREADY|NOT)_REGISTERED
//	  an address that is no allocation (cuMemGetAddressRange) NOT_FOUND
//	  the attribute of a pointer that the driver does not
//	    know (cuPointerGetAttributes gives nulls instead)     INVALID_VALUE
//	  work or an event that has not passed                    NOT_READY
//	  recording an event in a stream of another context;
//	    the time of an event that was not recorded or has
//	    none; destroying the legacy stream                    INVALID_HANDLE
//	  enabling peer access twice                              PEER_ACCESS_ALREADY_ENABLED
//	  a call from a host function                             NOT_PERMITTED
//
//	as a violation
//	  freeing twice, or what is no allocation or inside one   cuMemFree, cuMemFreeHost
//	  freeing or unregistering what queued work uses          cuMemFree, cuMemFreeHost, cuMemHostUnregister
//	  freeing with another device's context current           cuMemFree
//	  memory that is too short, freed, of the other side,
//	    of another device or pinned in part only              copies, cuMemsetD8Async
//	  source and destination that overlap                     cuMemcpyDtoDAsync, cuMemcpyPeerAsync
//	  memory that queued work of another stream uses, one of
//	    the two writing, with no event that orders them       copies, cuMemsetD8Async
//	  pinned memory that is unmapped when the copy is done    the call that queued it
//	  a handle that is none or was destroyed                  all
//	  a stream of another context than the current one        all
//	  an event that was never recorded                        cuEventQuery, cuEventSynchronize, cuStreamWaitEvent
//	  releasing a context that is not retained, or the last
//	    reference to one in which work is queued              cuDevicePrimaryCtxRelease
//	  pushing a context that was released                     cuCtxPushCurrent
//
// Legal, and done as the driver does it: destroying a stream or an event whose
// work is queued, recording an event again, waiting for an event of another
// device, querying with any context current, releasing a context in which
// things are alive (they go, and [Counters].Orphaned counts them).
//
// A failure that a test asks for with [Control.Fail], and the code of a lost
// device, are given by calls that make or queue something before they do it,
// and by calls that free, end, pop or wait after they have done it. So a test
// can let each call fail in turn and still expect that nothing is left over.
//
// # What it does not do
//
// It knows no kernels, modules, managed memory, memory pools, graphs,
// per-thread default streams or contexts other than primary ones, and says
// nothing about speed. That the driver does work in an order of its own, and
// which codes it gives, is from its documentation; the tests of package cuda
// run on a real driver where there is one.
//
// # Environment
//
//	FAKECUDA_DEVICES=2              number of devices
//	FAKECUDA_MEMORY=1048576         bytes of each
//	FAKECUDA_CAPABILITY=8.6
//	FAKECUDA_DRIVER=12040           as cuDriverGetVersion gives it
//	FAKECUDA_SEED=7
//	FAKECUDA_LATE=1                 1 is ByThread
//	FAKECUDA_FAIL=cuMemAlloc_v2:3:2,cuInit:1:100    call, which one, code
//	FAKECUDA_LOSE=4:719             at which copy, and code
//
// They are read once, before the first call; [Control.Reset] takes their place.
package fakecuda
