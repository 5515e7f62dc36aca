package text

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"ndflow/npy"
	"ndflow/npy/table"
)

// OpenJSON opens a JSON file that is a table, in one of three forms: nested lists,
// which are one column without a name; an object of columns, {"x":[1,2],"y":[3,4]};
// a list of objects, [{"x":1,"y":3},{"x":2,"y":4}]. It looks at [As], [Types] and
// [Columns]. Errors are an npy.ErrFormat that says at which line and column; arrays
// whose numbers of rows differ are an npy.ErrShape, and [ReadJSON] reads them.
//
// The file must not change while it is read. What is no regular file is read into
// memory.
func OpenJSON(path string, opts ...Option) (table.Reader, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	r, err := readJSON(s, optionsOf(opts))
	if err != nil {
		s.close()
		return nil, s.explain(err)
	}
	return r, nil
}

// OpenJSONLines opens a file of one JSON object a line, as [CreateJSONLines] writes it:
// the names are the columns, and are the same in each. It looks at [As], [Types] and
// [Columns]. Errors are an npy.ErrFormat that says at which line and column.
func OpenJSONLines(path string, opts ...Option) (table.Reader, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	r, err := readLines(s, optionsOf(opts))
	if err != nil {
		s.close()
		return nil, s.explain(err)
	}
	return r, nil
}

// NewJSONLinesReader is [OpenJSONLines] for a Reader. If it cannot seek, its first
// megabyte decides what the columns are.
func NewJSONLinesReader(r io.Reader, opts ...Option) (table.Reader, error) {
	s := newSource(r)
	t, err := readLines(s, optionsOf(opts))
	if err != nil {
		return nil, s.explain(err)
	}
	return t, nil
}

// jsonColumn is a column and how its values are read.
type jsonColumn struct {
	table.Column
	nest
	// Where its list begins, in an object of columns.
	at, lineAt int64
	line       int
	rows       int64
}

// looking is a column whose values are to be looked at.
func looking(name string, o *options) *jsonColumn {
	c := &jsonColumn{Column: table.Column{Name: name, DType: o.typeOf(name)}}
	c.sink = nothing{}
	if c.DType == npy.Invalid {
		c.sink = &guess{count: true}
	}
	return c
}

// settle makes a column that was looked at one whose values are kept. shape is that
// of a value.
func (c *jsonColumn) settle(shape []int) (err error) {
	if g, ok := c.sink.(*guess); ok {
		c.DType = g.dtype()
	}
	c.Shape = append([]int{}, shape...)
	c.nest = nest{shape: c.Shape, known: true}
	if c.sink, err = sinkOf(c.DType); err != nil {
		return fmt.Errorf("column %q: %w", c.Name, err)
	}
	return nil
}

// jsonReader reads rows from columns that each have a way to the next value.
type jsonReader struct {
	source  *source
	columns []table.Column
	picked  []*jsonColumn
	rows    int64
	read    func(n int) (rows int, err error) // up to n rows into the sinks
	err     error
}

func (r *jsonReader) Columns() []table.Column { return r.columns }
func (r *jsonReader) Rows() int64             { return r.rows }

func (r *jsonReader) Close() error {
	r.err = cmp.Or(r.err, r.source.explain(errors.New("closed")))
	return r.source.close()
}

// pick keeps the columns that were asked for; the others are passed over.
func (r *jsonReader) pick(all []*jsonColumn, o *options) error {
	columns := make([]table.Column, len(all))
	for i, c := range all {
		columns[i] = c.Column
	}
	if err := o.checkTypes(columns, nil); err != nil {
		return err
	}
	picked, err := table.Pick(columns, o.columns)
	if err != nil {
		return err
	}
	skipped := make([]sink, len(all))
	for i, c := range all {
		skipped[i], c.sink = c.sink, nothing{}
	}
	for _, i := range picked {
		all[i].sink = skipped[i]
		r.columns, r.picked = append(r.columns, columns[i]), append(r.picked, all[i])
	}
	return nil
}

func (r *jsonReader) Next(n int) ([]*npy.Array, error) {
	if n < 1 {
		return nil, r.source.explain(fmt.Errorf("have %d rows to read, want at least 1", n))
	}
	if r.err != nil {
		return nil, r.err
	}
	rows, err := r.read(n)
	if err == nil && rows == 0 {
		r.err = io.EOF
		return nil, io.EOF
	}
	batch := make([]*npy.Array, len(r.picked))
	for i, c := range r.picked {
		if err != nil {
			break
		}
		batch[i], err = c.sink.array(append([]int{rows}, c.Shape...))
	}
	if err != nil {
		r.err = r.source.explain(err)
		return nil, r.err
	}
	return batch, nil
}

