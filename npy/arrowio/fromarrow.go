package arrowio

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"

	"ndflow/npy"
)

// ErrNull is the error of a column that has a null where none can be: an
// npy.Array has a value in every place.
var ErrNull = errors.New("nulls in the column")

// FromArrow returns an Arrow array as an npy.Array. Lists of a fixed size,
// however nested, and tensors ([TensorType], or whatever the program registered
// as arrow.fixed_shape_tensor) become further dimensions, as do other lists if
// all are of one length.
//
// Numbers are shared, not copied: the npy.Array is read-only, retains Arrow's
// memory, and gives it back with its own Release, or when the garbage collector
// finds it. Copied are bools, which are bits in Arrow; strings (utf8, binary,
// their large and their view kinds); dictionaries, which are resolved; and what
// does not lie at a multiple of its size. TensorFlow takes the memory in place if
// it lies at a multiple of [npy.Align]: Arrow's allocators see to that, a slice
// in the middle of an array may not.
//
// Nulls are an [ErrNull], or become NaN with [NullsAsNaN]. Types that npy has no
// dtype for (times, decimals, structs, maps, unions) are an npy.ErrDType.
func FromArrow(arr arrow.Array, opts ...Option) (a *npy.Array, err error) {
	if arr == nil {
		return nil, errNil
	}
	defer name("", &err)
	defer guard(&err)
	c := converter{options: optionsOf(opts)}
	return c.convert(arr.Data(), nil)
}

// Arrays returns the columns of a record batch, each as [FromArrow] gives it.
// [Columns] picks some.
func Arrays(batch arrow.RecordBatch, opts ...Option) (arrays []*npy.Array, err error) {
	if batch == nil {
		return nil, errors.New("arrowio: nil record batch")
	}
	defer name("", &err)
	defer guard(&err)
	c := converter{options: optionsOf(opts)}
	s := schemaOf(batch.Schema())
	picked, err := s.pick(c.columns)
	if err != nil {
		return nil, err
	}
	for _, i := range picked {
		a, err := c.convert(batch.Column(i).Data(), s.tensors[i])
		if err != nil {
			for _, a := range arrays {
				a.Release()
			}
			return nil, fmt.Errorf("column %q: %w", s.columns[i].Name, err)
		}
		arrays = append(arrays, a)
	}
	return arrays, nil
}

// converter makes npy.Arrays of Arrow's data, none of which it trusts.
type converter struct {
	options
	whole *npy.Array // the mapped file that the data may lie in
	nulls int        // how many became NaN
}

// leaves is what an array comes down to below its lists: n elements, from the
// one at on, of which the rows have that shape.
type leaves struct {
	arrow.ArrayData
	typ   arrow.DataType // what to take the data for
	at, n int
	shape []int
	holes []hole // what is null, from the first of the n elements on
}

// DataType is the storage's, where that of the data is an extension.
func (l *leaves) DataType() arrow.DataType { return l.typ }

// convert returns data as an array. A tensor that has lost its extension type
// comes with its shape.
func (c *converter) convert(data arrow.ArrayData, tensor []int) (*npy.Array, error) {
	l := &leaves{ArrayData: data, typ: data.DataType(), at: data.Offset(), n: data.Len(), shape: []int{data.Len()}}
	if l.at < 0 || l.n < 0 {
		return nil, fmt.Errorf("%w: %d values from value %d on", npy.ErrFormat, l.n, l.at)
	}
	if err := l.descend(tensor); err != nil {
		return nil, err
	}
	if err := c.findNulls(l); err != nil {
		return nil, err
	}
	switch id := l.typ.ID(); id {
	case arrow.BOOL:
		return l.bools()
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW, arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return l.strings()
	case arrow.DICTIONARY:
		return c.lookUp(l)
	default:
		if numbers[id] == npy.Invalid {
			return nil, noDType(l.typ)
		}
		return c.number(l)
	}
}

func noDType(t arrow.DataType) error {
	return fmt.Errorf("%w: have %v, for which npy has none", npy.ErrDType, t)
}

// descend goes down through lists and extension types, to the elements. Every
// level is checked against the next: a file may say anything.
func (l *leaves) descend(tensor []int) error {
	if tensor != nil {
		return l.descendTensor(tensor)
	}
	var values arrow.ArrayData
	if len(l.Children()) > 0 {
		values = l.Children()[0]
	}
	lo, size := 0, 0
	switch t := l.typ.(type) {
	case arrow.ExtensionType:
		l.typ = t.StorageType()
		if t.ExtensionName() == tensorName {
			row, err := tensorShape(l.typ, t.Serialize())
			if err != nil {
				return err
			}
			return l.descendTensor(row)
		}
		return l.descend(nil)
	case *arrow.FixedSizeListType:
		size = int(t.Len())
		if values == nil || size < 1 || l.at > values.Len()/size || l.n > values.Len()/size-l.at {
			return fmt.Errorf("%w: %d lists of %d values are more than there are", npy.ErrFormat, l.n, size)
		}
		if err := l.findHoles(size); err != nil {
			return err
		}
		lo = l.at * size
	case *arrow.ListType:
		var err error
		if lo, size, err = equalLists[int32](l, values); err != nil {
			return err
		}
	case *arrow.LargeListType:
		var err error
		if lo, size, err = equalLists[int64](l, values); err != nil {
			return err
		}
	default:
		return nil
	}
	if values.Offset() < 0 || values.Len() < 0 {
		return fmt.Errorf("%w: %d values from value %d on", npy.ErrFormat, values.Len(), values.Offset())
	}
	l.ArrayData, l.typ, l.at, l.n, l.shape = values, values.DataType(), values.Offset()+lo, l.n*size, append(l.shape, size)
	return l.descend(nil)
}

