package arrowio

// Option changes how columns are read or written. Each function says which
// options it looks at.
type Option func(*options)

type options struct {
	columns     []string
	nullsAsNaN  bool
	memory      int64
	compression string
	stream      bool
	rowGroup    int64
}

func optionsOf(opts []Option) options {
	o := options{memory: 1 << 30, rowGroup: 1 << 20}
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Columns has readers take these columns only, in this order. Others may then be
// of types that an npy.Array cannot hold.
func Columns(names ...string) Option { return func(o *options) { o.columns = names } }

// NullsAsNaN turns the nulls of floating-point columns into NaN, and has a reader
// note how many. Without it, and in all other columns, a null is an [ErrNull].
// What pandas writes needs it where there is a NaN, as pandas writes those as
// nulls.
func NullsAsNaN() Option { return func(o *options) { o.nullsAsNaN = true } }

// MemoryLimit bounds the memory that a reader allocates for one batch, whatever
// the file claims. The default is 1 GiB. What is mapped is not allocated.
func MemoryLimit(bytes int64) Option { return func(o *options) { o.memory = bytes } }

// Compression names the codec that a writer uses. Arrow files: "none" (the
// default, as only those can be mapped with no copy), "lz4" or "zstd". Parquet
// files: "none", "snappy" (the default), "gzip", "zstd", "lz4" or "brotli".
func Compression(codec string) Option { return func(o *options) { o.compression = codec } }

// Stream has CreateArrow write the stream format, which has no index at its end,
// instead of the file format.
func Stream() Option { return func(o *options) { o.stream = true } }

// RowGroup says how many rows CreateParquet puts into a row group at most. The
// default is 1048576; a group ends before that when it takes 64 MiB.
func RowGroup(rows int) Option { return func(o *options) { o.rowGroup = int64(rows) } }
