package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// take returns the next n bytes of the pickle.
func (u *unpickler) take(n uint64) (string, error) {
	if n > uint64(len(u.rest)) {
		return "", io.ErrUnexpectedEOF
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b, nil
}

func (u *unpickler) line() (string, error) {
	s, rest, ok := strings.Cut(u.rest, "\n")
	if !ok {
		return "", io.ErrUnexpectedEOF
	}
	u.rest = rest
	return s, nil
}

// uint reads a little-endian number of 1, 2, 4 or 8 bytes.
func (u *unpickler) uint(size uint64) (uint64, error) {
	b, err := u.take(size)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:]), nil
}

// integer reads one of the instructions that push a small integer or a bool.
func (u *unpickler) integer(op byte) error {
	switch op {
	case 'I', 'L':
		s, err := u.line()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(strings.TrimSuffix(s, "L"))
		if err != nil {
			return badFormat("pickle: have %q, want an integer", shorten(s))
		}
		return u.push(n)
	case 0x8a: // LONG1
		size, err := u.uint(1)
		if err == nil {
			_, err = u.take(size)
		}
		if err != nil {
			return err
		}
		return u.push(0) // no integer's value matters to us
	}
	size := map[byte]uint64{'K': 1, 'M': 2, 'J': 4}[op]
	n, err := u.uint(size)
	if err != nil {
		return err
	}
	return u.push(int(n))
}

// text reads one of the instructions that push a str or bytes.
func (u *unpickler) text(op byte) error {
	switch op {
	case 'V', 'S':
		s, err := u.line()
		if err == nil {
			s, err = unescape(s, op)
		}
		if err != nil {
			return err
		}
		return u.push(s)
	}
	size := map[byte]uint64{
		'X': 4, 0x8c: 1, 0x8d: 8, // str
		'U': 1, 'T': 4, 'B': 4, 'C': 1, 0x8e: 8, // bytes; U and T are Python 2's str
	}[op]
	n, err := u.uint(size)
	if err != nil {
		return err
	}
	s, err := u.take(n)
	if err != nil {
		return err
	}
	if op == 'X' || op == 0x8c || op == 0x8d {
		if !utf8.ValidString(s) {
			return badFormat("pickle: a str is not Unicode")
		}
		return u.push(s)
	}
	return u.push(pyBytes(s))
}

// unescape reads the text of protocol 0: latin-1 with Python's raw Unicode
// escapes (V), or a quoted string of Python 2 (S).
func unescape(s string, op byte) (string, error) {
	if op == 'S' {
		if len(s) < 2 || s[0] != s[len(s)-1] || strings.ContainsRune(s, '\\') {
			return "", fmt.Errorf("%w: a pickled string with escapes of Python 2", ErrDType)
		}
		return s[1 : len(s)-1], nil
	}
	var b []byte
	for len(s) > 0 {
		digits := 0
		switch {
		case strings.HasPrefix(s, `\u`):
			digits = 4
		case strings.HasPrefix(s, `\U`):
			digits = 8
		default:
			b = utf8.AppendRune(b, rune(s[0]))
			s = s[1:]
			continue
		}
		if len(s) < 2+digits {
			return "", badFormat("pickle: a broken escape")
		}
		c, err := strconv.ParseUint(s[2:2+digits], 16, 32)
		if err != nil || c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			return "", badFormat("pickle: %q is no Unicode character", s[:2+digits])
		}
		b = utf8.AppendRune(b, rune(c))
		s = s[2+digits:]
	}
	return string(b), nil
}
