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
	return open(path, opts, readJSON)
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
