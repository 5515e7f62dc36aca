package tfc

// #include <stdlib.h>
// #include "capi.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Session is a TF_Session: a graph with its devices and the state of its
// variables. It is safe for concurrent use.
type Session struct {
	mu      sync.Mutex
	c       *C.TF_Session // nil once closed
	plans   map[*planResource]struct{}
	graph   *Graph
	places  bool // results may be placed
	cleanup runtime.Cleanup
}

// SessionOptions says how a session is made.
type SessionOptions struct {
	Target string // of a TensorFlow server, "grpc://localhost:2222"; empty for this process
	Config []byte // a serialized ConfigProto, may be empty
	Copy   bool   // copy all results that land, even those that could be placed
}

func (o SessionOptions) c() (*C.TF_SessionOptions, error) {
	target, err := cName(o.Target)
	if err != nil {
		return nil, err
	}
	defer freeName(target)
	opts := C.TF_NewSessionOptions()
	if o.Target != "" {
		C.TF_SetTarget(opts, target)
	}
	if len(o.Config) == 0 {
		return opts, nil
	}
	err = status(func(s *C.TF_Status) {
		C.TF_SetConfig(opts, unsafe.Pointer(unsafe.SliceData(o.Config)), C.size_t(len(o.Config)), s)
	})
	if err != nil {
		C.TF_DeleteSessionOptions(opts)
		return nil, fmt.Errorf("tfc: session config: %w", err)
	}
	return opts, nil
}

// NewSession returns a session for running g (TF_NewSession).
func NewSession(g *Graph, o SessionOptions) (*Session, error) {
	opts, err := o.c()
	if err != nil {
		return nil, err
	}
	defer C.TF_DeleteSessionOptions(opts)
	var c *C.TF_Session
	err = g.use(func(cg *C.TF_Graph) error {
		return status(func(s *C.TF_Status) { c = C.TF_NewSession(cg, opts, s) })
	})
	if err != nil {
		return nil, fmt.Errorf("tfc: new session: %w", err)
	}
	return ownSession(c, g, o), nil
}

// LoadSavedModel makes a session from the SavedModel in dir: the MetaGraph
// with exactly these tags, its variables restored and its tables filled
// (TF_LoadSessionFromSavedModel). It trusts what the model's files say.
func LoadSavedModel(dir string, tags []string, o SessionOptions) (*Session, error) {
	if err := ensure(); err != nil {
		return nil, err
	}
	opts, err := o.c()
	if err != nil {
		return nil, err
	}
	defer C.TF_DeleteSessionOptions(opts)
	cdir, err := cName(dir)
	if err != nil {
		return nil, err
	}
	defer freeName(cdir)
	ctags, free, err := cNames(tags)
	if err != nil {
		return nil, err
	}
	defer free()
	if ctags == nil {
		ctags = make([]*C.char, 0, 1) // with no tags, still a pointer
	}

	g, err := NewGraph()
	if err != nil {
		return nil, err
	}
	var c *C.TF_Session
	err = status(func(s *C.TF_Status) {
		c = C.TF_LoadSessionFromSavedModel(opts, nil, cdir, ptr(ctags), C.int(len(ctags)), g.c, nil, s)
	})
	if err != nil {
		g.Close()
		return nil, err
	}
	return ownSession(c, g, o), nil
}

func ownSession(c *C.TF_Session, g *Graph, o SessionOptions) *Session {
	s := &Session{c: c, graph: g, places: !o.Copy && places(), plans: make(map[*planResource]struct{})}
	s.cleanup = runtime.AddCleanup(s, freeSession, c)
	objects.Add("session", 1)
	weigh(sessionWeight)
	return s
}

// freeSession deletes the session. The status has nothing that a caller could act on.
func freeSession(c *C.TF_Session) {
	st := C.TF_NewStatus()
	C.TF_DeleteSession(c, st)
	C.TF_DeleteStatus(st)
	unweigh(sessionWeight)
	objects.Add("session", -1)
}

// closeWait is how long Close waits for steps that it has cancelled. Those that wait for
// something, and those of many ops, end at once; an op that is in the middle of its
// work does not.
const closeWait = 500 * time.Millisecond

// Close cancels the steps that run (TF_CloseSession) and gives the session back, not
// its graph. Its plans fail from then on. Close waits for the cancelled steps, but not
// long: a step with an op that cannot be interrupted keeps the session's memory until
// it ends, and gives it back then.
//
// Each plan has a lock of its own for that: one that all of a session's steps
// shared would be fought over by goroutines that run small steps.
func (s *Session) Close() {
	s.mu.Lock()
	c, plans := s.c, s.plans
	s.c, s.plans = nil, nil
	s.mu.Unlock()
	if c == nil {
		return
	}
	s.cleanup.Stop()
	var running []*planResource
	for r := range plans {
		if r.mu.TryLock() {
			r.end()
		} else {
			running = append(running, r)
		}
	}
	if len(running) == 0 {
		freeSession(c)
		return
	}
	cancelSteps(c)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for _, r := range running {
			r.mu.Lock()
			r.end()
		}
		freeSession(c)
	}()
	wait := time.NewTimer(closeWait)
	defer wait.Stop()
	select {
	case <-over:
	case <-wait.C:
	}
}

// cancelSteps makes all steps of the session fail, those to come as well.
func cancelSteps(c *C.TF_Session) {
	st := C.TF_NewStatus()
	C.TF_CloseSession(c, st)
	C.TF_DeleteStatus(st)
}

// extend takes what was added to the graph into the session, which is needed
// before a step that uses it. TensorFlow would look for additions at the
// beginning of every step, but no longer does once this was called
// (TF_ExtendSession). The caller has locked s.
func (s *Session) extend() error {
	if !C.ndf_has_TF_ExtendSession() {
		return nil
	}
	return status(func(st *C.TF_Status) { C.TF_ExtendSession(s.c, st) })
}

// Closed reports whether Close was called.
func (s *Session) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.c == nil
}

// Graph returns the graph that the session runs.
func (s *Session) Graph() *Graph { return s.graph }

// Device is a device that a session or an eager context can run on.
type Device struct {
	Name   string // "/job:localhost/replica:0/task:0/device:CPU:0"
	Type   string // "CPU", "GPU"
	Memory int64  // bytes
}

// Devices lists the session's devices (TF_SessionListDevices).
func (s *Session) Devices() ([]Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return nil, fmt.Errorf("tfc: session: %w", ErrClosed)
	}
	var list *C.TF_DeviceList
	if err := status(func(st *C.TF_Status) { list = C.TF_SessionListDevices(s.c, st) }); err != nil {
		return nil, fmt.Errorf("tfc: devices: %w", err)
	}
	return readDevices(list)
}

// readDevices reads a list and deletes it.
func readDevices(list *C.TF_DeviceList) ([]Device, error) {
	defer C.TF_DeleteDeviceList(list)
	devices := make([]Device, C.TF_DeviceListCount(list))
	for i := range devices {
		err := status(func(st *C.TF_Status) {
			devices[i] = Device{
				Name:   C.GoString(C.TF_DeviceListName(list, C.int(i), st)),
				Type:   C.GoString(C.TF_DeviceListType(list, C.int(i), st)),
				Memory: int64(C.TF_DeviceListMemoryBytes(list, C.int(i), st)),
			}
		})
		if err != nil {
			return nil, fmt.Errorf("tfc: device %d: %w", i, err)
		}
	}
	return devices, nil
}
