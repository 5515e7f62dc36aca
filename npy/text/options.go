package text

import (
	"fmt"
	"slices"

	"ndflow/npy"
	"ndflow/npy/table"
)

// Option changes how text is read or written. Each is for what its comment says.
type Option func(*options)

type options struct {
	as        npy.DType
	types     map[string]npy.DType
	columns   []string
	header    Head
	comma     byte
	crlf      bool
	nonFinite NonFiniteAs
	nan       *string
}

func optionsOf(opts []Option) *options {
	o := &options{comma: ','}
	for _, f := range opts {
		f(o)
	}
	return o
}

// typeOf is the dtype that was asked for, Invalid where the text decides.
func (o *options) typeOf(name string) npy.DType {
	if d, ok := o.types[name]; ok {
		return d
	}
	return o.as
}

// checkTypes says whether all columns whose dtype was given are there; names are
// further names that they may go by.
func (o *options) checkTypes(columns []table.Column, names []string) error {
	for name := range o.types {
		if slices.Contains(names, name) {
			continue
		}
		if _, err := table.Pick(columns, []string{name}); err != nil {
			return fmt.Errorf("a dtype is given: %w", err)
		}
	}
	return nil
}

// As gives the dtype of everything that is read. Integers and floats must fit it.
func As(dtype npy.DType) Option { return func(o *options) { o.as = dtype } }

// Types gives the dtypes of the columns or arrays of these names; it goes before
// [As].
func Types(types map[string]npy.DType) Option { return func(o *options) { o.types = types } }

// Columns takes only the columns or arrays of these names, in this order.
func Columns(names ...string) Option { return func(o *options) { o.columns = names } }

// Head says whether a CSV file begins with the names of its columns.
type Head uint8

const (
	// AutoHead writes names where there are any, and reads the first line as
	// names unless it is numbers only.
	AutoHead Head = iota
	// NoHead writes none; what is read has rows from its first line on.
	NoHead
	// WithHead reads and writes the first line as names.
	WithHead
)

// Header says whether there is a line of names, for CSV.
func Header(h Head) Option { return func(o *options) { o.header = h } }

// Comma is what stands between the fields of CSV: ';' or '\t', say. It must not
// be a quote, a line's end, or anything that numbers are written with.
func Comma(c byte) Option { return func(o *options) { o.comma = c } }

// CRLF ends the lines of CSV that is written as RFC 4180 asks for, with CR and LF;
// else it is LF. Both are read.
func CRLF() Option { return func(o *options) { o.crlf = true } }

// NonFiniteAs is how JSON that is written has NaN and infinities.
type NonFiniteAs uint8

const (
	// Tokens are NaN, Infinity and -Infinity, as Python's json has them.
	Tokens NonFiniteAs = iota
	// Null is null for all three: strict JSON, in which they are not told apart.
	Null
	// Strings are "NaN", "Infinity" and "-Infinity": strict JSON, and all is there.
	Strings
)

// NonFinite says how NaN and infinities are written, for JSON.
func NonFinite(as NonFiniteAs) Option { return func(o *options) { o.nonFinite = as } }

// NaN is the text for NaN in CSV that is written, NaN if it is not given. Empty is
// what pandas writes.
func NaN(s string) Option { return func(o *options) { o.nan = &s } }
