package npy

import "fmt"

// AsFloat32 returns the elements as float32, in new Go memory, of an array of
// one of the narrow floats: Float16, BFloat16 and those called Float8 and
// Float4. That is exact. A Float32 array is returned as it is, with no copy. Any other
// dtype is an [ErrDType].
func (a *Array) AsFloat32() (*Array, error) {
	switch {
	case a == nil:
		return nil, errNil
	case a.dtype == Float32:
		return a, nil
	case a.released():
		return nil, fmt.Errorf("npy: %w", ErrReleased)
	}
	switch a.dtype {
	case Float16:
		return convert(a, Float32, F16.Float32)
	case BFloat16:
		return convert(a, Float32, BF16.Float32)
	case Float8E4M3FN:
		return convert(a, Float32, F8E4M3FN.Float32)
	case Float8E5M2:
		return convert(a, Float32, F8E5M2.Float32)
	case Float8E4M3FNUZ:
		return convert(a, Float32, F8E4M3FNUZ.Float32)
	case Float8E4M3B11FNUZ:
		return convert(a, Float32, F8E4M3B11FNUZ.Float32)
	case Float8E5M2FNUZ:
		return convert(a, Float32, F8E5M2FNUZ.Float32)
	case Float4E2M1FN:
		return convert(a, Float32, F4E2M1FN.Float32)
	}
	return nil, fmt.Errorf("npy: %w: have %v, want float16, bfloat16, float8 or float32", ErrDType, a.dtype)
}

// Narrow returns the elements of a Float32 array as Float16, BFloat16,
// Float8E4M3FN or Float8E5M2, in new Go memory, each rounded to the nearest.
func (a *Array) Narrow(dtype DType) (*Array, error) {
	switch {
	case a == nil:
		return nil, errNil
	case a.dtype != Float32:
		return nil, fmt.Errorf("npy: %w: have %v, want float32", ErrDType, a.dtype)
	case a.released():
		return nil, fmt.Errorf("npy: %w", ErrReleased)
	}
	switch dtype {
	case Float16:
		return convert(a, dtype, F16FromFloat32)
	case BFloat16:
		return convert(a, dtype, BF16FromFloat32)
	case Float8E4M3FN:
		return convert(a, dtype, F8E4M3FNFromFloat32)
	case Float8E5M2:
		return convert(a, dtype, F8E5M2FromFloat32)
	}
	return nil, fmt.Errorf("npy: %w: have %v to narrow to, want float16, bfloat16, float8_e4m3fn or float8_e5m2", ErrDType, dtype)
}

func convert[S, D Element](a *Array, dtype DType, f func(S) D) (*Array, error) {
	defer keepAlive(a)
	out, err := New(dtype, a.shape...)
	if err != nil {
		return nil, err
	}
	src, err := Values[S](a)
	if err != nil {
		return nil, err
	}
	dst, err := Values[D](out)
	if err != nil {
		return nil, err
	}
	for i, v := range src {
		dst[i] = f(v)
	}
	return out, nil
}

// View returns the same memory as elements of another dtype of the same size:
// a file's uint16 as [F16], say. Nothing is converted. A size that differs,
// strings, and Bool (of which not every byte is one) are an [ErrDType].
func (a *Array) View(dtype DType) (*Array, error) {
	if a == nil {
		return nil, errNil
	}
	if dtype == a.dtype {
		v := *a
		return &v, nil
	}
	if !dtype.Valid() || dtype == Bool || dtype.Size() != a.dtype.Size() || a.dtype == String {
		return nil, fmt.Errorf("npy: %w: cannot see %v as %v", ErrDType, a.dtype, dtype)
	}
	v := *a
	v.dtype = dtype
	return &v, nil
}
