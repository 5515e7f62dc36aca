package graph

import (
	"context"
	"errors"
	"iter"
)

// errLeft ends the Pipeline of a loop that was left; nobody sees it.
var errLeft = errors.New("the loop was left")

// Stream runs a model on items, several at a time, and yields what has become of
// each:
//
//	for r := range graph.Stream(ctx, model, slices.Values(pictures), feed, graph.PipelineOptions{}) {
//	    if r.Err != nil { ... }
//	    use(r.Item, r.Outputs["probs"])
//	}
//
// It is a [Pipeline] that ends with the loop. The outputs are views of
// TensorFlow's own memory, read-only and the caller's: until Release, or until
// the collector finds them unreachable. Results come as they are ready, or in
// the order of the items if they are Ordered.
//
// items is run in a goroutine of its own, and is asked for no more than there is
// room for. When the loop is left, Stream waits until items has yielded once
// more or ended. When ctx ends, the items that are not done come with its error,
// up to the one at which items was stopped.
func Stream[T any](ctx context.Context, m *Model, items iter.Seq[T], feed func(T) (Feeds, error), o PipelineOptions) iter.Seq[Result[T]] {
	return func(yield func(Result[T]) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		quit := make(chan struct{}) // the loop was left
		results := make(chan Result[T], max(o.orDefaults().Queue, 0))
		send := func(r Result[T]) error {
			select {
			case results <- r:
				return nil
			case <-quit:
				release(r.Outputs)
				return errLeft
			}
		}
		go func() {
			defer close(results)
			produce(ctx, m, items, feed, send, o)
		}()
		defer func() {
			cancel()
			close(quit)
			for r := range results { // until that goroutine is over
				release(r.Outputs)
			}
		}()
		for r := range results {
			if !yield(r) {
				return
			}
		}
	}
}

// produce brings items to a Pipeline, and waits until all are handled. It ends
// with the first one that is not taken.
func produce[T any](ctx context.Context, m *Model, items iter.Seq[T], feed func(T) (Feeds, error), send func(Result[T]) error, o PipelineOptions) {
	p, err := newPipeline(ctx, m, feed, send, o, true)
	n := 0
	var last *Result[T]
	for item := range items {
		if err == nil {
			err = p.Submit(ctx, item)
		}
		if err != nil {
			last = &Result[T]{Item: item, Err: &ItemError{N: n, Item: item, Err: err}}
			break
		}
		n++
	}
	if p != nil {
		p.Close()
	}
	if last != nil {
		_ = send(*last)
	}
}
