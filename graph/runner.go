package graph

import (
	"fmt"
	"slices"
	"sync"

	"ndflow/internal/behind"
	"ndflow/npy"
	"ndflow/tfc"
)

// Runner is a prepared step: fixed inputs and outputs of one model or session,
// with the arrays that are fed and the arrays in which results land. Once it
// is set up, Run is one C call and allocates nothing.
//
// A Runner is for one goroutine at a time; a second one gets [ErrBusy]. Any
// number of Runners can run on one Model or Session at once.
type Runner struct {
	// What a run of a step that is set up looks at, in one cache line.
	mu       sync.Mutex
	ready    bool // all that prepare looks at was found in order
	passes   bool // an output is a fed input itself
	ok       bool // the last run has succeeded, and its results can be had
	executor Executor
	plan     *tfc.Plan
	choice   *choice // for the shapes that are fed; nil when they have changed
	gate     *gate   // that a step needs to be admitted by, or nil
	run      uint64  // how many runs have succeeded

	label   string // what it runs, for errors
	session *tfc.Session
	inputs  []port // in alphabetical order, so that equal runners feed alike
	outputs []port
	targets []tfc.Operation
	all     []Spec // the signature's outputs, those too that cannot be had
	stale   bool   // plan does not have the feeds and fetches that are wanted now
	tuner   *tuner
	waits   bool          // for its turn at the gate, whatever the session's options
	behind  chan struct{} // closed when the step that was left behind is over
	closed  bool

	behindAll *behind.Count // of the session
}

// port is one input or output of a Runner.
type port struct {
	spec     Spec
	output   tfc.Output
	optional bool        // an input that has a default
	array    *npy.Array  // what is fed, or where the result lands
	fetch    bool        // an output that Fetch has named
	wanted   bool        // an output that the plan's step gives
	index    int         // in the plan, -1 when it is not there
	fed      int         // an output that is an input itself: that input, else -1
	value    *npy.Array  // an output's result, once Value has been asked
	valueOf  uint64      // the run that value is of
	from     uint64      // the first run whose result this output can show
	stats    OutputStats // of an output, from plans that were parted with
}

func newRunner(label string, s *Session, inputs, outputs []port, targets []tfc.Operation, t *tuner) *Runner {
	for i := range outputs {
		outputs[i].fed = slices.IndexFunc(inputs, func(in port) bool { return in.output == outputs[i].output })
	}
	return &Runner{
		label: label, session: s.c, inputs: inputs, outputs: outputs, targets: targets,
		executor: s.executor, gate: s.gate, behindAll: &s.behind, tuner: t, stale: true,
	}
}

// Inputs describes what can be fed, in alphabetical order.
func (r *Runner) Inputs() []Spec { return specs(r.inputs) }

// Outputs describes what can be fetched, in alphabetical order.
func (r *Runner) Outputs() []Spec { return specs(r.outputs) }

func specs(ports []port) []Spec {
	list := make([]Spec, len(ports))
	for i := range ports {
		list[i] = ports[i].spec
	}
	return list
}

// lock guards against a second goroutine.
func (r *Runner) lock() error {
	if !r.mu.TryLock() {
		return r.errorf(ErrBusy)
	}
	if r.closed {
		r.mu.Unlock()
		return r.errorf(ErrClosed)
	}
	r.ready = false // whoever locks may change what is run
	return nil
}

func (r *Runner) errorf(err error) error {
	return fmt.Errorf("graph: runner of %s: %w", r.label, err)
}

func (r *Runner) find(kind string, ports []port, name string) (*port, error) {
	for i := range ports {
		if ports[i].spec.Name == name {
			return &ports[i], nil
		}
	}
	if i := slices.IndexFunc(r.all, func(s Spec) bool { return s.Name == name }); i >= 0 && kind == "output" {
		return nil, fmt.Errorf("graph: output %q is %w: %s", name, ErrUnavailable, r.all[i].Problem)
	}
	return nil, &NameError{Kind: kind, Name: name, Have: names(specs(ports))}
}

// SetExecutor chooses the threads that run the next steps.
func (r *Runner) SetExecutor(e Executor) error {
	if err := r.lock(); err != nil {
		return err
	}
	defer r.mu.Unlock()
	r.executor = e
	return nil
}

// Executor returns the executor of the next steps. Where it was left to Auto,
// that is Inline or Pool once the trial for the shapes fed now is over.
func (r *Runner) Executor() (Executor, error) {
	if err := r.lock(); err != nil {
		return Auto, err
	}
	defer r.mu.Unlock()
	if r.executor == Auto && r.choice != nil {
		return r.choice.decided(), nil
	}
	return r.executor, nil
}

// Feed sets the array that an input takes from now on. The Runner reads its
// elements at each Run, in place where they are aligned to [npy.Align], so
// between runs new values can be written to it. TensorFlow holds the array
// until another is fed or the Runner is closed.
func (r *Runner) Feed(name string, a *npy.Array) error {
	if err := r.lock(); err != nil {
		return err
	}
	defer r.mu.Unlock()
	in, err := r.find("input", r.inputs, name)
	if err != nil {
		return err
	}
	return r.feed(in, a)
}

func (r *Runner) feed(in *port, a *npy.Array) error {
	if err := in.spec.check("input", a); err != nil {
		return err
	}
	for i := range r.outputs {
		if out := &r.outputs[i]; out.array != nil && tfc.Overlap(a, out.array) {
			return fmt.Errorf("graph: input %q: array shares memory with the one that output %q lands in", in.spec.Name, out.spec.Name)
		}
	}
	if in.array == nil || !slices.Equal(in.array.Shape(), a.Shape()) {
		r.choice = nil
	}
	if !r.stale && in.index >= 0 {
		if err := r.plan.Feed(in.index, a); err != nil {
			return fmt.Errorf("graph: input %q: %w", in.spec.Name, err)
		}
	}
	in.array = a
	return nil
}

