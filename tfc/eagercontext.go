package tfc

// #include <stdlib.h>
// #include "executor.h"
// #include "loader.h"
import "C"

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"
)

// EagerContext is a TFE_Context: devices, functions and the kernels of ops that
// were executed. It is safe for concurrent use. Handles and ops keep what they
// need of it, also after Close.
type EagerContext struct {
	res     *contextResource
	cleanup runtime.Cleanup
}

// contextResource is what an EagerContext gives back, once nothing made with it
// is left.
type contextResource struct {
	c      *C.TFE_Context
	async  bool
	places bool
	users  atomic.Int64 // the EagerContext, handles and ops
	closed atomic.Bool

	executors atomic.Uint64 // that were made

	mu      sync.Mutex
	numbers map[uint64]weak.Pointer[Executor] // that exist, by id
	cancels map[uint64][]*canceller           // by executor, see keepCancel
	ops     map[*eagerOpResource]struct{}     // that exist
}

// Placement says what an op does with inputs that are on another device
// (TFE_ContextDevicePlacementPolicy).
type Placement int

// The policies, with TensorFlow's numbers.
const (
	PlacementExplicit       Placement = 0 // it fails
	PlacementWarn           Placement = 1 // they are copied, with a warning on stderr
	PlacementSilent         Placement = 2 // they are copied
	PlacementSilentForInt32 Placement = 3 // int32 ones are copied, for others it fails
)

// EagerOptions says how an eager context is made.
type EagerOptions struct {
	Config    []byte // a serialized ConfigProto, may be empty
	Async     bool   // ops return before they are done
	Placement Placement
	Copy      bool // copy all results that land, even those that could be placed
}

// NewEagerContext returns a context with the devices of this machine
// (TFE_NewContext).
func NewEagerContext(o EagerOptions) (*EagerContext, error) {
	if err := ensure(); err != nil {
		return nil, err
	}
	if missing := C.ndf_missing_eager(); missing != nil {
		return nil, unsupported(C.GoString(missing), "eager execution")
	}
	opts := C.TFE_NewContextOptions()
	defer C.TFE_DeleteContextOptions(opts)
	if len(o.Config) > 0 {
		err := status(func(s *C.TF_Status) {
			C.TFE_ContextOptionsSetConfig(opts, unsafe.Pointer(unsafe.SliceData(o.Config)), C.size_t(len(o.Config)), s)
		})
		if err != nil {
			return nil, fmt.Errorf("tfc: eager config: %w", err)
		}
	}
	if o.Async {
		C.TFE_ContextOptionsSetAsync(opts, 1)
	}
	C.TFE_ContextOptionsSetDevicePlacementPolicy(opts, C.TFE_ContextDevicePlacementPolicy(o.Placement))
	res := &contextResource{async: o.Async, places: !o.Copy && places(), ops: make(map[*eagerOpResource]struct{})}
	if err := status(func(s *C.TF_Status) { res.c = C.TFE_NewContext(opts, s) }); err != nil {
		return nil, fmt.Errorf("tfc: new eager context: %w", err)
	}
	res.users.Store(1)
	objects.Add("eager context", 1)
	weigh(sessionWeight)
	ctx := &EagerContext{res: res}
	ctx.cleanup = runtime.AddCleanup(ctx, (*contextResource).leave, res)
	return ctx, nil
}

// enter counts something that needs the context until it calls leave.
func (r *contextResource) enter() { r.users.Add(1) }

