package npy

// Option changes how files are read or written. Each function says which
// options it looks at.
type Option func(*options)

type options struct {
	as       DType
	strings  StringLayout
	compress bool
}

func optionsOf(opts []Option) options {
	var o options
	for _, f := range opts {
		f(&o)
	}
	return o
}

// As tells Read, ReadFile, Open and NPZ.Read what a void dtype stands for.
// NumPy has no names of its own for the types of the ml_dtypes package, so a
// file's "<V1" can be float8_e4m3fn, float8_e5m2, int4 or uint4; without As
// reading it is an [ErrDType]. A file of any other dtype than the given one is
// an ErrDType too.
func As(dtype DType) Option { return func(o *options) { o.as = dtype } }

// StringLayout is a way to store strings in a .npy file. Unicode and FixedBytes
// give every element the room of the longest: one long string among many short
// ones makes a large file, and Objects a small one.
type StringLayout uint8

const (
	// AutoStrings takes the first of Unicode, FixedBytes and Objects that
	// loses nothing. It looks at the whole array, and text is always Unicode,
	// so that the dtype in the file does not depend on whether a text happens
	// to be ASCII.
	AutoStrings StringLayout = iota
	// Unicode is NumPy's U: UTF-32, padded to the longest element. It holds
	// valid UTF-8 that does not end in NUL. Python reads it as str.
	Unicode
	// FixedBytes is NumPy's S: bytes, padded with NUL to the longest element.
	// It holds what does not end in NUL. Python reads it as bytes.
	FixedBytes
	// Objects is a pickled object array. It holds everything: as str if all
	// elements are valid UTF-8, else as bytes. NumPy reads it only with
	// allow_pickle=True.
	Objects
)

// Strings tells Write, WriteFile and CreateNPZ how to store string arrays.
// Elements that the layout cannot hold without loss are an [ErrDType].
func Strings(layout StringLayout) Option { return func(o *options) { o.strings = layout } }

// Compress makes CreateNPZ deflate the arrays it writes, each of them on all cores.
func Compress() Option { return func(o *options) { o.compress = true } }
