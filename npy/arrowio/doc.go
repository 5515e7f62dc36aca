// Package arrowio takes arrays to Apache Arrow and Parquet, and back: to what
// pandas, pyarrow, polars, DuckDB and Spark read and write.
//
// In memory, [ToArrow] and [FromArrow] share the numbers of an array, with no
// copy, and [RecordBatch] makes one batch of arrays that have the same number of
// rows:
//
//	batch, err := arrowio.RecordBatch([]string{"x", "y"}, []*npy.Array{x, y})
//	defer batch.Release()
//	back, err := arrowio.Arrays(batch)    // read-only, over the same memory
//
// Files are tables ([table.Reader], [table.Writer]): rows come and go in batches.
//
//	               reads          writes
//	Arrow IPC      OpenArrow      CreateArrow
//	  as a stream  ReadArrow      WriteArrow
//	Parquet        OpenParquet    CreateParquet
//
// OpenArrow maps its file, so that a column of numbers is the file's own memory
// and TensorFlow can be fed from it. A file that is being written lies under a
// temporary name until Commit, so a failure, a full disk included, leaves what
// was there.
//
// # What becomes of a column
//
//	npy                                Arrow                      Parquet
//	bool, int8 ... uint64              bool, int8 ... uint64      the same
//	float16, float32, float64          halffloat, float, double   FLOAT16, FLOAT, DOUBLE
//	bfloat16, float8_*, float4_*       float                      FLOAT      (with a note)
//	int4, int2, uint4, uint2           int8, uint8                INT32      (with a note)
//	string                             utf8                       STRING
//	complex64, complex128              refused                    refused
//	rows of shape [m]                  fixed_size_list<m>         LIST
//	rows of shape [m n ...]            arrow.fixed_shape_tensor   LIST
//
// Notes are what [Writer.Notes] and [Reader.Notes] say. Read are, besides these,
// lists of any kind if all are of one length, dictionaries (what pandas calls
// categorical), binary, and the large and the view kinds of strings. An npy.Array
// has no nulls: one is an [ErrNull], or NaN with [NullsAsNaN].
//
// # Whose memory it is
//
// What ToArrow gives holds the npy.Array until Arrow's last Release. What
// FromArrow and OpenArrow give retains Arrow's memory, or the mapping, until the
// array's own Release or until the garbage collector finds it; each array by
// itself, so that a Reader can be closed, or a batch released, before its arrays.
// Such arrays are read-only.
//
// A file is not trusted: every offset and length is checked against the bytes
// that are there, arrow-go's panics come back as errors, and what a batch may
// allocate is bounded ([MemoryLimit]).
package arrowio
