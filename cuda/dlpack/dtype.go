package dlpack

// #include "dlpack.h"
import "C"

import "ndflow/npy"

// kind is DLPack's way to name a type.
type kind struct{ code, bits uint8 }

var kinds = map[npy.DType]kind{
	npy.Bool: {C.kDLBool, 8},
	npy.Int2: {C.kDLInt, 2}, npy.Int4: {C.kDLInt, 4}, npy.Int8: {C.kDLInt, 8},
	npy.Int16: {C.kDLInt, 16}, npy.Int32: {C.kDLInt, 32}, npy.Int64: {C.kDLInt, 64},
	npy.Uint2: {C.kDLUInt, 2}, npy.Uint4: {C.kDLUInt, 4}, npy.Uint8: {C.kDLUInt, 8},
	npy.Uint16: {C.kDLUInt, 16}, npy.Uint32: {C.kDLUInt, 32}, npy.Uint64: {C.kDLUInt, 64},
	npy.Float16: {C.kDLFloat, 16}, npy.BFloat16: {C.kDLBfloat, 16},
	npy.Float32: {C.kDLFloat, 32}, npy.Float64: {C.kDLFloat, 64},
	npy.Complex64: {C.kDLComplex, 64}, npy.Complex128: {C.kDLComplex, 128},
	npy.Float8E4M3FN: {C.kDLFloat8_e4m3fn, 8}, npy.Float8E5M2: {C.kDLFloat8_e5m2, 8},
	npy.Float8E4M3FNUZ: {C.kDLFloat8_e4m3fnuz, 8}, npy.Float8E4M3B11FNUZ: {C.kDLFloat8_e4m3b11fnuz, 8},
	npy.Float8E5M2FNUZ: {C.kDLFloat8_e5m2fnuz, 8}, npy.Float4E2M1FN: {C.kDLFloat4_e2m1fn, 4},
}

// dtypes is the other way round.
var dtypes = func() map[kind]npy.DType {
	m := make(map[kind]npy.DType, len(kinds))
	for dtype, k := range kinds {
		m[k] = dtype
	}
	return m
}()
