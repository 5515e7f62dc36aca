// Package tftype has TensorFlow's data types: their numbers, their names and
// the dtypes of the arrays that hold them. The numbers are part of TensorFlow's
// stable file format, so they are ours to write down.
package tftype

import (
	"fmt"
	"strings"

	"ndflow/npy"
)

// Ref is what a reference to a type of TensorFlow 1 adds to the type's number.
const Ref = 100

// types lists the types with the dtype their elements have in an array.
// Quantized types are their storage type; those with Invalid have no array
// form.
var types = [...]struct {
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

var (
	byDType = make(map[npy.DType]int) // quantized types left out
	byName  = make(map[string]int)
)

func init() {
	for n, t := range types {
		quantized := strings.HasPrefix(t.name, "q")
		if t.dtype != npy.Invalid && !quantized {
			byDType[t.dtype] = n
		}
		if t.name != "" {
			byName[t.name] = n
		}
	}
}

// Base returns the type that a reference is to; other types as they are.
func Base(n int) int {
	if n > Ref {
		return n - Ref
	}
	return n
}

func known(n int) bool { return n > 0 && n < len(types) }

// Name returns TensorFlow's name of a type, "float", "resource", "int32_ref".
func Name(n int) string {
	switch b := Base(n); {
	case !known(b):
		return fmt.Sprintf("DataType(%d)", n)
	case n > Ref:
		return types[b].name + "_ref"
	default:
		return types[b].name
	}
}

// DType returns the dtype of arrays that hold a type, npy.Invalid where there
// is none.
func DType(n int) npy.DType {
	if b := Base(n); known(b) {
		return types[b].dtype
	}
	return npy.Invalid
}

// Of returns the type that arrays of dtype d are fed as.
func Of(d npy.DType) (n int, ok bool) {
	n, ok = byDType[d]
	return n, ok
}

// Named returns the type with one of TensorFlow's names.
func Named(name string) (n int, ok bool) {
	plain, ref := strings.CutSuffix(name, "_ref")
	n, ok = byName[plain]
	if ok && ref {
		n += Ref
	}
	return n, ok
}