// tryEnter is enter for those who do not know whether the context still exists.
func (r *contextResource) tryEnter() bool {
	for {
		n := r.users.Load()
		if n == 0 {
			return false
		}
		if r.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (r *contextResource) leave() {
	if r.users.Add(-1) > 0 {
		return
	}
	C.TFE_DeleteContext(r.c) // waits for what runs
	for _, list := range r.cancels {
		deleteCancels(list)
	}
	unweigh(sessionWeight)
	objects.Add("eager context", -1)
}

// Close ends the context. Nothing can be made with it from then on; tensors that
// exist can be read, and ops fail. It waits for ops that run.
//
// Each op is told for itself, so that its runs need not look at the context.
func (c *EagerContext) Close() {
	if !c.res.closed.CompareAndSwap(false, true) {
		return
	}
	c.res.mu.Lock()
	ops := slices.Collect(maps.Keys(c.res.ops))
	c.res.mu.Unlock()
	for _, r := range ops {
		r.mu.Lock()
		r.ended, r.plain = true, false
		r.mu.Unlock()
	}
	c.cleanup.Stop()
	c.res.leave()
}

// Closed reports whether Close was called.
func (c *EagerContext) Closed() bool { return c.res.closed.Load() }

// Async reports whether ops that the calling thread begins return before they are
// done: as its executor says, if it has one, or else the context.
func (c *EagerContext) Async() (async bool) {
	c.use(func(ctx *C.TFE_Context) error {
		async = bool(C.ndf_is_async(ctx, C.bool(c.res.async)))
		return nil
	})
	return async
}

// use calls f while the context exists.
func (c *EagerContext) use(f func(*C.TFE_Context) error) error {
	if c.res.closed.Load() {
		return fmt.Errorf("tfc: eager context: %w", ErrClosed)
	}
	if !c.res.tryEnter() {
		return fmt.Errorf("tfc: eager context: %w", ErrClosed)
	}
	defer c.res.leave()
	return f(c.res.c)
}

// Devices lists the context's devices (TFE_ContextListDevices).
func (c *EagerContext) Devices() (devices []Device, err error) {
	err = c.use(func(ctx *C.TFE_Context) error {
		var list *C.TF_DeviceList
		if err := status(func(st *C.TF_Status) { list = C.TFE_ContextListDevices(ctx, st) }); err != nil {
			return fmt.Errorf("tfc: devices: %w", err)
		}
		devices, err = readDevices(list)
		return err
	})
	return devices, err
}

// ClearCaches frees the kernels that TensorFlow keeps for ops which have run
// (TFE_ContextClearCaches), once the ops that were begun asynchronously are done. No
// other op may run meanwhile.
func (c *EagerContext) ClearCaches() error {
	return c.use(func(ctx *C.TFE_Context) error {
		C.TFE_ContextClearCaches(ctx)
		return nil
	})
}

// AddFunctionDef adds the function of a serialized FunctionDef
// (TFE_ContextAddFunctionDef). It can be called as an op of its name.
func (c *EagerContext) AddFunctionDef(def []byte) error {
	return c.use(func(ctx *C.TFE_Context) error {
		return status(func(s *C.TF_Status) {
			C.TFE_ContextAddFunctionDef(ctx, (*C.char)(unsafe.Pointer(unsafe.SliceData(def))), C.size_t(len(def)), s)
		})
	})
}

// RemoveFunction takes a function away (TFE_ContextRemoveFunction).
func (c *EagerContext) RemoveFunction(name string) error {
	cname, err := cName(name)
	if err != nil {
		return err
	}
	defer freeName(cname)
	return c.use(func(ctx *C.TFE_Context) error {
		return status(func(s *C.TF_Status) { C.TFE_ContextRemoveFunction(ctx, cname, s) })
	})
}

// HasFunction reports whether there is a function of that name
// (TFE_ContextHasFunction).
func (c *EagerContext) HasFunction(name string) (has bool) {
	cname, err := cName(name)
	if err != nil {
		return false
	}
	defer freeName(cname)
	c.use(func(ctx *C.TFE_Context) error {
		has = C.TFE_ContextHasFunction(ctx, cname) != 0
		return nil
	})
	return has
}

// FunctionDef returns a function as a serialized FunctionDef
// (TFE_ContextGetFunctionDef).
func (c *EagerContext) FunctionDef(name string) (def []byte, err error) {
	cname, err := cName(name)
	if err != nil {
		return nil, err
	}
	defer freeName(cname)
	err = c.use(func(ctx *C.TFE_Context) error {
		def, err = fromBuffer(func(b *C.TF_Buffer) error {
			return status(func(s *C.TF_Status) { C.TFE_ContextGetFunctionDef(ctx, cname, b, s) })
		})
		return err
	})
	return def, err
}

// Sync waits until all that was begun on the calling thread's executor is done
// (TFE_ExecutorWaitForAllPendingNodes). An error of what ran belongs to its
// tensors, which keep it: it is cleared here, so that the executor goes on.
func (c *EagerContext) Sync() error {
	return c.use(func(ctx *C.TFE_Context) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		e := C.TFE_ContextGetExecutorForThread(ctx)
		defer C.TFE_DeleteExecutor(e)
		return c.res.wait(e, uint64(C.ndf_executor_id(ctx)))
	})
}
