package quant

import "golang.org/x/sys/cpu"

var haveAVX2 = cpu.X86.HasAVX2

// quantizeVectors does quantizeLoop's work for the first done elements, a multiple
// of lanes.
func quantizeVectors(dst []byte, src []float32, t *table, stripes, away bool) (done int, nan bool) {
	n := len(src) / lanes
	if !haveAVX2 || n == 0 {
		return 0, false
	}
	_ = dst[n*lanes-1]
	factorStep, zeroStep := 0, 0
	if stripes {
		factorStep = 4 * lanes
		_ = t.factor[n*lanes-1]
		if len(t.zero) == len(t.factor) {
			zeroStep = 4 * lanes
		}
	}
	_, _ = t.factor[lanes-1], t.zero[lanes-1]
	f := quantizeEvenAVX2
	if away {
		f = quantizeAwayAVX2
	}
	return n * lanes, f(&dst[0], &src[0], n, &t.factor[0], factorStep, &t.zero[0], zeroStep, uint32(uint8(t.least)), uint32(t.flip)) != 0
}

// boundsVectors does boundsLoop's work for the first done elements, a multiple of
// lanes.
func boundsVectors(lo, hi, src []float32, stripes bool) (done int, nan bool) {
	n := len(src) / lanes
	if !haveAVX2 || n == 0 {
		return 0, false
	}
	width, step := lanes, 0
	if stripes {
		width, step = n*lanes, 4*lanes
	}
	_, _ = lo[width-1], hi[width-1]
	return n * lanes, boundsAVX2(&lo[0], &hi[0], &src[0], n, step) != 0
}

// The loops over n times 32 elements, in kernel_amd64.s. From one time to the next
// the pointers into the table, or to the bounds, move by so many bytes as the steps
// say. They return 0 where there was no NaN.

//go:noescape
func quantizeEvenAVX2(dst *byte, src *float32, n int, factor *float32, factorStep int, zero *int32, zeroStep int, least, flip uint32) (nan uint32)

//go:noescape
func quantizeAwayAVX2(dst *byte, src *float32, n int, factor *float32, factorStep int, zero *int32, zeroStep int, least, flip uint32) (nan uint32)

//go:noescape
func boundsAVX2(lo, hi, src *float32, n, step int) (nan uint32)
