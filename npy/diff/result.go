package diff

import (
	"math"
	"math/bits"

	"ndflow/npy"
)

// Options say what is close enough.
type Options struct {
	Abs float64 // what two numbers may differ by
	Rel float64 // and this part of the second number's size besides
	// NaNDiffers makes a NaN differ from another one at the same place.
	NaNDiffers bool
}

// Result is how two arrays differ.
type Result struct {
	DTypes   [2]npy.DType
	Shape    []int
	Elements int64

	Equal     int64 // pairs of equal numbers, or strings; NaNs are not with them
	Different int64 // pairs that are not equal
	Beyond    int64 // pairs that are not close, of which First is the first
	First     Place

	// NaNs at one side only, which are in none of the figures below, are the
	// difference that counts most.
	OneNaN   int64
	FirstNaN Place
	BothNaN  int64 // at both, which are equal

	Max      float64 // the largest |a-b|; infinite where one side is
	MaxAt    Place
	Mean     float64 // of all that are finite
	Relative float64 // the largest |a-b|/|b| where b is not 0
	RelAt    Place
	MeanRel  float64 // of all that are finite

	// Decades counts the pairs whose difference is in [10^e, 10^(e+1)).
	Decades  map[int]int64
	Infinite int64 // pairs whose difference is infinite

	ULPs *ULPs // nil unless both are floats, or both complex numbers, of one dtype
}

// Place is where a pair is, and what it is.
type Place struct {
	Index []int // nil where there is no such pair
	A, B  string
}

// ULPs says how many numbers of the dtype lie between those of a pair, plus one: 1 is
// the nearest neighbour. Of complex numbers the part that differs more counts.
type ULPs struct {
	Max   uint64
	MaxAt Place
	// Counts[0] is of the pairs that are equal, Counts[1] of those with a distance of
	// 1, Counts[i] of those in (2^(i-2), 2^(i-1)].
	Counts [66]int64
}

// Same reports whether all pairs are close.
func (r *Result) Same() bool { return r.Beyond == 0 }

// bucket is the place of a distance in [ULPs.Counts].
func bucket(ulps uint64) int {
	if ulps == 0 {
		return 0
	}
	return bits.Len64(ulps-1) + 1
}

// powers are those of ten from 10^-323, the first that float64 holds, on.
var powers = func() (list [632]float64) {
	for i := range list {
		list[i] = math.Pow(10, float64(i-323))
	}
	return list
}()

// decade is e of the decade [10^e, 10^(e+1)) that x > 0 is in.
func decade(x float64) int {
	_, exp := math.Frexp(x)
	e := int(math.Floor(float64(exp-1) * 0.301029995663981))
	e = max(-324, min(e, 308))
	if e < 308 && x >= powers[e+1+323] {
		e++
	}
	return e
}
