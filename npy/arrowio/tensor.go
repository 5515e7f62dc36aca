package arrowio

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"ndflow/npy"
)

// The names that Arrow's specification gives.
const (
	tensorName  = "arrow.fixed_shape_tensor"
	nameKey     = "ARROW:extension:name"
	metadataKey = "ARROW:extension:metadata"
)

// TensorType is Arrow's canonical extension type arrow.fixed_shape_tensor: each
// row is a tensor of the same shape, kept as one list of a fixed size. The type
// is not registered with arrow-go, as that is the program's affair; the readers
// of this package know it all the same.
type TensorType struct {
	arrow.ExtensionBase
	shape []int
}

// NewTensorType returns the type of tensors of that shape, with elements of that
// Arrow type. The shape must have at least one element, and no more than an
// int32 counts.
func NewTensorType(elem arrow.DataType, shape ...int) (*TensorType, error) {
	size, err := rowSize(shape)
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	return &TensorType{arrow.ExtensionBase{Storage: arrow.FixedSizeListOf(int32(size), elem)}, slices.Clone(shape)}, nil
}

// Shape returns a copy of the shape of one row.
func (t *TensorType) Shape() []int { return slices.Clone(t.shape) }

// ExtensionName is arrow.fixed_shape_tensor.
func (t *TensorType) ExtensionName() string { return tensorName }

// ArrayType is the type of [TensorArray].
func (t *TensorType) ArrayType() reflect.Type { return reflect.TypeFor[TensorArray]() }

func (t *TensorType) String() string {
	return fmt.Sprintf("extension<%s[value_type=%s, shape=%v]>", tensorName,
		t.Storage.(*arrow.FixedSizeListType).Elem(), t.shape)
}

// ExtensionEquals compares the storage and the shape.
func (t *TensorType) ExtensionEquals(other arrow.ExtensionType) bool {
	o, ok := other.(*TensorType)
	return ok && slices.Equal(t.shape, o.shape) && arrow.TypeEqual(t.Storage, o.Storage)
}

// Serialize gives the shape as the specification has it: {"shape":[2,3]}.
func (t *TensorType) Serialize() string { return tensorMetadata(t.shape) }

// Deserialize is the other way round.
func (t *TensorType) Deserialize(storage arrow.DataType, data string) (arrow.ExtensionType, error) {
	shape, err := tensorShape(storage, data)
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	return &TensorType{arrow.ExtensionBase{Storage: storage}, shape}, nil
}

// TensorArray is the array of a [TensorType].
type TensorArray struct{ array.ExtensionArrayBase }

func tensorMetadata(shape []int) string {
	b, _ := json.Marshal(struct { // integers cannot fail
		Shape []int `json:"shape"`
	}{shape})
	return string(b)
}

// tensorShape reads the metadata of a tensor type, and checks that the storage
// has as many elements.
func tensorShape(storage arrow.DataType, metadata string) ([]int, error) {
	list, ok := storage.(*arrow.FixedSizeListType)
	if !ok {
		return nil, fmt.Errorf("%w: a tensor that is stored as %v", npy.ErrFormat, storage)
	}
	var m struct {
		Shape       []int
		Permutation []int
	}
	if err := json.Unmarshal([]byte(metadata), &m); err != nil {
		return nil, fmt.Errorf("%w: metadata %.80q of a tensor: %w", npy.ErrFormat, metadata, err)
	}
	n := 1
	for _, d := range m.Shape {
		if d < 1 || d > math.MaxInt32/n {
			return nil, fmt.Errorf("%w: a tensor of shape %v", npy.ErrFormat, m.Shape)
		}
		n *= d
	}
	if int32(n) != list.Len() {
		return nil, fmt.Errorf("%w: a tensor of shape %v in lists of %d elements", npy.ErrFormat, m.Shape, list.Len())
	}
	for i, p := range m.Permutation {
		if p != i {
			return nil, fmt.Errorf("%w: a tensor whose axes lie in the order %v, want rows in row-major order", npy.ErrFormat, m.Permutation)
		}
	}
	return m.Shape, nil
}
