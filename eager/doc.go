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
// A [Tensor] lies on a device and is never written to. Three ways lead from it to
// an array:
//
//	Tensor.Value   a view of TensorFlow's own memory: no copy on the CPU, read-only
//	Tensor.Into    the elements in the front of an array of the caller's
//	Tensor.Copy    an array of the caller's own
//
// TensorFlow shares memory where it can. A tensor of an array ([Context.Tensor])
// is the array's own memory, and so are the results of ops that only look at it
// another way: Identity, Reshape, a Slice of whole rows. So an array that was
// made a tensor must not be written to until TensorFlow has let it go, which is
// when the tensor, all that shares with it and all views of those are closed.
// ndflow keeps count: to let a result land in such an array is an error,
// [ErrInUse].
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
// # Threads
//
// Context and Tensor are safe for concurrent use; an Op is for one goroutine at a
// time, and says so ([ErrBusy]) if that is broken.
package eager
