package text

import (
	"errors"
	"fmt"
	"math"

	"ndflow/npy"
)

// sink collects the elements of an array. The errors of its methods say what was
// wrong with an element, and not where.
type sink interface {
	number(n *number) error
	truth(b bool) error
	text(s []byte) error // s may change afterwards
	null() error
	// array returns what was collected since it was last called.
	array(shape []int) (*npy.Array, error)
}

// sinkOf returns a sink for a given dtype.
func sinkOf(d npy.DType) (sink, error) {
	switch d {
	case npy.Bool:
		return &bools{}, nil
	case npy.String:
		return &texts{}, nil
	case npy.Float32:
		return &floats[float32]{dtype: d, of: (*number).float32, nan: float32(math.NaN())}, nil
	case npy.Float64:
		return &floats[float64]{dtype: d, of: (*number).float64, nan: math.NaN()}, nil
	case npy.Float16:
		return halves(d, npy.F16FromFloat32, npy.F16.Float32), nil
	case npy.BFloat16:
		return halves(d, npy.BF16FromFloat32, npy.BF16.Float32), nil
	case npy.Float8E4M3FN:
		return halves(d, npy.F8E4M3FNFromFloat32, npy.F8E4M3FN.Float32), nil
	case npy.Float8E5M2:
		return halves(d, npy.F8E5M2FromFloat32, npy.F8E5M2.Float32), nil
	case npy.Int8:
		return &integers[int8]{dtype: d, lo: math.MinInt8, hi: math.MaxInt8}, nil
	case npy.Int16:
		return &integers[int16]{dtype: d, lo: math.MinInt16, hi: math.MaxInt16}, nil
	case npy.Int32:
		return &integers[int32]{dtype: d, lo: math.MinInt32, hi: math.MaxInt32}, nil
	case npy.Int64:
		return &integers[int64]{dtype: d, lo: math.MinInt64, hi: math.MaxInt64}, nil
	case npy.Uint8:
		return &integers[uint8]{dtype: d, hi: math.MaxUint8}, nil
	case npy.Uint16:
		return &integers[uint16]{dtype: d, hi: math.MaxUint16}, nil
	case npy.Uint32:
		return &integers[uint32]{dtype: d, hi: math.MaxUint32}, nil
	case npy.Uint64:
		return &integers[uint64]{dtype: d, hi: math.MaxUint64}, nil
	case npy.Int4:
		return &integers[npy.I4]{dtype: d, lo: -8, hi: 7}, nil
	case npy.Uint4:
		return &integers[npy.U4]{dtype: d, hi: 15}, nil
	case npy.Int2:
		return &integers[npy.I2]{dtype: d, lo: -2, hi: 1}, nil
	case npy.Uint2:
		return &integers[npy.U2]{dtype: d, hi: 3}, nil
	}
	return nil, fmt.Errorf("%w: cannot read text as %v", npy.ErrDType, d)
}

// take is what array does for elements that are a slice. Where the next batch is
// likely to be as long, its room is made at once.
func take[T npy.Element](values *[]T, shape []int) (*npy.Array, error) {
	v := *values
	*values = nil
	if v == nil {
		v = []T{}
	}
	if len(v) > 1<<16/8 && cap(v) > len(v)+len(v)/4 {
		v = append(make([]T, 0, len(v)), v...) // what append has over is not kept
	}
	return npy.From(v, shape...)
}

type floats[T float32 | float64] struct {
	values []T
	dtype  npy.DType
	of     func(*number) (T, bool)
	nan    T
}

func (s *floats[T]) number(n *number) error {
	v, ok := s.of(n)
	if !ok {
		return n.notIn(s.dtype)
	}
	s.values = append(s.values, v)
	return nil
}

func (s *floats[T]) text(b []byte) error {
	if v, ok := specials[string(b)]; ok {
		s.values = append(s.values, T(v))
		return nil
	}
	return fmt.Errorf("have text %.40q, want a number", b)
}

