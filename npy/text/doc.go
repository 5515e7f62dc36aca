// Package text reads and writes arrays as JSON and CSV.
//
// # JSON
//
// An array is nested lists, the shape of NumPy's tolist: [[1.0, 2.5], [3.0, 4.0]]
// is a float64 [2 2], and a bare 3 is 0-d. Several arrays are an object, by their
// names: {"x": [1, 2], "label": ["a", "b"]}.
//
//	b, err := text.AppendJSON(nil, a)
//	a, err := text.ParseJSON(b)                        // the dtype is found out
//	a, err := text.ParseJSON(b, text.As(npy.Float32))  // or given
//	names, arrays, err := text.ReadJSON(r)             // one array, or an object of them
//
// # Tables
//
// What has rows is read and written as a [table.Reader] and a [table.Writer] are,
// in constant memory: CSV ([OpenCSV], [CreateCSV]), JSON with one object a line
// ([OpenJSONLines], [CreateJSONLines]), and JSON as above ([OpenJSON],
// [CreateJSON]), which is read too where it is a list of objects.
//
// # Numbers
//
// Floats are written with the fewest digits that read back equal in their own
// width, so a float32 0.1 is 0.1, and always look like floats: 1.0, 1e+30. Integers
// are exact in all of their 64 bits. Halves and narrower floats are written as the
// float32 they are; they come back with [As] or [Types]. Complex numbers are refused
// with an npy.ErrDType, as neither format has them.
//
// JSON has no NaN and no infinities. They are written as Python's json module, and
// so most that reads numbers, has them: NaN, Infinity, -Infinity. Nothing is lost
// that way, but strict parsers refuse it: [NonFinite] chooses null, in which all
// three look the same, or strings. All of these are read. CSV has NaN, inf and -inf,
// which pandas and NumPy read; there an empty field is read as NaN too.
//
// # What dtype it is
//
// Without As or Types the text decides: int64 (uint64 where there are numbers above
// int64's and none below 0), float64 if any number has a point or an exponent or is
// missing, bool for true and false (in CSV True and TRUE too), else string. A CSV
// field with zeros in front, 007, is text, so that nothing is lost. Numbers, bools
// and text do not mix: where they do, the error says at which line, and As or Types
// with npy.String takes a CSV column as text.
//
// Files and other seekers are read twice for that, the first time to find the
// dtypes; of a pipe the first megabyte decides, and what does not fit later is an
// error. With the types given, the first rows are enough.
//
// Text is not trusted: errors are an npy.ErrFormat with line and column, nesting is
// bounded, and no more memory is taken than a small multiple of what has arrived.
package text
