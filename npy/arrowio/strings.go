package arrowio

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"ndflow/npy"
)

// strings copies the text once: the elements share that copy, so that no claim of
// a file's makes it more.
func (l *leaves) strings() (*npy.Array, error) {
	var strs []string
	var err error
	switch t := l.typ.(type) {
	case *arrow.StringType, *arrow.BinaryType:
		strs, err = offsetStrings[int32](l)
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		strs, err = offsetStrings[int64](l)
	case *arrow.FixedSizeBinaryType:
		strs, err = fixedStrings(l, t.ByteWidth)
	default:
		strs, err = viewStrings(l)
	}
	if err != nil {
		return nil, err
	}
	return npy.From(strs, l.shape...)
}

func offsetStrings[O int32 | int64](l *leaves) ([]string, error) {
	if l.n == 0 {
		return []string{}, nil // whose offsets may be missing
	}
	offsets, err := slots[O](l.ArrayData, 1, l.at, l.n+1)
	if err != nil {
		return nil, err
	}
	b, err := bytesOf(l.ArrayData, 2)
	if err != nil {
		return nil, err
	}
	first, last := int64(offsets[0]), int64(offsets[l.n])
	if first < 0 || last < first || last > int64(len(b)) {
		return nil, fmt.Errorf("%w: strings at bytes %d to %d of %d", npy.ErrFormat, first, last, len(b))
	}
	text := string(b[first:last])
	strs := make([]string, l.n)
	for i := range strs {
		lo, hi := int64(offsets[i])-first, int64(offsets[i+1])-first
		if lo < 0 || hi < lo || hi > int64(len(text)) {
			return nil, fmt.Errorf("%w: string %d at bytes %d to %d of %d", npy.ErrFormat, i, lo, hi, len(text))
		}
		strs[i] = text[lo:hi]
	}
	return strs, nil
}

func fixedStrings(l *leaves, width int) ([]string, error) {
	b, err := bytesOf(l.ArrayData, 1)
	if err != nil {
		return nil, err
	}
	if width < 1 || l.at > len(b)/width || l.n > len(b)/width-l.at {
		return nil, fmt.Errorf("%w: a buffer of %d bytes for %d strings of %d bytes", npy.ErrFormat, len(b), l.n, width)
	}
	text := string(b[l.at*width : (l.at+l.n)*width])
	strs := make([]string, l.n)
	for i := range strs {
		strs[i] = text[i*width : (i+1)*width]
	}
	return strs, nil
}

// viewStrings reads the kind of strings of which the short ones lie in a header
// of sixteen bytes, and the others in one of many buffers.
func viewStrings(l *leaves) ([]string, error) {
	headers, err := slots[[16]byte](l.ArrayData, 1, l.at, l.n)
	if err != nil {
		return nil, err
	}
	texts := make([]string, max(len(l.Buffers())-2, 0))
	for i := range texts {
		b, err := bytesOf(l.ArrayData, i+2)
		if err != nil {
			return nil, err
		}
		texts[i] = string(b)
	}
	strs := make([]string, l.n)
	for i := range headers {
		h := headers[i][:]
		size := int64(int32(binary.NativeEndian.Uint32(h)))
		if size >= 0 && size <= 12 {
			strs[i] = string(h[4 : 4+size])
			continue
		}
		buffer, at := int64(int32(binary.NativeEndian.Uint32(h[8:]))), int64(int32(binary.NativeEndian.Uint32(h[12:])))
		if size < 0 || buffer < 0 || at < 0 || buffer >= int64(len(texts)) || at+size > int64(len(texts[buffer])) {
			return nil, fmt.Errorf("%w: string %d at bytes %d to %d of buffer %d", npy.ErrFormat, i, at, at+size, buffer)
		}
		strs[i] = texts[buffer][at : at+size]
	}
	return strs, nil
}
