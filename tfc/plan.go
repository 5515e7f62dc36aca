package tfc

// #cgo nocallback ndf_plan_run_at
// #include "plan.h"
// #include "plugin.h"
// #include "tstring.h"
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"ndflow/npy"
)

// Plan is a prepared step of a session: which tensors are fed and fetched,
// and where the results land. Running it is one C call (TF_SessionRun and the
// landing) that allocates nothing in Go.
//
// A Plan is for one goroutine at a time.
type Plan struct {
	res     *planResource
	cleanup runtime.Cleanup
}

// planResource is all that a Plan gives back.
type planResource struct {
	mu      sync.Mutex // held while the step runs
	plain   bool       // all that prepare looks at was found in order
	ended   bool       // the session was closed
	closed  bool       // the plan was
	strings bool       // a fed or landing tensor holds strings
	unfed   int        // feeds that have no array yet
	step    Step
	c       *C.ndf_plan
	session *Session
	feeds   []planFeed
	fetches []planFetch
}

// Step says how a plan's step runs (RunOptions).
type Step struct {
	Inline  bool          // on the calling thread, inter_op_thread_pool -1; else on the session's pool
	Timeout time.Duration // the step fails with DeadlineExceeded; 0 for none. TensorFlow ignores it inline
}

// FitError says that a result does not fit the array it was to land in.
// Nothing was written.
type FitError struct {
	Fetch    int   // index in the plan
	Have     []int // the array's shape
	HaveSize int   // and its bytes (for strings, their number)
	Want     []int // the result's shape
	WantSize int
}

func (e *FitError) Error() string {
	return fmt.Sprintf("tfc: fetch %d: result %v (size %d) does not fit array %v (size %d)",
		e.Fetch, e.Want, e.WantSize, e.Have, e.HaveSize)
}

// Elements is how many elements the result has, and a flat array needs.
func (e *FitError) Elements() int { return product(e.Want) }

// HeldError says that TensorFlow still holds the array of a feed, so that the
// array cannot have been written to safely since it was fed. It is [ErrInUse].
type HeldError struct{ Feed int }

func (e *HeldError) Error() string { return fmt.Sprintf("tfc: feed %d: %v", e.Feed, ErrInUse) }

// Unwrap returns ErrInUse.
func (e *HeldError) Unwrap() error { return ErrInUse }

// KeptError says that TensorFlow keeps the array that a result has landed in,
// with no copy, so that the array must not be written to: the step has stored
// the result, in a variable or a queue. [InUse] says for how long. It is
// [ErrInUse].
type KeptError struct{ Fetch int }

func (e *KeptError) Error() string { return fmt.Sprintf("tfc: fetch %d: %v", e.Fetch, ErrInUse) }

// Unwrap returns ErrInUse.
func (e *KeptError) Unwrap() error { return ErrInUse }

// PartialError says that a step has failed after it had begun to write results
// into landing arrays: what is in those is undefined.
type PartialError struct {
	Fetches []int
	Err     error
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("%v; the arrays of fetches %v were partly written", e.Err, e.Fetches)
}

// Unwrap returns why the step has failed.
func (e *PartialError) Unwrap() error { return e.Err }

// NewPlan prepares a step. TensorFlow keeps an executor for each ordered list
// of feeds, fetches and targets, so equal steps should have them in equal
// order.
func (s *Session) NewPlan(feeds, fetches []Output, targets []Operation) (*Plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return nil, fmt.Errorf("tfc: session: %w", ErrClosed)
	}
	if err := s.extend(); err != nil {
		return nil, fmt.Errorf("tfc: plan: %w", err)
	}
	c := C.ndf_plan_new(s.c, C.int(len(feeds)), C.int(len(fetches)), C.int(len(targets)))
	if c == nil {
		return nil, outOfMemory(int(unsafe.Sizeof(*c)))
	}
	res := &planResource{c: c, session: s, feeds: make([]planFeed, len(feeds)), fetches: make([]planFetch, len(fetches)), unfed: len(feeds)}
	pure := stateless(fetches, targets)
	c.out.shares_nothing = C.bool(pure)
	c.out.placing.wanted = C.bool(s.places)
	copyOutputs(c.feed_outputs, feeds)
	cfeeds := unsafe.Slice(c.feeds, len(feeds))
	for i, o := range feeds {
		dt := o.DataType()
		cfeeds[i].dtype = C.TF_DataType(dt.base())
		cfeeds[i].on_trial = C.bool(!pure)
		res.feeds[i] = planFeed{c: &cfeeds[i], dt: dt}
		res.strings = res.strings || dt.DType() == npy.String
	}
	copyOutputs(c.fetch_outputs, fetches)
	cfetches := unsafe.Slice(c.out.fetches, len(fetches))
	for i, o := range fetches {
		dt := o.DataType()
		cfetches[i].dtype = C.TF_DataType(dt.base())
		res.fetches[i] = planFetch{c: &cfetches[i], dt: dt}
		res.strings = res.strings || dt.DType() == npy.String
	}
	ctargets := unsafe.Slice(c.targets, len(targets))
	for i, t := range targets {
		ctargets[i] = t.c
	}
	res.setStep(Step{})

	s.plans[res] = struct{}{}
	p := &Plan{res: res}
	p.cleanup = runtime.AddCleanup(p, (*planResource).free, res)
	objects.Add("plan", 1)
	return p, nil
}

