package arrowio

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"ndflow/npy"
)

// lookUp resolves a dictionary: what pandas calls a categorical.
func (c *converter) lookUp(l *leaves) (*npy.Array, error) {
	dict, ok := l.ArrayData.(interface{ Dictionary() arrow.ArrayData })
	if !ok || dict.Dictionary() == nil {
		return nil, fmt.Errorf("%w: indices with no dictionary", npy.ErrFormat)
	}
	nulls := c.nulls
	words, err := c.convert(dict.Dictionary(), nil)
	if err != nil {
		return nil, fmt.Errorf("dictionary: %w", err)
	}
	defer words.Release()
	c.nulls = nulls // those in the dictionary count where they are used, and pandas has none
	if words.NDim() != 1 {
		return nil, fmt.Errorf("%w: a dictionary of lists", npy.ErrDType)
	}
	index, err := l.indices()
	if err != nil {
		return nil, err
	}
	for _, h := range l.holes {
		for i := h.lo; i < h.hi; i++ {
			index[i] = -1
		}
	}
	for i, at := range index { // of a null, -1
		if at >= int64(words.Len()) {
			return nil, fmt.Errorf("%w: value %d is word %d of a dictionary of %d", npy.ErrFormat, i, at, words.Len())
		}
	}
	a, err := npy.New(words.DType(), l.shape...)
	if err != nil {
		return nil, err
	}
	if words.DType() == npy.String {
		return a, gather[string](a, words, index)
	}
	size := words.DType().Size()
	for i, at := range index {
		if at >= 0 {
			copy(a.Bytes()[i*size:(i+1)*size], words.Bytes()[int(at)*size:])
		}
	}
	return a, punch(a, l.holes)
}

func gather[T npy.Element](a, words *npy.Array, index []int64) error {
	dst, err := npy.Values[T](a)
	if err != nil {
		return err
	}
	src, err := npy.Values[T](words)
	if err != nil {
		return err
	}
	for i, at := range index {
		if at >= 0 {
			dst[i] = src[at]
		}
	}
	return nil
}

// indices are those of a dictionary, of whichever integer type.
func (l *leaves) indices() ([]int64, error) {
	t, ok := l.typ.(*arrow.DictionaryType)
	if !ok {
		return nil, noDType(l.typ)
	}
	switch t.IndexType.ID() {
	case arrow.INT8:
		return widen[int8](l)
	case arrow.INT16:
		return widen[int16](l)
	case arrow.INT32:
		return widen[int32](l)
	case arrow.INT64:
		return widen[int64](l)
	case arrow.UINT8:
		return widen[uint8](l)
	case arrow.UINT16:
		return widen[uint16](l)
	case arrow.UINT32:
		return widen[uint32](l)
	case arrow.UINT64:
		return widen[uint64](l)
	}
	return nil, noDType(l.typ)
}

func widen[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](l *leaves) ([]int64, error) {
	v, err := slots[T](l.ArrayData, 1, l.at, l.n)
	if err != nil {
		return nil, err
	}
	index := make([]int64, len(v))
	for i, x := range v {
		if index[i] = int64(x); index[i] < 0 {
			index[i] = math.MaxInt64 // no word either, and told from a null
		}
	}
	return index, nil
}
