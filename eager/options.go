package eager

import (
	"fmt"

	"ndflow/internal/config"
	"ndflow/tfc"
)

// Option says how a context is set up, or what [Load] loads.
type Option func(*options)

type options struct {
	eager  tfc.EagerOptions
	config config.Config
	tags   []string // of the MetaGraph that Load loads
	in     *Context // that Load loads into; nil for one of the model's own
	device string   // that Load puts the model on; empty for any
	err    error    // an option that cannot be
}

// WithTags chooses the MetaGraph that [Load] loads by its tags, all of them; with
// none, the MetaGraph that was saved without tags. The default is "serve".
func WithTags(tags ...string) Option { return func(o *options) { o.tags = tags } }

// In makes [Load] load the model into a context that exists and goes on after the
// model: its tensors can be used with the model, and the model's with others in
// it. What other options say of contexts does not count then.
func In(c *Context) Option { return func(o *options) { o.in = c } }

// WithDevice makes [Load] put the model on a device, GPU:1 say: its variables and
// what its signatures compute, whose outputs stay there. What the device cannot do,
// such as looking up strings, is done on the CPU. Without it TensorFlow chooses: the
// first GPU where there is one. A context has all devices of the machine, so the same
// model can be loaded once on each.
func WithDevice(name string) Option { return func(o *options) { o.device = name } }

// Async makes ops return before they are done. See the package comment.
func Async() Option { return func(o *options) { o.eager.Async = true } }

// DevicePolicy says what becomes of an op whose inputs are on other devices.
type DevicePolicy int

const (
	// CopyInputs copies them to the op's device. It is the default, as in Python.
	CopyInputs DevicePolicy = iota
	// WarnOfCopies copies them and writes a warning to stderr.
	WarnOfCopies
	// RefuseCopies makes the op fail.
	RefuseCopies
	// CopyInt32 copies int32 tensors, which are small as a rule, and makes the op
	// fail for others.
	CopyInt32
)

// WithDevicePolicy sets the policy for inputs on other devices.
func WithDevicePolicy(p DevicePolicy) Option {
	policies := [...]tfc.Placement{
		CopyInputs: tfc.PlacementSilent, WarnOfCopies: tfc.PlacementWarn,
		RefuseCopies: tfc.PlacementExplicit, CopyInt32: tfc.PlacementSilentForInt32,
	}
	return func(o *options) {
		if p < 0 || int(p) >= len(policies) {
			o.err = fmt.Errorf("eager: no device policy %d", p)
			return
		}
		o.eager.Placement = policies[p]
	}
}

// WithThreads sets how many threads one op may use (intra) and how many ops of a
// function run at once (inter); 0 stands for as many as there are processors for
// this process, or fewer where GOMAXPROCS or a container's quota says so. Without
// it threads are the process's: what holds for the first context or session holds
// for all.
func WithThreads(intra, inter int) Option {
	return func(o *options) { o.config.Threads(intra, inter) }
}

// WithPlacement says whether TensorFlow may write results straight into the arrays
// where they land, with no copy. It may by default. See package graph.
func WithPlacement(on bool) Option { return func(o *options) { o.eager.Copy = !on } }

func newOptions(list []Option) *options {
	o := &options{eager: tfc.EagerOptions{Placement: tfc.PlacementSilent}, tags: []string{"serve"}}
	for _, set := range list {
		set(o)
	}
	return o
}

// context gathers the options of a context.
func (o *options) context() (tfc.EagerOptions, error) {
	if o.err != nil {
		return tfc.EagerOptions{}, o.err
	}
	config, err := o.config.Bytes()
	if err != nil {
		return tfc.EagerOptions{}, fmt.Errorf("eager: %w", err)
	}
	o.eager.Config = config
	return o.eager, nil
}
