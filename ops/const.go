package ops

import "ndflow/npy"

// Const makes a tensor of a's elements, a copy of at most 2 GiB.
func Const[T any](s *Scope[T], a *npy.Array) T {
	dtype := npy.Invalid
	if a != nil {
		dtype = a.DType()
	}
	return s.One(&Call[T]{Op: "Const", Attrs: []Attr{Tensor("value", a), Type("dtype", dtype)}})
}

// Value makes a tensor of one element without dimensions: ops.Value(s,
// float32(0.5)).
func Value[E npy.Element, T any](s *Scope[T], v E) T { return Const(s, npy.Scalar(v)) }

// Values makes a tensor with one dimension: ops.Values(s, int32(2), int32(3)).
func Values[E npy.Element, T any](s *Scope[T], v ...E) T {
	a, err := npy.From(v)
	if err != nil {
		s.Fail(err)
	}
	return Const(s, a)
}