func (s *floats[T]) null() error {
	s.values = append(s.values, s.nan)
	return nil
}

func (s *floats[T]) truth(bool) error                      { return errors.New("have a bool, want a number") }
func (s *floats[T]) array(shape []int) (*npy.Array, error) { return take(&s.values, shape) }

// narrow is for the floats that are read as float32 and kept as their bits.
type narrow[T npy.Element] struct {
	floats[float32]
	round func(float32) T
	back  func(T) float32
}

func halves[T npy.Element](d npy.DType, round func(float32) T, back func(T) float32) sink {
	return &narrow[T]{
		floats: floats[float32]{dtype: d, of: (*number).float32, nan: float32(math.NaN())},
		round:  round, back: back,
	}
}

func (s *narrow[T]) number(n *number) error {
	if err := s.floats.number(n); err != nil {
		return err
	}
	v := s.values[len(s.values)-1]
	if b := s.back(s.round(v)); v-v == 0 && b-b != 0 {
		return n.notIn(s.dtype)
	}
	return nil
}

func (s *narrow[T]) array(shape []int) (*npy.Array, error) {
	out := make([]T, len(s.values))
	for i, v := range s.values {
		out[i] = s.round(v)
	}
	s.values = s.values[:0]
	return take(&out, shape)
}

type integers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | npy.I4 | npy.U4 | npy.I2 | npy.U2] struct {
	values []T
	dtype  npy.DType
	lo     int64
	hi     uint64
}

func (s *integers[T]) number(n *number) error {
	v, ok := n.integerIn(s.lo, s.hi)
	if !ok {
		return n.notIn(s.dtype)
	}
	s.values = append(s.values, T(v))
	return nil
}

func (s *integers[T]) truth(bool) error { return errors.New("have a bool, want a number") }
func (s *integers[T]) null() error      { return fmt.Errorf("no value, and %v has none", s.dtype) }
func (s *integers[T]) text(b []byte) error {
	return fmt.Errorf("have text %.40q, want a number", b)
}
func (s *integers[T]) array(shape []int) (*npy.Array, error) { return take(&s.values, shape) }

type bools struct{ values []bool }

func (s *bools) truth(b bool) error {
	s.values = append(s.values, b)
	return nil
}

func (s *bools) number(n *number) error {
	return fmt.Errorf("have the number %.40s, want true or false", n.describe())
}
func (s *bools) text(b []byte) error                   { return fmt.Errorf("have text %.40q, want true or false", b) }
func (s *bools) null() error                           { return errors.New("no value, want true or false") }
func (s *bools) array(shape []int) (*npy.Array, error) { return take(&s.values, shape) }

// texts keeps strings in one piece of memory, which they share in the end.
type texts struct {
	all  []byte
	ends []int
}

func (s *texts) text(b []byte) error {
	s.all = append(s.all, b...)
	s.ends = append(s.ends, len(s.all))
	return nil
}

func (s *texts) number(n *number) error {
	return fmt.Errorf("have the number %.40s, want text", n.describe())
}
func (s *texts) truth(b bool) error { return fmt.Errorf("have %v, want text", b) }
func (s *texts) null() error        { return errors.New("no value, want text") }

func (s *texts) array(shape []int) (*npy.Array, error) {
	values, all, start := make([]string, len(s.ends)), string(s.all), 0
	for i, end := range s.ends {
		values[i] = all[start:end]
		start = end
	}
	s.all, s.ends = s.all[:0], s.ends[:0]
	return npy.From(values, shape...)
}

// nothing takes all and keeps none.
type nothing struct{}

func (nothing) number(*number) error { return nil }
func (nothing) truth(bool) error     { return nil }
func (nothing) text([]byte) error    { return nil }
func (nothing) null() error          { return nil }
func (nothing) array([]int) (*npy.Array, error) {
	return nil, errors.New("nothing was kept")
}
