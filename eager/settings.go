package eager

// The options that sessions and eager contexts share: see internal/config.
// What they set holds for the context's functions; of a GPU's memory and of which GPUs
// there are, the first session or context of a process decides for all.

// WithStrictPlacement makes ops run on the devices that the graph puts them on, or fail.
// A model or a function that asks for a device which does not exist is refused with a [graph.NameError].
//
// Without it, as in Python, such ops run where TensorFlow puts those that ask for no
// device, and so do ops that have no kernel for their device: a model that was saved on
// a machine with GPUs runs on one that has none. [Model.Moved] tells which.
//
// This is about where ops run. [WithPlacement] is about where results are written.
func WithStrictPlacement() Option { return func(o *options) { o.config.Strict = true } }

// WithPlacementLog makes TensorFlow tell which device each op of a function runs on. Sessions
// have no such option: with TensorFlow 2.21 they tell nothing.
func WithPlacementLog() Option { return func(o *options) { o.config.LogDevicePlacement = true } }

// WithLogicalCPUs gives the context n CPU devices, CPU:0 to CPU:n-1, which share
// the machine's: for programs that are to run on several devices, and their tests.
func WithLogicalCPUs(n int) Option { return func(o *options) { o.config.LogicalCPUs(n) } }

// WithVisibleGPUs sets which of the GPUs that the driver shows the context has, and their
// order: with 2 and 0, GPU:0 is the driver's third. With none it has no GPU.
func WithVisibleGPUs(numbers ...int) Option {
	return func(o *options) { o.config.VisibleGPUs(numbers...) }
}

// WithMemoryGrowth makes TensorFlow take a GPU's memory as it needs it, and not
// nearly all of it when the context is made.
func WithMemoryGrowth() Option { return func(o *options) { o.config.MemoryGrowth() } }

// WithMemoryFraction bounds the part of each GPU's memory that TensorFlow takes,
// above 0 and up to 1.
func WithMemoryFraction(part float64) Option {
	return func(o *options) { o.config.MemoryFraction(part) }
}

// WithOptimizerLevel says whether TensorFlow simplifies graphs before it runs them: 1, the
// default, folds constants and drops what is computed twice; 0 does not. What else
// rewrites graphs is Grappler: see [WithoutRewriters].
func WithOptimizerLevel(level int) Option {
	return func(o *options) { o.config.OptimizerLevel(level) }
}

// WithoutRewriters turns off rewriters of Grappler, which changes graphs before they run:
// "layout_optimizer", "constant_folding", "arithmetic_optimization",
// "dependency_optimization", "loop_optimization", "function_optimization",
// "shape_optimization", "remapping", "scoped_allocator_optimization",
// "pin_to_host_optimization", "implementation_selector" and
// "common_subgraph_elimination". With no name all are off: the first step is sooner done,
// and later ones may take longer.
func WithoutRewriters(names ...string) Option {
	return func(o *options) { o.config.WithoutRewriters(names...) }
}

// WithJITLevel sets what XLA compiles of graphs without being asked by a function: 0
// nothing, 1 what is most likely to gain, 2 all that it can gather.
func WithJITLevel(level int) Option { return func(o *options) { o.config.JITLevel(level) } }
