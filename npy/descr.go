package npy

import (
	"fmt"
	"math"
	"strconv"
)

// itemLayout says how one element stands in a file.
type itemLayout struct {
	kind      byte  // NumPy's letter: b i u f c S U O V
	size      int   // bytes an element takes in the file; -1 where that is not known
	bigEndian bool  // the file's byte order, for kinds that have one
	dtype     DType // Invalid for a void, which could be several
}

// numeric has the dtypes that NumPy has, by kind and size.
var numeric = map[string]DType{
	"b1": Bool,
	"i1": Int8, "i2": Int16, "i4": Int32, "i8": Int64,
	"u1": Uint8, "u2": Uint16, "u4": Uint32, "u8": Uint64,
	"f1": Float8E5M2, // ml_dtypes gives this letter to that one of its types
	"f2": Float16, "f4": Float32, "f8": Float64,
	"c8": Complex64, "c16": Complex128,
}

// parseDescr reads a dtype string such as "<f4". The error is an ErrDType; the
// layout may be of use all the same, for a void dtype.
func parseDescr(descr string) (itemLayout, error) {
	unknown := itemLayout{size: -1}
	refuse := fmt.Errorf("%w: have %q, want bool, int, float, complex, S, U or O", ErrDType, shorten(descr))
	s := descr
	order := byte('=')
	if s != "" && (s[0] == '<' || s[0] == '>' || s[0] == '|' || s[0] == '=') {
		order, s = s[0], s[1:]
	}
	if s == "" {
		return unknown, refuse
	}
	l := itemLayout{kind: s[0], bigEndian: order == '>' || order != '<' && hostBigEndian}
	if l.kind == 'O' {
		l.size, l.dtype = -1, String
		if s != "O" && s != "O8" && s != "O4" {
			return unknown, refuse
		}
		return l, nil
	}
	for i := range len(s) - 1 {
		if !isDigit(s[i+1]) {
			return unknown, refuse
		}
	}
	size, err := strconv.Atoi(s[1:])
	if err != nil {
		return unknown, refuse
	}
	l.size = size
	switch l.kind {
	case 'S', 'a':
		l.kind, l.dtype = 'S', String
		return l, nil
	case 'U':
		if size > math.MaxInt/4 {
			return unknown, refuse
		}
		l.size, l.dtype = 4*size, String
		return l, nil
	case 'V':
		if size == 2 && order != '|' {
			// NumPy's own voids have no byte order. ml_dtypes' types do, and
			// bfloat16 is the one of two bytes.
			l.dtype = BFloat16
			return l, nil
		}
		return l, fmt.Errorf("%w: %q is %d bytes of unknown meaning: say which with As", ErrDType, descr, size)
	}
	dtype, ok := numeric[string(l.kind)+strconv.Itoa(size)]
	if !ok {
		return unknown, refuse
	}
	l.dtype = dtype
	return l, nil
}

// layoutAs returns how to read the file's elements, given the dtype that the
// caller asked for with [As], or Invalid.
func (h *Header) layoutAs(as DType) (itemLayout, error) {
	switch {
	case h.item.kind == 'V' && as.Valid() && as != String && as != Bool:
		if h.item.size != as.Size() {
			return h.item, fmt.Errorf("%w: cannot read %q as %v: have %d bytes an element, want %d", ErrDType, h.Descr, as, h.item.size, as.Size())
		}
		l := h.item
		l.dtype = as
		return l, nil
	case h.bad != nil:
		return h.item, h.bad
	case as != Invalid && as != h.DType:
		return h.item, fmt.Errorf("%w: have %q, want %v", ErrDType, h.Descr, as)
	}
	return h.item, nil
}

// descrOf returns how a dtype is named in a file that we write: as NumPy does
// with the ml_dtypes package, except Float8E5M2. NumPy writes that as "<f1",
// which it then refuses to read; we write "<V1", as for the other types of one
// byte, and a view in Python makes of it what it was.
func descrOf(d DType) string {
	order := "<"
	if hostBigEndian {
		order = ">"
	}
	if d.Size() == 1 {
		order = "|"
	}
	switch d {
	case Bool:
		return "|b1"
	case Int8, Int16, Int32, Int64:
		return order + "i" + strconv.Itoa(d.Size())
	case Uint8, Uint16, Uint32, Uint64:
		return order + "u" + strconv.Itoa(d.Size())
	case Float16, Float32, Float64:
		return order + "f" + strconv.Itoa(d.Size())
	case Complex64, Complex128:
		return order + "c" + strconv.Itoa(d.Size())
	case BFloat16:
		return order + "V2"
	default: // the other types of ml_dtypes, of one byte each
		return "<V1"
	}
}
