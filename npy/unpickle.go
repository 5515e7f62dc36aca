package npy

import (
	"fmt"
	"slices"
	"strconv"
)

// unpickler is a machine for the pickles that NumPy makes of an object array
// of str or bytes, of any protocol, and for nothing else. A pickle is a program;
// this machine has no instruction that could call, import or allocate what the
// file names: it knows a few names, and each of them stands for a marker.
type unpickler struct {
	rest    string
	stack   []any
	marks   []int // the stack's height at each open mark
	memo    map[int]any
	recoded int // bytes that calls have made
	limit   int // how many they may make
}

// What can stand on the stack, besides string (str), int, bool, nil and
// these. Text and bytes are parts of the pickle, not copies: an instruction of
// two bytes can push a large one again and again.
type (
	pyBytes  string
	pyTuple  []any
	pyList   struct{ items []any }
	pyGlobal string // a name that was imported
	pyDType  struct{}
	pyArray  struct{ state pyTuple }
)

// The names that such a pickle imports; NumPy moved its own in version 2.
var pickleGlobals = map[string]pyGlobal{
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
func unpickleStrings(pickle string) ([]string, error) {
	u := unpickler{rest: pickle, memo: map[int]any{}, limit: len(pickle)}
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
	a, ok := u.stack[0].(*pyArray)
	if !ok || len(a.state) != 5 {
		return nil, badFormat("pickle: want a NumPy array of strings")
	}
	items, ok := a.state[4].(*pyList)
	if !ok {
		return nil, badFormat("pickle: want a NumPy array of objects")
	}
	strs := make([]string, len(items.items))
	for i, v := range items.items {
		switch v := v.(type) {
		case string:
			strs[i] = v
		case pyBytes:
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
	case '0': // POP
		_, err := u.pop(1)
		return err
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
		return u.push(pyTuple{})
	case 0x85, 0x86, 0x87:
		items, err := u.pop(int(op-0x85) + 1)
		if err != nil {
			return err
		}
		return u.push(pyTuple(items))
	case 't':
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.push(pyTuple(items))
	case ']':
		return u.push(&pyList{})
	case 'l':
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.push(&pyList{items})
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
	l, ok := u.stack[len(u.stack)-1].(*pyList)
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
	g, _ := pair[0].(pyGlobal)
	args, ok := pair[1].(pyTuple)
	if !ok {
		return badFormat("pickle: a call without arguments")
	}
	switch g {
	case "array":
		return u.push(&pyArray{})
	case "dtype":
		return u.push(pyDType{})
	case "bytes":
		if len(args) == 0 {
			return u.push(pyBytes(""))
		}
	case "encode":
		if len(args) == 2 && args[1] == any("latin1") {
			if s, ok := args[0].(string); ok {
				if u.recoded += len(s); u.recoded > u.limit {
					return badFormat("pickle: it makes more bytes than it has")
				}
				return u.push(latin1(s))
			}
		}
	}
	return fmt.Errorf("%w: the object array's pickle calls %q", ErrDType, g)
}

func latin1(s string) pyBytes {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		b = append(b, byte(c))
	}
	return pyBytes(b)
}

// build gives the object below its state.
func (u *unpickler) build() error {
	pair, err := u.pop(2)
	if err != nil {
		return err
	}
	switch obj := pair[0].(type) {
	case pyDType: // its state says nothing that the elements do not
	case *pyArray:
		state, ok := pair[1].(pyTuple)
		if !ok {
			return badFormat("pickle: an array without its state")
		}
		obj.state = state
	default:
		return badFormat("pickle: state for something else than an array")
	}
	return u.push(pair[0])
}
