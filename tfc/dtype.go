package tfc

import (
	"fmt"

	"ndflow/internal/tftype"
	"ndflow/npy"
)

// DataType is TensorFlow's TF_DataType.
type DataType int

// The data types that have a name of their own here; see [DataType.DType].
const (
	Float      DataType = 1
	StringType DataType = 7
	Resource   DataType = 20
	Variant    DataType = 21
)

// DataTypeOf returns the TensorFlow type that arrays of dtype d are fed as.
func DataTypeOf(d npy.DType) (DataType, error) {
	if t, ok := tftype.Of(d); ok {
		return DataType(t), nil
	}
	return 0, fmt.Errorf("tfc: no TensorFlow type for dtype %v", d)
}

// DType returns the dtype of arrays that hold tensors of type t:
// npy.Invalid for types that have no array form (resource, variant). A
// quantized type gives its storage type, qint8 npy.Int8.
func (t DataType) DType() npy.DType { return tftype.DType(int(t)) }

// String returns TensorFlow's name of the type.
func (t DataType) String() string { return tftype.Name(int(t)) }

// base returns the type that a reference is to.
func (t DataType) base() DataType { return DataType(tftype.Base(int(t))) }
