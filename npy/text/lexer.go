package text

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf16"
	"unicode/utf8"

	"ndflow/npy"
)

// bufferSize is what is read at a time. A number or a string that is longer makes
// the buffer grow.
const bufferSize = 64 << 10

// lexer reads the tokens of JSON.
type lexer struct {
	r       io.Reader
	buf     []byte
	pos     int   // the next byte in buf
	off     int64 // where in the text buf begins
	line    int   // from 1
	lineAt  int64 // where the line begins
	err     error // what r said last; set where there is no more
	scratch []byte
	num     number
}

func newLexer(r io.Reader) *lexer { return &lexer{r: r, line: 1} }

func lexBytes(b []byte) *lexer { return &lexer{buf: b, err: io.EOF, line: 1} }

// more reads more bytes behind those from pos on, which move to the front.
func (l *lexer) more() bool {
	if l.err != nil {
		return false
	}
	rest := len(l.buf) - l.pos
	if rest > cap(l.buf)/2 || cap(l.buf) == 0 {
		grown := make([]byte, rest, max(2*cap(l.buf), bufferSize))
		copy(grown, l.buf[l.pos:])
		l.buf = grown
	} else {
		copy(l.buf, l.buf[l.pos:])
		l.buf = l.buf[:rest]
	}
	l.off += int64(l.pos)
	l.pos = 0
	for range 100 { // a reader that gives nothing and no error is broken
		n, err := l.r.Read(l.buf[rest:cap(l.buf)])
		l.buf = l.buf[:rest+n]
		l.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	l.err = io.ErrNoProgress
	return false
}

// peek returns the next byte that is not white space; 0 at the end.
func (l *lexer) peek() byte {
	for {
		for l.pos < len(l.buf) {
			switch c := l.buf[l.pos]; c {
			case ' ', '\t', '\r':
				l.pos++
			case '\n':
				l.pos++
				l.line++
				l.lineAt = l.off + int64(l.pos)
			case 0:
				return 1 // a NUL in the text is not its end, and nothing begins with a 1
			default:
				return c
			}
		}
		if !l.more() {
			return 0
		}
	}
}

// fail is an error about the place where the lexer is.
func (l *lexer) fail(format string, args ...any) error {
	return l.failAt(l.off+int64(l.pos), fmt.Errorf(format, args...))
}

// failAt is an error about a place in the line where the lexer is.
func (l *lexer) failAt(at int64, err error) error {
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return l.err // it is why something seems to be missing
	}
	return fmt.Errorf("%w: line %d, column %d: %w", npy.ErrFormat, l.line, at-l.lineAt+1, err)
}

// unexpected is the error where the next byte, from peek, is none of those wanted.
func (l *lexer) unexpected(c byte, want string) error {
	if c == 0 {
		return l.fail("the text ends, want %s: %w", want, io.ErrUnexpectedEOF)
	}
	return l.fail("have %q, want %s", l.ahead(), want)
}

// ahead is a bit of what comes, for messages.
func (l *lexer) ahead() []byte {
	b := l.buf[l.pos:min(l.pos+20, len(l.buf))]
	for i, c := range b {
		if i > 0 && (c <= ' ' || bytes.IndexByte([]byte(`,:[]{}"`), c) >= 0) {
			return b[:i]
		}
	}
	return b
}

// leaf gives one element to the sink: a number, a string, a word. c is from peek.
func (l *lexer) leaf(c byte, s sink) error {
	at := l.off + int64(l.pos)
	var err error
	switch {
	case c == '"':
		var b []byte
		if b, err = l.str(); err != nil {
			return err
		}
		err = s.text(b)
	case c-'0' < 10 || c == '-':
		for {
			size, ok := scanNumber(l.buf[l.pos:], &l.num)
			if l.pos+size == len(l.buf) && l.err == nil {
				l.more() // perhaps there is more of it; in any case it has moved
				continue
			}
			if !ok {
				if c == '-' && l.word("-Infinity") {
					return l.special(s, math.Inf(-1), at)
				}
				return l.badNumber(size)
			}
			l.pos += size
			break
		}
		err = s.number(&l.num)
	case c == 't' && l.word("true"):
		err = s.truth(true)
	case c == 'f' && l.word("false"):
		err = s.truth(false)
	case c == 'n' && l.word("null"):
		err = s.null()
	case c == 'N' && l.word("NaN"):
		return l.special(s, math.NaN(), at)
	case c == 'I' && l.word("Infinity"):
		return l.special(s, math.Inf(1), at)
	default:
		return l.unexpected(c, "a number, a string, true, false or a list")
	}
	if err != nil {
		return l.failAt(at, err)
	}
	return nil
}

