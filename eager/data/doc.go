// Package data reads arrays, text and records as a stream of tensors: shuffled, in
// batches, mapped by functions, several things at a time. It is TensorFlow's
// tf.data, the same ops, for an eager.Context.
//
//	x, err := npy.Open("x.npy")                    // mapped, not read
//	ds := data.FromArrays(ec, x, labels).
//		Shuffle(10_000, seed).
//		Batch(256).
//		Map(augment, data.AutoTune).
//		Prefetch(data.AutoTune)
//	for epoch := range 10 {
//		for batch, err := range ds.All(ctx) {
//			if err != nil { ... }
//			use(batch[0], batch[1])
//		}
//	}
//
// # Datasets are values
//
// A [Dataset] says what is to be done, and nothing is done before a loop begins. A
// transformation returns another Dataset and leaves the one it is called on as it
// was, which can be used for something else too. There is nothing to close, with
// one exception: what [Dataset.Cache] keeps.
//
// The first mistake in a chain is kept, and is the error that the loop begins
// with, or that [Dataset.Err] returns: a chain reads as what it does, and has one
// place where it fails.
//
// # Elements
//
// A dataset is a sequence of elements, each a list of tensors, its components: as
// many as there were arrays, and with their dtypes. [Dataset.Spec] describes them.
// Batch puts elements together along a new axis 0.
//
// # Loops
//
// [Dataset.All] gives tensors, which ops and functions take as they are; they are
// closed when the loop goes on. [Dataset.Into] lands each element in arrays of the
// caller's, always the same ones: no new memory, however long the loop is.
//
// Whatever a loop has begun ends with it, also where it is left by break or a
// panic, fails, or its ctx ends: threads that read ahead are stopped, files
// closed, and arrays that were read are the caller's alone again.
//
// # What it costs
//
// Arrays are read where they lie, if their memory is aligned to [npy.Align] bytes.
// So a batch of an array is a part of it, not a copy, where nothing comes between
// [FromArrays] and [Dataset.Batch] and its first byte is aligned too; and a mapped
// file of any size passes through in constant memory, as pages behind the loop are
// given back to the system.
//
// TensorFlow works row by row on what comes before Batch, and batch by batch on
// what comes behind it. A function that can take a batch belongs behind.
//
// TensorFlow rewrites graphs of datasets before it runs them, in Python. It hashes
// all their data for that: a mapped file would be read twice. Here it does not
// rewrite them; a chain does what it says.
//
// # Threads
//
// Datasets are safe for concurrent use, and may be looped over several times at
// once. A loop is its goroutine's.
package data
