package text

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"ndflow/npy"
	"ndflow/npy/table"
)

// OpenCSV opens a CSV file as RFC 4180 has it; lines may end in LF alone, and lines
// that are empty are passed over. Its columns have the names of the first line.
// Where that is numbers only, there are no names, and all fields are one column
// without a name, of shape [fields] in each row; if their dtypes do not fit each
// other they are columns "0", "1" and so on. Neighbours named x[0,0], x[0,1] ... are one
// column x.
//
// It looks at [As], [Types], [Columns], [Header] and [Comma]. Errors are an
// npy.ErrFormat that says at which line and column.
func OpenCSV(path string, opts ...Option) (table.Reader, error) {
	return open(path, opts, readCSV)
}

// NewCSVReader is [OpenCSV] for a Reader. If it cannot seek, its first megabyte
// decides what the columns are.
func NewCSVReader(r io.Reader, opts ...Option) (table.Reader, error) {
	return from(newSource(r), opts, readCSV)
}

// csvColumn is a column and the fields it is in.
type csvColumn struct {
	table.Column
	lo, hi int // of the fields
}

type csvReader struct {
	source  *source
	records *records
	columns []table.Column
	sinks   []sink
	fields  []sink // for each field of a record; nil where it is passed over
	rows    int64
	num     number
	err     error
}

