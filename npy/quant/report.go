package quant

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"ndflow/npy"
)

// Report says how far quantized elements are from what they were.
type Report struct {
	Elements  int     // how many there are
	SNR       float64 // signal to noise, of the squares, in dB; +Inf where there is no error
	MaxError  float64 // the largest difference
	MeanError float64 // the mean of the differences' sizes
	Saturated float64 // the part of the elements that were outside of the range, 0 to 1
}

// Report compares the array with the floats that it was made of, or any others of
// its shape. The errors are those of [Params.Quantize].
func (q *Array) Report(original *npy.Array) (Report, error) {
	r, err := q.report(original)
	if err != nil {
		return Report{}, fmt.Errorf("quant: %w", err)
	}
	return r, nil
}

func (q *Array) report(original *npy.Array) (Report, error) {
	src, err := newSource(original)
	if err != nil {
		return Report{}, err
	}
	if have, want := original.Shape(), q.Values.Shape(); !slices.Equal(have, want) {
		return Report{}, fmt.Errorf("%w: have %v %v, want shape %v", npy.ErrShape, original.DType(), have, want)
	}
	f, err := q.floats()
	if err != nil {
		return Report{}, err
	}
	defer runtime.KeepAlive(original)
	defer runtime.KeepAlive(q.Values)
	var (
		lock sync.Mutex
		all  errorSums
		half = make([]float32, f.l.entries())
	)
	for i := range half {
		half[i] = 0.501 * q.scale[f.l.channel(i)]
	}
	parallel(f.l.n, func(lo, hi int) {
		var own errorSums
		buffer, have := src.buffer(), make([]float32, chunk)
		chunks(lo, hi, chunk, func(lo, hi int) {
			want, have := src.at(lo, hi, buffer), have[:hi-lo]
			f.read(have, lo)
			f.l.walk(lo, hi, func(from, to, entry int) {
				own.add(have[from-lo:to-lo], want[from-lo:to-lo], half[entry:], f.l.striped)
			})
		})
		lock.Lock()
		defer lock.Unlock()
		all.join(own)
	})
	if all.noise != all.noise || math.IsInf(all.signal, 0) {
		return Report{}, src.notFinite(f.l, func(x float32) bool { return x-x != 0 })
	}
	return all.report(f.l.n), nil
}

// errorSums is what a report is made of.
type errorSums struct {
	signal, noise, total, most float64
	saturated                  int
}

// add compares elements. More than half a step away are those that the range does
// not hold.
func (s *errorSums) add(have, want, half []float32, stripes bool) {
	for i, x := range want {
		k := 0
		if stripes {
			k = i
		}
		e := math.Abs(float64(x) - float64(have[i]))
		s.signal += float64(x) * float64(x)
		s.noise += e * e
		s.total += e
		s.most = max(s.most, e)
		if e > float64(half[k]) {
			s.saturated++
		}
	}
}

func (s *errorSums) join(t errorSums) {
	s.signal += t.signal
	s.noise += t.noise
	s.total += t.total
	s.most = max(s.most, t.most)
	s.saturated += t.saturated
}

func (s *errorSums) report(n int) Report {
	r := Report{Elements: n, SNR: math.Inf(1), MaxError: s.most}
	if n > 0 {
		r.MeanError, r.Saturated = s.total/float64(n), float64(s.saturated)/float64(n)
	}
	if s.noise > 0 {
		r.SNR = 10 * math.Log10(s.signal/s.noise)
	}
	return r
}
