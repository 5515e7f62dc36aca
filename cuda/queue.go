package cuda

// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"sync"
)

// The events of a stream that have not passed are queued in their order, and each
// of them holds what its copy reads and writes. Nothing tells when an event
// passes: a callback of the driver's into Go would cost more than a small copy.
// The queues are looked at whenever something is put on a stream, waited for,
// made or closed. Where something was closed that a copy still needs, a goroutine
// waits for that copy.

// busy are the streams that have events queued.
var busy struct {
	sync.Mutex
	streams  map[*stream]struct{}
	draining bool
	again    bool // something was closed since the draining goroutine looked
}

// enqueue puts work and an event behind it on the stream. Where it returns an
// error that is not [ErrPartial] nothing was begun. What the event holds is given
// back when the work is over, or here where nothing was begun.
func (s *stream) enqueue(e *Event, w C.ndc_work) error {
	w.ctx, w.stream = s.p.info.ctx, s.handle
	w.event = s.p.takeEvent(e.timed)
	w.event_flags = C.CU_EVENT_BLOCKING_SYNC
	if !e.timed {
		w.event_flags |= C.CU_EVENT_DISABLE_TIMING
	}
	s.mu.Lock()
	w.oldest = s.oldest()
	r := C.ndc_enqueue(w)
	if w.event == nil && r.event != nil {
		objects.Add("event", 1)
	}
	over, err := s.enqueued(e, r)
	back := e.takeHandle()
	s.mu.Unlock()
	back.give()
	over.release()
	return err
}

// oldest returns the events to look at while the driver is being called anyway. As
// there are two of them for one that comes, the queue of a stream that is always
// at work gets shorter. The caller has locked s.
func (s *stream) oldest() (list [2]C.CUevent) {
	e := s.head
	for i := range list {
		if e == nil || e.bare {
			break
		}
		list[i] = e.handle
		e = e.next
	}
	return list
}

// enqueued does what follows from r: the event is queued, or it is over at once.
// The caller has locked s.
func (s *stream) enqueued(e *Event, r C.ndc_enqueued) (over, error) {
	passed := s.popPassed(int(r.passed))
	err := errorOf(r.status)
	isLost := errors.Is(err, ErrDeviceLost)
	switch {
	case err != nil && (bool(r.started) || bool(r.tried) && isLost):
		err = e.failed(err)
	case err != nil:
		err = e.refused(err)
	}
	e.adopt(r.event, err == nil)
	switch {
	case bool(r.done): // and all that came before
		passed.append(s.pop(nil, nil))
		passed.add(e, err)
	case !bool(r.started), isLost:
		passed.add(e, err)
	default:
		e.bare = !bool(r.recorded)
		s.push(e)
	}
	return passed, err
}

// failed is why an event does not pass, in words.
func (e *Event) failed(err error) error {
	if e.partial == nil {
		return fmt.Errorf("cuda: %w", err)
	}
	return fmt.Errorf("cuda: copy to %s: %w: %w", describe(e.partial), ErrPartial, err)
}

// refused is why its work was not begun.
func (e *Event) refused(err error) error {
	if e.partial == nil {
		return fmt.Errorf("cuda: %w", err)
	}
	return fmt.Errorf("cuda: copy to %s: %w", describe(e.partial), err)
}

// push puts an event at the end of the queue. The caller has locked s.
func (s *stream) push(e *Event) {
	e.queued = true
	s.refs++
	objects.Add("pending", 1)
	if s.tail != nil {
		s.tail.next = e
		s.tail = e
		return
	}
	s.head, s.tail = e, e
	busy.Lock()
	defer busy.Unlock()
	if busy.streams == nil {
		busy.streams = map[*stream]struct{}{}
	}
	busy.streams[s] = struct{}{}
}

// over is events that have left the queue and have still to be released, with no
// lock held, since what they hold may be freed by that.
type over struct {
	s          *stream
	head, tail *Event
	refs       int
}

// add puts an event there that was not queued.
func (o *over) add(e *Event, err error) {
	e.err = err
	o.append(over{e.s, e, e, 0})
}

func (o *over) append(p over) {
	switch {
	case p.head == nil:
	case o.head == nil:
		*o = p
	default:
		o.tail.next = p.head
		o.tail = p.tail
		o.refs += p.refs
	}
}

