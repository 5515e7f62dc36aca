// Package eager runs TensorFlow's ops at once, one call after the other, as a
// Python program does outside of tf.function: arrays become tensors, ops make
// tensors of tensors, and tensors become arrays again.
//
//	ec, err := eager.New()
//	x, err := ec.Tensor(a)                                   // no copy
//	y, err := ec.Op("MatMul").Input(x, w).Bool("transpose_b", true).Output()
//	v, err := y.Value()                                      // a view; y.Into(dst) lands it
//
// # What a tensor's memory is
//
// A [Tensor] lies on a device and is never written to. These ways lead from it to
// an array, and to a buffer, which is an array in a GPU's memory (see package cuda):
//
//	Tensor.Value        a view of TensorFlow's own memory: no copy on the CPU, read-only
//	Tensor.Buffer       the same on a GPU
//	Tensor.Into         the elements in the front of an array or a buffer of the caller's
//	Tensor.IntoStream   the same while the program goes on
//	Tensor.Copy         an array of the caller's own
//
// TensorFlow shares memory where it can. A tensor of an array ([Context.Tensor])
// is the array's own memory, and so are the results of ops that only look at it
// another way: Identity, Reshape, a Slice of whole rows. So an array that was
// made a tensor must not be written to until TensorFlow has let it go, which is
// when the tensor, all that shares with it and all views of those are closed.
// ndflow keeps count: to let a result land in such an array is an error,
// [ErrInUse].
//
// # GPUs
//
// TensorFlow's GPU build gives a context the GPUs of the machine, GPU:0 and so on.
// Ops run there ([Op.Device], or where their inputs are), and so do functions ([On])
// and models ([WithDevice]); what they make stays there.
//
//	                 from the CPU             from a GPU
//	to an array      one copy in memory       one transfer, over the driver's own memory
//	to pinned memory one copy in memory       one transfer
//	to a buffer      one transfer             one copy on the device, or between two
//
// No way leads over a copy of TensorFlow's on the host, which the tensor would keep
// until it is closed, except that of [Tensor.Value] and [Op.RunInto]. In the other
// direction [Context.TensorOnDevice] makes a
// tensor of a buffer, with no copy:
//
//	b, err := gpu.NewBuffer(npy.Float32, 256, 224)
//	filled, err := stream.Copy(b, batch)         // or a kernel of your own writes to it
//	x, err := ec.TensorOnDevice(b, stream)       // waits for the stream
//	y, err := model.Call(ctx, "", map[string]*eager.Tensor{"x": x})
//	rows, err := pinned.Slice(lo, hi)
//	done, err := y["probs"].IntoStream(stream, rows)
//
// Who owns what: a buffer that became a tensor is held, and must not be written to,
// until TensorFlow and the device are done with it; closing it meanwhile only says
// that the caller needs it no longer. A tensor that lands on a stream is kept for the
// stream, whatever becomes of the Tensor, and so is what it lands in, which nobody
// may touch before the event has passed. What [Tensor.Buffer] gives is TensorFlow's
// own memory, which has it back when the buffer is closed and copies from it are done.
//
// Functions give tensors of strings and of int32 in the host's memory, wherever they
// run. All ways work for those too.
//
// # Ops that run often
//
// An [Op] is prepared the first time it runs, and can be run again. RunInto lands
// its results in arrays, by placement where that is on (see package graph), and
// RunTo puts them into tensors that exist. Both are one C call and allocate
// nothing. Package ops has a typed function for each op of TensorFlow's, which
// runs on a [Context] as well as it builds a graph.
//
// # Models
//
// [Load] loads a SavedModel without a session. Its signatures are functions of a
// context: [Model.Call] takes tensors and makes tensors, [Model.Run] takes and makes
// arrays, and a [Caller] is a signature that is prepared for many calls. Functions
// run on TensorFlow's pool of threads, which costs small models several times what a
// step on the calling thread does (graph.Runner); where XLA can compile the function
// ([JIT]) it does not.
//
// What else a model was saved with is called as well: [Model.CallFunction] calls a
// function of its objects by the path to it, and chooses among overloads as Python does.
// A signature, function or output that cannot be had, for an op that TensorFlow lacks say,
// is no reason not to load the model: it is [ErrUnavailable] when it is asked for, and its
// Problem says why ([graph.Signature], [graph.Spec], [graph.Overload]).
//
// # Devices of other machines
//
// A model that was saved where there are GPUs, several devices or other processes asks for
// those. Where there is no such device its ops run on one that there is, as in Python:
// [Model.Moved] tells which, and [WithStrictPlacement] refuses them. The settings of
// TensorFlow's ConfigProto are options of the same names here and in package ndflow/graph.
//
// # Data
//
// Package eager/data gives a context its tensors from arrays, mapped files, text and
// records, in batches.
//
// # Async
//
// With [Async] ops return before they are done, in the order in which they were
// begun; whatever looks at a result waits for it, and gets the error of the op
// that has failed to make it. TensorFlow gives that error to the ops as well that
// wait behind the failed one when it fails; those that are begun afterwards run.
// Small ops gain nothing from async. An [Executor] is an order of its own, for
// work that is to go on beside other work.
//
// # When a ctx ends
//
// A call whose ctx has ended already does nothing; one whose ctx ends meanwhile returns
// at once. Both give the ctx's error, [context.Canceled] or [context.DeadlineExceeded].
// The op or function is told to end, and is left behind with all that it reads: it ends
// as soon as the ops that it has begun return. Ops that wait for something (queues,
// barriers) are woken, loops end, and a function begins no further op, but an op in the
// middle of its work is not interrupted, nor is what XLA has compiled. Where ndflow's
// plugin is missing ([tfc.CanCancel]) a function ends early only in loops and in ops that
// wait. What is left behind makes no tensors and writes to no array. It can be called
// again at once.
//
// A context has at most 64 such calls. Where so many do not end, those that could become
// one more are refused with [ErrFull]. [Model.Close] and [Context.Close] do not wait for
// them longer than a moment: what they need is given back when they are over.
//
// Such a call runs beside its caller, which costs some microseconds, and its results are
// copied when they land, not placed. A ctx that cannot end, [context.Background], costs
// nothing. In an [Async] context, and in an async [Executor], where ops return before
// they are done, the end of ctx only tells them to end: whoever looks at their tensors
// waits for that and gets [tfc.Cancelled].
//
// # Threads
//
// Context and Tensor are safe for concurrent use; an Op is for one goroutine at a
// time, and says so ([ErrBusy]) if that is broken. Tensors land beside each other from
// as many goroutines as there are; [IntoRows] does so with the parts of one result.
package eager
