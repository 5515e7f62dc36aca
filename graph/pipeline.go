package graph

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"ndflow/npy"
)

// Pipeline runs a model on items as they come, in workers of its own, so that
// whoever brings them does not wait for the model, for the conversion or for
// what is done with the results:
//
//	Submit ──▶ queue ──▶ workers: feed, run, handle                     as they are ready
//	Submit ──▶ queue ──▶ workers: feed, run ──▶ queue ──▶ handle        in order
//
// The queues are bounded. When they are full Submit waits, and TrySubmit says
// so: nothing piles up. Every item that is taken is handled exactly once, also
// one that fails, and one that is dropped because the context has ended, unless
// the handler itself has ended all.
//
// A Pipeline is safe for concurrent use. It has to be closed. [Stream] is the
// form for a loop over results; [Map] is the better way for what is already in
// an array or a file.
type Pipeline[T any] struct {
	o      PipelineOptions
	feed   func(T) (Feeds, error)
	handle func(Result[T]) error
	keep   bool // the results are the handler's own

	ctx     context.Context
	stop    context.CancelCauseFunc
	stopped atomic.Bool // the handler wants no more

	in    chan *pipeItem[T]
	order chan *pipeItem[T] // the same items, if results are to keep their order
	free  sync.Pool         // of *pipeItem[T]
	count atomic.Int64      // items that were submitted
	over  sync.WaitGroup    // workers, and who puts results in order

	mu         sync.Mutex
	closed     bool
	submitting int // calls of Submit that may still send
}

// PipelineOptions says how a [Pipeline] works. The zero value does.
type PipelineOptions struct {
	Signature string // of the model; the default one if empty

	// Workers is how many steps run at once, 5 if it is 0. More than there are
	// processors is well where feeding and handling wait for disks or networks.
	Workers int

	// Queue is how many items wait before the workers, and how many results
	// behind them; 2 for each worker if it is 0.
	Queue int

	// Ordered brings results in the order in which Submit has taken the items,
	// one at a time. Without it they come as they are ready, from all workers at
	// once.
	Ordered bool
}

func (o PipelineOptions) orDefaults() PipelineOptions {
	if o.Workers == 0 {
		o.Workers = 5
	}
	if o.Queue == 0 {
		o.Queue = 2 * o.Workers
	}
	return o
}

// Result is what has become of an item.
type Result[T any] struct {
	Item    T
	Outputs map[string]*npy.Array // by name; nil if Err is not
	Err     error                 // an *ItemError
}

// ItemError says which item has failed, and why.
type ItemError struct {
	N    int // how many calls of Submit and TrySubmit came before the item's
	Item any
	Err  error
}

func (e *ItemError) Error() string { return fmt.Sprintf("graph: item %d: %v", e.N, inner(e.Err)) }

// Unwrap returns why.
func (e *ItemError) Unwrap() error { return e.Err }

// NewPipeline starts a Pipeline. feed says what an item feeds the model, the
// arrays of which must not change until the item is handled. It is called from
// all workers at once.
//
// handle gets what has become of each item. The outputs are views of
// TensorFlow's own memory: read-only, and valid until handle returns; Clone what
// is to stay. They come from several goroutines at once, or one after the other
// if the results are Ordered. An error that handle returns ends the Pipeline;
// returning nil for a result that has failed lets it go on.
//
// When ctx ends the steps that run are completed, and the items that wait are
// dropped: handle gets them with an error that is ctx's.
func NewPipeline[T any](ctx context.Context, m *Model, feed func(T) (Feeds, error), handle func(Result[T]) error, o PipelineOptions) (*Pipeline[T], error) {
	return newPipeline(ctx, m, feed, handle, o, false)
}

func newPipeline[T any](ctx context.Context, m *Model, feed func(T) (Feeds, error), handle func(Result[T]) error, o PipelineOptions, keep bool) (*Pipeline[T], error) {
	if o.Workers < 0 || o.Queue < 0 {
		return nil, fmt.Errorf("graph: pipeline: %d workers, a queue of %d: none can be negative", o.Workers, o.Queue)
	}
	o = o.orDefaults()
	p := &Pipeline[T]{o: o, feed: feed, handle: handle, keep: keep, in: make(chan *pipeItem[T], o.Queue)}
	p.free.New = func() any { return &pipeItem[T]{done: make(chan struct{}, 1)} }
	p.ctx, p.stop = context.WithCancelCause(ctx)
	if err := p.start(m); err != nil {
		p.stop(err)
		return nil, err
	}
	return p, nil
}

// Submit brings an item. It waits while the queue is full: until ctx ends, or
// the Pipeline does, in which case the item was not taken. After Close it is
// [ErrClosed].
func (p *Pipeline[T]) Submit(ctx context.Context, item T) error {
	return p.submit(ctx, item, true)
}

// TrySubmit is Submit that does not wait: if the queue is full it is [ErrFull],
// and the item was not taken.
func (p *Pipeline[T]) TrySubmit(item T) error {
	return p.submit(context.Background(), item, false)
}

// Close takes no more items, waits until all that were taken are handled, and
// returns the error that has ended the Pipeline, if one has. It must not be
// called by handle.
func (p *Pipeline[T]) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		if p.submitting == 0 {
			p.end()
		}
	}
	p.mu.Unlock()
	p.over.Wait()
	err := p.ended()
	p.stop(ErrClosed)
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// end tells the workers that no more items come.
func (p *Pipeline[T]) end() {
	close(p.in)
	if p.order != nil {
		close(p.order)
	}
}

// ended returns why the Pipeline has ended, nil while it has not.
func (p *Pipeline[T]) ended() error {
	if p.ctx.Err() == nil {
		return nil
	}
	return context.Cause(p.ctx)
}
