package bench

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Summary is what many timings come down to.
type Summary struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"` // a quarter of the timings are below
	Q3     float64 `json:"q3"` // a quarter are above
}

func summarize(times []float64) Summary {
	v := slices.Sorted(slices.Values(times))
	return Summary{Median: quantile(v, 0.5), Q1: quantile(v, 0.25), Q3: quantile(v, 0.75)}
}

// quantile is that of sorted values, between two of them where it falls there. It
// is NaN where there are none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Ratio is how much longer one takes than another, and the interval that has the
// true ratio with a probability of 95 %.
type Ratio struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Includes1 reports whether the two may as well take the same time.
func (r Ratio) Includes1() bool { return r.Low <= 1 && 1 <= r.High }

// Inverse is the ratio the other way round.
func (r Ratio) Inverse() Ratio { return Ratio{Value: 1 / r.Value, Low: 1 / r.High, High: 1 / r.Low} }

// resamples is how often the bootstrap draws.
const resamples = 2000

// newRand makes the bootstrap's draws the same each time, so that a report is a
// function of its timings.
func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// pairedRatio is the median of the ratios of timings that were taken in the same
// rounds, which a machine whose speed drifts leaves alone.
func pairedRatio(a, b []float64) Ratio {
	n := min(len(a), len(b))
	ratios := make([]float64, n)
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	draw := make([]float64, n)
	return bootstrap(median(ratios), func(r *rand.Rand) float64 {
		resample(r, draw, ratios)
		return median(draw)
	})
}

// unpairedRatio is the ratio of the medians of timings taken at different times.
func unpairedRatio(a, b []float64) Ratio {
	drawA, drawB := make([]float64, len(a)), make([]float64, len(b))
	return bootstrap(median(slices.Clone(a))/median(slices.Clone(b)), func(r *rand.Rand) float64 {
		resample(r, drawA, a)
		resample(r, drawB, b)
		return median(drawA) / median(drawB)
	})
}

func bootstrap(value float64, draw func(*rand.Rand) float64) Ratio {
	r := newRand()
	values := make([]float64, resamples)
	for i := range values {
		values[i] = draw(r)
	}
	slices.Sort(values)
	return Ratio{Value: value, Low: quantile(values, 0.025), High: quantile(values, 0.975)}
}

// resample fills dst with draws from src, with replacement.
func resample(r *rand.Rand, dst, src []float64) {
	for i := range dst {
		dst[i] = src[r.IntN(len(src))]
	}
}

// median sorts v.
func median(v []float64) float64 {
	slices.Sort(v)
	return quantile(v, 0.5)
}
