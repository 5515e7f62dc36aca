package npy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NumPy's default print options.
const (
	printWidth     = 75
	printThreshold = 1000 // more elements than this are summarised
	printEdge      = 3    // elements shown at each end of a summarised axis
)

// String returns the array as NumPy's print shows it: aligned, floats with the
// digits that tell them apart but at most 8, and of more than 1000 elements
// only the corners. Only the elements shown are read.
func (a *Array) String() string {
	if a == nil {
		return "<nil>"
	}
	if a.released() {
		return "<released>"
	}
	defer keepAlive(a)
	if len(a.shape) == 0 {
		return a.scalarString()
	}
	if a.Len() == 0 {
		return "[]"
	}
	p := printer{shape: a.shape, summary: a.Len() > printThreshold}
	shown := p.shown(nil, make([]int, 0, len(a.shape)), 0)
	p.words = a.words(shown)
	return p.array(0, " ", printWidth)
}

// scalarString shows a 0-d array, as NumPy a scalar: a float with all of its
// digits, a string with no quotes.
func (a *Array) scalarString() string {
	switch a.dtype {
	case String:
		return a.strs[0]
	case Float16:
		return scalarFloat(floatOf(a, 0), 16)
	case Float32:
		return scalarFloat(floatOf(a, 0), 32)
	case Float64:
		return scalarFloat(floatOf(a, 0), 64)
	case Complex64:
		return scalarComplex(complex128(element[complex64](a, 0)), 32)
	case Complex128:
		return scalarComplex(element[complex128](a, 0), 64)
	case Bool:
		return strings.TrimSpace(a.words([]int{0})[0])
	}
	return a.words([]int{0})[0]
}

// words formats the elements at the given places, in an array of at least one
// dimension.
func (a *Array) words(at []int) []string {
	words := make([]string, len(at))
	switch a.dtype {
	case Bool:
		for i, k := range at {
			words[i] = "False"
			if a.data[k] != 0 {
				words[i] = " True"
			}
		}
	case String:
		for i, k := range at {
			words[i] = quote(a.strs[k])
		}
	case Float16, Float32, Float64:
		values := make([]float64, len(at))
		for i, k := range at {
			values[i] = floatOf(a, k)
		}
		formatFloats(words, values, a.dtype.Size()*8, false)
	case Complex64, Complex128:
		re, im := make([]float64, len(at)), make([]float64, len(at))
		for i, k := range at {
			c := complexOf(a, k)
			re[i], im[i] = real(c), imag(c)
		}
		formatComplexes(words, re, im, a.dtype.Size()*8/2)
	case BFloat16, Float8E4M3FN, Float8E5M2, Float8E4M3FNUZ, Float8E4M3B11FNUZ, Float8E5M2FNUZ, Float4E2M1FN:
		// ml_dtypes' types: six digits, and no alignment.
		for i, k := range at {
			words[i] = strconv.FormatFloat(floatOf(a, k), 'g', 6, 64)
			words[i] = strings.ToLower(strings.TrimPrefix(words[i], "+"))
		}
	case Int4, Uint4, Int2, Uint2:
		for i, k := range at {
			words[i] = integer(a, k)
		}
	default:
		width := 0
		for i, k := range at {
			words[i] = integer(a, k)
			width = max(width, len(words[i]))
		}
		for i, w := range words {
			words[i] = strings.Repeat(" ", width-len(w)) + w
		}
	}
	return words
}

func element[T Element](a *Array, i int) T {
	s, _ := Values[T](a)
	return s[i]
}

func integer(a *Array, i int) string {
	switch a.dtype {
	case Int8, Int4, Int2:
		return strconv.Itoa(int(int8(a.data[i])))
	case Int16:
		return strconv.Itoa(int(element[int16](a, i)))
	case Int32:
		return strconv.Itoa(int(element[int32](a, i)))
	case Int64:
		return strconv.FormatInt(element[int64](a, i), 10)
	case Uint16:
		return strconv.Itoa(int(element[uint16](a, i)))
	case Uint32:
		return strconv.FormatUint(uint64(element[uint32](a, i)), 10)
	case Uint64:
		return strconv.FormatUint(element[uint64](a, i), 10)
	}
	return strconv.Itoa(int(a.data[i])) // Uint8, Uint4, Uint2
}