func copyOutputs(dst *C.TF_Output, outputs []Output) {
	c := unsafe.Slice(dst, len(outputs))
	for i, o := range outputs {
		c[i] = o.c()
	}
}

// end makes the plan fail from now on, since its session is closed, and unlocks it.
func (r *planResource) end() {
	r.ended, r.plain = true, false
	r.mu.Unlock()
}

func (r *planResource) free() {
	r.session.mu.Lock()
	delete(r.session.plans, r)
	r.session.mu.Unlock()
	for i := range r.fetches {
		r.fetches[i].release()
	}
	C.ndf_plan_free(r.c)
	for i := range r.feeds {
		if h := r.feeds[i].hold; h != nil {
			h.drop()
		}
	}
	objects.Add("plan", -1)
}

// Close gives the plan back. Arrays it held for results are free again, fed
// arrays as soon as TensorFlow is done with them.
func (p *Plan) Close() {
	r := p.res
	r.mu.Lock()
	closed := r.closed
	r.closed, r.plain = true, false
	r.mu.Unlock()
	if !closed {
		p.cleanup.Stop()
		r.free()
	}
}

// setStep writes the RunOptions that TF_SessionRun gets.
func (r *planResource) setStep(s Step) {
	const timeoutInMS, interOpThreadPool = 2, 3 // field numbers of RunOptions
	b := unsafe.Slice((*byte)(&r.c.run_options_bytes[0]), len(r.c.run_options_bytes))[:0]
	if s.Timeout > 0 {
		ms := max(s.Timeout.Milliseconds(), 1) // 0 would be no timeout at all
		b = protowire.AppendTag(b, timeoutInMS, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(ms))
	}
	if s.Inline {
		b = protowire.AppendTag(b, interOpThreadPool, protowire.VarintType)
		b = protowire.AppendVarint(b, math.MaxUint64) // -1
	}
	r.c.run_options.data = unsafe.Pointer(&r.c.run_options_bytes[0])
	r.c.run_options.length = C.size_t(len(b))
	r.c.out.is_inline = C.bool(s.Inline)
	r.step = s
}

// Run runs the step once. After an error nothing can be taken, and no landing
// array was written to except for those that a [*PartialError] names. The error
// is, or wraps, an [*Error], a [*FitError], a [*HeldError], a [*KeptError],
// [ErrClosed] or ErrAbandoned.
func (p *Plan) Run(s Step) error {
	r := p.res
	r.mu.Lock()
	defer r.mu.Unlock()
	if s != r.step || !r.plain {
		if err := p.prepare(s); err != nil {
			return err
		}
	}
	C.ndf_plan_run_at(C.uintptr_t(uintptr(unsafe.Pointer(r.c))))
	runtime.KeepAlive(p)
	if r.c.result != C.NDF_DONE {
		return r.explain(r.c.result)
	}
	if r.strings {
		return landStrings(r.fetches)
	}
	return nil
}

// prepare does what most steps need not do, and notes whether the next can
// leave it out.
func (p *Plan) prepare(s Step) error {
	r := p.res
	switch {
	case r.closed || r.ended:
		return fmt.Errorf("tfc: plan or session: %w", ErrClosed)
	case r.unfed > 0:
		return fmt.Errorf("tfc: plan: %d of %d feeds have no array", r.unfed, len(r.feeds))
	case s != r.step:
		r.setStep(s)
	}
	if r.strings {
		return r.feedStrings()
	}
	r.plain = true
	return nil
}

// Arm says, before Run, that Abandon may be called beside it.
func (p *Plan) Arm() { C.ndf_plan_arm(p.res.c) }

// Abandon makes an armed step that runs on another goroutine drop its results:
// its Run returns [ErrAbandoned], and no landing array is written to. Where
// [CanCancel] reports true the step ends as soon as the ops that it has begun return;
// else it runs to its end. Abandon reports false when it is too late, since results are
// landing or the step is over.
func (p *Plan) Abandon() bool { return bool(C.ndf_plan_abandon(p.res.c)) }

// CanCancel reports whether single steps can be cancelled, on the pool and on the
// calling thread. That needs the plugin; without it only closing the session ends a
// step early, and on the pool a [Step]'s timeout.
func CanCancel() bool { return bool(C.ndf_can_cancel()) }

// explain says why a step has failed, and what has become of the arrays that
// results were to land in.
func (r *planResource) explain(result C.ndf_result) error {
	err := r.stepError(result)
	var partly []int
	for i := range r.fetches {
		f := &r.fetches[i]
		f.adoptHold()
		if f.c.dirty {
			partly = append(partly, i)
		}
	}
	if partly != nil {
		return &PartialError{Fetches: partly, Err: err}
	}
	return err
}

func (r *planResource) stepError(result C.ndf_result) error {
	switch result {
	case C.NDF_STATUS:
		return statusError(r.c.out.status)
	case C.NDF_STILL_HELD:
		return &HeldError{Feed: int(r.c.out.failed)}
	case C.NDF_KEPT:
		return &KeptError{Fetch: int(r.c.out.failed)}
	case C.NDF_ABANDONED:
		return ErrAbandoned
	case C.NDF_NO_MEMORY:
		return fmt.Errorf("tfc: %w: no memory for the step's tensors", ResourceExhausted)
	}
	return r.fetches[r.c.out.failed].fitError(int(r.c.out.failed))
}
