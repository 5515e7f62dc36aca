package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unpickler is a machine for the pickles that NumPy makes of an object array
// of str or bytes, of any protocol, and for nothing else. A pickle is a program;
// this machine has no instruction that could call, import or allocate what the
// file names: it knows five names, and each of them stands for a marker.
type unpickler struct {
	rest  []byte
	stack []any
	marks []int // the stack's height at each open mark
	memo  map[int]any
}

// What can stand on the stack, besides string (str), []byte, int, bool, nil,
// tuple and *list.
type (
	tuple  []any
	list   struct{ items []any }
	global string // a name that was imported
	dtype  struct{}
	array  struct{ state tuple }
)

// The names that such a pickle imports; NumPy moved its own in version 2.
var pickleGlobals = map[string]global{
	"numpy.core.multiarray _reconstruct":                   "array",
	"numpy._core.multiarray _reconstruct":                  "array",
	"numpy ndarray":                                        "ndarray",
	"numpy dtype":                                          "dtype",
	"numpy._core._internal _convert_to_stringdtype_kwargs": "dtype", // StringDType
	"__builtin__ bytes":                                    "bytes",
	"builtins bytes":                                       "bytes",
	"_codecs encode":                                       "encode",
	"numpy.dtypes StringDType":                             "dtype",
}

// unpickleStrings returns the elements of a pickled array, row by row.
func unpickleStrings(b []byte) ([]string, error) {
	u := unpickler{rest: b, memo: map[int]any{}}
	for {
		op, err := u.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			break
		}
		if err := u.step(op[0]); err != nil {
			return nil, err
		}
	}
	if len(u.stack) != 1 {
		return nil, badFormat("pickle: have %d results, want one", len(u.stack))
	}
	a, ok := u.stack[0].(*array)
	if !ok || len(a.state) != 5 {
		return nil, badFormat("pickle: want a NumPy array of strings")
	}
	items, ok := a.state[4].(*list)
	if !ok {
		return nil, badFormat("pickle: want a NumPy array of objects")
	}
	strs := make([]string, len(items.items))
	for i, v := range items.items {
		switch v := v.(type) {
		case string:
			strs[i] = v
		case []byte:
			strs[i] = string(v)
		default:
			return nil, fmt.Errorf("%w: element %d of the object array is neither str nor bytes", ErrDType, i)
		}
	}
	return strs, nil
}

// step carries out one instruction.
func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		_, err := u.take(1)
		return err
	case 0x95: // FRAME
		_, err := u.take(8)
		return err
	case '(':
		u.marks = append(u.marks, len(u.stack))
		return nil
	case 'N':
		return u.push(nil)
	case 0x88:
		return u.push(true)
	case 0x89:
		return u.push(false)
	case 'K', 'M', 'J', 'I', 'L', 0x8a:
		return u.integer(op)
	case 'V', 'X', 0x8c, 0x8d, 'U', 'T', 'S', 'B', 'C', 0x8e:
		return u.text(op)
	case ')':
		return u.push(tuple{})
	case 0x85, 0x86, 0x87:
		items, err := u.pop(int(op-0x85) + 1)
		if err != nil {
			return err
		}
		return u.push(tuple(items))
	case 't':
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.push(tuple(items))
	case ']':
		return u.push(&list{})
	case 'l':
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.push(&list{items})
	case 'a', 'e':
		return u.appendTo(op)
	case 'p', 'q', 'r', 0x94:
		return u.remember(op)
	case 'g', 'h', 'j':
		return u.recall(op)
	case 'c', 0x93:
		return u.global(op)
	case 'R':
		return u.reduce()
	case 'b':
		return u.build()
	}
	return fmt.Errorf("%w: the object array's pickle does more than list strings (instruction %#x)", ErrDType, op)
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return nil
}

// pop takes the upper n values, but none from below the last mark.
func (u *unpickler) pop(n int) ([]any, error) {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	at := len(u.stack) - n
	if at < floor {
		return nil, badFormat("pickle: the stack is empty")
	}
	items := slices.Clone(u.stack[at:])
	u.stack = u.stack[:at]
	return items, nil
}

func (u *unpickler) popMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, badFormat("pickle: no mark")
	}
	items, err := u.pop(len(u.stack) - u.marks[len(u.marks)-1])
	u.marks = u.marks[:len(u.marks)-1]
	return items, err
}

