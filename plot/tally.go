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
	p := tally{n: int64(len(values)), min: math.Inf(1), max: math.Inf(-1)}
	sum := 0.0
	for _, v := range values {
		if v-v != 0 {
			if v != v {
				p.nans++
			} else {
				p.infs++
			}
			continue
		}
		sum += v
		if v < p.min {
			p.min = v
		}
		if v > p.max {
			p.max = v
		}
		if v == 0 {
			p.zeros++
		} else if v < 0 {
			p.negative++
		}
	}
	p.finite = p.n - p.nans - p.infs
	if p.finite > 0 {
		p.mean = sum / float64(p.finite)
		for _, v := range values {
			if d := v - p.mean; d-d == 0 {
				p.squares += d * d
			}
		}
	}
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
