package text

import (
	"fmt"
	"io"
	"slices"

	"ndflow/npy"
)

// AppendJSON appends an array as nested lists, and looks at [NonFinite]. An error
// is an npy.ErrDType: complex numbers, and strings that are not UTF-8, have no place
// in JSON.
func AppendJSON(dst []byte, a *npy.Array, opts ...Option) ([]byte, error) {
	out := &out{buf: dst}
	if err := writeNested(out, a, jsonStyle(optionsOf(opts))); err != nil {
		return dst, fmt.Errorf("text: %w", err)
	}
	return out.buf, nil
}

// WriteJSON is [AppendJSON] to a Writer, piece by piece.
func WriteJSON(w io.Writer, a *npy.Array, opts ...Option) error {
	out := &out{w: w}
	err := writeNested(out, a, jsonStyle(optionsOf(opts)))
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		return fmt.Errorf("text: %w", err)
	}
	return nil
}

// AppendJSONObject appends arrays of any shapes as one object, by their names.
func AppendJSONObject(dst []byte, names []string, arrays []*npy.Array, opts ...Option) ([]byte, error) {
	out := &out{buf: dst}
	if err := writeObject(out, names, arrays, jsonStyle(optionsOf(opts))); err != nil {
		return dst, fmt.Errorf("text: %w", err)
	}
	return out.buf, nil
}

// WriteJSONObject is [AppendJSONObject] to a Writer, piece by piece.
func WriteJSONObject(w io.Writer, names []string, arrays []*npy.Array, opts ...Option) error {
	out := &out{w: w}
	err := writeObject(out, names, arrays, jsonStyle(optionsOf(opts)))
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		return fmt.Errorf("text: %w", err)
	}
	return nil
}

func writeObject(o *out, names []string, arrays []*npy.Array, s style) (err error) {
	if len(names) != len(arrays) {
		return fmt.Errorf("%w: have %d names for %d arrays", npy.ErrShape, len(names), len(arrays))
	}
	o.add("{")
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("two arrays %q", name)
		}
		if i > 0 {
			o.add(",")
		}
		if o.buf, err = appendQuoted(o.buf, name); err != nil {
			return fmt.Errorf("a name: %w", err)
		}
		o.add(":")
		if err := writeNested(o, arrays[i], s); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	o.add("}")
	return nil
}

// ParseJSON reads one array of nested lists, which is all of b but for white space.
// It looks at [As]. Errors are an npy.ErrFormat that says at which line and column.
func ParseJSON(b []byte, opts ...Option) (*npy.Array, error) {
	_, arrays, err := parse(lexBytes(b), optionsOf(opts))
	if err == nil && len(arrays) != 1 {
		err = fmt.Errorf("have an object, want one array")
	}
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	return arrays[0], nil
}

// ParseJSONObject reads an object of arrays, in the order in which they come. It
// looks at [As], [Types] and [Columns].
func ParseJSONObject(b []byte, opts ...Option) (names []string, arrays []*npy.Array, err error) {
	names, arrays, err = parse(lexBytes(b), optionsOf(opts))
	if err == nil && names == nil {
		err = fmt.Errorf("have one array, want an object of arrays")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("text: %w", err)
	}
	return names, arrays, nil
}

// ReadJSON reads to the end of r: one array, for which names is nil, or an object
// of arrays.
func ReadJSON(r io.Reader, opts ...Option) (names []string, arrays []*npy.Array, err error) {
	if names, arrays, err = parse(newLexer(r), optionsOf(opts)); err != nil {
		return nil, nil, fmt.Errorf("text: %w", err)
	}
	return names, arrays, nil
}

// parse reads a text in whole. An object has names, which are never nil.
func parse(l *lexer, o *options) (names []string, arrays []*npy.Array, err error) {
	if l.peek() != '{' {
		n, err := guessing(o.as)
		if err == nil {
			err = n.value(l, 0)
		}
		if err == nil {
			err = l.end()
		}
		if err != nil {
			return nil, nil, err
		}
		a, err := n.array()
		return nil, []*npy.Array{a}, err
	}
	names = []string{}
	var name string
	err = l.object(func(b []byte) error {
		if name = string(b); slices.Contains(names, name) {
			return l.fail("%q is there twice", name)
		}
		return nil
	}, func() error {
		if len(o.columns) > 0 && !slices.Contains(o.columns, name) {
			return (&nest{sink: nothing{}}).value(l, 0)
		}
		n, err := guessing(o.typeOf(name))
		if err == nil {
			err = n.value(l, 0)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		a, err := n.array()
		names, arrays = append(names, name), append(arrays, a)
		return err
	})
	if err == nil {
		err = l.end()
	}
	if err != nil {
		return nil, nil, err
	}
	return pick(o.columns, names, arrays)
}

// pick puts arrays in the order that was asked for.
func pick(want, names []string, arrays []*npy.Array) ([]string, []*npy.Array, error) {
	if len(want) == 0 {
		return names, arrays, nil
	}
	var picked []*npy.Array
	for _, name := range want {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, nil, fmt.Errorf("no array %q", name)
		}
		picked = append(picked, arrays[i])
	}
	return slices.Clone(want), picked, nil
}

// object reads an object. name is told each name, and value reads what belongs to
// it; the bytes of a name are the lexer's.
func (l *lexer) object(name func([]byte) error, value func() error) error {
	l.pos++ // the brace
	c := l.peek()
	if c == '}' {
		l.pos++
		return nil
	}
	for {
		if c != '"' {
			return l.unexpected(c, "a name in quotes")
		}
		b, err := l.str()
		if err == nil {
			err = name(b)
		}
		if err != nil {
			return err
		}
		if c = l.peek(); c != ':' {
			return l.unexpected(c, "a colon")
		}
		l.pos++
		if err := value(); err != nil {
			return err
		}
		switch c = l.peek(); c {
		case ',':
			l.pos++
			c = l.peek()
		case '}':
			l.pos++
			return nil
		default:
			return l.unexpected(c, "a comma or }")
		}
	}
}

// end says whether nothing follows.
func (l *lexer) end() error {
	if c := l.peek(); c != 0 {
		return l.fail("have %q behind the end", l.ahead())
	}
	if l.err != io.EOF {
		return l.err
	}
	return nil
}
