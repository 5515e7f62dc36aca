package cuda

// #include "driver.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Event is a point in a stream's work: it passes when what was put on the stream
// before is done. [Stream.Copy] and [Stream.Record] return events. An Event may be
// dropped: what belongs to it is given back when it has passed. It is safe for
// concurrent use.
type Event struct {
	s      *stream
	handle C.CUevent
	timed  bool

	// All that follows is guarded by s.mu.
	next    *Event
	queued  bool  // it has not passed, as far as is known
	err     error // why it never will
	users   int   // calls that use the handle
	closed  bool
	bare    bool // work is on the stream, but the event behind it failed
	partial Memory
	holds   [2]Holder
	pins    [2]runtime.Pinner
	cleanup runtime.Cleanup
}

// Holder is what can be kept from being given back: an [npy.Array], a [Buffer], or
// another owner of memory. Hold is undone by Unhold, which may be called on any
// goroutine.
type Holder interface {
	Hold() error
	Unhold()
}

// timedHandle is what is behind an event with a time, which lives as long as the
// Event, since its time may be asked for.
type timedHandle struct {
	s      *stream
	handle C.CUevent
}

func (t timedHandle) giveBack() {
	t.s.p.putEvent(true, t.handle)
	objects.Add("timed event", -1)
	t.s.unref()
}

// letGo ends the holds of what the copy reads and writes.
func (e *Event) letGo() {
	for i := range e.holds {
		e.pins[i].Unpin()
		if e.holds[i] != nil {
			e.holds[i].Unhold()
			e.holds[i] = nil
		}
	}
	e.partial = nil
}

// adopt takes over the handle of a new event. Where nobody gets to see the event it
// is as good as closed. The caller has locked the stream.
func (e *Event) adopt(handle C.CUevent, seen bool) {
	e.handle = handle
	e.closed = !seen
	if !e.timed || handle == nil {
		return
	}
	// Until the handle is given back the stream stays, and the context with it.
	e.s.refs++
	objects.Add("timed event", 1)
	if seen {
		e.cleanup = runtime.AddCleanup(e, timedHandle.giveBack, timedHandle{e.s, handle})
	}
}

// begin is called before the handle of an event is used, end afterwards. passed
// says that there is nothing to wait for, and no end to call.
func (e *Event) begin() (passed bool, err error) {
	if e == nil || e.s == nil {
		return false, errors.New("cuda: nil event")
	}
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	switch {
	case e.closed:
		return false, fmt.Errorf("cuda: event: %w", ErrClosed)
	case e.err != nil:
		return false, e.err
	case !e.queued:
		return true, nil
	}
	e.use()
	return false, nil
}

// use counts one more user. The caller has locked the stream.
func (e *Event) use() {
	e.users++
	e.s.refs++
}

func (e *Event) end() {
	s := e.s
	s.mu.Lock()
	e.users--
	back := e.takeHandle()
	s.mu.Unlock()
	back.give()
	s.unref()
}

// Wait waits until the event has passed, or ctx is done: the work goes on then.
// Where what comes before the event has failed it returns that error; it is
// [ErrPartial] for a copy.
func (e *Event) Wait(ctx context.Context) error {
	passed, err := e.begin()
	if passed || err != nil {
		return err
	}
	if endless(ctx) {
		return e.synchronize()
	}
	return await(ctx, e.synchronize)
}

// synchronize is Wait between begin and end.
func (e *Event) synchronize() error {
	defer e.end()
	return e.s.settled(e, func() C.ndc_status {
		return C.ndc_event_synchronize(e.s.p.info.ctx, e.handle)
	})
}

// Done reports whether the event has passed. Its errors are those of
// [Event.Wait].
func (e *Event) Done() (bool, error) {
	passed, err := e.begin()
	if passed || err != nil {
		return passed, err
	}
	defer e.end()
	err = e.s.settled(e, func() C.ndc_status {
		return C.ndc_event_query(e.s.p.info.ctx, e.handle)
	})
	if errors.Is(err, NotReady) {
		return false, nil
	}
	return err == nil, err
}

// Since returns the time on the device between an earlier event and this one
// (cuEventElapsedTime). Both must be from [Stream.Record] and have passed.
func (e *Event) Since(earlier *Event) (time.Duration, error) {
	for _, e := range []*Event{earlier, e} {
		if e == nil || e.s == nil {
			return 0, errors.New("cuda: nil event")
		}
		if !e.timed {
			return 0, errors.New("cuda: the event of a copy has no time; Record events before and after it")
		}
		e.s.mu.Lock()
		err := e.err
		if e.closed {
			err = fmt.Errorf("cuda: event: %w", ErrClosed)
		}
		if err == nil {
			e.use()
		}
		e.s.mu.Unlock()
		if err != nil {
			return 0, err
		}
		defer e.end()
	}
	t := C.ndc_event_elapsed(e.s.p.info.ctx, earlier.handle, e.handle)
	if err := errorOf(t.status); err != nil {
		if errors.Is(err, NotReady) {
			return 0, fmt.Errorf("cuda: time between events: %w: Wait for both first", err)
		}
		return 0, fmt.Errorf("cuda: time between events: %w", err)
	}
	return time.Duration(float64(t.ms) * float64(time.Millisecond)), nil
}

// Close ends the Event, not the work that it stands for. It may be called more
// than once, and need not be called.
func (e *Event) Close() {
	if e == nil || e.s == nil {
		return
	}
	e.s.mu.Lock()
	e.closed = true
	back := e.takeHandle()
	e.s.mu.Unlock()
	back.give()
}

// handleBack is a handle that is to be given back once no lock is held.
type handleBack struct {
	s      *stream
	handle C.CUevent
	timed  bool
}

// takeHandle takes the handle from an event that needs it no longer. The caller
// has locked the stream.
func (e *Event) takeHandle() handleBack {
	if e.handle == nil || e.queued || e.users > 0 || e.timed && !e.closed {
		return handleBack{}
	}
	b := handleBack{s: e.s, handle: e.handle, timed: e.timed}
	e.handle = nil
	if e.timed {
		e.cleanup.Stop()
	}
	return b
}

func (b handleBack) give() {
	switch {
	case b.handle == nil:
	case b.timed:
		timedHandle{b.s, b.handle}.giveBack()
	default:
		b.s.p.putEvent(false, b.handle)
	}
}
