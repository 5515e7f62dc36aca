// Package dlpack shares arrays with other libraries of the process by DLPack, the
// structure that NumPy, PyTorch, JAX, CuPy and others exchange tensors in: with no
// copy, in the host's memory or a CUDA device's.
//
//	p, err := dlpack.Lend(b)      // b is an *npy.Array, *cuda.HostBuffer or *cuda.Buffer
//	consumer(p)                   // which calls the deleter when it is done
//
//	m, err := dlpack.Borrow(p)    // p comes from another library
//	a, ok := m.(*npy.Array)       // or *cuda.Buffer, by where the memory is
//
// # Ownership
//
// What [Lend] returns belongs to the caller until it is given to a consumer; whoever
// has it last calls its deleter, as [Return] does, exactly once. Until then the array
// is held: memory in the Go heap is pinned, other memory is not given back. The array
// must not be written to while the consumer does not expect it.
//
// What [Borrow] is given belongs to the array that it returns. The deleter is called
// when that is released or closed (npy.Array.Release, cuda.Buffer.Close) and no view
// or hold of it is left, or after the garbage collector has found it. On an error it
// stays the caller's.
//
// DLPack says nothing of streams in these structures. Before memory of a device is
// lent, the work that writes to it must be done, or the consumer's stream must wait
// for it; and the same the other way round.
//
// # What can be shared
//
// Arrays that are row-major, of each dtype but strings. Types of less than eight bits
// take a byte an element here, which only DLPack 1 can say ([Lend]); [LendUnversioned]
// is for consumers that know no version, and lends what can be written to.
package dlpack
