package eager

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
	"ndflow/tfc"
)

// Option says how a context is set up.
type Option func(*options)

type options struct {
	eager  tfc.EagerOptions
	config tfpb.ConfigProto
}

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
	return func(o *options) { o.eager.Placement = policies[p] }
}

// WithThreads sets how many threads one op may use (intra) and how many ops of a
// function run at once (inter); 0 leaves the choice to TensorFlow, which takes the
// number of cores. Threads are the process's: what the first context or session
// has set holds for those that do not ask for threads of their own.
func WithThreads(intra, inter int) Option {
	return func(o *options) {
		o.config.IntraOpParallelismThreads = int32(intra)
		o.config.InterOpParallelismThreads = int32(inter)
		o.config.UsePerSessionThreads = true
	}
}

// WithLogicalCPUs gives the context n CPU devices, CPU:0 to CPU:n-1, which share
// the machine's: for programs that are to run on several devices, and their tests.
func WithLogicalCPUs(n int) Option {
	return func(o *options) { o.config.DeviceCount = map[string]int32{"CPU": int32(n)} }
}

// WithMemoryGrowth makes TensorFlow take a GPU's memory as it needs it, and not
// nearly all of it when the context is made.
func WithMemoryGrowth() Option {
	return func(o *options) { o.gpu().AllowGrowth = true }
}

// WithMemoryFraction bounds the part of each GPU's memory that TensorFlow takes,
// above 0 and up to 1.
func WithMemoryFraction(part float64) Option {
	return func(o *options) { o.gpu().PerProcessGpuMemoryFraction = part }
}

func (o *options) gpu() *tfpb.ConfigProto_GPUOptions {
	if o.config.GpuOptions == nil {
		o.config.GpuOptions = &tfpb.ConfigProto_GPUOptions{}
	}
	return o.config.GpuOptions
}

// WithPlacement says whether TensorFlow may write results straight into the arrays
// where they land, with no copy. It may by default. See package graph.
func WithPlacement(on bool) Option { return func(o *options) { o.eager.Copy = !on } }

// eagerOptions gathers the options.
func eagerOptions(list []Option) (tfc.EagerOptions, error) {
	o := &options{eager: tfc.EagerOptions{Placement: tfc.PlacementSilent}}
	for _, set := range list {
		set(o)
	}
	config, err := proto.Marshal(&o.config)
	if err != nil {
		return tfc.EagerOptions{}, fmt.Errorf("eager: config: %w", err)
	}
	o.eager.Config = config
	return o.eager, nil
}
