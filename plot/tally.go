package plot

import (
	"fmt"
	"math"
	"strings"

	"ndflow/internal/letters"
)

// tally is what is counted of elements in every pass.
type tally struct {
	n, zeros, negative, nans, infs int64
	finite                         int64
	min, max                       float64
	mean, squares                  float64 // squares of the distances from the mean
}

// add counts values, few enough to be gone through twice.
func (t *tally) add(values []float64) {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	if sum-sum == 0 {
		t.addFinite(values)
		return
	}
	finite := make([]float64, 0, len(values))
	for _, v := range values {
		switch {
		case v-v == 0:
			finite = append(finite, v)
		case v != v:
			t.nans++
		default:
			t.infs++
		}
	}
	t.n += int64(len(values) - len(finite))
	t.addFinite(finite)
}

// addFinite is add for finite values. Four sums go on side by side, as none has to wait
// for the others.
func (t *tally) addFinite(values []float64) {
	if len(values) == 0 {
		return
	}
	n := int64(len(values))
	p := tally{n: n, finite: n, min: values[0], max: values[0]}
	var sums, squares [4]float64
	for i, v := range values {
		sums[i&3] += v
		if v < p.min {
			p.min = v
		}
		if v > p.max {
			p.max = v
		}
		sign := int64(math.Float64bits(v) >> 63) // signs are as good as random, and no branch likes that
		p.negative += sign
		if v == 0 {
			p.zeros++
			p.negative -= sign
		}
	}
	p.mean = (sums[0]/float64(n) + sums[1]/float64(n)) + (sums[2]/float64(n) + sums[3]/float64(n))
	for i, v := range values {
		d := v - p.mean
		squares[i&3] += d * d
	}
	p.squares = (squares[0] + squares[1]) + (squares[2] + squares[3])
	t.join(p)
}

func (t *tally) join(p tally) {
	t.n, t.zeros, t.negative, t.nans, t.infs = t.n+p.n, t.zeros+p.zeros, t.negative+p.negative, t.nans+p.nans, t.infs+p.infs
	switch {
	case p.finite == 0:
	case t.finite == 0:
		t.finite, t.min, t.max, t.mean, t.squares = p.finite, p.min, p.max, p.mean, p.squares
	default:
		a, b := float64(t.finite), float64(p.finite)
		d := p.mean - t.mean
		t.mean += d * (b / (a + b))
		t.squares += p.squares + d*d*(a/(a+b))*b
		t.finite += p.finite
		t.min, t.max = min(t.min, p.min), max(t.max, p.max)
	}
}

func (t *tally) bins() Bins {
	b := Bins{
		Elements: t.n, Zeros: t.zeros, NaNs: t.nans, Infs: t.infs, Negative: t.negative, Finite: t.finite,
		Min: math.NaN(), Max: math.NaN(), Mean: math.NaN(), Std: math.NaN(),
	}
	if t.finite > 0 {
		b.Min, b.Max, b.Mean, b.Std = t.min, t.max, t.mean, math.Sqrt(t.squares/float64(t.finite))
	}
	return b
}

// left says how many elements are not in the picture, and why: "2 NaN, 1 Inf left
// out"; nothing if there are none.
func left(nans, infs int64) string {
	var parts []string
	if nans > 0 {
		parts = append(parts, fmt.Sprintf("%s NaN", letters.Group(nans)))
	}
	if infs > 0 {
		parts = append(parts, fmt.Sprintf("%s Inf", letters.Group(infs)))
	}
	if parts == nil {
		return ""
	}
	return strings.Join(parts, " and ") + " left out"
}