func floatOf(a *Array, i int) float64 {
	switch a.dtype {
	case Float16:
		return float64(element[F16](a, i).Float32())
	case BFloat16:
		return float64(element[BF16](a, i).Float32())
	case Float8E4M3FN:
		return float64(element[F8E4M3FN](a, i).Float32())
	case Float8E5M2:
		return float64(element[F8E5M2](a, i).Float32())
	case Float8E4M3FNUZ:
		return float64(element[F8E4M3FNUZ](a, i).Float32())
	case Float8E4M3B11FNUZ:
		return float64(element[F8E4M3B11FNUZ](a, i).Float32())
	case Float8E5M2FNUZ:
		return float64(element[F8E5M2FNUZ](a, i).Float32())
	case Float4E2M1FN:
		return float64(element[F4E2M1FN](a, i).Float32())
	case Float32:
		return float64(element[float32](a, i))
	}
	return element[float64](a, i)
}

func complexOf(a *Array, i int) complex128 {
	if a.dtype == Complex64 {
		return complex128(element[complex64](a, i))
	}
	return element[complex128](a, i)
}

// quote writes s as Python's repr does: of a str, or of bytes where s is not
// UTF-8.
func quote(s string) string {
	mark := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		mark = '"'
	}
	var b strings.Builder
	text := utf8.ValidString(s)
	if !text {
		b.WriteByte('b')
	}
	b.WriteByte(mark)
	for i := 0; i < len(s); {
		c, size := rune(s[i]), 1
		if text {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		i += size
		switch {
		case c == rune(mark) || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ' || c == 0x7f || c > 0x7f && c <= 0xff && (!text || !unicode.IsPrint(c)):
			fmt.Fprintf(&b, `\x%02x`, c)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			fmt.Fprintf(&b, `\U%08x`, c)
		}
	}
	b.WriteByte(mark)
	return b.String()
}

// printer lays out formatted elements in brackets and lines.
type printer struct {
	shape   []int
	summary bool
	words   []string // those that are shown, in row-major order
}

// edges says which rows of an axis are shown: lead at the front, trail at the
// end, and dots between them unless that is all.
func (p *printer) edges(axis int) (lead, trail int, dots bool) {
	n := p.shape[axis]
	if p.summary && n > 2*printEdge {
		return printEdge, printEdge, true
	}
	return 0, n, false
}

// shown appends the places of the elements that will be shown, in order.
func (p *printer) shown(at []int, index []int, offset int) []int {
	axis := len(index)
	if axis == len(p.shape) {
		return append(at, offset)
	}
	lead, trail, _ := p.edges(axis)
	for i := range lead + trail {
		if i >= lead {
			i += p.shape[axis] - lead - trail
		}
		at = p.shown(at, append(index, i), offset*p.shape[axis]+i)
	}
	return at
}

// array formats the sub-arrays from the given axis on, taking words as it
// goes. indent is what a new line begins with, width what it may hold.
func (p *printer) array(axis int, indent string, width int) string {
	lead, trail, dots := p.edges(axis)
	var b strings.Builder
	b.WriteByte('[')
	if axis == len(p.shape)-1 {
		p.row(&b, lead, trail, dots, indent, width-1)
	} else {
		sep := strings.Repeat("\n", len(p.shape)-axis-1)
		for i := range lead + trail {
			if i > 0 {
				b.WriteString(sep + indent)
			}
			if dots && i == lead {
				b.WriteString("..." + sep + indent)
			}
			b.WriteString(p.array(axis+1, indent+" ", width-1))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// row writes the elements of the last axis, broken into lines.
func (p *printer) row(b *strings.Builder, lead, trail int, dots bool, indent string, width int) {
	words := p.words[:lead+trail]
	p.words = p.words[lead+trail:]
	if dots {
		words = slices.Insert(slices.Clone(words), lead, "...")
	}
	used := len(indent)
	line := ""
	for i, word := range words {
		n := utf8.RuneCountInString(word)
		if used+n > width && used > len(indent) {
			b.WriteString(strings.TrimRightFunc(line, unicode.IsSpace) + "\n" + indent)
			line, used = "", len(indent)
		}
		line += word
		used += n
		if i < len(words)-1 {
			line += " "
			used++
		}
	}
	b.WriteString(line)
}
