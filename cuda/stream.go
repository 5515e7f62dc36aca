package cuda

// #include "driver.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Stream is a queue of a device's work: copies on one stream are done one after
// the other, those of different streams in any order, unless [Stream.WaitFor]
// says otherwise. It is safe for concurrent use.
type Stream struct {
	s       *stream
	dev     *Device
	closed  atomic.Bool
	cleanup runtime.Cleanup
}

// stream is what is behind a Stream, and lives until its last event has passed.
type stream struct {
	p      *primary
	handle C.CUstream
	pooled bool // belongs to the context, for copies that are waited for

	// Held while work is put on the stream, so that events are queued in the order
	// in which they pass.
	mu         sync.Mutex
	refs       int // the Stream, each queued event, each call that is under way
	head, tail *Event
}

// NewStream returns a new stream of the device, in no order with the default
// stream (cuStreamCreate with CU_STREAM_NON_BLOCKING).
func (d *Device) NewStream() (*Stream, error) {
	p, err := d.use()
	if err != nil {
		return nil, err
	}
	defer p.unref()
	in, err := newStream(p)
	if err != nil {
		return nil, err
	}
	s := &Stream{s: in, dev: d}
	s.cleanup = runtime.AddCleanup(s, (*stream).unref, in)
	return s, nil
}

// newStream returns a stream with one reference, which keeps the context as well.
func newStream(p *primary) (*stream, error) {
	r := C.ndc_stream_new(p.info.ctx)
	if err := errorOf(r.status); err != nil {
		return nil, fmt.Errorf("cuda: device %d: new stream: %w", p.ordinal, err)
	}
	p.ref()
	objects.Add("stream", 1)
	return &stream{p: p, handle: r.stream, refs: 1}, nil
}

// Close ends the stream. What is on it is done all the same. It may be called
// more than once.
func (s *Stream) Close() {
	if s == nil || s.s == nil || s.closed.Swap(true) {
		return
	}
	s.cleanup.Stop()
	s.s.unref()
	settle()
}

// use returns what is behind an open stream, with one reference more.
func (s *Stream) use() (*stream, error) {
	if s == nil || s.s == nil {
		return nil, errors.New("cuda: nil stream")
	}
	if s.closed.Load() || !s.s.ref() {
		return nil, fmt.Errorf("cuda: stream of device %d: %w", s.s.p.ordinal, ErrClosed)
	}
	return s.s, nil
}

// ref adds a reference, where there still is one.
func (s *stream) ref() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refs == 0 {
		return false
	}
	s.refs++
	return true
}

func (s *stream) unref() { s.unrefBy(1) }

// unrefBy drops references; the last one ends the stream.
func (s *stream) unrefBy(n int) {
	s.mu.Lock()
	s.refs -= n
	last := s.refs == 0
	s.mu.Unlock()
	if !last || n == 0 {
		return
	}
	if s.pooled {
		s.p.putStream(s)
	} else {
		C.ndc_stream_destroy(s.p.info.ctx, s.handle) // fails only where the context is lost, and the stream with it
		objects.Add("stream", -1)
	}
	s.p.unref()
}

// Device returns the stream's device.
func (s *Stream) Device() *Device { return s.dev }

// Handle returns the CUstream, for other libraries of this process; 0 once the
// stream is closed. It is valid while the Stream is reachable and not closed.
func (s *Stream) Handle() uintptr {
	if s.closed.Load() {
		return 0
	}
	return uintptr(unsafe.Pointer(s.s.handle))
}

// Record returns an event that passes when all work that is on the stream now is
// done. Unlike that of a copy it has a time, see [Event.Since].
func (s *Stream) Record() (*Event, error) {
	in, err := s.use()
	if err != nil {
		return nil, err
	}
	defer in.unref()
	e := &Event{s: in, timed: true}
	if err := in.enqueue(e, C.ndc_work{kind: C.NDC_NOTHING}); err != nil {
		return nil, err
	}
	return e, nil
}

// WaitFor makes all work that is put on the stream from now on wait for the event,
// which may be of another stream and another device (cuStreamWaitEvent). It
// returns at once.
func (s *Stream) WaitFor(e *Event) error {
	in, err := s.use()
	if err != nil {
		return err
	}
	defer in.unref()
	passed, err := e.begin()
	if passed || err != nil {
		return err
	}
	defer e.end()
	// As with all work an event comes behind it, so that the stream stays until it
	// is done.
	return in.enqueue(&Event{s: in}, C.ndc_work{kind: C.NDC_WAIT, wait_for: e.handle})
}

// Synchronize waits until all work that was put on the stream before is done, or
// ctx is: the work goes on then.
func (s *Stream) Synchronize(ctx context.Context) error {
	in, err := s.use()
	if err != nil {
		return err
	}
	if endless(ctx) {
		return in.synchronize()
	}
	return await(ctx, in.synchronize)
}

// synchronize is Synchronize, with a reference that it drops.
func (s *stream) synchronize() error {
	defer s.unref()
	return s.settled(s.last(), func() C.ndc_status {
		return C.ndc_stream_synchronize(s.p.info.ctx, s.handle)
	})
}

// Done reports whether all work that was put on the stream before is done.
func (s *Stream) Done() (bool, error) {
	in, err := s.use()
	if err != nil {
		return false, err
	}
	defer in.unref()
	err = in.settled(in.last(), func() C.ndc_status {
		return C.ndc_stream_query(in.p.info.ctx, in.handle)
	})
	if errors.Is(err, NotReady) {
		return false, nil
	}
	return err == nil, err
}

// String says which stream it is.
func (s *Stream) String() string {
	switch {
	case s == nil || s.s == nil:
		return "nil stream"
	case s.closed.Load():
		return fmt.Sprintf("stream of GPU %d, closed", s.s.p.ordinal)
	}
	return fmt.Sprintf("stream %#x of GPU %d", s.Handle(), s.s.p.ordinal)
}

// endless reports whether ctx never ends.
func endless(ctx context.Context) bool { return ctx == nil || ctx.Done() == nil }

// await runs a call that blocks. Where ctx ends it is left behind, and ends by
// itself.
func await(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("cuda: %w", ctx.Err())
	}
}