// descendTensor is descend for lists that are tensors of that shape.
func (l *leaves) descendTensor(row []int) error {
	shape, want := slices.Concat(l.shape, row), l.n
	for _, d := range row {
		want *= d
	}
	if err := l.descend(nil); err != nil {
		return err
	}
	if l.n != want {
		return fmt.Errorf("%w: %d values for tensors %v", npy.ErrFormat, l.n, shape)
	}
	l.shape = shape
	return nil
}

// equalLists returns where the values of lists begin and how many each has, which
// must be as many in all of them.
func equalLists[O int32 | int64](l *leaves, values arrow.ArrayData) (lo, size int, err error) {
	if values == nil {
		return 0, 0, fmt.Errorf("%w: lists with no values", npy.ErrFormat)
	}
	if err := l.findHoles(0); err != nil {
		return 0, 0, err
	}
	if len(l.holes) > 0 {
		return 0, 0, fmt.Errorf("%w: list %d is null", ErrNull, l.holes[0].lo)
	}
	if l.n == 0 {
		return 0, 0, nil
	}
	offsets, err := slots[O](l.ArrayData, 1, l.at, l.n+1)
	if err != nil {
		return 0, 0, err
	}
	first := offsets[1] - offsets[0]
	for i := range l.n {
		if have := offsets[i+1] - offsets[i]; have != first {
			return 0, 0, fmt.Errorf("%w: list %d has %d values and list 0 has %d; an array wants as many in each", npy.ErrShape, i, have, first)
		}
	}
	if first < 0 || offsets[0] < 0 || int64(offsets[l.n]) > int64(values.Len()) {
		return 0, 0, fmt.Errorf("%w: lists that end at value %d of %d", npy.ErrFormat, offsets[l.n], values.Len())
	}
	return int(offsets[0]), int(first), nil
}

// slots is a range of the values of a buffer of fixed width.
func slots[T any](data arrow.ArrayData, buffer, at, n int) ([]T, error) {
	b, err := bytesOf(data, buffer)
	if err != nil {
		return nil, err
	}
	var zero T
	size := int(unsafe.Sizeof(zero))
	if at < 0 || n < 0 || at > len(b)/size || n > len(b)/size-at {
		return nil, fmt.Errorf("%w: a buffer of %d bytes for %d values of %v", npy.ErrFormat, len(b), n, data.DataType())
	}
	if n == 0 {
		return nil, nil
	}
	b = b[at*size:]
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%unsafe.Alignof(zero) != 0 {
		b = slices.Clone(b[:n*size]) // Go's allocator aligns
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n), nil
}

func bytesOf(data arrow.ArrayData, buffer int) ([]byte, error) {
	if buffer >= len(data.Buffers()) {
		return nil, fmt.Errorf("%w: %v with %d buffers", npy.ErrFormat, data.DataType(), len(data.Buffers()))
	}
	if b := data.Buffers()[buffer]; b != nil {
		return b.Bytes(), nil
	}
	return nil, nil
}

// number shares the elements of a type of fixed width, unless nulls have to be
// replaced or the place suits no Go value.
func (c *converter) number(l *leaves) (*npy.Array, error) {
	dtype := numbers[l.DataType().ID()]
	size := dtype.Size()
	b, err := bytesOf(l.ArrayData, 1)
	if err != nil {
		return nil, err
	}
	if l.at > len(b)/size || l.n > len(b)/size-l.at {
		return nil, fmt.Errorf("%w: a buffer of %d bytes for %d values of %v", npy.ErrFormat, len(b), l.n, dtype)
	}
	b = b[l.at*size : (l.at+l.n)*size : (l.at+l.n)*size]
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	if l.holes != nil || at%uintptr(size) != 0 || len(b) == 0 {
		a, err := npy.New(dtype, l.shape...)
		if err != nil {
			return nil, err
		}
		copy(a.Bytes(), b)
		return a, punch(a, l.holes)
	}
	if w := c.whole; w != nil {
		if start := uintptr(unsafe.Pointer(unsafe.SliceData(w.Bytes()))); at >= start && at-start < uintptr(w.Len()) {
			return w.Part(dtype, l.shape, int(at-start))
		}
	}
	owner := l.ArrayData
	owner.Retain()
	a, err := npy.External(dtype, l.shape, b, true, owner.Release)
	if err != nil {
		owner.Release()
	}
	return a, err
}

func (l *leaves) bools() (*npy.Array, error) {
	bits, err := bytesOf(l.ArrayData, 1)
	if err != nil {
		return nil, err
	}
	if l.at > 8*len(bits) || l.n > 8*len(bits)-l.at {
		return nil, fmt.Errorf("%w: a buffer of %d bytes for %d bits", npy.ErrFormat, len(bits), l.n)
	}
	a, err := npy.New(npy.Bool, l.shape...)
	if err != nil {
		return nil, err
	}
	v, err := npy.Values[bool](a)
	if err != nil {
		return nil, err
	}
	unpackBits(v, bits, l.at)
	return a, nil
}
