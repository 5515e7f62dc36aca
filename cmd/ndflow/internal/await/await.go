// Package await ends a wait for what cannot be stopped.
package await

import "context"

// Result returns what f returns, or the ctx's error as soon as the ctx ends: f
// then goes on behind. It is for a program that is about to exit and waits for
// TensorFlow, which cannot be stopped while it loads a model. The library has to
// be loaded before: while that goes on, nothing comes out on stderr.
func Result[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