func (l *lexer) special(s sink, v float64, at int64) error {
	l.num = number{special: true, value: v}
	if err := s.number(&l.num); err != nil {
		return l.failAt(at, err)
	}
	return nil
}

func (l *lexer) badNumber(size int) error {
	if l.pos+size == len(l.buf) {
		return l.fail("the text ends in the number %.40q: %w", l.buf[l.pos:], io.ErrUnexpectedEOF)
	}
	return l.fail("have %q, which is no number in JSON", l.ahead())
}

// word passes over a word, if it is there.
func (l *lexer) word(w string) bool {
	for len(l.buf)-l.pos <= len(w) && l.more() {
	}
	rest := l.buf[l.pos:]
	if !bytes.HasPrefix(rest, []byte(w)) {
		return false
	}
	if len(rest) > len(w) {
		if c := rest[len(w)] | 0x20; c >= 'a' && c <= 'z' || c-'0' < 10 {
			return false
		}
	}
	l.pos += len(w)
	return true
}

// str reads a string, the next byte being its quote. What it returns is valid
// until the lexer goes on.
func (l *lexer) str() ([]byte, error) {
	i := 1 // from pos
	escaped := false
	for {
		b := l.buf[l.pos:]
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
			i++
		}
		switch {
		case i >= len(b) || b[i] == '\\' && i+1 >= len(b):
			if !l.more() {
				return nil, l.fail("a string with no end: %w", io.ErrUnexpectedEOF)
			}
		case b[i] == '\\':
			escaped = true
			i += 2
		case b[i] < ' ':
			return nil, l.failAt(l.off+int64(l.pos+i), fmt.Errorf("have byte %#02x in a string, want it escaped", b[i]))
		default:
			s := b[1:i]
			if !utf8.Valid(s) {
				return nil, l.fail("a string that is not UTF-8")
			}
			if escaped {
				var err error
				if s, err = l.unescape(s); err != nil {
					return nil, l.fail("%w", err)
				}
			}
			l.pos += i + 1
			return s, nil
		}
	}
}

// unescape returns s without its escapes, in memory of the lexer's.
func (l *lexer) unescape(s []byte) ([]byte, error) {
	out := l.scratch[:0]
	for len(s) > 0 {
		if s[0] != '\\' {
			i := bytes.IndexByte(s, '\\')
			if i < 0 {
				i = len(s)
			}
			out = append(out, s[:i]...)
			s = s[i:]
			continue
		}
		c := s[1] // there is one, or the string would not have ended
		s = s[2:]
		if i := bytes.IndexByte([]byte(`"\/bfnrt`), c); i >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		if c != 'u' {
			return nil, fmt.Errorf("have \\%c in a string, which is no escape", c)
		}
		r, ok := hex4(s)
		if !ok {
			return nil, errors.New(`have \u with no four hexadecimal digits in a string`)
		}
		s = s[4:]
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
				if low, ok = hex4(s[2:]); ok {
					low = utf16.DecodeRune(r, low)
				}
			}
			if !ok || low == utf8.RuneError {
				return nil, errors.New(`have half of a surrogate pair in a string`)
			}
			r = low
			s = s[6:]
		}
		out = utf8.AppendRune(out, r)
	}
	l.scratch = out
	return out, nil
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case (c|0x20)-'a' < 6:
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
