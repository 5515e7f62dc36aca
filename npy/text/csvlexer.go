package text

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"ndflow/npy"
)

// maxRecord bounds what a quote that was left open can take.
const maxRecord = 64 << 20

// records reads the records of CSV.
type records struct {
	r       io.Reader
	comma   byte
	buf     []byte
	pos     int
	err     error // what r said last; set where there is no more
	line    int   // where the record that was read last begins
	next    int   // where the next one does
	fields  [][]byte
	scratch []byte
}

func newRecords(r io.Reader, comma byte) *records {
	l := &records{r: r, comma: comma, next: 1}
	for len(l.buf) < 3 && l.more() {
	}
	if bytes.HasPrefix(l.buf, []byte("\xef\xbb\xbf")) { // a mark that some programs begin UTF-8 with
		l.pos = 3
	}
	return l
}

func (l *records) more() bool {
	if l.err != nil {
		return false
	}
	x := lexer{r: l.r, buf: l.buf, pos: l.pos}
	ok := x.more()
	l.buf, l.pos, l.err = x.buf, x.pos, x.err
	return ok
}

var errCut = errors.New("there is more of it")

// record returns the fields of the next record, which are valid until the next call.
// The error is io.EOF at the end.
func (l *records) record() ([][]byte, error) {
	for {
		err := l.scan(l.err != nil)
		if err != errCut {
			return l.fields, err
		}
		if len(l.buf)-l.pos > maxRecord {
			return nil, l.fail("a record of more than %d MiB; perhaps a quote was left open", maxRecord>>20)
		}
		l.more()
		if l.err != nil && l.err != io.EOF {
			return nil, l.err
		}
	}
}

func (l *records) fail(format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %w", npy.ErrFormat, l.line, fmt.Errorf(format, args...))
}

// scan reads a record that is in buf in whole; errCut where it is not. final says
// that nothing comes behind buf.
func (l *records) scan(final bool) error {
	b, i := l.buf, l.pos
	for i < len(b) && (b[i] == '\n' || b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n') { // an empty line is no record
		if b[i] == '\n' {
			l.next++
		}
		i++
	}
	l.pos, l.line = i, l.next
	l.fields, l.scratch = l.fields[:0], l.scratch[:0]
	if i == len(b) {
		if final {
			return io.EOF
		}
		return errCut
	}
	lines := 0
	for {
		var field []byte
		if i < len(b) && b[i] == '"' {
			end, escaped := quoteEnd(b, i+1, final)
			if end < 0 {
				if final {
					return l.fail("field %d has a quote with no end: %w", len(l.fields)+1, io.ErrUnexpectedEOF)
				}
				return errCut
			}
			field = b[i+1 : end]
			lines += bytes.Count(field, []byte{'\n'})
			if escaped {
				from := len(l.scratch)
				l.scratch = appendUnquoted(l.scratch, field)
				field = l.scratch[from:]
			}
			i = end + 1
			if i < len(b) && b[i] == '\r' {
				if i+1 == len(b) && !final {
					return errCut
				}
				if i+1 < len(b) && b[i+1] == '\n' {
					i++
				}
			}
			if i < len(b) && b[i] != l.comma && b[i] != '\n' {
				return l.fail("field %d goes on behind its quote with %q, want %q or the line's end", len(l.fields)+1, b[i], l.comma)
			}
		} else {
			from := i
			for i < len(b) && b[i] != l.comma && b[i] != '\n' {
				if b[i] == '"' {
					return l.fail("field %d has a quote inside, want the whole field in quotes and this one twice", len(l.fields)+1)
				}
				i++
			}
			field = b[from:i]
			if n := len(field); n > 0 && field[n-1] == '\r' && (i == len(b) || b[i] == '\n') {
				field = field[:n-1]
			}
		}
		if i == len(b) && !final {
			return errCut
		}
		l.fields = append(l.fields, field)
		if i == len(b) || b[i] == '\n' {
			l.pos = min(i+1, len(b))
			l.next += lines + 1
			return nil
		}
		i++
	}
}

// quoteEnd returns where the quote ends that is open at i, or -1.
func quoteEnd(b []byte, i int, final bool) (end int, escaped bool) {
	for {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 || i+k+1 == len(b) && !final {
			return -1, escaped
		}
		i += k + 1
		if i == len(b) || b[i] != '"' {
			return i - 1, escaped
		}
		escaped = true
		i++
	}
}

// appendUnquoted appends a field with every second quote left out.
func appendUnquoted(dst, field []byte) []byte {
	for {
		before, after, found := bytes.Cut(field, []byte(`""`))
		dst = append(dst, before...)
		if !found {
			return dst
		}
		dst = append(dst, '"')
		field = after
	}
}
