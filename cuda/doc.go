// Package cuda brings arrays to CUDA devices and back: memory of a device, pinned
// memory of the host, streams, and the copies between them.
//
//	gpu, err := cuda.Open(0)
//	defer gpu.Close()
//	b, err := gpu.NewBuffer(npy.Float32, 250, 4) // an array on the device
//	defer b.Close()
//	err = cuda.Copy(b, a)                         // a is an *npy.Array
//
// A [Buffer] is an array whose memory is a device's: it has a dtype and a shape,
// and views that share its memory ([Buffer.Slice], [Buffer.Reshape]). The host
// cannot read it. [Copy] copies between arrays wherever they are, and returns
// when that is done. TensorFlow uses the same context of the device, so that its
// results can be copied into a Buffer, and fed from one, without the host in
// between; package eager does that.
//
// # Copies that run by themselves
//
// A [Stream] is a queue of work. [Stream.Copy] puts a copy there, and returns an
// [Event] that passes when the copy is done:
//
//	s, err := gpu.NewStream()
//	h, err := gpu.NewHostBuffer(npy.Float32, 250, 4) // pinned memory
//	done, err := s.Copy(h, b)
//	... // the program goes on
//	err = done.Wait(ctx) // now h has the elements
//
// A [HostBuffer] is an [npy.Array] whose memory is pinned: devices read and write
// it by themselves, at the full speed of the bus. A copy from or to any other
// array is done by the driver in pieces, and may keep the caller waiting.
// [Device.Register] pins an array that is already there.
//
// Copies of one stream are done in their order, those of two streams in any
// order. [Stream.WaitFor] makes a stream wait for an event of another one.
//
// # Ownership
//
// Device, Stream, Buffer and HostBuffer have a Close method, which may be called
// more than once and at any time: what a copy still needs is given back when that
// copy is done, and the context of the device when all that was made on it is
// closed. What is dropped without Close is closed after the garbage collector has
// found it. That can be late, since the collector does not see the memory of a
// device.
//
// Until the event of a copy has passed both sides are held, and arrays in the Go
// heap are pinned. Nobody keeps the program from writing to them meanwhile: wait
// for the event first.
//
// # Errors
//
// Bad input is an error before the driver is called. What the driver returns is an
// [*Error] with CUDA's own name, and is compared with errors.Is(err,
// cuda.OutOfMemory). [ErrDeviceLost] says that the device has failed: everything
// that was made on it can only be closed. A copy that failed after it was begun is
// [ErrPartial]: its destination may be written in part. After all other errors of a
// copy the destination is as it was. A wait that its context ends says nothing of
// the copy, which goes on.
//
// # Loaded, not linked
//
// The driver's library, libcuda.so.1, is opened at run time: a program builds and
// runs on a machine that has none, and [Available] says why CUDA cannot be used
// there. It is looked for as [Load] says. No toolkit is needed, and the oldest
// driver that will do is that of CUDA 11.4.
//
// The driver does not survive a fork() of a process that has it open: in the child
// whatever needs the driver returns [ErrForked]. Starting another program, as os/exec does, is
// fine, and so is a fork before the driver is loaded. A child that was made past the
// C library, by a bare clone, is not recognised.
package cuda
