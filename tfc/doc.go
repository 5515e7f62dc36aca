// Package tfc is the TensorFlow C API for Go: one file for each C object, the
// C functions under their own names beneath. It is thin; package graph is the
// place to start for running models.
//
// # Loaded, not linked
//
// The library is opened with dlopen at run time, so a program builds in a
// second on a machine without TensorFlow and runs with any 2.x library. [Load]
// looks in these places, in order, and keeps the first library that opens:
//
//   - the path it is given,
//   - the file or folder that NDFLOW_LIBTENSORFLOW names,
//   - the cache folder that scripts/libtensorflow fills,
//   - the dynamic loader's own search path.
//
// A process has one TensorFlow: the library that was loaded first stays.
//
// # Placement
//
// With the placement plugin beside the library, which scripts/libtensorflow
// builds, a result can be written by TensorFlow's kernel straight into the array
// where it is to land ([Plan.Into]). [Plan.Stats] tells where that was done.
//
// # Ownership
//
// Every object that stands for C memory has a Close method, which may be
// called more than once. An object that is dropped without Close is closed
// after the garbage collector has found it: that costs memory for a while,
// not correctness.
//
// TensorFlow reads fed arrays in place. While it does the array is held: see
// [InUse].
package tfc
