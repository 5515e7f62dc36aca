package stat

import (
	"math"

	"ndflow/npy"
)

// part is what is known of some of the elements.
type part struct {
	n, zeros, nans, negInfs, posInfs int64

	// Of those that are finite:
	finite   int64
	min, max float64
	exact    extremes // of 64-bit integers, as is less
	less     func(a, b uint64) bool
	sum      twoSum
	squares  float64 // of the distances from the mean
}

// twoSum is a sum and what it is too small by.
type twoSum struct{ sum, rest float64 }

func (t *twoSum) add(x float64) {
	s := t.sum + x
	b := s - t.sum
	t.rest += (t.sum - (s - b)) + (x - b)
	t.sum = s
}

func (t twoSum) value() float64 {
	if v := t.sum + t.rest; !math.IsNaN(v) {
		return v
	}
	return t.sum // which has overflown
}

func (p *part) mean() float64 { return p.sum.value() / float64(p.finite) }

// add puts the elements of q behind those of p.
func (p *part) add(q part) {
	n, zeros, nans := p.n+q.n, p.zeros+q.zeros, p.nans+q.nans
	neg, pos := p.negInfs+q.negInfs, p.posInfs+q.posInfs
	switch {
	case q.finite == 0:
	case p.finite == 0:
		*p = q
	default:
		p.join(q)
	}
	p.n, p.zeros, p.nans, p.negInfs, p.posInfs = n, zeros, nans, neg, pos
}

// join is add for what is finite.
func (p *part) join(q part) {
	a, b := float64(p.finite), float64(q.finite)
	delta := q.mean() - p.mean()
	p.squares += q.squares + delta*delta*(a/(a+b))*b
	p.sum.add(q.sum.sum)
	p.sum.rest += q.sum.rest
	p.finite += q.finite
	p.min, p.max = min(p.min, q.min), max(p.max, q.max)
	if p.less != nil {
		if p.less(q.exact.least, p.exact.least) {
			p.exact.least = q.exact.least
		}
		if p.less(p.exact.greatest, q.exact.greatest) {
			p.exact.greatest = q.exact.greatest
		}
	}
}

func (p *part) summary(dtype npy.DType) Summary {
	nan, inf := math.NaN(), math.Inf(1)
	s := Summary{
		Count: p.n, Zeros: p.zeros, NaNs: p.nans, Infs: p.negInfs + p.posInfs,
		Min: nan, Max: nan, Mean: nan, Std: nan, dtype: dtype, exact: p.exact,
	}
	if p.finite > 0 {
		s.Min, s.Max, s.Mean = p.min, p.max, p.mean()
		s.Std = math.Sqrt(p.squares / float64(p.finite))
		if math.IsNaN(s.Std) {
			s.Std = inf // the squares have overflown
		}
	}
	if p.negInfs > 0 {
		s.Min, s.Mean, s.Std = -inf, -inf, nan
		if p.finite+p.posInfs == 0 {
			s.Max = -inf
		}
	}
	if p.posInfs > 0 {
		s.Max, s.Std = inf, nan
		if p.finite+p.negInfs == 0 {
			s.Min = inf
		}
		if s.Mean = inf; p.negInfs > 0 {
			s.Mean = nan
		}
	}
	return s
}