func (o over) release() {
	for e := o.head; e != nil; {
		next := e.next
		e.next = nil
		e.letGo()
		o.s.mu.Lock()
		back := e.takeHandle()
		o.s.mu.Unlock()
		back.give()
		e = next
	}
	if o.refs > 0 {
		o.s.unrefBy(o.refs)
	}
}

// popPassed takes the n oldest events from the queue. The caller has locked s.
func (s *stream) popPassed(n int) over {
	if n == 0 {
		return over{}
	}
	last := s.head
	for range n - 1 {
		last = last.next
	}
	return s.pop(last, nil)
}

// pop takes the events up to last, or all, from the queue: they have passed, or
// failed with err. The caller has locked s.
func (s *stream) pop(last *Event, err error) over {
	if s.head == nil {
		return over{}
	}
	o := over{s: s, head: s.head}
	for e := s.head; e != nil; e = e.next {
		o.refs++
		o.tail = e
		e.queued = false
		objects.Add("pending", -1)
		if err != nil {
			e.err = e.failed(err)
		}
		if e == last {
			break
		}
	}
	s.head = o.tail.next
	o.tail.next = nil
	if s.head == nil {
		s.tail = nil
		busy.Lock()
		delete(busy.streams, s)
		busy.Unlock()
	}
	return o
}

// last returns the newest queued event; nil where there is none.
func (s *stream) last() *Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tail
}

// settled waits for last, or looks whether it has passed, by a call of the
// driver's, and takes what is over from the queue. Where the event itself has
// failed it returns that error.
func (s *stream) settled(last *Event, call func() C.ndc_status) error {
	err := errorOf(call())
	s.mu.Lock()
	var passed over
	switch {
	case errors.Is(err, ErrDeviceLost):
		passed = s.pop(nil, err)
	case err == nil && last != nil && last.queued:
		passed = s.pop(last, nil)
	}
	switch {
	case last != nil && last.err != nil:
		err = last.err
	case err != nil && last != nil && last.queued && !errors.Is(err, NotReady):
		err = last.failed(err) // it cannot be known how far the copy is
	case err != nil:
		err = fmt.Errorf("cuda: %w", err)
	}
	s.mu.Unlock()
	passed.release()
	return err
}

// reap takes from all queues what has passed.
func reap() {
	for _, s := range busyStreams() {
		s.reap()
	}
}

func busyStreams() []*stream {
	busy.Lock()
	defer busy.Unlock()
	if len(busy.streams) == 0 {
		return nil
	}
	list := make([]*stream, 0, len(busy.streams))
	for s := range busy.streams {
		list = append(list, s)
	}
	return list
}

func (s *stream) reap() {
	if !s.mu.TryLock() {
		return // whoever is at work there does it
	}
	var passed over
	for s.head != nil {
		e := s.head
		var st C.ndc_status
		if e.bare {
			st = C.ndc_stream_query(s.p.info.ctx, s.handle)
		} else {
			st = C.ndc_event_query(s.p.info.ctx, e.handle)
		}
		err := errorOf(st)
		if errors.Is(err, ErrDeviceLost) {
			passed.append(s.pop(nil, err))
		}
		if err != nil {
			break
		}
		passed.append(s.pop(e, nil))
	}
	s.mu.Unlock()
	passed.release()
}

// settle is called when something was closed that copies under way may still
// need: it is given back when they are done, even if nobody calls again.
func settle() {
	reap()
	busy.Lock()
	defer busy.Unlock()
	if len(busy.streams) == 0 {
		return
	}
	if busy.draining {
		busy.again = true
		return
	}
	busy.draining = true
	go drain()
}

func drain() {
	for {
		drainNow()
		busy.Lock()
		if !busy.again {
			busy.draining = false
			busy.Unlock()
			return
		}
		busy.again = false
		busy.Unlock()
	}
}

// drainNow waits for all that is on the streams now. It reports whether there was
// anything.
func drainNow() bool {
	list := busyStreams()
	for _, s := range list {
		if s.ref() {
			_ = s.synchronize() // a failure is told to those who wait for the events
		}
	}
	return list != nil
}
