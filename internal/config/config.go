// Package config builds the ConfigProto by which TensorFlow sets up sessions and eager
// contexts, so that an option means the same for both.
package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
	"ndflow/internal/threads"
	"ndflow/tfc"
)

// Config is the settings of a session or a context. The zero Config has TensorFlow's own,
// except that ops run elsewhere where their device does not exist.
type Config struct {
	tfpb.ConfigProto
	Strict bool // ops run on the devices that they ask for, or fail

	err error // the first setting that cannot be
}

func (c *Config) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// Threads sets how many threads one op may use and how many ops run at once.
func (c *Config) Threads(intra, inter int) {
	for _, n := range []int{intra, inter} {
		if n < 0 || n > math.MaxInt32 {
			c.fail("threads %d: %w: want 0 or more", n, tfc.InvalidArgument)
			return
		}
	}
	c.IntraOpParallelismThreads = int32(intra)
	c.InterOpParallelismThreads = int32(inter)
	c.UsePerSessionThreads = true
}

// LogicalCPUs sets how many CPU devices there are.
func (c *Config) LogicalCPUs(n int) {
	if n < 1 || n > math.MaxInt32 {
		c.fail("%d CPU devices: %w: want at least 1", n, tfc.InvalidArgument)
		return
	}
	c.count("CPU", n)
}

// NoGPUs leaves the GPUs out.
func (c *Config) NoGPUs() { c.count("GPU", 0) }

func (c *Config) count(kind string, n int) {
	if c.DeviceCount == nil {
		c.DeviceCount = make(map[string]int32)
	}
	c.DeviceCount[kind] = int32(n)
}

func (c *Config) gpu() *tfpb.ConfigProto_GPUOptions {
	if c.GpuOptions == nil {
		c.GpuOptions = &tfpb.ConfigProto_GPUOptions{}
	}
	return c.GpuOptions
}

// MemoryGrowth makes TensorFlow take a GPU's memory as it needs it.
func (c *Config) MemoryGrowth() { c.gpu().AllowGrowth = true }

// MemoryFraction bounds the part of each GPU's memory that TensorFlow takes.
func (c *Config) MemoryFraction(part float64) {
	if !(part > 0 && part <= 1) {
		c.fail("memory fraction %v: %w: want above 0 and up to 1", part, tfc.InvalidArgument)
		return
	}
	c.gpu().PerProcessGpuMemoryFraction = part
}

// VisibleGPUs sets which of the GPUs that the driver shows there are, in this order.
func (c *Config) VisibleGPUs(numbers ...int) {
	if len(numbers) == 0 {
		c.NoGPUs()
		return
	}
	list := make([]string, len(numbers))
	for i, n := range numbers {
		if n < 0 || slices.Contains(numbers[:i], n) {
			c.fail("visible GPUs %v: %w: want different numbers from 0 on", numbers, tfc.InvalidArgument)
			return
		}
		list[i] = strconv.Itoa(n)
	}
	c.gpu().VisibleDeviceList = strings.Join(list, ",")
}

func (c *Config) graph() *tfpb.ConfigProto_GraphOptions {
	if c.GraphOptions == nil {
		c.GraphOptions = &tfpb.ConfigProto_GraphOptions{}
	}
	return c.GraphOptions
}

func (c *Config) optimizer() *tfpb.ConfigProto_OptimizerOptions {
	g := c.graph()
	if g.OptimizerOptions == nil {
		g.OptimizerOptions = &tfpb.ConfigProto_OptimizerOptions{}
	}
	return g.OptimizerOptions
}

// JITLevel sets what XLA compiles: nothing at 0, more and more at 1 and 2.
func (c *Config) JITLevel(level int) {
	const off = -1
	switch level {
	case 0:
		c.optimizer().GlobalJitLevel, c.optimizer().CpuGlobalJit = off, false
	case 1, 2:
		c.optimizer().GlobalJitLevel, c.optimizer().CpuGlobalJit = int32(level), true
	default:
		c.fail("JIT level %d: %w: want 0, 1 or 2", level, tfc.InvalidArgument)
	}
}

// OptimizerLevel sets whether TensorFlow's older optimizer works on graphs: 0 or 1.
func (c *Config) OptimizerLevel(level int) {
	if level != 0 && level != 1 {
		c.fail("optimizer level %d: %w: want 0 or 1", level, tfc.InvalidArgument)
		return
	}
	c.optimizer().OptLevel = int32(level) - 1
}

// rewriters are the parts of Grappler that can be turned off, by TensorFlow's names.
var rewriters = map[string]func(*tfpb.ConfigProto_RewriterConfig) *int32{
	"layout_optimizer":              func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.LayoutOptimizer },
	"constant_folding":              func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.ConstantFolding },
	"arithmetic_optimization":       func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.ArithmeticOptimization },
	"dependency_optimization":       func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.DependencyOptimization },
	"loop_optimization":             func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.LoopOptimization },
	"function_optimization":         func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.FunctionOptimization },
	"shape_optimization":            func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.ShapeOptimization },
	"remapping":                     func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.Remapping },
	"scoped_allocator_optimization": func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.ScopedAllocatorOptimization },
	"pin_to_host_optimization":      func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.PinToHostOptimization },
	"implementation_selector":       func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.ImplementationSelector },
	"common_subgraph_elimination":   func(r *tfpb.ConfigProto_RewriterConfig) *int32 { return &r.CommonSubgraphElimination },
}

// WithoutRewriters turns rewriters of Grappler off; all of them where none is named.
func (c *Config) WithoutRewriters(names ...string) {
	g := c.graph()
	if g.RewriteOptions == nil {
		g.RewriteOptions = &tfpb.ConfigProto_RewriterConfig{}
	}
	if len(names) == 0 {
		g.RewriteOptions.DisableMetaOptimizer = true
	}
	const off = 2
	for _, name := range names {
		toggle, ok := rewriters[name]
		if !ok {
			c.fail("rewriter %q: %w: want one of %s", name, tfc.InvalidArgument, strings.Join(Rewriters(), ", "))
			return
		}
		*toggle(g.RewriteOptions) = off
	}
}

// Rewriters lists the rewriters that can be turned off.
func Rewriters() []string {
	list := make([]string, 0, len(rewriters))
	for name := range rewriters {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// Bytes is the serialized ConfigProto.
func (c *Config) Bytes() ([]byte, error) {
	if c.err != nil {
		return nil, c.err
	}
	c.AllowSoftPlacement = !c.Strict
	threads.Bound(&c.ConfigProto)
	raw, err := proto.Marshal(&c.ConfigProto)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return raw, nil
}

// Call is the serialized ConfigProto that a call of a function takes: what of the
// settings is about graphs, and not about devices or threads. TensorFlow
// optimizes functions only where they are given a configuration, if an empty one.
func (c *Config) Call() (string, error) {
	raw, err := proto.Marshal(&tfpb.ConfigProto{
		AllowSoftPlacement: !c.Strict, LogDevicePlacement: c.LogDevicePlacement, GraphOptions: c.GraphOptions,
	})
	return string(raw), err
}