// Into makes an output land in dst from now on: its elements are in the front
// of dst's memory when Run returns. The dtype must be the output's; dst may be
// larger than the result. Either it is flat (one dimension), and takes results
// of any shape, or its shape must equal the result's beyond axis 0. [Runner.Value]
// gives the part that was written, in the result's shape. With nil the output
// lands nowhere again. Where it can, TensorFlow writes the result there with no
// copy: see the package comment on placement.
//
// dst must not be read or written while Run runs. After an error it is as it
// was, unless the error is [ErrPartial].
func (r *Runner) Into(name string, dst *npy.Array) error {
	if err := r.lock(); err != nil {
		return err
	}
	defer r.mu.Unlock()
	out, err := r.find("output", r.outputs, name)
	if err != nil {
		return err
	}
	if dst != nil {
		if err := r.checkInto(out, dst); err != nil {
			return err
		}
	}
	switch {
	case r.stale:
	case dst == nil || out.array == nil:
		r.stale = true
	case out.index >= 0:
		if err := r.plan.Into(out.index, dst); err != nil {
			return fmt.Errorf("graph: output %q: %w", name, err)
		}
	}
	out.array, out.from = dst, r.run+1
	return nil
}

func (r *Runner) checkInto(out *port, dst *npy.Array) error {
	if dst.DType() != out.spec.DType {
		return &MismatchError{Kind: "output", Name: out.spec.Name, Have: describe(dst), Want: out.spec.String(), err: npy.ErrDType}
	}
	if dst.ReadOnly() {
		return fmt.Errorf("graph: output %q: the array is read-only", out.spec.Name)
	}
	if tfc.InUse(dst) {
		return fmt.Errorf("graph: output %q: %w", out.spec.Name, ErrInUse)
	}
	for i := range r.inputs {
		if in := &r.inputs[i]; in.array != nil && tfc.Overlap(dst, in.array) {
			return fmt.Errorf("graph: output %q: array shares memory with the one that is fed to input %q", out.spec.Name, in.spec.Name)
		}
	}
	for i := range r.outputs {
		if other := &r.outputs[i]; other != out && other.array != nil && tfc.Overlap(dst, other.array) {
			return fmt.Errorf("graph: output %q: array shares memory with the one that output %q lands in", out.spec.Name, other.spec.Name)
		}
	}
	return nil
}

// Fetch asks for outputs that land nowhere, so that [Runner.Value] has them.
// A Runner computes the outputs that Into and Fetch name, and all of them when
// none is named.
func (r *Runner) Fetch(names ...string) error {
	if err := r.lock(); err != nil {
		return err
	}
	defer r.mu.Unlock()
	for _, name := range names {
		out, err := r.find("output", r.outputs, name)
		if err != nil {
			return err
		}
		out.fetch = true
	}
	r.stale = true
	return nil
}

// Value returns an output of the last Run. One that landed is the front of the
// caller's own array, in the result's shape. Any other is a view of
// TensorFlow's memory, with no copy: read-only, valid also after the next Run,
// given back by Release or by the garbage collector once the Array is
// unreachable (a slice from npy.Values does not keep it alive). Strings are
// copied.
func (r *Runner) Value(name string) (*npy.Array, error) {
	if err := r.lock(); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	out, err := r.given(name)
	if err != nil {
		return nil, err
	}
	if out.valueOf == r.run {
		return out.value, nil
	}
	if out.array != nil {
		out.value, err = out.array.Front(r.shape(out)...)
	} else {
		out.value, err = r.plan.Take(out.index)
	}
	if err != nil {
		return nil, fmt.Errorf("graph: output %q: %w", name, err)
	}
	out.valueOf = r.run
	return out.value, nil
}

// Shape returns the shape that an output had in the last Run.
func (r *Runner) Shape(name string) ([]int, error) {
	if err := r.lock(); err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	out, err := r.given(name)
	if err != nil {
		return nil, err
	}
	return r.shape(out), nil
}

// given finds an output among those that the last Run gave.
func (r *Runner) given(name string) (*port, error) {
	out, err := r.find("output", r.outputs, name)
	if err != nil {
		return nil, err
	}
	if !r.ok || !out.wanted || r.run < out.from {
		return nil, fmt.Errorf("graph: output %q: %w: it is not among those that the last Run gave", name, ErrNotFetched)
	}
	return out, nil
}

func (r *Runner) shape(out *port) []int {
	if out.valueOf == r.run {
		return out.value.Shape()
	}
	return r.plan.Shape(out.index)
}

// unfeed lets all fed arrays go and keeps the plan.
func (r *Runner) unfeed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.inputs {
		in := &r.inputs[i]
		if r.plan != nil && !r.stale && in.index >= 0 {
			r.plan.Unfeed(in.index)
		}
		in.array = nil
	}
	for i := range r.outputs {
		r.outputs[i].value = nil
	}
	r.ready, r.choice, r.ok = false, nil, false
}

// Close gives the Runner back. It waits for a step that runs, but not for one that was
// left behind.
func (r *Runner) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.dropPlan()
}

func (r *Runner) dropPlan() {
	if r.plan != nil {
		r.keepStats()
		r.plan.Close()
		r.plan = nil
	}
	r.ready, r.stale, r.ok = false, true, false
}
