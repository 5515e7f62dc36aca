package text

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"ndflow/npy"
	"ndflow/npy/table"
)

// CreateCSV begins a CSV file, as RFC 4180 has it: fields with a comma, a quote or a
// line's end in them are in quotes. A column of arrays has a field for each element,
// by the names x[0,0], x[0,1] and so on; [OpenCSV] puts them together again. It looks
// at [Header], [Comma], [CRLF] and [NaN]. A column of complex numbers is an
// npy.ErrDType.
func CreateCSV(path string, columns []table.Column, opts ...Option) (table.Writer, error) {
	return begin(&file{path: path}, columns, opts, newCSV)
}

// NewCSVWriter is [CreateCSV] to a Writer; Commit writes what is left.
func NewCSVWriter(w io.Writer, columns []table.Column, opts ...Option) (table.Writer, error) {
	return begin(&file{out: out{w: w}}, columns, opts, newCSV)
}

type csvWriter struct {
	rows
	comma byte
	end   string
}

func newCSV(f *file, columns []table.Column, o *options) (table.Writer, error) {
	w := &csvWriter{rows: rows{file: f, columns: columns}, comma: o.comma, end: "\n"}
	w.row = w.writeRow
	w.widened(columns)
	if strings.IndexByte("\"\r\n.+-0123456789eE", o.comma) >= 0 {
		return nil, fmt.Errorf("fields cannot have %q between them", o.comma)
	}
	if o.crlf {
		w.end = "\r\n"
	}
	w.style = style{sep: string(rune(o.comma)), nan: "NaN", inf: "inf", ninf: "-inf", str: w.appendField}
	if o.nan != nil {
		w.style.nan = *o.nan
		if *o.nan == "" && len(columns) == 1 && len(columns[0].Shape) == 0 {
			w.style.nan = `""` // an empty line would be no row
		}
	}
	fields, named := 0, false
	for _, c := range columns {
		n := 1
		for _, d := range c.Shape {
			n *= d
		}
		fields += n
		named = named || c.Name != ""
	}
	if fields == 0 {
		return nil, fmt.Errorf("%w: a row of no fields", npy.ErrShape)
	}
	if o.header == WithHead || o.header == AutoHead && named {
		w.head()
	}
	return w, nil
}

func (w *csvWriter) head() {
	first := true
	for _, c := range w.columns {
		for _, name := range fieldNames(c) {
			if !first {
				w.buf = append(w.buf, w.comma)
			}
			first = false
			w.buf, _ = w.appendField(w.buf, name)
		}
	}
	w.add(w.end)
}

// fieldNames are the names of the fields that a column's elements are in.
func fieldNames(c table.Column) []string {
	names := []string{c.Name}
	for axis, d := range c.Shape {
		longer := make([]string, 0, len(names)*d)
		for _, name := range names {
			for i := range d {
				if axis == 0 {
					longer = append(longer, name+"["+strconv.Itoa(i))
				} else {
					longer = append(longer, name+","+strconv.Itoa(i))
				}
			}
		}
		names = longer
	}
	if len(c.Shape) > 0 {
		for i := range names {
			names[i] += "]"
		}
	}
	return names
}

// appendField appends text, in quotes if it needs them.
func (w *csvWriter) appendField(dst []byte, s string) ([]byte, error) {
	plain := s != "" || len(w.columns) > 1
	for i := 0; i < len(s) && plain; i++ {
		c := s[i]
		plain = c != w.comma && c != '"' && c != '\n' && c != '\r'
	}
	if plain {
		return append(dst, s...), nil
	}
	dst = append(dst, '"')
	for {
		before, after, found := strings.Cut(s, `"`)
		dst = append(dst, before...)
		if !found {
			return append(dst, '"'), nil
		}
		dst = append(dst, `""`...)
		s = after
	}
}

func (w *csvWriter) writeRow(runs []run, widths []int, row int) (err error) {
	first := true
	for i, r := range runs {
		if widths[i] == 0 {
			continue
		}
		if !first {
			w.buf = append(w.buf, w.comma)
		}
		first = false
		if w.buf, err = r(w.buf, row*widths[i], (row+1)*widths[i]); err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
	}
	w.buf = append(w.buf, w.end...)
	return nil
}

// Stored says what becomes of a column: a note if text has it as another dtype, an
// npy.ErrDType if it has no place there.
func Stored(c table.Column) (note string, err error) {
	if err := check(c.DType); err != nil {
		return "", fmt.Errorf("text: column %q: %w", c.Name, err)
	}
	switch c.DType {
	case npy.Float16, npy.BFloat16, npy.Float8E4M3FN, npy.Float8E5M2, npy.Float8E4M3FNUZ, npy.Float8E4M3B11FNUZ, npy.Float8E5M2FNUZ, npy.Float4E2M1FN:
		if c.Name != "" {
			note = strconv.Quote(c.Name) + ": "
		}
		note += fmt.Sprintf("%v is written as float32, exactly", c.DType)
	}
	return note, nil
}

// noter has what is to be said about columns that text has in another way.
type noter struct{ notes []string }

func (n *noter) widened(columns []table.Column) {
	for _, c := range columns {
		if note, err := Stored(c); err == nil && note != "" {
			n.notes = append(n.notes, note)
		}
	}
}

func (n *noter) Notes() []string { return n.notes }
