package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"

	"ndflow/eager"
	"ndflow/internal/threads"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// All loops over the elements. A loop ends after an error, which it gives with no
// element; a ctx that ends is one, and stops what is being waited for.
//
// The tensors are the loop's: they are closed when it goes on. A view of one
// ([eager.Tensor.Value]) stays valid.
func (d Dataset) All(ctx context.Context) iter.Seq2[[]*eager.Tensor, error] {
	return func(yield func([]*eager.Tensor, error) bool) {
		it, err := d.begin(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer it.close()
		for it.element(yield) {
		}
		if it.err != nil {
			yield(nil, it.err)
		}
	}
}

// element gives one element to the loop, and reports whether it goes on.
func (it *iterator) element(yield func([]*eager.Tensor, error) bool) bool {
	var ts []*eager.Tensor
	err := it.do(func() (err error) {
		ts, err = it.next.Run()
		return err
	})
	defer func() {
		for _, t := range ts {
			t.Close()
		}
	}()
	return it.got(err) && yield(ts, nil) && it.done()
}

// Into loops over the elements like [Dataset.All], and lands each in dst, an array
// for each component, as [eager.Tensor.Into] does: an array may be longer than what
// lands in it. It gives what has landed: the front of each array, in the shape of
// the component, to be read until the loop goes on. A nil array leaves its
// component out.
//
// It is always the same memory, and a loop whose ctx cannot end allocates nothing for an
// element that
// has the shape of the one before it.
func (d Dataset) Into(ctx context.Context, dst ...*npy.Array) iter.Seq2[[]*npy.Array, error] {
	return func(yield func([]*npy.Array, error) bool) {
		it, err := d.begin(ctx)
		if err == nil {
			defer it.close()
			err = d.n.checkInto(dst)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		landed := make([]*npy.Array, len(dst))
		land := func() error { return it.land(dst, landed) }
		for it.got(it.do(land)) && yield(landed, nil) && it.done() {
		}
		if it.err != nil {
			yield(nil, it.err)
		}
	}
}

// checkInto returns an error where arrays cannot take what lands in them.
func (n *node) checkInto(dst []*npy.Array) error {
	if len(dst) != len(n.elem) {
		return fmt.Errorf("data: have %d arrays to land in, want %d, one for each component", len(dst), len(n.elem))
	}
	for i, a := range dst {
		if a != nil && a.DType() != n.elem[i].DType {
			return fmt.Errorf("data: component %d: %w: have an array of %v, want %v", i, npy.ErrDType, a.DType(), n.elem[i])
		}
	}
	return nil
}

func (it *iterator) land(dst, landed []*npy.Array) error {
	if err := it.next.RunInto(dst...); err != nil {
		return err
	}
	for i, a := range dst {
		if a == nil {
			continue
		}
		front, err := it.next.Landed(i)
		if err != nil {
			return err
		}
		landed[i] = front
	}
	return nil
}

// iterator is the state of a loop.
type iterator struct {
	ctx     context.Context
	sync    *eager.Executor // where ops would return before they are done
	handle  *eager.Tensor
	next    *eager.Op
	readers []reader
	passed  int // elements
	err     error
}

// begin makes the datasets of all steps, and an iterator over the last.
func (d Dataset) begin(ctx context.Context) (*iterator, error) {
	if err := d.Err(); err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, errors.New("data: the ctx is nil")
	}
	it := &iterator{ctx: ctx}
	err := it.waits(d.n.ctx)
	if err == nil {
		err = it.do(func() error { return it.open(d.n) })
	}
	if err == nil {
		err = it.startReaders(d.n.walks)
	}
	if err != nil {
		it.close()
		return nil, d.n.explain(err)
	}
	return it, nil
}

// waits sees to it that ops wait until they are done, as it is their errors that
// tell of the end.
func (it *iterator) waits(c *eager.Context) (err error) {
	if c.Async() {
		it.sync, err = c.Executor(false)
	}
	return err
}

// do calls f, whose ops wait until they are done.
func (it *iterator) do(f func() error) error {
	if it.sync == nil {
		return f()
	}
	return it.sync.Do(f)
}

func (it *iterator) open(n *node) error {
	o := &opening{ctx: it.ctx, c: n.ctx, sets: make(map[*node]*eager.Tensor)}
	defer o.close()
	set, err := o.dataset(withOptions(n))
	if err != nil {
		return err
	}
	handle, err := o.run("AnonymousIteratorV3", nil, elements(n.elem)...)
	if err != nil {
		return err
	}
	it.handle = handle[0]
	if _, err = o.run("MakeIterator", ops.In(set, it.handle)); err != nil {
		return err
	}
	// The Sync op is the one for threads that may wait.
	it.next = n.ctx.Op("IteratorGetNextSync").Input(it.handle).Attr(elements(n.elem)...).
		WithContext(it.ctx).WithPlacement(false)
	return it.next.Prepare()
}

// withOptions is a last step that says how TensorFlow is to run those before it:
// in an Options message, optimization_options{apply_default_optimizations: false}
// and, unless there is something to tune, autotune_options{enabled: false}, whose
// bookkeeping takes as long as all else for small elements; else with a cpu_budget
// where that is not all processors.
func withOptions(n *node) *node {
	options := "\x1a\x02\x08\x00"
	if usable := threads.Usable(); !n.tuned {
		options += "\x3a\x02\x08\x00"
	} else if usable < runtime.NumCPU() {
		options += "\x3a\x02\x10" + string(byte(min(usable, 127)))
	}
	return &node{step: n.step, call: call{op: "OptionsDataset", inputs: []input{of(n)},
		attrs: append(elements(n.elem), ops.String("serialized_options", options))}}
}

func (it *iterator) startReaders(list []reading) error {
	for _, r := range list {
		it.readers = append(it.readers, reader{reading: r})
	}
	for i := range it.readers {
		if err := it.readers[i].start(); err != nil {
			return err
		}
	}
	return nil
}

// close ends all that the loop has begun.
func (it *iterator) close() {
	if it.next != nil {
		it.next.Close()
	}
	if it.handle != nil {
		it.handle.Close()
	}
	if it.sync != nil {
		it.sync.Close()
	}
}

// got looks at the error of an element. The end is none, unless the ctx has ended:
// then it may be what has become of something that was cancelled.
func (it *iterator) got(err error) bool {
	switch ended := it.ctx.Err(); {
	case err == nil:
		return true
	case errors.Is(err, tfc.OutOfRange) && ended == nil:
	case ended != nil && !errors.Is(err, ended):
		it.err = fmt.Errorf("data: element %d: %w (%w)", it.passed, ended, err)
	case strings.Contains(err.Error(), "Cannot batch tensors with different shapes"):
		it.err = fmt.Errorf("data: element %d: %w: %w; PaddedBatch makes them one shape", it.passed, npy.ErrShape, err)
	default:
		it.err = fmt.Errorf("data: element %d: %w", it.passed, err)
	}
	return false
}

// done says that the loop goes on to the next element.
func (it *iterator) done() bool {
	it.passed++
	for i := range it.readers {
		if err := it.readers[i].pass(it.passed); err != nil {
			it.err = fmt.Errorf("data: %w", err)
			return false
		}
	}
	return true
}
