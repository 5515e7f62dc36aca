package npy

import "fmt"

// DType is the type of an array's elements. The zero value is Invalid.
type DType uint8

// The dtypes. Half-precision and narrower floats are kept as their bits; see
// [F16], [BF16] and the F8 types for conversions. What has fewer than eight bits
// takes one byte an element, as in TensorFlow and in the ml_dtypes package.
const (
	Invalid DType = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float16
	BFloat16
	Float32
	Float64
	Complex64
	Complex128
	String
	Float8E4M3FN
	Float8E5M2
	Int4
	Uint4
	Float8E4M3FNUZ
	Float8E4M3B11FNUZ
	Float8E5M2FNUZ
	Float4E2M1FN
	Int2
	Uint2
	numDTypes
)

// Element types for dtypes that Go has no type for. Each holds the bits.
type (
	F16      uint16 // IEEE 754 binary16
	BF16     uint16 // the upper half of a float32
	F8E4M3FN uint8  // 4 exponent bits, 3 mantissa bits, no infinities
	F8E5M2   uint8  // 5 exponent bits, 2 mantissa bits
	I4       int8   // -8..7
	U4       uint8  // 0..15

	F8E4M3FNUZ    uint8 // 4 exponent bits, 3 mantissa bits, one NaN, no infinities, no -0
	F8E4M3B11FNUZ uint8 // the same, with exponent bias 11
	F8E5M2FNUZ    uint8 // 5 exponent bits, 2 mantissa bits, one NaN, no infinities, no -0
	F4E2M1FN      uint8 // 2 exponent bits, 1 mantissa bit, in the low half of the byte
	I2            int8  // -2..1
	U2            uint8 // 0..3
)

// Element is the set of Go types that an array's memory can be seen as.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		F16 | BF16 | float32 | float64 | complex64 | complex128 | string |
		F8E4M3FN | F8E5M2 | I4 | U4 |
		F8E4M3FNUZ | F8E4M3B11FNUZ | F8E5M2FNUZ | F4E2M1FN | I2 | U2
}

var dtypes = [numDTypes]struct {
	name string
	size int
}{
	Invalid:      {"invalid", 0},
	Bool:         {"bool", 1},
	Int8:         {"int8", 1},
	Int16:        {"int16", 2},
	Int32:        {"int32", 4},
	Int64:        {"int64", 8},
	Uint8:        {"uint8", 1},
	Uint16:       {"uint16", 2},
	Uint32:       {"uint32", 4},
	Uint64:       {"uint64", 8},
	Float16:      {"float16", 2},
	BFloat16:     {"bfloat16", 2},
	Float32:      {"float32", 4},
	Float64:      {"float64", 8},
	Complex64:    {"complex64", 8},
	Complex128:   {"complex128", 16},
	String:       {"string", 0},
	Float8E4M3FN: {"float8_e4m3fn", 1},
	Float8E5M2:   {"float8_e5m2", 1},
	Int4:         {"int4", 1},
	Uint4:        {"uint4", 1},

	Float8E4M3FNUZ:    {"float8_e4m3fnuz", 1},
	Float8E4M3B11FNUZ: {"float8_e4m3b11fnuz", 1},
	Float8E5M2FNUZ:    {"float8_e5m2fnuz", 1},
	Float4E2M1FN:      {"float4_e2m1fn", 1},
	Int2:              {"int2", 1},
	Uint2:             {"uint2", 1},
}

// String returns NumPy's name of the dtype ("float32"), or ml_dtypes' name
// where NumPy has none ("bfloat16").
func (d DType) String() string {
	if d >= numDTypes {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Size returns the bytes one element takes; 0 for String and Invalid, whose
// elements have no fixed size.
func (d DType) Size() int {
	if d >= numDTypes {
		return 0
	}
	return dtypes[d].size
}

// Valid reports whether d is one of the dtypes of this package.
func (d DType) Valid() bool { return d > Invalid && d < numDTypes }

// ParseDType returns the dtype with the given name, as [DType.String] writes it.
func ParseDType(name string) (DType, error) {
	for d := Bool; d < numDTypes; d++ {
		if dtypes[d].name == name {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("npy: unknown dtype %q", name)
}

// TypeOf returns the dtype whose elements are of type T.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Bool
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case F16:
		return Float16
	case BF16:
		return BFloat16
	case float32:
		return Float32
	case float64:
		return Float64
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	case string:
		return String
	case F8E4M3FN:
		return Float8E4M3FN
	case F8E5M2:
		return Float8E5M2
	case I4:
		return Int4
	case U4:
		return Uint4
	case F8E4M3FNUZ:
		return Float8E4M3FNUZ
	case F8E4M3B11FNUZ:
		return Float8E4M3B11FNUZ
	case F8E5M2FNUZ:
		return Float8E5M2FNUZ
	case F4E2M1FN:
		return Float4E2M1FN
	case I2:
		return Int2
	case U2:
		return Uint2
	}
	return Invalid
}
