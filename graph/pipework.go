package graph

import (
	"context"
	"fmt"

	"ndflow/npy"
)

// pipeItem is an item on its way through a Pipeline.
type pipeItem[T any] struct {
	n      int
	void   bool // it was not taken after all
	result Result[T]
	done   chan struct{} // gets one when the result is there, if its turn is waited for
}

func (p *Pipeline[T]) submit(ctx context.Context, item T, wait bool) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if err := p.ended(); err != nil {
		return err
	}
	it := p.free.Get().(*pipeItem[T])
	it.n, it.void, it.result = int(p.count.Add(1))-1, false, Result[T]{Item: item}
	if p.order != nil {
		if err := p.send(ctx, p.order, it, wait); err != nil {
			p.recycle(it)
			return err
		}
	}
	err := p.send(ctx, p.in, it, wait)
	switch {
	case err == nil:
	case p.order != nil: // its turn will come, to nothing
		it.void = true
		it.done <- struct{}{}
	default:
		p.recycle(it)
	}
	return err
}

// send puts an item into a queue.
func (p *Pipeline[T]) send(ctx context.Context, queue chan<- *pipeItem[T], it *pipeItem[T], wait bool) error {
	select {
	case queue <- it:
		return nil
	default:
		if !wait {
			return fmt.Errorf("graph: pipeline: the queue is %w", ErrFull)
		}
	}
	select {
	case queue <- it:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("graph: pipeline: waiting for room in the queue: %w", ctx.Err())
	case <-p.ctx.Done():
		return p.ended()
	}
}

// enter begins a call of Submit, which keeps the queues open.
func (p *Pipeline[T]) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("graph: pipeline: %w", ErrClosed)
	}
	p.submitting++
	return nil
}

func (p *Pipeline[T]) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.submitting--
	if p.closed && p.submitting == 0 {
		p.end()
	}
}

func (p *Pipeline[T]) recycle(it *pipeItem[T]) {
	it.result = Result[T]{}
	p.free.Put(it)
}

// start prepares a Runner for each worker, and sets them to work.
func (p *Pipeline[T]) start(m *Model) error {
	runners := make([]*Runner, p.o.Workers)
	tuner := newTuner()
	for i := range runners {
		var err error
		if runners[i], err = m.runner(p.o.Signature, tuner); err != nil {
			return err
		}
		runners[i].waits = true
	}
	if p.o.Ordered {
		// Those before the workers, with them, and behind them.
		p.order = make(chan *pipeItem[T], p.o.Queue+p.o.Workers+p.o.Queue)
		p.over.Go(p.inOrder)
	}
	for _, r := range runners {
		p.over.Go(func() {
			defer r.Close()
			p.work(r)
		})
	}
	return nil
}

// work is a worker.
func (p *Pipeline[T]) work(r *Runner) {
	for it := range p.in {
		p.run(r, it)
		if p.order != nil {
			it.done <- struct{}{}
		} else {
			p.deliver(it)
		}
	}
}

// inOrder delivers results in the order of their items.
func (p *Pipeline[T]) inOrder() {
	for it := range p.order {
		<-it.done
		if it.void {
			p.recycle(it)
		} else {
			p.deliver(it)
		}
	}
}

// deliver hands a result over, unless the handler has ended the Pipeline.
func (p *Pipeline[T]) deliver(it *pipeItem[T]) {
	outputs := it.result.Outputs
	if !p.stopped.Load() {
		if err := p.handle(it.result); err != nil {
			p.stopped.Store(true)
			p.stop(err)
		}
	}
	if !p.keep {
		release(outputs)
	}
	p.recycle(it)
}

func release(outputs map[string]*npy.Array) {
	for _, a := range outputs {
		a.Release()
	}
}

// run gets the result of an item.
func (p *Pipeline[T]) run(r *Runner, it *pipeItem[T]) {
	err := p.ended()
	if err == nil {
		it.result.Outputs, err = p.step(r, it.result.Item)
	} else {
		err = fmt.Errorf("dropped: %w", err)
	}
	if err != nil {
		it.result.Err = &ItemError{N: it.n, Item: it.result.Item, Err: err}
	}
}

// step feeds and runs an item, and returns views of its results.
func (p *Pipeline[T]) step(r *Runner, item T) (map[string]*npy.Array, error) {
	feeds, err := p.feed(item)
	if err != nil {
		return nil, err
	}
	defer r.unfeed() // the next item may leave an optional input out
	for name, a := range feeds {
		if err := r.Feed(name, a); err != nil {
			return nil, err
		}
	}
	// A step is let run to its end: one that can be cancelled costs more.
	if err := r.Run(context.Background()); err != nil {
		return nil, err
	}
	out := make(map[string]*npy.Array, len(r.outputs))
	for i := range r.outputs {
		if r.outputs[i].spec.DType == npy.Invalid {
			continue
		}
		name := r.outputs[i].spec.Name
		if out[name], err = r.Value(name); err != nil {
			release(out)
			return nil, err
		}
	}
	return out, nil
}