func readCSV(s *source, o *options) (*csvReader, error) {
	v := &survey{options: o}
	if err := v.look(s); err != nil {
		return nil, err
	}
	r := &csvReader{source: s, rows: v.rows, fields: make([]sink, len(v.guesses))}
	all, err := v.group()
	if err != nil {
		return nil, err
	}
	columns := make([]table.Column, len(all))
	for i, c := range all {
		columns[i] = c.Column
	}
	if err := o.checkTypes(columns, v.names); err != nil {
		return nil, err
	}
	picked, err := table.Pick(columns, o.columns)
	if err != nil {
		return nil, err
	}
	for _, i := range picked {
		c := all[i]
		sink, err := sinkOf(c.DType)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		r.columns, r.sinks = append(r.columns, c.Column), append(r.sinks, sink)
		for k := c.lo; k < c.hi; k++ {
			r.fields[k] = sink
		}
	}
	text, err := s.again()
	if err != nil {
		return nil, err
	}
	r.records = newRecords(text, o.comma)
	if v.head {
		if _, err := r.records.record(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *csvReader) Columns() []table.Column { return r.columns }
func (r *csvReader) Rows() int64             { return r.rows }

func (r *csvReader) Close() error {
	r.err = cmp.Or(r.err, r.source.explain(errors.New("closed")))
	return r.source.close()
}

func (r *csvReader) Next(n int) ([]*npy.Array, error) {
	if n < 1 {
		return nil, r.source.explain(fmt.Errorf("have %d rows to read, want at least 1", n))
	}
	if r.err != nil {
		return nil, r.err
	}
	batch, err := r.next(n)
	if err != nil {
		r.err = err
		if err != io.EOF {
			r.err = r.source.explain(err)
		}
	}
	return batch, r.err
}

func (r *csvReader) next(n int) ([]*npy.Array, error) {
	rows := 0
	for rows < n {
		fields, err := r.records.record()
		if err == io.EOF && rows > 0 {
			break // and again the next time
		}
		if err != nil {
			return nil, err
		}
		if len(fields) != len(r.fields) {
			return nil, r.records.fail("have %d fields, want %d as before", len(fields), len(r.fields))
		}
		for i, f := range fields {
			if s := r.fields[i]; s != nil {
				if err := feed(s, f, &r.num); err != nil {
					return nil, r.records.fail("field %d: %w", i+1, err)
				}
			}
		}
		rows++
	}
	batch := make([]*npy.Array, len(r.columns))
	for i, c := range r.columns {
		var err error
		if batch[i], err = r.sinks[i].array(append([]int{rows}, c.Shape...)); err != nil {
			return nil, err
		}
	}
	return batch, nil
}

// survey finds out what the columns of a text are.
type survey struct {
	*options
	head    bool
	names   []string // of the fields; nil where there is no head
	guesses []*fieldGuess
	rows    int64 // -1 where not all was seen
}

func (v *survey) look(s *source) error {
	text, cut, err := s.look()
	if err != nil {
		return err
	}
	l := newRecords(text, v.comma)
	first, err := l.record()
	if err == io.EOF && cut {
		return fmt.Errorf("%w: a line of more than %d bytes", npy.ErrFormat, sampleSize)
	}
	if err == io.EOF {
		return fmt.Errorf("%w: an empty file, want rows or at least the names of columns", npy.ErrFormat)
	}
	if err != nil {
		return err
	}
	if v.head = v.header == WithHead || v.header == AutoHead && !numbersOnly(first); v.head {
		seen := map[string]bool{}
		for i, f := range first {
			name := string(f)
			if seen[name] {
				return l.fail("field %d: a second column %q", i+1, f)
			}
			seen[name] = true
			v.names = append(v.names, name)
		}
	}
	var unknown []int // fields whose dtype is not given
	for i := range first {
		v.guesses = append(v.guesses, &fieldGuess{guess: guess{count: true}})
		if v.given(i) == npy.Invalid {
			unknown = append(unknown, i)
		}
	}
	if len(unknown) == 0 { // the rows are counted by who reads them
		v.rows = -1
		return nil
	}
	return v.scan(l, first, unknown, cut)
}

// scan looks at the fields that are unknown, up to the end of what l reads, which is
// not the text's if it is cut.
func (v *survey) scan(l *records, first [][]byte, unknown []int, cut bool) (err error) {
	var n number
	fields := first
	if v.head {
		fields, err = l.record()
	}
	for ; err == nil; fields, err = l.record() {
		if len(fields) != len(v.guesses) {
			return l.fail("have %d fields, want %d as before", len(fields), len(v.guesses))
		}
		for _, i := range unknown {
			if err := v.guesses[i].look(fields[i], &n, l.line); err != nil {
				return l.fail("field %d%s: %w", i+1, v.called(i), err)
			}
		}
		v.rows++
	}
	if cut {
		v.rows = -1
		if errors.Is(err, io.ErrUnexpectedEOF) { // a quote that ends later
			err = io.EOF
		}
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// called is the name of a field, for messages.
func (v *survey) called(i int) string {
	if v.names == nil {
		return ""
	}
	return fmt.Sprintf(" (%.60q)", v.names[i])
}

// given is the dtype that was asked for.
func (v *survey) given(field int) npy.DType {
	if v.names == nil {
		return cmp.Or(v.types[strconv.Itoa(field)], v.typeOf(""))
	}
	name := v.names[field]
	base, _, ok := splitName(name)
	if ok && v.types[name] == npy.Invalid {
		name = base
	}
	return v.typeOf(name)
}

func numbersOnly(fields [][]byte) bool {
	var n number
	for _, f := range fields {
		if formOf(f, &n) != formNumber {
			return false
		}
	}
	return true
}

// group returns the columns, with those together that are one array's elements.
func (v *survey) group() ([]csvColumn, error) {
	types := make([]npy.DType, len(v.guesses))
	for i, g := range v.guesses {
		if types[i] = v.given(i); types[i] != npy.Invalid {
			continue
		}
		var err error
		if types[i], err = g.settle(); err != nil {
			return nil, fmt.Errorf("%w: field %d%s: %w", npy.ErrFormat, i+1, v.called(i), err)
		}
	}
	var columns []csvColumn
	if v.names == nil {
		c := csvColumn{Column: table.Column{DType: joinAll(types)}, hi: len(types)}
		if len(types) > 1 {
			c.Shape = []int{len(types)}
		}
		if c.DType != npy.Invalid {
			return []csvColumn{c}, nil
		}
		for i, d := range types {
			columns = append(columns, csvColumn{Column: table.Column{Name: strconv.Itoa(i), DType: d}, lo: i, hi: i + 1})
		}
		return columns, nil
	}
	for i := 0; i < len(types); {
		c := csvColumn{Column: table.Column{Name: v.names[i], DType: types[i]}, lo: i, hi: i + 1}
		if base, shape, n := v.elements(i); n > 0 {
			if d := joinAll(types[i : i+n]); d != npy.Invalid {
				c = csvColumn{Column: table.Column{Name: base, DType: d, Shape: shape}, lo: i, hi: i + n}
			}
		}
		columns = append(columns, c)
		i = c.hi
	}
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.Name] {
			return nil, fmt.Errorf("%w: two columns are %q", npy.ErrFormat, c.Name)
		}
		seen[c.Name] = true
	}
	return columns, nil
}

func joinAll(types []npy.DType) npy.DType {
	d := types[0]
	for _, t := range types[1:] {
		d = joined(d, t)
	}
	return d
}

// elements says whether the fields from i on are all elements of one array.
func (v *survey) elements(i int) (base string, shape []int, n int) {
	base, at, ok := splitName(v.names[i])
	if !ok || slices.ContainsFunc(at, func(k int) bool { return k != 0 }) {
		return "", nil, 0
	}
	end := i
	for ; end < len(v.names); end++ {
		b, index, ok := splitName(v.names[end])
		if !ok || b != base || len(index) != len(at) || end > i && slices.Max(index) == 0 {
			break
		}
		at = index
	}
	n = 1
	for _, k := range at {
		if k >= end-i { // so that the product cannot overflow by much
			return "", nil, 0
		}
		shape = append(shape, k+1)
		n *= k + 1
		if n > end-i {
			return "", nil, 0
		}
	}
	if !slices.Equal(fieldNames(table.Column{Name: base, Shape: shape}), v.names[i:i+n]) {
		return "", nil, 0
	}
	return base, shape, n
}
