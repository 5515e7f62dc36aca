// Package graph runs TensorFlow graphs and SavedModels and lands their results
// in arrays that the caller owns.
//
// # The simple way
//
//	model, err := graph.Load("model/")
//	defer model.Close()
//	out, err := model.Run(ctx, graph.Feeds{"x": x})
//	probs, err := npy.Values[float32](out["probs"])
//
// Names, dtypes and shapes come from the model's signature. What Run returns
// is the caller's own.
//
// # Results land in memory that you own
//
// A [Runner] is a prepared step, for one goroutine. It is told once where
// things are, and then each Run is one C call that allocates nothing:
//
//	r, err := model.Runner("serving_default")
//	r.Feed("x", x)        // read in place
//	r.Into("probs", dst)  // written in place
//	for ... {
//	    fill(x)
//	    err := r.Run(ctx)
//	    use(dst)
//	}
//
// The arrays on both sides stay the caller's:
//
//	x (yours) ──read──▶ TensorFlow's step ──written──▶ dst (yours)
//	                            │
//	                            └─ Value: a view of TensorFlow's own buffer
//
// dst can be a row range of a larger array, so that a loop over batches
// accumulates without ever converting: r.Into("probs", all.Slice(lo, hi)). It
// can be larger than the result, which then takes its front; Value gives that
// part with its shape.
//
// # Three ways out
//
//	Into(name, dst)   in your array when Run returns; no copy when placed, else one
//	Value(name)       a view, no copy; read-only; Release or the collector ends it
//	Model.Run         an Array of your own; one copy
//
// # Placement
//
// With the plugin that scripts/libtensorflow builds beside the library,
// TensorFlow's kernel writes a result straight into the array that Into has
// named. The first three steps of a Runner for each combination of input shapes
// find out how, and copy; from then on a result is placed where
//
//   - the step runs on the calling thread ([Inline], or [Auto] once that has won),
//   - the ctx of Run cannot be cancelled: a cancelled step may be in the middle of an
//     op, which must not write to an array that the caller has back,
//   - the array's memory is aligned to 64 bytes ([npy.Align]), as that of npy.New
//     is, and rows of it whose offset is a multiple of 64 bytes,
//   - the result has 4096 bytes or more, and is not an input, a constant, a
//     variable, or a part of something larger.
//
// What is not placed is copied, with the same result. [Runner.Stats] tells which
// it was, and why; [WithPlacement] turns placement off.
//
// # Memory
//
// Results that are released, by Release or Close, or that land by Into, take what the
// step needs and no more. What is dropped instead is collected: up to 256 MB of it, or as
// much as is live, may wait for that, since the Go collector does not see C's memory.
//
// TensorFlow frees memory to the C library's malloc (or, with oneDNN, to a pool of its
// own that stays as large as it once was). glibc's malloc keeps freed blocks of up to 32
// MB, several times what is in use where they fit badly. So ndflow looks when objects are
// given back, and has malloc give free pages to the system (malloc_trim) when there are
// 320 MB more of memory than is live, or as much as is live: a process stays within that,
// and one that is within it pays nothing. A service need not set anything. One that has
// less memory than that can set, in its environment,
//
//	MALLOC_MMAP_THRESHOLD_=1048576
//
// which gives blocks of 1 MB and more back at once. It costs time, since the kernel has to
// clear what is allocated: measured without oneDNN, 1.7 times the time for a CNN of a
// batch of 8, and 3 times for a step with a view of 8 MB. With another malloc
// than glibc's, ndflow leaves it to itself. "ndflow doctor" shows which one there is and
// what is set.
//
// # Files and data sets
//
// [Map] runs a model over the rows of arrays and files of any size, several
// batches at a time, in constant memory:
//
//	x, err := npy.Open("x.npy")
//	err = graph.Map(ctx, model,
//	    map[string]graph.Source{"x": graph.FromArray(x)},
//	    map[string]graph.Sink{"probs": graph.ToFile("probs.npy")},
//	    graph.MapOptions{})
//
// The size of a batch and how many run at once it finds out by itself. Data that
// is in no array comes from a [Source] of the caller's, and goes to a [Sink].
//
// # Streams
//
// Items that come one by one, from a camera or a network, go to a [Pipeline]: it
// runs them in workers of its own, between bounded queues, so that who brings
// them waits neither for the model nor for what is done with the results.
// [Stream] is its form for a loop.
//
// # Models that are no folder
//
// [LoadFS] loads a SavedModel out of any fs.FS, such as an embed.FS or a zip archive, and
// [ReadFrom] a GraphDef out of a reader:
//
//	//go:embed model
//	var files embed.FS
//
//	m, err := graph.LoadFS(files, "model")
//
// [ndflow/eager.LoadFS] and [ndflow/weights.OpenFS] do the same for functions and for
// weights.
//
// # Devices of other machines
//
// A model that was saved where there are GPUs, several devices or other processes asks for
// those. Where there is no such device its ops run on one that there is, as in Python:
// [Session.Moved] tells which, and [WithStrictPlacement] refuses them. The settings of
// TensorFlow's ConfigProto are options of the same names here and in package ndflow/eager.
//
// # Building graphs
//
// A Graph is not only loaded. [Graph.Placeholder] and [Graph.Constant] begin one,
// the functions of the packages below ops add operations, [Graph.Gradients] those
// that compute derivatives, and a [Session] runs it, also while it grows:
//
//	g, err := graph.New()
//	x, err := g.Placeholder("x", npy.Float32, []int{-1, 4})
//	s := ops.NewScope(g)
//	y := nn.Softmax(s, math.MatMul(s, x, ops.Const(s, w)))
//	err = s.Err()
//	session, err := graph.NewSession(g)
//	probs, err := session.Eval(ctx, y.String(), graph.Feeds{"x": a})
//
// [Graph.Output] finds a tensor of a loaded graph by its name, so that operations and
// gradients can be put behind it.
//
// # TensorFlow's own words
//
// [Session.Run] and [Session.Eval] take the names of tensors ("dense/BiasAdd:0")
// and operations, for GraphDefs and for whoever wants to look inside a model.
//
// # Threads, deadlines and load
//
// Model, Session and Graph are safe for concurrent use; a Runner is for one
// goroutine at a time. A step runs on the calling thread or on TensorFlow's
// pool: see [Executor].
//
// Run returns as soon as its ctx ends, and tells the step to end; [Runner.Run] says what
// ends at once and what does not. Close cancels the steps that run.
//
// A service should say how many steps may run at once. Without a limit, requests that
// come faster than they are answered share the processors until all of them miss their
// deadlines:
//
//	m, err := graph.Load("model/", graph.WithMaxConcurrent(runtime.NumCPU()), graph.WithWaiting())
//	...
//	out, err := m.Run(request.Context(), feeds)
//	switch {
//	case errors.Is(err, graph.ErrFull):             // busy; only without WithWaiting
//	case errors.Is(err, context.DeadlineExceeded):  // too late
//	case errors.Is(err, graph.ErrClosed):           // the model was closed
//	}
package graph
