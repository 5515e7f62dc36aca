package text

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"ndflow/npy"
)

// form is what a field of CSV looks like.
type form uint8

const (
	formText form = iota
	formEmpty
	formNumber
	formTrue
	formFalse
)

// formOf says what a field is, and puts a number into n.
func formOf(f []byte, n *number) form {
	if size, ok := scanNumber(f, n); ok && size == len(f) {
		return formNumber
	}
	f = bytes.Trim(f, " \t")
	if len(f) == 0 {
		return formEmpty
	}
	if size, ok := scanNumber(f, n); ok && size == len(f) {
		return formNumber
	}
	switch string(f) {
	case "true", "True", "TRUE":
		return formTrue
	case "false", "False", "FALSE":
		return formFalse
	case "NaN", "nan", "NAN":
		*n = number{special: true, value: math.NaN()}
		return formNumber
	case "inf", "Inf", "INF", "Infinity", "infinity", "+inf", "+Inf":
		*n = number{special: true, value: math.Inf(1)}
		return formNumber
	case "-inf", "-Inf", "-INF", "-Infinity", "-infinity":
		*n = number{special: true, value: math.Inf(-1)}
		return formNumber
	}
	// What JSON does not have, and others write: +1, .5 and 1.
	if len(f) > 40 {
		return formText
	}
	var room [48]byte
	whole := room[:0]
	if f[0] == '-' {
		whole = append(whole, '-')
	}
	if f[0] == '-' || f[0] == '+' {
		f = f[1:]
	}
	if len(f) > 1 && f[0] == '.' {
		whole = append(whole, '0')
	}
	whole = append(whole, f...)
	if len(f) > 1 && f[len(f)-1] == '.' {
		whole = append(whole, '0')
	}
	if size, ok := scanNumber(whole, n); ok && size == len(whole) {
		n.text = bytes.Clone(whole)
		return formNumber
	}
	return formText
}

// feed gives a field to the sink of its column.
func feed(s sink, f []byte, n *number) error {
	if t, ok := s.(*texts); ok {
		return addText(t, f)
	}
	switch formOf(f, n) {
	case formNumber:
		return s.number(n)
	case formEmpty:
		return s.null()
	case formTrue:
		return s.truth(true)
	case formFalse:
		return s.truth(false)
	}
	return s.text(f)
}

func addText(t *texts, f []byte) error {
	if !utf8.Valid(f) {
		return fmt.Errorf("have %.40q, which is not UTF-8", f)
	}
	return t.text(f)
}

// fieldGuess finds out what the fields of a column are.
type fieldGuess struct {
	guess
	missing int // the line of the first empty field, or 0
	from    int // the line that the kind is from
}

// look is for a field of the line.
func (g *fieldGuess) look(f []byte, n *number, line int) error {
	if g.kind == isText {
		return nil // takes all
	}
	form := formOf(f, n)
	if g.kind == isNone && form != formEmpty {
		g.from = line
	}
	switch form {
	case formEmpty:
		if g.missing == 0 {
			g.missing = line
		}
		return nil
	case formNumber:
		if g.kind == isBool {
			return fmt.Errorf("have the number %.40s, want true or false as on line %d; read the column as %v to have both", n.describe(), g.from, npy.String)
		}
		return g.guess.number(n)
	case formTrue, formFalse:
		if g.kind == isInt || g.kind == isFloat {
			return fmt.Errorf("have %.40q, want a number as on line %d; read the column as %v to have both", f, g.from, npy.String)
		}
		g.kind = isBool
		return nil
	}
	if g.kind != isNone {
		want := "a number"
		if g.kind == isBool {
			want = "true or false"
		}
		return fmt.Errorf("have text %.40q, want %s as on line %d; read the column as %v to have both", f, want, g.from, npy.String)
	}
	g.kind = isText
	return nil
}

// settle decides what the column is.
func (g *fieldGuess) settle() (npy.DType, error) {
	if g.missing > 0 {
		switch g.kind {
		case isInt:
			return npy.Float64, nil
		case isBool:
			return npy.Invalid, fmt.Errorf("line %d: an empty field among true and false; read the column as %v", g.missing, npy.String)
		}
	}
	return g.dtype(), nil
}

// joined is the dtype that holds two columns' numbers; Invalid where there is none.
func joined(a, b npy.DType) npy.DType {
	number := func(d npy.DType) bool { return d == npy.Int64 || d == npy.Uint64 || d == npy.Float64 }
	switch {
	case a == b:
		return a
	case number(a) && number(b):
		return npy.Float64
	}
	return npy.Invalid
}

// splitName takes "x[0,1]" apart; false where a name is not like that.
func splitName(name string) (base string, index []int, ok bool) {
	b := []byte(name)
	open := bytes.LastIndexByte(b, '[')
	if open < 0 || b[len(b)-1] != ']' {
		return "", nil, false
	}
	for part := range bytes.SplitSeq(b[open+1:len(b)-1], []byte{','}) {
		i, err := strconv.Atoi(string(part))
		if err != nil || i < 0 || strconv.Itoa(i) != string(part) {
			return "", nil, false
		}
		index = append(index, i)
	}
	return name[:open], index, true
}