// take returns the next n bytes of the pickle.
func (u *unpickler) take(n uint64) ([]byte, error) {
	if n > uint64(len(u.rest)) {
		return nil, io.ErrUnexpectedEOF
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b, nil
}

func (u *unpickler) line() (string, error) {
	b, rest, ok := bytes.Cut(u.rest, []byte("\n"))
	if !ok {
		return "", io.ErrUnexpectedEOF
	}
	u.rest = rest
	return string(b), nil
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
	b, err := u.take(n)
	if err != nil {
		return err
	}
	if op == 'X' || op == 0x8c || op == 0x8d {
		if !utf8.Valid(b) {
			return badFormat("pickle: a str is not Unicode")
		}
		return u.push(string(b))
	}
	return u.push(b)
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

// appendTo adds one value, or all above the mark, to the list below.
func (u *unpickler) appendTo(op byte) error {
	var items []any
	var err error
	if op == 'a' {
		items, err = u.pop(1)
	} else {
		items, err = u.popMark()
	}
	if err != nil {
		return err
	}
	if len(u.stack) == 0 {
		return badFormat("pickle: the stack is empty")
	}
	l, ok := u.stack[len(u.stack)-1].(*list)
	if !ok {
		return badFormat("pickle: append to something else than a list")
	}
	l.items = append(l.items, items...)
	return nil
}

// memoKey reads the place in the memo that an instruction names.
func (u *unpickler) memoKey(op byte) (int, error) {
	switch op {
	case 'p', 'g':
		s, err := u.line()
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0, badFormat("pickle: have %q, want a place in the memo", shorten(s))
		}
		return n, nil
	case 'q', 'h':
		n, err := u.uint(1)
		return int(n), err
	case 'r', 'j':
		n, err := u.uint(4)
		return int(n), err
	}
	return len(u.memo), nil // MEMOIZE
}

func (u *unpickler) remember(op byte) error {
	key, err := u.memoKey(op)
	if err != nil {
		return err
	}
	if len(u.stack) == 0 {
		return badFormat("pickle: the stack is empty")
	}
	u.memo[key] = u.stack[len(u.stack)-1]
	return nil
}

func (u *unpickler) recall(op byte) error {
	key, err := u.memoKey(op)
	if err != nil {
		return err
	}
	v, ok := u.memo[key]
	if !ok {
		return badFormat("pickle: nothing at %d in the memo", key)
	}
	return u.push(v)
}

// global pushes the marker for an imported name.
func (u *unpickler) global(op byte) error {
	var module, name string
	var err error
	if op == 'c' {
		if module, err = u.line(); err == nil {
			name, err = u.line()
		}
		if err != nil {
			return err
		}
	} else {
		pair, err := u.pop(2)
		if err != nil {
			return err
		}
		module, _ = pair[0].(string)
		name, _ = pair[1].(string)
	}
	g, ok := pickleGlobals[module+" "+name]
	if !ok {
		return fmt.Errorf("%w: the object array's pickle asks for %q: only arrays of strings are read", ErrDType, shorten(module+"."+name))
	}
	return u.push(g)
}

// reduce "calls" a name: an empty array, a dtype, or bytes that protocols 0 to
// 2 write as text.
func (u *unpickler) reduce() error {
	pair, err := u.pop(2)
	if err != nil {
		return err
	}
	g, _ := pair[0].(global)
	args, ok := pair[1].(tuple)
	if !ok {
		return badFormat("pickle: a call without arguments")
	}
	switch g {
	case "array":
		return u.push(&array{})
	case "dtype":
		return u.push(dtype{})
	case "bytes":
		if len(args) == 0 {
			return u.push([]byte{})
		}
	case "encode":
		if len(args) == 2 && args[1] == any("latin1") {
			if s, ok := args[0].(string); ok {
				return u.push(latin1(s))
			}
		}
	}
	return fmt.Errorf("%w: the object array's pickle calls %q", ErrDType, g)
}

func latin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		b = append(b, byte(c))
	}
	return b
}

// build gives the object below its state.
func (u *unpickler) build() error {
	pair, err := u.pop(2)
	if err != nil {
		return err
	}
	switch obj := pair[0].(type) {
	case dtype: // its state says nothing that the elements do not
	case *array:
		state, ok := pair[1].(tuple)
		if !ok {
			return badFormat("pickle: an array without its state")
		}
		obj.state = state
	default:
		return badFormat("pickle: state for something else than an array")
	}
	return u.push(pair[0])
}

// pickleStrings writes an object array of str, or of bytes where some element
// is no text, as NumPy does: protocol 4, and module names that NumPy 1 and 2
// both know.
func pickleStrings(w io.Writer, strs []string, shape []int) error {
	var b bytes.Buffer
	str := func(s string) {
		b.WriteByte(0x8c)
		b.WriteByte(byte(len(s)))
		b.WriteString(s)
	}
	number := func(n int) {
		b.WriteByte(0x8a) // LONG1
		b.WriteByte(8)
		b.Write(binary.LittleEndian.AppendUint64(b.AvailableBuffer(), uint64(n)))
	}
	b.WriteString("\x80\x04")
	str("numpy.core.multiarray")
	str("_reconstruct")
	b.WriteByte(0x93)
	str("numpy")
	str("ndarray")
	b.WriteString("\x93K\x00\x85C\x01b\x87R(K\x01(")
	for _, d := range shape {
		number(d)
	}
	b.WriteByte('t')
	str("numpy")
	str("dtype")
	b.WriteByte(0x93)
	str("O8")
	b.WriteString("\x89\x88\x87R(K\x03")
	str("|")
	b.WriteString("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89](")
	short, long, longest := byte(0x8c), byte('X'), byte(0x8d)
	if slices.ContainsFunc(strs, func(s string) bool { return !utf8.ValidString(s) }) {
		short, long, longest = 'C', 'B', 0x8e
	}
	for _, s := range strs {
		size := b.AvailableBuffer()
		switch n := uint64(len(s)); {
		case n < 1<<8:
			size = append(size, short, byte(n))
		case n < 1<<32:
			size = binary.LittleEndian.AppendUint32(append(size, long), uint32(n))
		default:
			size = binary.LittleEndian.AppendUint64(append(size, longest), n)
		}
		b.Write(size)
		b.WriteString(s)
		if b.Len() >= 1<<16 {
			if _, err := b.WriteTo(w); err != nil {
				return err
			}
		}
	}
	b.WriteString("etb.")
	_, err := b.WriteTo(w)
	return err
}
