package text

import (
	"fmt"

	"ndflow/npy"
)

// maxDepth is how deep lists may be in each other: as many dimensions as NumPy has.
const maxDepth = 64

// nest reads one value of nested lists after the other, which all have the shape of
// the first.
type nest struct {
	sink  sink
	shape []int // -1 where no list of that depth has ended yet
	known bool  // that there are no deeper lists
}

// value reads a value that lies so deep in the array's own.
func (n *nest) value(l *lexer, depth int) error {
	c := l.peek()
	if c != '[' {
		if len(n.shape) != depth && c != 0 && c != ']' && c != '}' && c != ',' && c != ':' {
			return l.fail("have %q where lists are in each other %d deep, want a list as before", l.ahead(), len(n.shape))
		}
		if c == '{' {
			return l.fail("have an object, want a number, a string, true, false or a list")
		}
		n.known = true
		return l.leaf(c, n.sink)
	}
	switch {
	case n.known && depth >= len(n.shape):
		return l.fail("have a list, want one value as before")
	case depth >= maxDepth:
		return l.fail("%w: lists in each other more than %d deep", npy.ErrShape, maxDepth)
	case depth == len(n.shape):
		n.shape = append(n.shape, -1)
	}
	l.pos++
	return n.list(l, depth)
}

// list reads what follows an opening bracket.
func (n *nest) list(l *lexer, depth int) error {
	size := 0
	c := l.peek()
	for c != ']' {
		if n.known && depth+1 == len(n.shape) && c != '[' && c != '{' {
			if err := l.leaf(c, n.sink); err != nil {
				return err
			}
		} else if err := n.value(l, depth+1); err != nil {
			return err
		}
		size++
		// Nearly always a comma follows at once, and a value after it.
		if l.pos < len(l.buf) && l.buf[l.pos] == ',' {
			c = ','
		} else {
			c = l.peek()
		}
		if c == ',' {
			l.pos++
			if c = l.peek(); c == ']' {
				return l.unexpected(c, "a value after the comma")
			}
		} else if c != ']' {
			return l.unexpected(c, "a comma or ]")
		}
	}
	if size == 0 && !n.known {
		n.known = true // there is nothing deeper in an empty list
	}
	if n.shape[depth] < 0 {
		n.shape[depth] = size
	} else if n.shape[depth] != size {
		return l.fail("%w: a list of length %d ends, want %d as before", npy.ErrShape, size, n.shape[depth])
	}
	l.pos++
	return nil
}

// guessing returns a nest that finds out dtype and shape, or has the given dtype.
func guessing(d npy.DType) (*nest, error) {
	if d == npy.Invalid {
		return &nest{sink: &guess{}}, nil
	}
	s, err := sinkOf(d)
	return &nest{sink: s}, err
}

// array returns what was read.
func (n *nest) array() (*npy.Array, error) {
	a, err := n.sink.array(append([]int{}, n.shape...)) // never nil: of one value it is empty
	if err != nil {
		return nil, fmt.Errorf("%w: %w", npy.ErrFormat, err)
	}
	return a, nil
}
