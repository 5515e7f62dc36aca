package tfc

// #include "capi.h"
import "C"

import (
	"fmt"

	"ndflow/npy"
)

// DataType is TensorFlow's TF_DataType. The numbers are part of TensorFlow's
// stable file format, so they are ours to write down.
type DataType int

// The data types that have a name of their own here; see [DataType.DType].
const (
	Float       DataType = 1
	StringType  DataType = 7
	Resource    DataType = 20
	Variant     DataType = 21
	refTypeBase          = 100 // a reference to type t of TensorFlow 1 is t+100
)

// dataTypes lists TensorFlow's types with the dtype their elements have in an
// array. Quantized types are their storage type; those with Invalid have no
// array form.
var dataTypes = map[DataType]struct {
	name  string
	dtype npy.DType
}{
	1: {"float", npy.Float32}, 2: {"double", npy.Float64}, 3: {"int32", npy.Int32},
	4: {"uint8", npy.Uint8}, 5: {"int16", npy.Int16}, 6: {"int8", npy.Int8},
	7: {"string", npy.String}, 8: {"complex64", npy.Complex64}, 9: {"int64", npy.Int64},
	10: {"bool", npy.Bool}, 11: {"qint8", npy.Int8}, 12: {"quint8", npy.Uint8},
	13: {"qint32", npy.Int32}, 14: {"bfloat16", npy.BFloat16}, 15: {"qint16", npy.Int16},
	16: {"quint16", npy.Uint16}, 17: {"uint16", npy.Uint16}, 18: {"complex128", npy.Complex128},
	19: {"half", npy.Float16}, 20: {"resource", npy.Invalid}, 21: {"variant", npy.Invalid},
	22: {"uint32", npy.Uint32}, 23: {"uint64", npy.Uint64},
	24: {"float8_e5m2", npy.Float8E5M2}, 25: {"float8_e4m3fn", npy.Float8E4M3FN},
	26: {"float8_e4m3fnuz", npy.Float8E4M3FNUZ}, 27: {"float8_e4m3b11fnuz", npy.Float8E4M3B11FNUZ},
	28: {"float8_e5m2fnuz", npy.Float8E5M2FNUZ},
	29: {"int4", npy.Int4}, 30: {"uint4", npy.Uint4}, 31: {"int2", npy.Int2},
	32: {"uint2", npy.Uint2}, 33: {"float4_e2m1fn", npy.Float4E2M1FN},
}

// fromDType is dataTypes the other way, quantized types left out.
var fromDType = func() map[npy.DType]DataType {
	m := make(map[npy.DType]DataType)
	for t, d := range dataTypes {
		quantized := t >= 11 && t <= 16 && t != 14
		if d.dtype != npy.Invalid && !quantized {
			m[d.dtype] = t
		}
	}
	return m
}()

// DataTypeOf returns the TensorFlow type that arrays of dtype d are fed as.
func DataTypeOf(d npy.DType) (DataType, error) {
	if t, ok := fromDType[d]; ok {
		return t, nil
	}
	return 0, fmt.Errorf("tfc: no TensorFlow type for dtype %v", d)
}

// DType returns the dtype of arrays that hold tensors of type t:
// npy.Invalid for types that have no array form (resource, variant). A
// quantized type gives its storage type, qint8 npy.Int8.
func (t DataType) DType() npy.DType { return dataTypes[t.base()].dtype }

// String returns TensorFlow's name of the type.
func (t DataType) String() string {
	d, ok := dataTypes[t.base()]
	switch {
	case !ok:
		return fmt.Sprintf("DataType(%d)", int(t))
	case t > refTypeBase:
		return d.name + "_ref"
	}
	return d.name
}

func (t DataType) base() DataType {
	if t > refTypeBase {
		return t - refTypeBase
	}
	return t
}
