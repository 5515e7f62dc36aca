package data

import (
	"errors"
	"fmt"
	"slices"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
)

const (
	// AutoTune as a size lets TensorFlow find a good one while the loop runs.
	AutoTune = -1
	// Forever as a count has no end.
	Forever = -1
)

// Dataset is a sequence of elements: where they come from and what becomes of
// them. It never changes. See the package comment.
type Dataset struct{ n *node }

// node is one step of a Dataset.
type node struct {
	ctx   *eager.Context
	step  string // "Batch"
	err   error  // the first mistake, here or before
	elem  []graph.Spec
	count int // of elements; forever, or unknown
	tuned bool
	walks []reading // through arrays, as far as it is clear how far an element is

	call   call    // what makes the dataset in TensorFlow
	before []*node // what it is made of

	rows []*npy.Array // of a source of arrays that nothing was done to
	kept *kept        // by Cache
}

// Counts of elements that are no number.
const (
	unknown = -1
	forever = -2
)

// source begins a dataset.
func source(c *eager.Context, step string, set func(n *node) error) Dataset {
	n := &node{ctx: c, step: step}
	if c == nil {
		n.fail(errors.New("the context is nil"))
	} else {
		n.fail(set(n))
	}
	return Dataset{n}
}

// then adds a step, which is like the one before it but for what set says.
func (d Dataset) then(step string, set func(in, out *node) error) Dataset {
	return join(step, []Dataset{d}, func(out *node) error { return set(d.n, out) })
}

// join makes one dataset of several, and takes over the first mistake of any.
func join(step string, from []Dataset, set func(out *node) error) Dataset {
	out := &node{step: step}
	for i, d := range from {
		switch {
		case d.n == nil:
			out.fail(fmt.Errorf("a Dataset that was not made by this package"))
			return Dataset{out}
		case d.n.err != nil:
			out.err = d.n.err
			return Dataset{out}
		case i > 0 && d.n.ctx != out.ctx:
			out.fail(eager.ErrContext)
			return Dataset{out}
		}
		out.ctx = d.n.ctx
		out.tuned = out.tuned || d.n.tuned
		out.before = append(out.before, d.n)
	}
	if len(from) > 0 {
		out.elem, out.count, out.walks = from[0].n.elem, from[0].n.count, from[0].n.walks
	}
	out.fail(set(out))
	return Dataset{out}
}

// fail keeps a mistake.
func (n *node) fail(err error) {
	if err != nil {
		n.err = fmt.Errorf("data: %s: %w", n.step, err)
	}
}

// Err returns the first mistake in the chain that has made d, nil if there is none.
func (d Dataset) Err() error {
	if d.n == nil {
		return errors.New("data: a Dataset that was not made by this package")
	}
	return d.n.err
}

// Spec describes the components of an element; nil after a mistake.
func (d Dataset) Spec() []graph.Spec {
	if d.Err() != nil {
		return nil
	}
	specs := slices.Clone(d.n.elem)
	for i := range specs {
		specs[i].Shape = slices.Clone(specs[i].Shape)
	}
	return specs
}

// Len returns how many elements there are. It is not known of text and records,
// nor of what has no end.
func (d Dataset) Len() (n int, known bool) {
	if d.Err() != nil || d.n.count < 0 {
		return 0, false
	}
	return d.n.count, true
}

// Close gives back what [Dataset.Cache] has kept in memory, in d and in what d was
// made of. A loop that comes later keeps it anew. A dataset without Cache has
// nothing to close; what is dropped is found by the garbage collector.
func (d Dataset) Close() {
	if d.n != nil {
		d.n.close()
	}
}

func (n *node) close() {
	if n.kept != nil {
		n.kept.drop()
	}
	for _, b := range n.before {
		b.close()
	}
}

// atLeast returns an error for a size that is too small.
func atLeast(least, n int, what string) error {
	if n < least {
		return fmt.Errorf("%s of %d, want at least %d", what, n, least)
	}
	return nil
}

// size is atLeast 1 for one that may be [AutoTune].
func (n *node) size(size int, what string) error {
	if size == AutoTune {
		n.tuned = true
		return nil
	}
	if size < 1 {
		return fmt.Errorf("%s of %d, want at least 1, or AutoTune", what, size)
	}
	return nil
}
