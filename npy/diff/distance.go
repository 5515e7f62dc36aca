package diff

import (
	"math"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// distancer fills d with |a-b| of the pairs from at on, and ref with |b|.
type distancer func(d, ref []float64, at int)

func distancesOf(a, b *npy.Array) (distancer, error) {
	if isComplex(a) || isComplex(b) {
		return complexDistances(a, b)
	}
	x, err := numbers.Of(a)
	if err != nil {
		return nil, err
	}
	y, err := numbers.Of(b)
	if err != nil {
		return nil, err
	}
	if isLong(a) && numbers.Whole(b.DType()) || isLong(b) && numbers.Whole(a.DType()) {
		return longDistances(a, b, x, y)
	}
	return func(d, ref []float64, at int) {
		x.Read(d, at)
		y.Read(ref, at)
		for i, q := range ref {
			p := d[i]
			d[i], ref[i] = distance(p, q), math.Abs(q)
		}
	}, nil
}

func distance(p, q float64) float64 {
	switch {
	case p == q:
		return 0
	case p != p && q != q:
		return bothNaN
	}
	return math.Abs(p - q)
}

func isComplex(a *npy.Array) bool { return a.DType() == npy.Complex64 || a.DType() == npy.Complex128 }
func isLong(a *npy.Array) bool    { return a.DType() == npy.Int64 || a.DType() == npy.Uint64 }

// whole is an integer of 64 bits, or of fewer.
type whole struct {
	negative bool
	size     uint64
}

// longDistances is for integers that float64 does not hold all of.
func longDistances(a, b *npy.Array, x, y *numbers.Reader) (distancer, error) {
	p, err := wholes(a, x)
	if err != nil {
		return nil, err
	}
	q, err := wholes(b, y)
	if err != nil {
		return nil, err
	}
	return func(d, ref []float64, at int) {
		var as, bs [numbers.Piece]whole
		p(as[:len(d)], at)
		q(bs[:len(d)], at)
		for i := range d {
			d[i], ref[i] = apart(as[i], bs[i]), float64(bs[i].size)
		}
	}, nil
}

func apart(p, q whole) float64 {
	switch {
	case p.negative != q.negative:
		return float64(p.size) + float64(q.size)
	case p.size > q.size:
		return float64(p.size - q.size)
	}
	return float64(q.size - p.size)
}

func signed(v int64) whole {
	if v < 0 {
		return whole{true, -uint64(v)}
	}
	return whole{false, uint64(v)}
}

func wholes(a *npy.Array, r *numbers.Reader) (func(dst []whole, at int), error) {
	switch a.DType() {
	case npy.Int64:
		v, err := npy.Values[int64](a)
		return func(dst []whole, at int) {
			for i, x := range v[at : at+len(dst)] {
				dst[i] = signed(x)
			}
		}, err
	case npy.Uint64:
		v, err := npy.Values[uint64](a)
		return func(dst []whole, at int) {
			for i, x := range v[at : at+len(dst)] {
				dst[i] = whole{false, x}
			}
		}, err
	}
	return func(dst []whole, at int) {
		var v [numbers.Piece]float64
		r.Read(v[:len(dst)], at)
		for i := range dst {
			dst[i] = signed(int64(v[i]))
		}
	}, nil
}

func complexDistances(a, b *npy.Array) (distancer, error) {
	p, err := complexes(a)
	if err != nil {
		return nil, err
	}
	q, err := complexes(b)
	if err != nil {
		return nil, err
	}
	return func(d, ref []float64, at int) {
		for i := range d {
			x, y := p(at+i), q(at+i)
			re, im := distance(real(x), real(y)), distance(imag(x), imag(y))
			ref[i] = math.Hypot(real(y), imag(y))
			switch {
			case re != re || im != im:
				d[i] = math.NaN()
			case re == bothNaN || im == bothNaN:
				d[i] = bothNaN
				if re > 0 || im > 0 {
					d[i] = math.NaN() // the part that is a number differs
				}
			default:
				d[i] = math.Hypot(re, im)
			}
		}
	}, nil
}

// complexes reads an element as a complex number.
func complexes(a *npy.Array) (func(at int) complex128, error) {
	switch a.DType() {
	case npy.Complex64:
		v, err := npy.Values[complex64](a)
		return func(at int) complex128 { return complex128(v[at]) }, err
	case npy.Complex128:
		v, err := npy.Values[complex128](a)
		return func(at int) complex128 { return v[at] }, err
	}
	r, err := numbers.Of(a)
	return func(at int) complex128 {
		var v [1]float64
		r.Read(v[:], at)
		return complex(v[0], 0)
	}, err
}
