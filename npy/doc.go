// Package npy is n-dimensional arrays in memory and in NumPy's files.
//
// An [Array] is a dtype, a shape and memory, row by row (C order). It is made
// by [New], by [From] over a slice that the caller has, or read from a file.
// [Values] is the memory as a typed slice, so that the elements are worked on
// with plain Go:
//
//	a, err := npy.New(npy.Float32, 3, 4)
//	v, err := npy.Values[float32](a) // 12 floats: the array's own memory
//	v[5] = 1                       // row 1, column 1
//
// Views ([Array.Slice], [Array.Reshape], [Array.View]) share memory with the
// array they are made of; [Array.Clone] does not. String prints as NumPy does.
//
// # Whose memory it is
//
// Most arrays lie in the Go heap, and the garbage collector ends them. Those of
// [Open], [Create] and [External] lie outside it: [Array.Release] gives their
// memory back at once, the garbage collector when neither the Array nor a view
// of it is reachable. A slice from Values or Bytes does not keep such memory
// alive; the Array does.
//
// # Files
//
//	             .npy                   .npz
//	whole        ReadFile, WriteFile    OpenNPZ, CreateNPZ
//	streams      Read, Write            NewNPZ
//	row by row   NewRows, CreateRows    NPZ.Rows
//	in blocks    OpenBlocks             NPZ.Blocks
//	mapped       Open, Create           -
//	header only  Stat, ReadHeader       NPZ.Header
//
// Open maps a file, so that an array larger than memory can be walked, and
// takes the same time for every size. What cannot be used as it lies, as
// column-major and big-endian files cannot, it reads; [Blocks] walk those too
// in the memory of a block, of about 100 MB where they are column-major. Create maps a new file, so that results
// land in it. [Map] and [Array.Part] do the same for formats other than .npy,
// which package arrowio builds on. All that writes a file by name does so under a temporary name in
// the same folder, and renames it when it is complete: a failure, a full disk
// included, leaves what was there.
//
// A file is not trusted. Whatever its header claims, no more memory is
// allocated than a small multiple of the data that arrives; pickles are read
// by a machine that can make strings and nothing else.
//
// # Dtypes
//
//	NumPy                              here
//	bool, int8 ... uint64              Go's own types
//	float32, float64, complex          Go's own types
//	float16                            F16
//	bfloat16, float8_*, float4_*,      BF16, F8E4M3FN, F8E5M2, ...,
//	int4, uint4, int2, uint2           I4, U4, I2, U2
//	(of the ml_dtypes package)
//	U (text), S (bytes), object        string
//
// The types of ml_dtypes have no names in a file: bfloat16 is "<V2", which is
// read as such; the others are "<V1", and [As] says which is meant.
// [Array.AsFloat32] and [Array.Narrow] convert the narrow floats.
//
// Strings are read from U, S and pickled object arrays of str or bytes alike.
// As in NumPy, those of U and S lose the NULs at their end, which are padding
// there. They are written so that nothing is lost; see [StringLayout].
//
// Not there: structured dtypes, dates, long double, objects that are not
// strings, and arrays that are not row-major in memory.
package npy
