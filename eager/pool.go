package eager

import (
	"encoding/binary"
	"fmt"
	"sync"

	"ndflow/tfc"
)

// pool keeps what was prepared for ops that Run has run, for others of the same
// kind: of one name, device and attributes, with inputs of the same types. Checking
// a call and preparing it costs several times what running a small op does.
type pool struct {
	mu     sync.Mutex
	kinds  map[string]*kind
	closed bool
}

type kind struct {
	outputs int
	idle    []*tfc.EagerOp
}

const (
	mostKinds = 1024 // attributes that are ever new must not fill memory
	mostIdle  = 8    // of a kind: as many as run at once
)

// ClearCaches frees what is kept to run ops of the same kind faster. TensorFlow keeps
// a kernel, some 2 KB, for each op, device, types of inputs and set of attributes that
// has run in the context, as long as the context lives: a program whose attributes are
// ever new calls this now and then, or passes what varies as a tensor. What has been
// cleared is made again when it is needed. ClearCaches waits for the ops that were begun
// asynchronously; no other op of the context may run meanwhile.
func (c *Context) ClearCaches() error {
	c.pool.forget()
	if err := c.c.ClearCaches(); err != nil {
		return fmt.Errorf("eager: caches: %w", err)
	}
	return nil
}

// borrow returns something prepared, with this op's inputs.
func (o *Op) borrow() (*tfc.EagerOp, *kind, error) {
	var room [256]byte
	key, err := o.kind(room[:0])
	if err != nil {
		return nil, nil, o.explain(err)
	}
	k, op := o.ctx.pool.take(key)
	if k == nil {
		outputs, err := o.check()
		if err != nil {
			return nil, nil, err
		}
		k = o.ctx.pool.add(string(key), outputs)
	}
	if op == nil {
		op, err = o.make(k.outputs)
		return op, k, o.explain(err)
	}
	if err := o.setInputs(op); err != nil {
		op.Close()
		return nil, nil, o.explain(err)
	}
	return op, k, nil
}

// kind appends what calls that are prepared alike have in common.
func (o *Op) kind(b []byte) ([]byte, error) {
	b = append(b, o.call.Op...)
	b = append(b, 0)
	b = append(b, o.call.Device...)
	b = append(b, 0)
	n := 0
	for i := range o.call.Inputs {
		in := &o.call.Inputs[i]
		if in.IsList() {
			b = append(b, '[')
			b = binary.AppendUvarint(b, uint64(in.Len()))
		}
		for k := range in.Len() {
			dt, err := in.At(k).h.DataType()
			if err != nil {
				return nil, &tfc.InputClosedError{Input: n}
			}
			b = binary.AppendUvarint(b, uint64(dt))
			n++
		}
	}
	b = append(b, 0)
	for _, a := range o.call.Attrs {
		value := a.Encode()
		b = append(b, a.Name()...)
		b = append(b, 0)
		b = binary.AppendUvarint(b, uint64(len(value)))
		b = append(b, value...)
	}
	return b, nil
}

// take returns the kind, nil if there is none yet, and something of it that is
// idle, nil if nothing is.
func (p *pool) take(key []byte) (*kind, *tfc.EagerOp) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kinds[string(key)]
	if k == nil || len(k.idle) == 0 {
		return k, nil
	}
	last := len(k.idle) - 1
	op := k.idle[last]
	k.idle = k.idle[:last]
	return k, op
}

func (p *pool) add(key string, outputs int) *kind {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kinds) >= mostKinds {
		p.closeIdle()
		clear(p.kinds)
	}
	if p.kinds == nil {
		p.kinds = make(map[string]*kind)
	}
	k := &kind{outputs: outputs}
	p.kinds[key] = k
	return k
}

// give takes back what has run.
func (p *pool) give(k *kind, op *tfc.EagerOp, good bool) {
	op.Unset()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !good || p.closed || len(k.idle) >= mostIdle {
		op.Close()
		return
	}
	k.idle = append(k.idle, op)
}

// forget gives up what is prepared, for when a function is no longer what it was.
func (p *pool) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeIdle()
	clear(p.kinds)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeIdle()
	p.closed = true
}

// closeIdle closes all that is idle. The caller has locked p.
func (p *pool) closeIdle() {
	for _, k := range p.kinds {
		for _, op := range k.idle {
			op.Close()
		}
		k.idle = nil
	}
}