func readLines(s *source, o *options) (*jsonReader, error) {
	text, cut, err := s.look()
	if err != nil {
		return nil, err
	}
	v := newObjects(newLexer(text), o)
	rows := int64(0)
	for v.l.peek() != 0 {
		if err = v.row(); err != nil {
			break
		}
		rows++
	}
	switch {
	case cut && (err == nil || errors.Is(err, io.ErrUnexpectedEOF)):
		if rows == 0 {
			return nil, fmt.Errorf("%w: a line of more than %d bytes", npy.ErrFormat, sampleSize)
		}
		rows = -1
	case err != nil:
		return nil, err
	case v.l.err != io.EOF:
		return nil, v.l.err
	case rows == 0:
		return nil, fmt.Errorf("%w: an empty file, want an object a line", npy.ErrFormat)
	}
	text, err = s.again()
	if err != nil {
		return nil, err
	}
	r := &jsonReader{source: s, rows: rows}
	if err := v.settle(newLexer(text)); err != nil {
		return nil, err
	}
	if err := r.pick(v.columns, o); err != nil {
		return nil, err
	}
	r.read = func(n int) (rows int, err error) {
		for ; rows < n && v.l.peek() != 0; rows++ {
			if err := v.row(); err != nil {
				return 0, err
			}
		}
		if rows < n && v.l.err != io.EOF {
			return 0, v.l.err
		}
		return rows, nil
	}
	return r, nil
}

// objects reads one object after the other whose names are the same.
type objects struct {
	l       *lexer
	o       *options
	columns []*jsonColumn
	places  map[string]int
	known   bool  // that there are no more columns
	seen    []int // the row in which each column was seen last
	rows    int
	place   int // of the name that was read last
	found   int // names in this row

	name  func([]byte) error
	value func() error
}

func newObjects(l *lexer, o *options) *objects {
	v := &objects{l: l, o: o, places: map[string]int{}}
	v.name, v.value = v.readName, v.readValue
	return v
}

func (v *objects) row() error {
	if c := v.l.peek(); c != '{' {
		return v.l.unexpected(c, "an object")
	}
	v.rows++
	v.place, v.found = -1, 0
	if err := v.l.object(v.name, v.value); err != nil {
		return err
	}
	if v.known && v.found < len(v.columns) {
		for i, row := range v.seen {
			if row != v.rows {
				return v.l.fail("an object without %q, which those before it have", v.columns[i].Name)
			}
		}
	}
	if !v.known && len(v.columns) == 0 {
		return v.l.fail("an object of nothing, want names and values")
	}
	v.known = true
	return nil
}

func (v *objects) readName(b []byte) error {
	v.found++
	v.place++ // nearly always the names come in the same order
	if v.place >= len(v.columns) || v.columns[v.place].Name != string(b) {
		place, ok := v.places[string(b)]
		switch {
		case ok:
			v.place = place
		case v.known:
			return v.l.fail("have the name %.60q, which the objects before have not", b)
		default:
			v.place = len(v.columns)
			v.places[string(b)] = v.place
			v.columns = append(v.columns, looking(string(b), v.o))
			v.seen = append(v.seen, 0)
		}
	}
	if v.seen[v.place] == v.rows {
		return v.l.fail("the name %.60q is there twice", b)
	}
	v.seen[v.place] = v.rows
	return nil
}

func (v *objects) readValue() error {
	c := v.columns[v.place]
	if err := c.nest.value(v.l, 0); err != nil {
		return fmt.Errorf("%q: %w", c.Name, err)
	}
	return nil
}

// settle begins anew, now that it is known what the columns are.
func (v *objects) settle(l *lexer) error {
	v.l, v.rows = l, 0
	for i, c := range v.columns {
		v.seen[i] = 0
		if err := c.settle(c.nest.shape); err != nil {
			return err
		}
	}
	return nil
}

func readJSON(s *source, o *options) (*jsonReader, error) {
	at, ok := s.r.(io.ReaderAt)
	if !ok || s.seek == nil {
		all, err := io.ReadAll(s.r)
		if err != nil {
			return nil, err
		}
		mem := bytes.NewReader(all)
		at, s.r, s.seek = mem, mem, mem
	}
	l := newLexer(s.r)
	r := &jsonReader{source: s}
	switch c := l.peek(); c {
	case '{':
		return r, r.byColumn(l, at, o)
	case '[':
		l.pos++
		if l.peek() == '{' {
			return r, r.byRow(l, o)
		}
		return r, r.nested(l, o)
	default:
		return nil, l.unexpected(c, "a list or an object")
	}
}

