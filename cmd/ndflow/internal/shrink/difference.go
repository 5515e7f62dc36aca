package shrink

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// difference adds up how far the batches of an output are from the first ones.
type difference struct {
	elements, equal   int
	rows, sameTop     int // of those that have scores to compare
	most, total       float64
	noise, signal     float64
	have, want, cross float64 // for the cosine
	broken            int     // not finite, where the other is
}

func (d *difference) add(have, want *npy.Array) error {
	if have.DType() != want.DType() || !slices.Equal(have.Shape(), want.Shape()) {
		return fmt.Errorf("have %v %v, and %v %v without quantization: its shape hangs on the weights, so that it cannot be compared",
			have.DType(), have.Shape(), want.DType(), want.Shape())
	}
	d.elements += want.Len()
	if !isFloat(want.DType()) {
		d.equal += equalElements(have, want)
		return nil
	}
	a, err := numbers.Float64s(have)
	if err != nil {
		return err
	}
	b, err := numbers.Float64s(want)
	if err != nil {
		return err
	}
	for i, x := range a {
		d.addOne(x, b[i])
	}
	if want.NDim() >= 2 {
		if n := want.Dim(want.NDim() - 1); n > 1 {
			for i := 0; i < len(a); i += n {
				d.rows++
				if top(a[i:i+n]) == top(b[i:i+n]) {
					d.sameTop++
				}
			}
		}
	}
	return nil
}

func (d *difference) addOne(x, y float64) {
	if x == y || x != x && y != y {
		d.equal++
		if y-y != 0 { // an infinity or a NaN would drown the rest
			return
		}
	} else if x-x != 0 || y-y != 0 {
		d.broken++
		return
	}
	e := math.Abs(x - y)
	d.most = max(d.most, e)
	d.total += e
	d.noise += e * e
	d.signal += y * y
	d.have += x * x
	d.want += y * y
	d.cross += x * y
}

// top is the index of the greatest, the first of equal ones.
func top(v []float64) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}

func equalElements(a, b *npy.Array) int {
	n := 0
	if a.DType() == npy.String {
		x, _ := npy.Values[string](a)
		y, _ := npy.Values[string](b)
		for i := range x {
			if x[i] == y[i] {
				n++
			}
		}
		return n
	}
	size := a.DType().Size()
	x, y := a.Bytes(), b.Bytes()
	for i := 0; i < len(x); i += size {
		if bytes.Equal(x[i:i+size], y[i:i+size]) {
			n++
		}
	}
	return n
}

// output says what was added up.
func (d *difference) output(name string, dtype npy.DType) Output {
	o := Output{Name: name, DType: dtype.String(), Elements: d.elements, Equal: part(d.equal, d.elements), NotFinite: d.broken}
	if !isFloat(dtype) {
		return o
	}
	o.SNR, o.MaxError = decibels(d.signal, d.noise), &d.most
	mean := 0.0
	if d.elements > 0 {
		mean = d.total / float64(d.elements)
	}
	o.MeanError = &mean
	if d.have > 0 && d.want > 0 {
		cosine := d.cross / math.Sqrt(d.have) / math.Sqrt(d.want)
		o.Cosine = &cosine
	}
	if d.rows > 0 {
		same := part(d.sameTop, d.rows)
		o.Top1 = &same
	}
	return o
}

func part(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// decibels is the ratio of signal and noise, nil where there is no noise.
func decibels(signal, noise float64) *float64 {
	if noise == 0 {
		return nil
	}
	db := 10 * math.Log10(signal/noise)
	if math.IsInf(db, 0) {
		db = -200 // no signal at all
	}
	return &db
}
