package cuda

// #include "driver.h"
import "C"

import (
	"fmt"
	"sync"
)

// primary is the primary context of a device, which all users of the device in
// this process share, TensorFlow among them. It is retained while a Device or
// anything that was made on one exists.
type primary struct {
	ordinal int
	info    C.ndc_device
	refs    int // guarded by primaries

	mu      sync.Mutex
	idle    []*stream             // for copies that are waited for
	events  [2][]C.CUevent        // that can be recorded again: without times, with
	enabled map[*primary]struct{} // devices that read this one's memory, and it theirs
}

var primaries struct {
	sync.Mutex
	all map[int]*primary
}

// openPrimary returns the primary context of a device, with one reference more.
func openPrimary(ordinal int) (*primary, error) {
	primaries.Lock()
	defer primaries.Unlock()
	if p := primaries.all[ordinal]; p != nil {
		p.refs++
		return p, nil
	}
	p := &primary{ordinal: ordinal, refs: 1}
	if err := errorOf(C.ndc_device_open(C.int(ordinal), &p.info)); err != nil {
		return nil, fmt.Errorf("cuda: open device %d: %w", ordinal, err)
	}
	if primaries.all == nil {
		primaries.all = map[int]*primary{}
	}
	primaries.all[ordinal] = p
	objects.Add("context", 1)
	return p, nil
}

// anyPrimary returns a context that is retained, with one reference more; nil
// where there is none.
func anyPrimary() *primary {
	primaries.Lock()
	defer primaries.Unlock()
	for _, p := range primaries.all {
		p.refs++
		return p
	}
	return nil
}

// ref adds a reference; the caller has one.
func (p *primary) ref() {
	primaries.Lock()
	defer primaries.Unlock()
	p.refs++
}

// unref drops a reference; the last one gives the context back.
func (p *primary) unref() {
	primaries.Lock()
	defer primaries.Unlock()
	p.refs--
	if p.refs > 0 {
		return
	}
	delete(primaries.all, p.ordinal)
	// Where these fail the context is lost, and they with it.
	for _, s := range p.idle {
		C.ndc_stream_destroy(p.info.ctx, s.handle)
		objects.Add("stream", -1)
	}
	for _, e := range append(p.events[0], p.events[1]...) {
		C.ndc_event_destroy(p.info.ctx, e)
		objects.Add("event", -1)
	}
	C.ndc_device_release(p.info.device)
	objects.Add("context", -1)
}

func index(timed bool) int {
	if timed {
		return 1
	}
	return 0
}

// takeEvent returns an event that can be recorded again, nil where there is none.
func (p *primary) takeEvent(timed bool) C.CUevent {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := &p.events[index(timed)]
	n := len(*list)
	if n == 0 {
		return nil
	}
	e := (*list)[n-1]
	*list = (*list)[:n-1]
	return e
}

func (p *primary) putEvent(timed bool, e C.CUevent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := &p.events[index(timed)]
	*list = append(*list, e)
}

// takeStream returns a stream that nobody else uses, to be unreferenced.
func (p *primary) takeStream() (*stream, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		s.mu.Lock()
		s.refs = 1
		s.mu.Unlock()
		p.ref()
		return s, nil
	}
	p.mu.Unlock()
	s, err := newStream(p)
	if err != nil {
		return nil, err
	}
	s.pooled = true
	return s, nil
}

func (p *primary) putStream(s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
}

// enablePeer lets two devices read each other's memory, the first time that it
// is asked for.
func (p *primary) enablePeer(other *primary) {
	p.mu.Lock()
	_, done := p.enabled[other]
	if !done {
		if p.enabled == nil {
			p.enabled = map[*primary]struct{}{}
		}
		p.enabled[other] = struct{}{}
	}
	p.mu.Unlock()
	if !done {
		C.ndc_peer_enable(p.info.ctx, p.info.device, other.info.ctx, other.info.device)
	}
}
