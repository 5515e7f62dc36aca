package tfc

// #cgo nocallback ndf_plan_run_at
// #include "plan.h"
// #include "tstring.h"
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"time"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"ndflow/npy"
)

// inPlaceMin is the size in bytes from which an aligned array is given to
// TensorFlow as it is. Making and deleting a tensor around foreign memory costs
// about as much as copying this much into one that is used again.
const inPlaceMin = 4 << 10

// Plan is a prepared step of a session: which tensors are fed and fetched,
// and where the results land. Running it is one C call (TF_SessionRun and the
// landing) that allocates nothing in Go.
//
// A Plan is for one goroutine at a time.
type Plan struct {
	res     *planResource
	cleanup runtime.Cleanup
	closed  bool
}

// planResource is all that a Plan gives back.
type planResource struct {
	c       *C.ndf_plan
	session *Session
	feeds   []planFeed
	fetches []planFetch
	unfed   int // feeds that have no array yet
	step    Step
	strings bool // a fed or landing tensor holds strings
}

type planFeed struct {
	c     *C.ndf_feed
	dt    DataType
	array *npy.Array
	hold  *hold // nil for strings, which are copied for each step
}

type planFetch struct {
	c      *C.ndf_fetch
	dt     DataType
	dst    *npy.Array
	pinner runtime.Pinner
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

// HeldError says that TensorFlow still holds the array of a feed, so that the
// array cannot have been written to safely since it was fed. It is [ErrInUse].
type HeldError struct{ Feed int }

func (e *HeldError) Error() string { return fmt.Sprintf("tfc: feed %d: %v", e.Feed, ErrInUse) }

// Unwrap returns ErrInUse.
func (e *HeldError) Unwrap() error { return ErrInUse }

// NewPlan prepares a step. TensorFlow keeps an executor for each ordered list
// of feeds, fetches and targets, so equal steps should have them in equal
// order.
func (s *Session) NewPlan(feeds, fetches []Output, targets []Operation) (*Plan, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.c == nil {
		return nil, fmt.Errorf("tfc: session: %w", ErrClosed)
	}
	c := C.ndf_plan_new(s.c, C.int(len(feeds)), C.int(len(fetches)), C.int(len(targets)))
	if c == nil {
		return nil, outOfMemory(int(unsafe.Sizeof(*c)))
	}
	res := &planResource{c: c, session: s, feeds: make([]planFeed, len(feeds)), fetches: make([]planFetch, len(fetches)), unfed: len(feeds)}
	copyOutputs(c.feed_outputs, feeds)
	cfeeds := unsafe.Slice(c.feeds, len(feeds))
	for i, o := range feeds {
		dt := o.DataType()
		cfeeds[i].dtype = C.TF_DataType(dt.base())
		cfeeds[i].on_trial = true
		res.feeds[i] = planFeed{c: &cfeeds[i], dt: dt}
		res.strings = res.strings || dt.DType() == npy.String
	}
	copyOutputs(c.fetch_outputs, fetches)
	cfetches := unsafe.Slice(c.fetches, len(fetches))
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

	p := &Plan{res: res}
	p.cleanup = runtime.AddCleanup(p, (*planResource).free, res)
	live.add("plan", 1)
	return p, nil
}

func copyOutputs(dst *C.TF_Output, outputs []Output) {
	c := unsafe.Slice(dst, len(outputs))
	for i, o := range outputs {
		c[i] = o.c()
	}
}

func (r *planResource) free() {
	for i := range r.fetches {
		r.fetches[i].release()
	}
	C.ndf_plan_free(r.c)
	for i := range r.feeds {
		if h := r.feeds[i].hold; h != nil {
			h.drop()
		}
	}
	live.add("plan", -1)
}

// Close gives the plan back. Arrays it held for results are free again, fed
// arrays as soon as TensorFlow is done with them.
func (p *Plan) Close() {
	if !p.closed {
		p.closed = true
		p.cleanup.Stop()
		p.res.free()
	}
}

// Feed sets the array that feed i takes from now on. Its elements are read at
// each Run. It must have the dtype of the tensor; TensorFlow checks the shape.
func (p *Plan) Feed(i int, a *npy.Array) error {
	if p.closed {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	if a == nil {
		return fmt.Errorf("tfc: feed %d: array is nil", i)
	}
	f := &p.res.feeds[i]
	if a.DType() != f.dt.DType() {
		return fmt.Errorf("tfc: feed %d: %w: have %v, want %v", i, npy.ErrDType, a.DType(), f.dt)
	}
	if f.array == a {
		return nil
	}
	if a.DType() == npy.String {
		p.res.fed(f, a)
		return nil
	}
	if a.NDim() > C.NDF_MAX_DIMS {
		return fmt.Errorf("tfc: feed %d: %w: %d dimensions, TensorFlow takes up to %d", i, npy.ErrShape, a.NDim(), C.NDF_MAX_DIMS)
	}
	h, err := newHold(a)
	if err != nil {
		return fmt.Errorf("tfc: feed %d: %w", i, err)
	}
	if f.hold != nil {
		f.hold.drop()
	}
	f.hold = h
	f.set(a, h)
	p.res.fed(f, a)
	return nil
}

// Unfeed lets the array of feed i go. Run fails until another is fed.
func (p *Plan) Unfeed(i int) {
	f := &p.res.feeds[i]
	if p.closed || f.array == nil {
		return
	}
	if f.hold != nil {
		f.hold.drop()
	}
	f.c.data, f.c.hold = nil, nil
	f.array, f.hold = nil, nil
	p.res.unfed++
}

func (r *planResource) fed(f *planFeed, a *npy.Array) {
	if f.array == nil {
		r.unfed--
	}
	f.array = a
}

// set puts the array into the plan's C memory.
func (f *planFeed) set(a *npy.Array, h *hold) {
	c, b := f.c, a.Bytes()
	same := int(c.num_dims) == a.NDim() && int(c.size) == len(b)
	for d := range a.NDim() {
		same = same && int(c.dims[d]) == a.Dim(d)
		c.dims[d] = C.int64_t(a.Dim(d))
	}
	c.num_dims = C.int(a.NDim())
	c.data = unsafe.Pointer(unsafe.SliceData(b)) // pinned, or not Go's
	c.size = C.size_t(len(b))
	c.hold = h.c
	c.read_only = C.bool(a.ReadOnly())
	aligned := uintptr(c.data)%npy.Align == 0
	c.in_place = C.bool(aligned && len(b) >= inPlaceMin)
	if c.copy != nil && !same {
		C.TF_DeleteTensor(c.copy)
		c.copy = nil
	}
}

// Into sets the array in whose front the result of fetch i lands from now on;
// with nil the result is kept for [Plan.Take]. The array stays held until it
// is replaced or the plan is closed.
func (p *Plan) Into(i int, dst *npy.Array) error {
	if p.closed {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	f := &p.res.fetches[i]
	if dst == nil {
		f.release()
		return nil
	}
	if dst.DType() != f.dt.DType() {
		return fmt.Errorf("tfc: fetch %d: %w: have %v, want %v", i, npy.ErrDType, dst.DType(), f.dt)
	}
	if dst.NDim() > C.NDF_MAX_DIMS {
		return fmt.Errorf("tfc: fetch %d: %w: %d dimensions, TensorFlow has up to %d", i, npy.ErrShape, dst.NDim(), C.NDF_MAX_DIMS)
	}
	if dst.ReadOnly() {
		return fmt.Errorf("tfc: fetch %d: array is read-only", i)
	}
	if InUse(dst) {
		return fmt.Errorf("tfc: fetch %d: %w", i, ErrInUse)
	}
	if err := dst.Hold(); err != nil {
		return fmt.Errorf("tfc: fetch %d: %w", i, err)
	}
	f.release()
	f.dst = dst
	c := f.c
	c.lands = true
	c.dst_num_dims = C.int(dst.NDim())
	for d := range dst.NDim() {
		c.dst_dims[d] = C.int64_t(dst.Dim(d))
	}
	if dst.DType() == npy.String {
		c.dst_size = C.size_t(dst.Len() * tstringSize)
		return nil
	}
	if b := dst.Bytes(); len(b) > 0 {
		f.pinner.Pin(unsafe.SliceData(b))
		c.dst = unsafe.Pointer(unsafe.SliceData(b))
		c.dst_size = C.size_t(len(b))
	}
	return nil
}

// release lets the landing array go.
func (f *planFetch) release() {
	if f.dst != nil {
		f.c.lands, f.c.dst, f.c.dst_size = false, nil, 0
		f.pinner.Unpin()
		f.dst.Unhold()
		f.dst = nil
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
	r.step = s
}

// Run runs the step once. After an error no landing array was written to and
// nothing is kept. The error is an [*Error], a [*FitError], a [*HeldError], or
// one that wraps [ErrClosed] or ErrAbandoned.
func (p *Plan) Run(s Step) error {
	r := p.res
	r.session.mu.RLock()
	defer r.session.mu.RUnlock()
	if p.closed {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	if r.session.c == nil {
		return fmt.Errorf("tfc: session: %w", ErrClosed)
	}
	if r.unfed > 0 {
		return fmt.Errorf("tfc: plan: %d of %d feeds have no array", r.unfed, len(r.feeds))
	}
	if s != r.step {
		r.setStep(s)
	}
	if r.strings {
		if err := r.feedStrings(); err != nil {
			return err
		}
	}
	result := C.ndf_plan_run_at(C.uintptr_t(uintptr(unsafe.Pointer(r.c))))
	runtime.KeepAlive(p)
	if result != C.NDF_DONE {
		return r.stepError(result)
	}
	if r.strings {
		return r.landStrings()
	}
	return nil
}

// Arm says, before Run, that Abandon may be called beside it.
func (p *Plan) Arm() { C.ndf_plan_arm(p.res.c) }

// Abandon makes an armed step that runs on another goroutine drop its results:
// its Run returns [ErrAbandoned], and no landing array is written to. It
// reports false when that is too late, since results are landing or the step is
// over.
func (p *Plan) Abandon() bool { return bool(C.ndf_plan_abandon(p.res.c)) }

func (r *planResource) feedStrings() error {
	for i := range r.feeds {
		f := &r.feeds[i]
		if f.array == nil || f.array.DType() != npy.String {
			continue
		}
		t, err := newStrings(f.array)
		if err != nil {
			return fmt.Errorf("tfc: feed %d: %w", i, err)
		}
		if f.c.copy != nil { // of a step that failed before it began
			C.TF_DeleteTensor(f.c.copy)
		}
		f.c.copy = t
	}
	return nil
}

func (r *planResource) landStrings() error {
	for i := range r.fetches {
		f := &r.fetches[i]
		if f.dst == nil || f.dst.DType() != npy.String {
			continue
		}
		dst, err := npy.Values[string](f.dst)
		if err != nil {
			return fmt.Errorf("tfc: fetch %d: %w", i, err)
		}
		t := f.c.kept
		if err := readStrings(dst[:int(f.c.size)/tstringSize], C.TF_TensorData(t)); err != nil {
			return fmt.Errorf("tfc: fetch %d: %w", i, err)
		}
		C.TF_DeleteTensor(t)
		f.c.kept = nil
	}
	return nil
}

func (r *planResource) stepError(result C.ndf_result) error {
	switch result {
	case C.NDF_STATUS:
		return statusError(r.c.status)
	case C.NDF_STILL_HELD:
		return &HeldError{Feed: int(r.c.failed)}
	case C.NDF_ABANDONED:
		return ErrAbandoned
	case C.NDF_NO_MEMORY:
		return fmt.Errorf("tfc: %w: no memory for the step's tensors", ResourceExhausted)
	}
	f := &r.fetches[r.c.failed]
	e := &FitError{Fetch: int(r.c.failed), Have: f.dst.Shape(), HaveSize: int(f.c.dst_size), Want: f.shape(), WantSize: int(f.c.size)}
	if f.dt.DType() == npy.String {
		e.HaveSize /= tstringSize
		e.WantSize /= tstringSize
	}
	return e
}

func (f *planFetch) shape() []int {
	shape := make([]int, f.c.num_dims)
	for d := range shape {
		shape[d] = int(f.c.dims[d])
	}
	return shape
}

// Shape returns the shape of fetch i's result in the last step that ran.
func (p *Plan) Shape(i int) []int { return p.res.fetches[i].shape() }

// Take returns the kept result of fetch i as an array over TensorFlow's own
// memory, read-only, which the caller owns from then on; strings are copied.
// The second Take of one step's result is an error.
func (p *Plan) Take(i int) (*npy.Array, error) {
	if p.closed {
		return nil, fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	c := p.res.fetches[i].c
	if c.kept == nil {
		return nil, fmt.Errorf("tfc: fetch %d: no result is kept", i)
	}
	t := &tensorResource{c: c.kept, size: int64(c.size)}
	a, err := viewTensor(t.c, true, t.free)
	if err != nil {
		return nil, err
	}
	c.kept = nil
	t.own()
	return a, nil
}
