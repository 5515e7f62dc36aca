package graph

import (
	"fmt"

	"ndflow/internal/config"
	"ndflow/internal/tfpb"
	"ndflow/tfc"
)

// Option says how a model or a session is set up.
type Option func(*options)

type options struct {
	tags     []string
	executor Executor
	config   config.Config
	copies   bool   // results that could be placed too
	device   string // as it was asked for; empty for any

	concurrent int  // steps at once; 0 for any number
	waiting    bool // steps beyond that wait
}

// singleThreaded is TensorFlow's name of an executor that runs the ops of a step
// one after the other in an order made beforehand.
const singleThreaded = "SINGLE_THREADED_EXECUTOR"

// WithTags chooses the MetaGraph of a SavedModel by its tags, all of them;
// with none, the MetaGraph that was saved without tags. The default is "serve".
func WithTags(tags ...string) Option {
	return func(o *options) { o.tags = tags }
}

// WithExecutor sets the executor that runners start with; the default is Auto.
func WithExecutor(e Executor) Option {
	return func(o *options) { o.executor = e }
}

// WithPlacement says whether TensorFlow may write results straight into the
// arrays where they land, with no copy. It may by default; without it, each
// result that lands is copied once. See the package comment.
func WithPlacement(on bool) Option {
	return func(o *options) { o.copies = !on }
}

// WithThreads sets how many threads one op may use (intra) and how many ops
// run at once on the pool (inter); 0 stands for as many as there are processors
// for this process, or fewer where GOMAXPROCS or a container's quota says so.
// Sessions with threads of their own share none.
func WithThreads(intra, inter int) Option {
	return func(o *options) { o.config.Threads(intra, inter) }
}

// WithSingleThread makes all steps run their ops one after the other, in an
// order made beforehand: steps of small models, Inline above all, cost a good
// deal less, and none gains from ops that could run at once. TensorFlow refuses
// it for some graphs of TensorFlow 1 (reference variables, its control flow).
// Load falls back then, which [Model.SingleThread] tells; a step that is refused
// later fails with tfc.Unimplemented.
func WithSingleThread() Option {
	return func(o *options) {
		o.config.Experimental = &tfpb.ConfigProto_Experimental{ExecutorType: singleThreaded}
	}
}

// JIT makes XLA compile what it can of each step's graph, and gathers ops for that
// where it pays: once for each combination of input shapes, on the first step that
// has it. What XLA cannot compile runs as it does without it. Elementwise chains
// gain most; models whose time is in a few large ops may lose.
func JIT() Option { return WithJITLevel(2) }

func (o *options) singleThread() bool {
	return o.config.GetExperimental().GetExecutorType() == singleThreaded
}

func newOptions(list []Option) *options {
	o := &options{tags: []string{"serve"}}
	for _, set := range list {
		set(o)
	}
	return o
}

func (o *options) session() (tfc.SessionOptions, error) {
	if err := o.configDevice(); err != nil {
		return tfc.SessionOptions{}, fmt.Errorf("graph: %w", err)
	}
	config, err := o.config.Bytes()
	if err != nil {
		return tfc.SessionOptions{}, fmt.Errorf("graph: %w", err)
	}
	return tfc.SessionOptions{Config: config, Copy: o.copies}, nil
}
