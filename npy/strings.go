package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// decodeStrings splits the data of an S or U array into its elements, which
// lose the NULs they end in, as in NumPy: those are padding.
func decodeStrings(b []byte, l itemLayout) ([]string, error) {
	if len(b) == 0 {
		return []string{}, nil
	}
	n := len(b) / l.size
	strs := make([]string, n)
	if l.kind == 'S' {
		all := unsafe.String(unsafe.SliceData(b), len(b)) // b is ours, and nobody writes to it again
		for i := range strs {
			strs[i] = strings.TrimRight(all[i*l.size:(i+1)*l.size], "\x00")
		}
		return strs, nil
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if l.bigEndian {
		order = binary.BigEndian
	}
	// All the text is one piece of memory that the elements share.
	text := make([]byte, 0, len(b)/4)
	ends := make([]int, n)
	for i := range ends {
		item := b[i*l.size : (i+1)*l.size]
		for len(item) > 0 && order.Uint32(item[len(item)-4:]) == 0 {
			item = item[:len(item)-4]
		}
		for ; len(item) > 0; item = item[4:] {
			c := order.Uint32(item)
			if c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
				return nil, badFormat("element %d: %#x is no Unicode character", i, c)
			}
			text = utf8.AppendRune(text, rune(c))
		}
		ends[i] = len(text)
	}
	all, start := unsafe.String(unsafe.SliceData(text), len(text)), 0
	for i, end := range ends {
		strs[i] = all[start:end]
		start = end
	}
	return strs, nil
}

// stringsIn says how strs are stored: NumPy's letter and, for S and U, the
// bytes or characters of the longest.
func stringsIn(strs []string, layout StringLayout) (kind byte, width int, err error) {
	notText, endsInNUL, longest, mostRunes := -1, -1, 1, 1
	for i, s := range strs {
		if !utf8.ValidString(s) {
			notText = i
		}
		if strings.HasSuffix(s, "\x00") {
			endsInNUL = i
		}
		longest = max(longest, len(s))
		mostRunes = max(mostRunes, utf8.RuneCountInString(s))
	}
	if layout == AutoStrings {
		switch {
		case endsInNUL >= 0:
			layout = Objects
		case notText >= 0:
			layout = FixedBytes
		default:
			layout = Unicode
		}
	}
	switch {
	case layout == Objects:
		return 'O', 0, nil
	case endsInNUL >= 0:
		return 0, 0, fmt.Errorf("%w: element %d ends in NUL, which U and S would lose", ErrDType, endsInNUL)
	case layout == FixedBytes:
		return 'S', longest, nil
	case layout == Unicode && notText >= 0:
		return 0, 0, fmt.Errorf("%w: element %d is not UTF-8, so it cannot be U", ErrDType, notText)
	case layout == Unicode:
		return 'U', mostRunes, nil
	}
	return 0, 0, fmt.Errorf("%w: StringLayout(%d)", ErrDType, layout)
}

// writeStrings writes strs as S or U, a chunk at a time: padded they can be
// much larger than in memory.
func writeStrings(w io.Writer, strs []string, kind byte, width int) error {
	var chunk bytes.Buffer
	zeros := make([]byte, 4096)
	for _, s := range strs {
		pad := 0
		if kind == 'S' {
			chunk.WriteString(s)
			pad = width - len(s)
		} else {
			runes := 0
			for _, c := range s {
				chunk.Write(binary.NativeEndian.AppendUint32(chunk.AvailableBuffer(), uint32(c)))
				runes++
			}
			pad = 4 * (width - runes)
		}
		for pad > 0 {
			n := min(pad, len(zeros))
			chunk.Write(zeros[:n])
			pad -= n
			if chunk.Len() >= 1<<16 {
				if _, err := chunk.WriteTo(w); err != nil {
					return err
				}
			}
		}
		if chunk.Len() >= 1<<16 {
			if _, err := chunk.WriteTo(w); err != nil {
				return err
			}
		}
	}
	_, err := chunk.WriteTo(w)
	return err
}
