package eager

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ndflow/graph"
	"ndflow/npy"
)

// Model is a SavedModel whose signatures are functions of a context: what a call
// makes stays on its device, as tensors. It is safe for concurrent use.
type Model struct {
	ctx        *Context
	dir        string
	version    string
	signatures map[string]*signature
	functions  []*savedFunction // beside the signatures
	called     []*signature     // what those call
	variables  []variable
	moved      []graph.Moved
	res        *modelResource
	cleanup    runtime.Cleanup
	closed     atomic.Bool
	running    sync.RWMutex // read by what uses the model's functions, written by Close
}

// Load loads the SavedModel in the folder dir: the MetaGraph tagged "serve",
// unless [WithTags] says otherwise. Variables are restored and tables filled.
// There is no session: the model lives in a context of its own, set up as the
// options say, or in the one that [In] names. The caller closes the model.
//
// Models of TensorFlow 1 and 2 load, and those that Keras 3 writes with
// tf.saved_model.save. Parts of a model that its signatures do not need, such as
// an optimizer, are left out. So is what needs an op that TensorFlow lacks: signatures and
// functions that do fail with [ErrUnavailable] when they are called, and the others work.
// A model of which another part is missing is an [ErrMissing]
// that names it, one whose files are not as they should be an [ErrDamaged].
func Load(dir string, opts ...Option) (*Model, error) {
	o := newOptions(opts)
	if o.in != nil {
		return o.in.load(dir, o)
	}
	c, err := New(opts...)
	if err != nil {
		return nil, err
	}
	m, err := c.load(dir, o)
	if err != nil {
		c.Close()
		return nil, err
	}
	m.res.owned = true
	return m, nil
}

func newModel(c *Context, dir, version string) (*Model, error) {
	empty, err := c.Empty()
	if err != nil {
		return nil, err
	}
	m := &Model{ctx: c, dir: dir, version: version, signatures: make(map[string]*signature), res: &modelResource{ctx: c, empty: empty}}
	m.cleanup = runtime.AddCleanup(m, (*modelResource).free, m.res)
	return m, nil
}

// modelResource is what a Model gives back.
type modelResource struct {
	ctx       *Context
	owned     bool // the context is the model's
	functions []string
	handles   []*Tensor // of variables and tables
	defaults  []*Tensor // of inputs
	empty     *Tensor   // in the place of inputs that are not given
}

func (r *modelResource) free() {
	for _, h := range r.handles {
		// It fails where the context is closed, and all with it.
		_, _ = r.ctx.Op("DestroyResourceOp").Input(h).Run()
	}
	closeAll(r.handles)
	closeAll(r.defaults)
	closeAll([]*Tensor{r.empty})
	for _, name := range r.functions {
		_ = r.ctx.c.RemoveFunction(name) // fails where the context is closed
	}
	if len(r.functions) > 0 {
		r.ctx.pool.forget() // what was prepared for them
	}
	if r.owned {
		r.ctx.Close()
	}
}

// removeFunction takes a function away that is not needed any more.
func (r *modelResource) removeFunction(name string) error {
	r.functions = slices.DeleteFunc(r.functions, func(n string) bool { return n == name })
	return r.ctx.c.RemoveFunction(name)
}

// closeWait is how long Close waits for calls. Those whose ctx has ended are over in a
// moment, unless an op of theirs cannot be interrupted.
const closeWait = 500 * time.Millisecond

// Close gives the model back: its functions, its variables, and its context
// unless that was given with [In]. It waits for calls that run, also those that were
// left behind when their ctx had ended, but not long: one that goes on keeps the model
// until it is over, and gives it back then. Tensors that the model has made stay valid.
//
// In a context that goes on, the reference variables of a model of TensorFlow 1
// stay until that is closed.
func (m *Model) Close() {
	if !m.closed.CompareAndSwap(false, true) {
		return
	}
	m.cleanup.Stop()
	if m.running.TryLock() { // what begins from now on finds the model closed
		m.free()
		return
	}
	over := make(chan struct{})
	go func() {
		m.running.Lock()
		m.free()
		close(over)
	}()
	wait := time.NewTimer(closeWait)
	defer wait.Stop()
	select {
	case <-over:
	case <-wait.C:
	}
}

// free gives back what the model has. No call runs, and none will: m.running is locked.
func (m *Model) free() {
	for _, s := range m.signatures {
		s.pool.close()
	}
	for _, s := range m.called {
		s.pool.close()
	}
	m.res.free()
}

// begin keeps the model from being closed until end. Where it is closed, or about to
// be, it returns an error at once.
func (m *Model) begin() error {
	if m.closed.Load() {
		return m.errClosed()
	}
	if !m.running.TryRLock() { // only Close stands in the way
		return m.errClosed()
	}
	if m.closed.Load() {
		m.running.RUnlock()
		return m.errClosed()
	}
	return nil
}

func (m *Model) end() { m.running.RUnlock() }

func (m *Model) errClosed() error { return fmt.Errorf("eager: model %s: %w", m.dir, ErrClosed) }

// Context returns the context that the model lives in: what it is to be called
// with must be tensors of that.
func (m *Model) Context() *Context { return m.ctx }

