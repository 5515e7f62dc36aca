package graph

import "sync"

// pool keeps Runners between calls of Run, so that the simple way prepares a
// step once. It is safe for concurrent use.
type pool struct {
	mu     sync.Mutex
	kinds  map[string]*kind
	closed bool
}

// kind is what equal Runners share.
type kind struct {
	tuner *tuner
	idle  []*Runner
}

// A pool that has seen more kinds of step than this, or has more Runners idle
// for one of them, closes Runners instead of keeping them.
const (
	mostKinds = 64
	mostIdle  = 16
)

// take returns an idle Runner of the kind that key names, or a new one.
func (p *pool) take(key string, newRunner func(*tuner) (*Runner, error)) (*Runner, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kinds[key]
	if k == nil {
		k = &kind{tuner: newTuner()}
		if p.kinds == nil {
			p.kinds = make(map[string]*kind)
		}
		if len(p.kinds) < mostKinds {
			p.kinds[key] = k
		}
	}
	if n := len(k.idle); n > 0 {
		r := k.idle[n-1]
		k.idle = k.idle[:n-1]
		return r, nil
	}
	return newRunner(k.tuner)
}

// give takes a Runner back, without the arrays that it was fed.
func (p *pool) give(key string, r *Runner) {
	r.unfeed()
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kinds[key]
	if p.closed || k == nil || len(k.idle) >= mostIdle || r.behind != nil {
		r.Close()
		return
	}
	k.idle = append(k.idle, r)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, k := range p.kinds {
		for _, r := range k.idle {
			r.Close()
		}
	}
	p.kinds = nil
}
