package bench

import (
	"context"
	"slices"

	"ndflow/npy"
)

// owned is what a Setup has taken, to be given back in reverse.
type owned []func()

func (o *owned) add(close func()) { *o = append(*o, close) }

func (o *owned) close() {
	for _, f := range slices.Backward(*o) {
		f()
	}
	*o = nil
}

// setup makes a Setup of a function that says what the work has to give back: that
// is done when it fails, and else when the work is closed.
func setup(f func(own *owned) (*Work, error)) func(context.Context) (*Work, error) {
	return func(context.Context) (*Work, error) {
		var own owned
		w, err := f(&own)
		if err != nil {
			own.close()
			return nil, err
		}
		w.Close = own.close
		return w, nil
	}
}

// each makes a Run of a function that does the work once.
func each(f func() error) func(n int) error {
	return func(n int) error {
		for range n {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
}

// result is the name of results where there is only one.
const result = "result"

// resultIn makes Results of a function that returns the only one.
func resultIn(f func() (*npy.Array, error)) func() (map[string]*npy.Array, error) {
	return func() (map[string]*npy.Array, error) {
		a, err := f()
		if err != nil {
			return nil, err
		}
		return map[string]*npy.Array{result: a}, nil
	}
}

// landed makes Results of the array in which the only one lands.
func landed(a *npy.Array) func() (map[string]*npy.Array, error) { return resultIn(a.Clone) }
