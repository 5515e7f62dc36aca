package npy

import (
	"fmt"
	"math"
	"strings"
)

// dict is the content of a header's dictionary.
type dict struct {
	descr      string
	structured bool // descr is the text of a list or tuple
	fortran    bool
	shape      []int
}

// parseDict reads the Python literal that is a .npy header:
//
//	{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//
// It knows only what such a header may hold. Nothing recurses, so that no
// nesting can exhaust the stack. Unlike NumPy it refuses a key given twice.
func parseDict(text string) (dict, error) {
	var d dict
	p := scanner{text: text}
	if err := p.want('{'); err != nil {
		return d, err
	}
	seen := map[string]bool{}
	for {
		key, err := p.next()
		if err != nil {
			return d, err
		}
		if key.kind == '}' {
			break
		}
		if key.kind != 's' {
			return d, fmt.Errorf("have %v, want a key", key)
		}
		if seen[key.text] {
			return d, fmt.Errorf("key %q stands there twice", shorten(key.text))
		}
		seen[key.text] = true
		if err := p.want(':'); err != nil {
			return d, err
		}
		switch key.text {
		case "descr":
			d.descr, d.structured, err = p.descr()
		case "fortran_order":
			d.fortran, err = p.boolean()
		case "shape":
			d.shape, err = p.shape()
		default:
			err = fmt.Errorf("have a key %q, want descr, fortran_order and shape only", shorten(key.text))
		}
		if err != nil {
			return d, err
		}
		sep, err := p.next()
		if err != nil {
			return d, err
		}
		if sep.kind == '}' {
			break
		}
		if sep.kind != ',' {
			return d, fmt.Errorf("have %v after a value, want , or }", sep)
		}
	}
	if end, err := p.next(); err != nil {
		return d, err
	} else if end.kind != 0 {
		return d, fmt.Errorf("have %v after the dictionary, want nothing", end)
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return d, fmt.Errorf("no key %q", key)
		}
	}
	return d, nil
}

// token is one lexical piece: a punctuation mark (kind is the mark itself), a
// string 's', a number 'n', a word 'w', or the end (0).
type token struct {
	kind byte
	text string
}

func (t token) String() string {
	switch t.kind {
	case 0:
		return "the end of the header"
	case 's', 'n', 'w':
		return fmt.Sprintf("%q", shorten(t.text))
	}
	return string(t.kind)
}

type scanner struct {
	text string
	pos  int
}

// next returns the next token. After the last it returns the end, for ever.
func (p *scanner) next() (token, error) {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n\f", p.text[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos == len(p.text) {
		return token{}, nil
	}
	start := p.pos
	switch c := p.text[start]; {
	case strings.IndexByte("{}()[],:", c) >= 0:
		p.pos++
		return token{kind: c}, nil
	case c == '\'' || c == '"':
		return p.quoted(c)
	case isDigit(c) || c == '-':
		p.pos++
		for p.pos < len(p.text) && isDigit(p.text[p.pos]) {
			p.pos++
		}
		t := token{'n', p.text[start:p.pos]}
		if p.pos < len(p.text) && p.text[p.pos] == 'L' {
			p.pos++ // Python 2 wrote its long integers so
		}
		return t, nil
	case isLetter(c):
		for p.pos < len(p.text) && (isLetter(p.text[p.pos]) || isDigit(p.text[p.pos])) {
			p.pos++
		}
		return token{'w', p.text[start:p.pos]}, nil
	default:
		return token{}, fmt.Errorf("have %q at byte %d", c, start)
	}
}

// quoted reads a string. The only escapes it knows are those of a quote and a
// backslash: no dtype that we read has any.
func (p *scanner) quoted(quote byte) (token, error) {
	start := p.pos
	var b strings.Builder
	for p.pos++; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		switch c {
		case quote:
			p.pos++
			return token{'s', b.String()}, nil
		case '\n':
			return token{}, fmt.Errorf("the string at byte %d has no end on its line", start)
		case '\\':
			p.pos++
			if p.pos == len(p.text) {
				break
			}
			if c := p.text[p.pos]; c != '\\' && c != '\'' && c != '"' {
				b.WriteByte('\\')
			}
			b.WriteByte(p.text[p.pos])
		default:
			b.WriteByte(c)
		}
	}
	return token{}, fmt.Errorf("the string at byte %d has no end", start)
}

func (p *scanner) want(mark byte) error {
	t, err := p.next()
	if err == nil && t.kind != mark {
		err = fmt.Errorf("have %v, want %c", t, mark)
	}
	return err
}

// descr reads a string, or skips a list or tuple and returns its text.
func (p *scanner) descr() (text string, structured bool, err error) {
	start := p.pos
	t, err := p.next()
	if err != nil {
		return "", false, err
	}
	if t.kind == 's' {
		return t.text, false, nil
	}
	var open []byte // the closing marks that are due
	for {
		switch t.kind {
		case '(':
			open = append(open, ')')
		case '[':
			open = append(open, ']')
		case ')', ']':
			if len(open) == 0 || open[len(open)-1] != t.kind {
				return "", false, fmt.Errorf("descr: %v closes nothing", t)
			}
			open = open[:len(open)-1]
		case 0, '{', '}':
			return "", false, fmt.Errorf("descr: have %v, want a dtype", t)
		}
		if len(open) == 0 {
			break
		}
		if t, err = p.next(); err != nil {
			return "", false, err
		}
	}
	text = strings.TrimSpace(p.text[start:p.pos])
	if text[0] != '[' && text[0] != '(' {
		return "", false, fmt.Errorf("descr: have %s, want a dtype", shorten(text))
	}
	return text, true, nil
}

func (p *scanner) boolean() (bool, error) {
	t, err := p.next()
	if err != nil {
		return false, err
	}
	if t.kind == 'w' && (t.text == "True" || t.text == "False") {
		return t.text == "True", nil
	}
	return false, fmt.Errorf("fortran_order: have %v, want True or False", t)
}

// shape reads a tuple of integers. The slice it returns is never nil.
func (p *scanner) shape() ([]int, error) {
	if err := p.want('('); err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	shape := []int{}
	for {
		t, err := p.next()
		if err != nil {
			return nil, err
		}
		if t.kind == ')' {
			return shape, nil
		}
		if t.kind != 'n' {
			return nil, fmt.Errorf("shape: have %v, want an integer", t)
		}
		dim, err := dimension(t.text)
		if err != nil {
			return nil, err
		}
		if len(shape) == maxDims {
			return nil, fmt.Errorf("%w: have more than %d dimensions", ErrShape, maxDims)
		}
		shape = append(shape, dim)
		if t, err = p.next(); err != nil {
			return nil, err
		}
		switch {
		case t.kind == ',':
		case t.kind == ')' && len(shape) > 1:
			return shape, nil
		case t.kind == ')':
			return nil, fmt.Errorf("shape: have the number %d, want a tuple", dim)
		default:
			return nil, fmt.Errorf("shape: have %v, want , or )", t)
		}
	}
}

// dimension reads a decimal integer that fits an int and is not negative.
func dimension(s string) (int, error) {
	if s[0] == '-' {
		return 0, fmt.Errorf("%w: negative dimension %s", ErrShape, shorten(s))
	}
	if len(s) > 1 && s[0] == '0' {
		return 0, fmt.Errorf("shape: have %q, want an integer", shorten(s))
	}
	n := 0
	for i := range len(s) {
		digit := int(s[i] - '0')
		if n > (math.MaxInt-digit)/10 {
			return 0, fmt.Errorf("%w: dimension %s does not fit", ErrShape, shorten(s))
		}
		n = n*10 + digit
	}
	return n, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
