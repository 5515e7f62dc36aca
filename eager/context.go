package eager

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"ndflow/graph"
	"ndflow/internal/behind"
	"ndflow/ops"
	"ndflow/tfc"
)

// Context is where ops run: its devices, its functions, and the kernels of ops
// that have run. Tensors and variables of one context cannot be used in another.
// It is safe for concurrent use.
type Context struct {
	c       *tfc.EagerContext
	devices []Device
	gpus    *gpus // nil where there are none

	strict     bool   // ops run on the devices that they ask for, or fail
	callConfig string // the configuration that calls of functions take

	functions atomic.Int64 // that were named here
	pool      pool
	behind    behind.Count // ops that were left behind

	mu   sync.RWMutex
	ops  *tfc.Graph // an empty one, which knows the definitions of all ops
	defs map[string]*ops.Def
}

// New returns a context with the devices of this machine. The caller closes it.
func New(opts ...Option) (*Context, error) {
	o := newOptions(opts)
	eo, err := o.context()
	if err != nil {
		return nil, err
	}
	call, err := o.config.Call()
	if err != nil {
		return nil, fmt.Errorf("eager: %w", err)
	}
	c, err := tfc.NewEagerContext(eo)
	if err != nil {
		return nil, fmt.Errorf("eager: %w", err)
	}
	ec := &Context{c: c, strict: o.config.Strict, callConfig: call, defs: make(map[string]*ops.Def)}
	list, err := c.Devices()
	if err == nil {
		ec.ops, err = tfc.NewGraph()
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("eager: %w", err)
	}
	for _, d := range list {
		ec.devices = append(ec.devices, Device(d))
	}
	ec.gpus = newGPUs(ec.devices)
	return ec, nil
}

// Close ends the context. Tensors that exist can still be read; ops fail with
// [ErrClosed]. What TensorFlow needs of the context it keeps until the last of
// those is closed.
func (c *Context) Close() {
	c.pool.close()
	c.c.Close()
	c.ops.Close()
	c.gpus.close()
}

// Async reports whether ops that are begun now return before they are done: as the
// [Executor] says that the caller is in ([Executor.Do]), or else the context.
func (c *Context) Async() bool { return c.c.Async() }

// Sync waits until the ops that were begun are done, in an [Async] context. The
// error of one that has failed belongs to its tensors, which keep it; Sync returns
// it too, if no op has been begun since.
func (c *Context) Sync() error {
	if err := c.c.Sync(); err != nil {
		return fmt.Errorf("eager: %w", err)
	}
	return nil
}

// check returns an error unless the tensor is one of this context.
func (c *Context) check(t *Tensor) error {
	switch {
	case t == nil:
		return errors.New("the tensor is nil")
	case t.ctx != c:
		return ErrContext
	}
	return nil
}

// def returns the definition of an op, or of a function that was added.
func (c *Context) def(name string) (*ops.Def, error) {
	c.mu.RLock()
	def := c.defs[name]
	c.mu.RUnlock()
	if def != nil {
		return def, nil
	}
	raw, err := c.ops.OpDef(name)
	if errors.Is(err, tfc.NotFound) && c.c.HasFunction(name) {
		return c.functionDef(name)
	}
	if err != nil {
		return nil, c.unknownOp(name, err)
	}
	def, err = ops.ParseDef(raw)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.defs[name] = def
	return def, nil
}

// unknownOp names the ops that are nearest.
func (c *Context) unknownOp(name string, err error) error {
	if !errors.Is(err, tfc.NotFound) {
		return fmt.Errorf("eager: op %q: %w", name, err)
	}
	e := &graph.NameError{Package: "eager", Kind: "op", Name: name}
	if raw, err := tfc.AllOps(); err == nil {
		if all, err := ops.ParseDefs(raw); err == nil {
			e.Have = all.Nearest(name)
		}
	}
	return fmt.Errorf("%w (%w)", e, tfc.NotFound)
}