// nested reads nested lists, behind the first bracket.
func (r *jsonReader) nested(l *lexer, o *options) error {
	c := looking("", o)
	c.nest.shape = []int{-1}
	err := c.nest.list(l, 0)
	if err == nil {
		err = l.end()
	}
	if err != nil {
		return err
	}
	r.rows = int64(c.nest.shape[0])
	if err := c.settle(c.nest.shape[1:]); err != nil {
		return err
	}
	text, err := r.source.again()
	if err != nil {
		return err
	}
	rows := &list{l: newLexer(text)}
	r.read = func(n int) (int, error) { return rows.read(n, func() error { return c.nest.value(rows.l, 0) }) }
	return r.pick([]*jsonColumn{c}, o)
}

// byRow reads a list of objects, behind its bracket.
func (r *jsonReader) byRow(l *lexer, o *options) error {
	v := newObjects(l, o)
	for {
		if err := v.row(); err != nil {
			return err
		}
		c := l.peek()
		if c == ']' {
			break
		}
		if c != ',' {
			return l.unexpected(c, "a comma or ]")
		}
		l.pos++
	}
	l.pos++
	if err := l.end(); err != nil {
		return err
	}
	r.rows = int64(v.rows)
	text, err := r.source.again()
	if err != nil {
		return err
	}
	if err := v.settle(newLexer(text)); err != nil {
		return err
	}
	rows := &list{l: v.l}
	r.read = func(n int) (int, error) { return rows.read(n, v.row) }
	return r.pick(v.columns, o)
}

// byColumn reads an object of columns: all at once, each by a lexer of its own.
func (r *jsonReader) byColumn(l *lexer, text io.ReaderAt, o *options) error {
	base := r.source.start
	var all []*jsonColumn
	names := map[string]bool{}
	err := l.object(func(b []byte) error {
		if names[string(b)] {
			return l.fail("%q is there twice", b)
		}
		names[string(b)] = true
		all = append(all, looking(string(b), o))
		return nil
	}, func() error {
		c := all[len(all)-1]
		l.peek()
		c.at, c.line, c.lineAt = l.off+int64(l.pos), l.line, l.lineAt
		if err := c.nest.value(l, 0); err != nil {
			return fmt.Errorf("%q: %w", c.Name, err)
		}
		return nil
	})
	if err == nil {
		err = l.end()
	}
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w: an object of nothing, want columns", npy.ErrFormat)
	}
	if err != nil {
		return err
	}
	for i, c := range all {
		if len(c.nest.shape) == 0 {
			return fmt.Errorf("%q: %w: have one value, want a list of rows", c.Name, npy.ErrShape)
		}
		c.rows = int64(c.nest.shape[0])
		if i > 0 && c.rows != all[0].rows {
			return fmt.Errorf("%q: %w: have %d rows, want %d as %q has", c.Name, npy.ErrShape, c.rows, all[0].rows, all[0].Name)
		}
		if err := c.settle(c.nest.shape[1:]); err != nil {
			return err
		}
	}
	r.rows = all[0].rows
	if err := r.pick(all, o); err != nil {
		return err
	}
	ways := make([]*list, len(r.picked))
	for i, c := range r.picked {
		ways[i] = &list{l: newLexer(io.NewSectionReader(text, base+c.at, 1<<62))}
		ways[i].l.off, ways[i].l.line, ways[i].l.lineAt = c.at, c.line, c.lineAt
	}
	r.read = func(n int) (rows int, err error) {
		for i, c := range r.picked {
			k, err := ways[i].read(n, func() error { return c.nest.value(ways[i].l, 0) })
			if err != nil {
				return 0, fmt.Errorf("%q: %w", c.Name, err)
			}
			if i > 0 && k != rows {
				return 0, fmt.Errorf("%q: the file has changed", c.Name)
			}
			rows = k
		}
		return rows, nil
	}
	return nil
}

// list is a way through a list.
type list struct {
	l            *lexer
	begun, ended bool
}

// read reads up to n items, each by item.
func (w *list) read(n int, item func() error) (int, error) {
	l := w.l
	for k := range n {
		if w.ended {
			return k, nil
		}
		c := l.peek()
		switch {
		case !w.begun && c == '[':
			l.pos++
			w.begun = true
			if l.peek() == ']' {
				w.ended = true
				return k, nil
			}
		case w.begun && c == ',':
			l.pos++
		case w.begun && c == ']':
			w.ended = true
			return k, nil
		default:
			return k, l.unexpected(c, "a comma or ]")
		}
		if err := item(); err != nil {
			return k, err
		}
	}
	return n, nil
}
