package eager

import (
	"fmt"

	"ndflow/tfc"
)

// Executor runs ops of a context in an order of their own: in the order in which
// they were begun, beside those of other executors. It is safe for concurrent use.
type Executor struct{ e *tfc.Executor }

// Executor returns a new executor, which lets ops return before they are done if
// it is async. The caller closes it.
func (c *Context) Executor(async bool) (*Executor, error) {
	e, err := c.c.NewExecutor(async)
	if err != nil {
		return nil, fmt.Errorf("eager: executor: %w", err)
	}
	return &Executor{e: e}, nil
}

// Do calls f, whose ops run on the executor: those that f's own goroutine begins,
// which is locked to its thread meanwhile. It returns f's error.
func (e *Executor) Do(f func() error) error {
	var err error
	if doErr := e.e.Do(func() { err = f() }); doErr != nil {
		return fmt.Errorf("eager: executor: %w", doErr)
	}
	return err
}

// Wait waits until all ops that were begun are done. The error of one that has
// failed belongs to its tensors, which keep it; Wait returns it too, if no op has
// been begun since.
func (e *Executor) Wait() error {
	if err := e.e.Wait(); err != nil {
		return fmt.Errorf("eager: executor: %w", err)
	}
	return nil
}

// Close waits for ops that are still running, also those that were left behind when their
// ctx had ended, and gives the executor back.
func (e *Executor) Close() { e.e.Close() }