// Version returns the version of TensorFlow that saved the model.
func (m *Model) Version() string { return m.version }

// Signatures lists the signatures in alphabetical order.
func (m *Model) Signatures() []graph.Signature {
	list := make([]graph.Signature, 0, len(m.signatures))
	for _, name := range slices.Sorted(maps.Keys(m.signatures)) {
		list = append(list, m.signatures[name].spec)
	}
	return list
}

// Signature returns the named signature. The empty name stands for
// [graph.DefaultSignature], or for the only one where the model has just one.
func (m *Model) Signature(name string) (graph.Signature, error) {
	s, err := m.named(name)
	if err != nil {
		return graph.Signature{}, err
	}
	return s.spec, nil
}

// signature finds a signature that can be called.
func (m *Model) signature(name string) (*signature, error) {
	if m.closed.Load() {
		return nil, m.errClosed()
	}
	s, err := m.named(name)
	if err != nil {
		return nil, err
	}
	return s, s.err
}

func (m *Model) named(name string) (*signature, error) {
	if name == "" {
		name = graph.DefaultSignature
		if _, ok := m.signatures[name]; !ok && len(m.signatures) == 1 {
			for only := range m.signatures {
				name = only
			}
		}
	}
	if s, ok := m.signatures[name]; ok {
		return s, nil
	}
	e := &graph.NameError{Package: "eager", Kind: "signature", Name: name, Have: slices.Sorted(maps.Keys(m.signatures))}
	switch f := m.function(name); {
	case f != nil && len(f.overloads) == 1:
		return f.overloads[0].sig, nil
	case f != nil:
		return nil, fmt.Errorf("eager: function %q has %d overloads: Call and CallFunction choose among them", f.path, len(f.overloads))
	case len(m.functions) > 0:
		for _, f := range m.functions {
			e.Have = append(e.Have, f.path)
		}
	}
	return nil, e
}

// Function returns the named signature as a function, the default one for the
// empty name: its inputs and outputs are the signature's, in alphabetical order.
// It is the model's, and ends with it. The name may also be the path of a function that
// the model was saved with, if it has one overload; see [Model.CallFunction].
func (m *Model) Function(signature string) (*Function, error) {
	s, err := m.signature(signature)
	if err != nil {
		return nil, err
	}
	return s.f, nil
}

// Run runs the default signature once: arrays in by name, arrays out by name.
// The results are the caller's own. Arrays must not be written to meanwhile. Outputs that
// have no array form are left out: sparse ones ([graph.Spec].Problem), and resources. When
// ctx ends Run returns its error at once; [tfc.InUse] tells whether the call, which was left
// behind, still reads an array.
func (m *Model) Run(ctx context.Context, feeds graph.Feeds) (map[string]*npy.Array, error) {
	c, err := m.take(ctx, "")
	if err != nil {
		return nil, err
	}
	defer c.give()
	for name, a := range feeds {
		if err := c.Feed(name, a); err != nil {
			return nil, err
		}
	}
	ts, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	defer closeAll(ts)
	out := make(map[string]*npy.Array, len(ts))
	for i, spec := range c.sig.outputs {
		if spec.DType == npy.Invalid {
			continue
		}
		if out[spec.Name], err = ts[i].Copy(); err != nil {
			return nil, fmt.Errorf("eager: output %q: %w", spec.Name, bare(err))
		}
	}
	return out, nil
}

// Call calls the named signature, the default one for the empty name: tensors in
// by name, tensors out by name, which stay on the device where they were made. The
// caller closes them. When ctx ends Call returns its error at once; see the package
// comment for what becomes of the call. Outputs that are made of several tensors are left
// out ([graph.Spec].Problem). A signature with no outputs is called for what it does, and
// gives none.
//
// A name that is no signature's is that of a function among the objects that the model was
// saved from, as [Model.CallFunction] has it.
func (m *Model) Call(ctx context.Context, signature string, inputs map[string]*Tensor) (map[string]*Tensor, error) {
	if _, ok := m.signatures[signature]; !ok && m.function(signature) != nil {
		args := make(map[string]any, len(inputs))
		for name, t := range inputs {
			args[name] = t
		}
		return m.CallFunction(ctx, signature, args)
	}
	c, err := m.take(ctx, signature)
	if err != nil {
		return nil, err
	}
	defer c.give()
	for name, t := range inputs {
		if err := c.Input(name, t); err != nil {
			return nil, err
		}
	}
	return c.Run(ctx)
}

// take returns an idle Caller, or a new one, for a call until ctx ends.
func (m *Model) take(ctx context.Context, signature string) (*Caller, error) {
	s, err := m.signature(signature)
	if err != nil {
		return nil, err
	}
	return m.takeOf(ctx, s)
}

func (m *Model) takeOf(ctx context.Context, s *signature) (_ *Caller, err error) {
	c := s.pool.take()
	if c == nil {
		if c, err = m.caller(s); err != nil {
			return nil, err
		}
	}
	if err := c.op.WithContext(ctx).begin(); err != nil {
		c.give()
		return nil, err
	}
	return c, nil
}
