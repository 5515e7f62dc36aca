package data

import (
	"ndflow/internal/walk"
	"ndflow/npy"
)

// reading says how a dataset goes through the rows of arrays, so that a loop knows
// how far it is: how many rows an element takes, and which is the first. That is
// as good a guess as can be had in steps that read ahead; pages that are given back
// too early are read again.
type reading struct {
	arrays  []*npy.Array
	rows    int  // of one element
	first   int  // row of the first element
	period  int  // rows after which it begins again; 0 if it does not
	ahead   int  // rows of the first period that are left out
	returns bool // rows that were passed may be read later
}

// each returns the readings with something changed.
func each(list []reading, change func(r *reading)) []reading {
	out := make([]reading, len(list))
	for i, r := range list {
		change(&r)
		out[i] = r
	}
	return out
}

// stretch makes each element one of n.
func stretch(list []reading, n int) []reading {
	return each(list, func(r *reading) { r.rows = max(times(r.rows, n), r.rows) })
}

// again goes through all elements, count of them, more than once.
func again(list []reading, count int) []reading {
	if count == unknown {
		return nil
	}
	return each(list, func(r *reading) {
		if r.period == 0 {
			r.period = max(times(r.rows, count), 0)
		}
	})
}

// ahead leaves out the first n elements.
func ahead(list []reading, n int) []reading {
	return each(list, func(r *reading) {
		rows := max(times(r.rows, n), 0)
		if r.period == 0 {
			r.first += rows
		} else {
			r.ahead += rows
		}
	})
}

// mixed takes the elements in another order.
func mixed(list []reading) []reading { return each(list, func(r *reading) { r.returns = true }) }

// reader is a loop's place in a reading.
type reader struct {
	reading
	walks []walk.Walk
	round int // how often it has begun again
}

func (r *reader) start() error {
	r.walks = make([]walk.Walk, len(r.arrays))
	for i, a := range r.arrays {
		r.walks[i] = walk.Walk{Array: a, Returns: r.returns}
		if err := r.walks[i].Start(); err != nil {
			return err
		}
	}
	return nil
}

// pass says that the loop is done with so many elements.
func (r *reader) pass(elements int) error {
	at := r.ahead + elements*r.rows
	if r.period > 0 {
		if round := at / r.period; round > r.round {
			r.round = round
			if err := r.passRows(maxInt); err != nil {
				return err
			}
			if err := r.start(); err != nil {
				return err
			}
		}
		at %= r.period
	}
	return r.passRows(r.first + at)
}

func (r *reader) passRows(rows int) error {
	for i := range r.walks {
		w := &r.walks[i]
		if err := w.Pass(min(rows, w.Array.Dim(0))); err != nil {
			return err
		}
	}
	return nil
}
