package arrowio

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"ndflow/npy"
	"ndflow/npy/table"
)

var errNil = errors.New("arrowio: nil array")

// ToArrow returns an array as Arrow's: a primitive array if it has one
// dimension, lists of a fixed size if it has two, and a [TensorType]'s array if
// it has more. The caller must call Release on it.
//
// Numbers are shared, not copied: a is held (see [npy.Array.Hold]) until Arrow's
// last reference is released, and must not be written to meanwhile, as Arrow's
// arrays do not change. Bools are copied into bits, strings into one piece of
// memory (utf8, or large_utf8 where that is more than 2 GiB), and dtypes that
// Arrow does not have are widened as [Stored] says. Strings have to be valid
// UTF-8, or are an npy.ErrDType.
func ToArrow(a *npy.Array) (arrow.Array, error) {
	if a == nil {
		return nil, errNil
	}
	arr, err := toArrow(a, asTensor)
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	return arr, nil
}

// How toArrow goes about it.
type mode uint8

const (
	asTensor mode = 1 << iota // an extension type, not the lists that it consists of
	inFull                    // buffers that end at a multiple of npy.Align, copied where they would not
)

func toArrow(a *npy.Array, how mode) (arrow.Array, error) {
	if a.NDim() == 0 {
		return nil, fmt.Errorf("%w: have a 0-d array, want at least one dimension: use Reshape(1)", npy.ErrShape)
	}
	a, err := storable(a)
	if err != nil {
		return nil, err
	}
	row := a.Shape()[1:]
	size, err := rowSize(row)
	if err != nil {
		return nil, err
	}
	data, err := elements(a, how)
	if err != nil {
		return nil, err
	}
	defer func() { data.Release() }()
	wrap := func(t arrow.DataType, n int, child *array.Data) *array.Data {
		defer child.Release()
		return array.NewData(t, n, []*memory.Buffer{nil}, []arrow.ArrayData{child}, 0, 0)
	}
	if isTensor(a.DType(), row) {
		data = wrap(arrow.FixedSizeListOf(int32(size), data.DataType()), a.Dim(0), data)
		if how&asTensor == 0 {
			return array.MakeFromData(data), nil
		}
		storage := array.MakeFromData(data)
		defer storage.Release()
		t, err := NewTensorType(data.DataType().(*arrow.FixedSizeListType).Elem(), row...)
		if err != nil {
			return nil, err
		}
		return array.NewExtensionArrayWithStorage(t, storage), nil
	}
	n := a.Len()
	for i := len(row) - 1; i >= 0; i-- {
		n /= row[i]
		data = wrap(arrow.FixedSizeListOf(int32(row[i]), data.DataType()), n, data)
	}
	return array.MakeFromData(data), nil
}

// elements is all of a's elements, as if it had one dimension.
func elements(a *npy.Array, how mode) (*array.Data, error) {
	switch a.DType() {
	case npy.String:
		return stringData(a)
	case npy.Bool:
		return boolData(a)
	}
	buf, err := share(a)
	if err == nil && how&inFull != 0 && buf.Len()%npy.Align != 0 {
		b := make([]byte, padded(buf.Len()))
		copy(b, buf.Bytes())
		buf.Release()
		buf = memory.NewBufferBytes(b)
	}
	if err != nil {
		return nil, err
	}
	defer buf.Release()
	return array.NewData(plain[a.DType()], a.Len(), []*memory.Buffer{nil, buf}, nil, 0, 0), nil
}

// share is a's memory, held until the buffer is released for the last time.
func share(a *npy.Array) (*memory.Buffer, error) {
	if err := a.Hold(); err != nil {
		return nil, err
	}
	return memory.NewBufferWithAllocator(a.Bytes(), &holder{memory.NewGoAllocator(), a}), nil
}

// holder is what a shared buffer takes for its allocator: freeing lets go of the
// array.
type holder struct {
	memory.Allocator
	a *npy.Array
}

func (h *holder) Free([]byte) { h.a.Unhold() }

func boolData(a *npy.Array) (*array.Data, error) {
	if err := a.Hold(); err != nil {
		return nil, err
	}
	defer a.Unhold()
	v, err := npy.Values[bool](a)
	if err != nil {
		return nil, err
	}
	bits := make([]byte, padded((len(v)+7)/8))
	packBits(bits, v)
	runtime.KeepAlive(a)
	return array.NewData(plain[npy.Bool], len(v), []*memory.Buffer{nil, memory.NewBufferBytes(bits)}, nil, 0, 0), nil
}

func stringData(a *npy.Array) (*array.Data, error) {
	strs, err := npy.Values[string](a)
	if err != nil {
		return nil, err
	}
	total := 0
	for i, s := range strs {
		if !utf8.ValidString(s) {
			return nil, fmt.Errorf("%w: element %d is %.40q, which is no UTF-8 text, as Arrow's strings are", npy.ErrDType, i, s)
		}
		total += len(s)
	}
	text := make([]byte, 0, padded(total))
	if total <= math.MaxInt32 {
		return textData[int32](arrow.BinaryTypes.String, strs, text), nil
	}
	return textData[int64](arrow.BinaryTypes.LargeString, strs, text), nil
}

func textData[O int32 | int64](t arrow.DataType, strs []string, text []byte) *array.Data {
	offsets := make([]O, len(strs)+1)
	for i, s := range strs {
		text = append(text, s...)
		offsets[i+1] = O(len(text))
	}
	at := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(offsets))), len(offsets)*int(unsafe.Sizeof(offsets[0])))
	return array.NewData(t, len(strs), []*memory.Buffer{nil, memory.NewBufferBytes(at), memory.NewBufferBytes(text)}, nil, 0, 0)
}

// padded is n, up to a multiple of what Arrow likes its buffers to be aligned to.
func padded(n int) int { return (n + npy.Align - 1) &^ (npy.Align - 1) }

// RecordBatch returns arrays with the same number of rows as one record batch,
// each as [ToArrow] gives it. The caller must call Release on it. Arrays of
// unequal length are an npy.ErrShape that names both.
func RecordBatch(names []string, arrays []*npy.Array) (arrow.RecordBatch, error) {
	r, err := table.Of(names, arrays)
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	fields := make([]arrow.Field, len(arrays))
	cols := make([]arrow.Array, 0, len(arrays))
	defer func() { release(cols) }()
	for i, a := range arrays {
		col, err := toArrow(a, asTensor)
		if err != nil {
			return nil, fmt.Errorf("arrowio: column %q: %w", names[i], err)
		}
		cols = append(cols, col)
		fields[i] = arrow.Field{Name: names[i], Type: col.DataType(), Nullable: true}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, r.Rows()), nil
}

func release(arrays []arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}
