package arrowio

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"ndflow/npy"
	"ndflow/npy/table"
)

// plain are the dtypes that Arrow has too.
var plain = map[npy.DType]arrow.DataType{
	npy.Bool:    arrow.FixedWidthTypes.Boolean,
	npy.Int8:    arrow.PrimitiveTypes.Int8,
	npy.Int16:   arrow.PrimitiveTypes.Int16,
	npy.Int32:   arrow.PrimitiveTypes.Int32,
	npy.Int64:   arrow.PrimitiveTypes.Int64,
	npy.Uint8:   arrow.PrimitiveTypes.Uint8,
	npy.Uint16:  arrow.PrimitiveTypes.Uint16,
	npy.Uint32:  arrow.PrimitiveTypes.Uint32,
	npy.Uint64:  arrow.PrimitiveTypes.Uint64,
	npy.Float16: arrow.FixedWidthTypes.Float16,
	npy.Float32: arrow.PrimitiveTypes.Float32,
	npy.Float64: arrow.PrimitiveTypes.Float64,
	npy.String:  arrow.BinaryTypes.String,
}

// numbers are the dtypes of Arrow's types of fixed width, but bool, whose values
// are bits.
var numbers = map[arrow.Type]npy.DType{
	arrow.INT8:    npy.Int8,
	arrow.INT16:   npy.Int16,
	arrow.INT32:   npy.Int32,
	arrow.INT64:   npy.Int64,
	arrow.UINT8:   npy.Uint8,
	arrow.UINT16:  npy.Uint16,
	arrow.UINT32:  npy.Uint32,
	arrow.UINT64:  npy.Uint64,
	arrow.FLOAT16: npy.Float16,
	arrow.FLOAT32: npy.Float32,
	arrow.FLOAT64: npy.Float64,
}

// Stored returns what a column becomes in Arrow and Parquet: the same, or with
// a wider dtype where these have none of its own, which note then says. What
// they cannot hold is an npy.ErrDType or an npy.ErrShape.
//
//	bfloat16, float8_*, float4_*     float32
//	int4, int2                       int8
//	uint4, uint2                     uint8
//	complex64, complex128            refused
func Stored(c table.Column) (as table.Column, note string, err error) {
	as = c
	if as.DType, err = storedDType(c.DType); err != nil {
		return as, "", fmt.Errorf("arrowio: column %q: %w", c.Name, err)
	}
	if _, err := rowSize(c.Shape); err != nil {
		return as, "", fmt.Errorf("arrowio: column %q: %w", c.Name, err)
	}
	if as.DType != c.DType {
		note = fmt.Sprintf("column %q is %v, which Arrow does not have, and is stored as %v", c.Name, c.DType, as.DType)
	}
	return as, note, nil
}

func storedDType(d npy.DType) (npy.DType, error) {
	if plain[d] != nil {
		return d, nil
	}
	switch d {
	case npy.BFloat16, npy.Float8E4M3FN, npy.Float8E5M2, npy.Float8E4M3FNUZ, npy.Float8E4M3B11FNUZ,
		npy.Float8E5M2FNUZ, npy.Float4E2M1FN:
		return npy.Float32, nil
	case npy.Int4, npy.Int2:
		return npy.Int8, nil
	case npy.Uint4, npy.Uint2:
		return npy.Uint8, nil
	case npy.Complex64, npy.Complex128:
		return npy.Invalid, fmt.Errorf("%w: have %v, for which Arrow has no type; store the real and the imaginary parts as two columns", npy.ErrDType, d)
	}
	return npy.Invalid, fmt.Errorf("%w: have %v, for which Arrow has no type", npy.ErrDType, d)
}

// storable returns a with the dtype that [Stored] says.
func storable(a *npy.Array) (*npy.Array, error) {
	d, err := storedDType(a.DType())
	switch {
	case err != nil:
		return nil, err
	case d == a.DType():
		return a, nil
	case d == npy.Float32:
		return a.AsFloat32()
	}
	return a.View(d)
}

// rowSize returns how many elements a row of that shape has. Arrow's lists have
// from one element to as many as an int32 counts.
func rowSize(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("%w: negative dimension in rows of shape %v", npy.ErrShape, shape)
		case d == 0:
			return 0, fmt.Errorf("%w: have rows of shape %v, with no elements; Arrow's lists of a fixed size have at least one", npy.ErrShape, shape)
		case d > math.MaxInt32/n:
			return 0, fmt.Errorf("%w: have rows of shape %v, want no more than 2147483647 elements a row", npy.ErrShape, shape)
		}
		n *= d
	}
	return n, nil
}

// isTensor reports whether the rows of a column are kept as a tensor: those of two
// dimensions and more, of numbers. Rows of one dimension are a list of a fixed
// size, which every tool reads.
func isTensor(dtype npy.DType, shape []int) bool { return len(shape) > 1 && dtype != npy.String }

// listOf is the type of rows of that shape of which elem are the elements. A row
// of many dimensions is one list, but a list of lists if it is of strings, of
// which Arrow has no tensors.
func listOf(elem arrow.DataType, dtype npy.DType, shape []int) (arrow.DataType, error) {
	size, err := rowSize(shape)
	if err != nil {
		return nil, err
	}
	switch {
	case len(shape) == 0:
		return elem, nil
	case isTensor(dtype, shape):
		return arrow.FixedSizeListOf(int32(size), elem), nil
	}
	for i := len(shape) - 1; i >= 0; i-- {
		elem = arrow.FixedSizeListOf(int32(shape[i]), elem)
	}
	return elem, nil
}
