// Package dense gives arrays to gonum and takes its matrices back.
//
//	m, err := dense.Matrix(a)    // a *mat.Dense over a's own memory, if a is float64
//	a, err := dense.Array(m)     // and the way back
//
// Both lay out matrices row by row, so that float64 needs no copy: what is written
// to the one is in the other. Other dtypes are converted, and the matrix is then a
// copy; integers above 2^53 are rounded.
package dense

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// Matrix returns a two-dimensional array as a matrix. Of a float64 array it is the
// same memory: a mapped file's is read when it is used, must not be written to if
// the array is read-only, and is there as long as the array is reachable (see
// runtime.KeepAlive) and not released. Of every other dtype but strings and complex
// numbers, which are an npy.ErrDType, it is a copy; bools are 0 and 1.
//
// An array of any other number of dimensions, or with no elements, which gonum has
// no matrix for, is an npy.ErrShape: Reshape and Slice make it fit.
func Matrix(a *npy.Array) (*mat.Dense, error) {
	values, err := elements(a)
	if err != nil {
		return nil, err
	}
	if a.NDim() != 2 || a.Len() == 0 {
		return nil, fmt.Errorf("dense: %w: have %v, want two dimensions with elements", npy.ErrShape, a.Shape())
	}
	return mat.NewDense(a.Dim(0), a.Dim(1), values), nil
}

// Vector is [Matrix] for an array of one dimension.
func Vector(a *npy.Array) (*mat.VecDense, error) {
	values, err := elements(a)
	if err != nil {
		return nil, err
	}
	if a.NDim() != 1 || a.Len() == 0 {
		return nil, fmt.Errorf("dense: %w: have %v, want one dimension with elements", npy.ErrShape, a.Shape())
	}
	return mat.NewVecDense(a.Len(), values), nil
}

// Array returns a matrix as a float64 array of two dimensions, a vector as one of one
// dimension. It is the same memory if m is a *mat.Dense whose rows follow each other
// (its stride is its number of columns), or a *mat.VecDense whose elements do; else,
// for part of a larger matrix, a transposed one, or any other kind, a copy.
func Array(m mat.Matrix) (*npy.Array, error) {
	switch m := m.(type) {
	case nil:
		return nil, fmt.Errorf("dense: nil matrix")
	case *mat.Dense:
		raw := m.RawMatrix()
		if raw.Stride == raw.Cols {
			return wrap(raw.Data[:raw.Rows*raw.Cols], raw.Rows, raw.Cols)
		}
	case *mat.VecDense:
		raw := m.RawVector()
		if raw.Inc == 1 {
			return wrap(raw.Data[:raw.N], raw.N)
		}
	}
	if v, ok := m.(mat.Vector); ok {
		values := make([]float64, v.Len())
		for i := range values {
			values[i] = v.AtVec(i)
		}
		return wrap(values, len(values))
	}
	rows, cols := m.Dims()
	values := make([]float64, rows*cols)
	if rows*cols > 0 {
		mat.NewDense(rows, cols, values).Copy(m)
	}
	return wrap(values, rows, cols)
}

func wrap(values []float64, shape ...int) (*npy.Array, error) {
	if values == nil {
		values = []float64{}
	}
	a, err := npy.From(values, shape...)
	if err != nil {
		return nil, fmt.Errorf("dense: %w", err)
	}
	return a, nil
}

// elements returns an array's elements as float64: its own memory if they are.
func elements(a *npy.Array) ([]float64, error) {
	values, err := numbers.Float64s(a)
	if err != nil {
		return nil, fmt.Errorf("dense: %w", err)
	}
	return values, nil
}
