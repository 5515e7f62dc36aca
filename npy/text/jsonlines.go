package text

import (
	"errors"
	"fmt"
	"io"

	"ndflow/npy"
	"ndflow/npy/table"
)

// OpenJSONLines opens a file of one JSON object a line, as [CreateJSONLines] writes it:
// the names are the columns, and are the same in each. It looks at [As], [Types] and
// [Columns]. Errors are an npy.ErrFormat that says at which line and column.
func OpenJSONLines(path string, opts ...Option) (table.Reader, error) {
	return open(path, opts, readLines)
}

// NewJSONLinesReader is [OpenJSONLines] for a Reader. If it cannot seek, its first
// megabyte decides what the columns are.
func NewJSONLinesReader(r io.Reader, opts ...Option) (table.Reader, error) {
	return from(newSource(r), opts, readLines)
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
