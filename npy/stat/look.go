package stat

import (
	"math"
	"sync"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// looker returns the function that looks at elements lo to hi.
func looker(a *npy.Array) (func(lo, hi int) part, error) {
	switch a.DType() {
	case npy.Float32:
		return typed(a, floats[float32])
	case npy.Float64:
		return typed(a, floats[float64])
	case npy.Float16:
		return typed(a, float16)
	case npy.BFloat16:
		return typed(a, bfloat16)
	case npy.Int16:
		return typed(a, ints[int16])
	case npy.Int32:
		return typed(a, ints[int32])
	case npy.Uint16:
		return typed(a, ints[uint16])
	case npy.Uint32:
		return typed(a, ints[uint32])
	case npy.Int64:
		return typed(a, longs[int64])
	case npy.Uint64:
		return typed(a, longs[uint64])
	}
	value, err := numbers.OfBytes(a.DType())
	if err != nil {
		return nil, err
	}
	b := a.Bytes()
	if b == nil && a.Len() > 0 {
		return nil, npy.ErrReleased
	}
	return func(lo, hi int) part { return bytes(b[lo:hi], value) }, nil
}

func typed[T npy.Element](a *npy.Array, look func([]T) part) (func(lo, hi int) part, error) {
	v, err := npy.Values[T](a)
	if err != nil {
		return nil, err
	}
	return func(lo, hi int) part { return look(v[lo:hi]) }, nil
}

type number interface {
	int16 | int32 | int64 | uint16 | uint32 | uint64 | float32 | float64
}

func blocks[T any](v []T, look func([]T) part) part {
	var all part
	for len(v) > 0 {
		b := v[:min(block, len(v))]
		v = v[len(b):]
		all.add(look(b))
	}
	return all
}

func floats[T float32 | float64](v []T) part { return blocks(v, floatBlock[T]) }

func ints[T int16 | int32 | uint16 | uint32](v []T) part {
	return blocks(v, func(b []T) part { p, _, _ := numberBlock(b); return p })
}

// longs are integers that float64 does not hold all of.
func longs[T int64 | uint64](v []T) part {
	less := func(a, b uint64) bool { return T(a) < T(b) }
	return blocks(v, func(b []T) part {
		p, lo, hi := numberBlock(b)
		p.exact, p.less = extremes{uint64(lo), uint64(hi)}, less
		return p
	})
}

// float16 looks up what a half is, in a table that fits a core's second cache.
func float16(v []npy.F16) part {
	table := halves()
	var wide [block]float32
	return blocks(v, func(b []npy.F16) part {
		for i, x := range b {
			wide[i] = table[x]
		}
		return floatBlock(wide[:len(b)])
	})
}

var halves = sync.OnceValue(func() *[1 << 16]float32 {
	var t [1 << 16]float32
	for i := range t {
		t[i] = npy.F16(i).Float32()
	}
	return &t
})

func bfloat16(v []npy.BF16) part {
	var wide [block]float32
	return blocks(v, func(b []npy.BF16) part {
		for i, x := range b {
			wide[i] = x.Float32()
		}
		return floatBlock(wide[:len(b)])
	})
}

// floatBlock looks at a block that may have NaNs and infinities in it. Few have, and
// their sum says so.
func floatBlock[T float32 | float64](b []T) part {
	if p, _, _ := numberBlock(b); !math.IsNaN(p.sum.sum) && !math.IsInf(p.sum.sum, 0) {
		return p
	}
	var room [block]T
	finite := room[:0]
	rest := part{n: int64(len(b))}
	for _, x := range b {
		switch f := float64(x); {
		case f != f:
			rest.nans++
		case f > math.MaxFloat64:
			rest.posInfs++
		case f < -math.MaxFloat64:
			rest.negInfs++
		default:
			finite = append(finite, x)
		}
	}
	if len(finite) == 0 {
		return rest
	}
	p, _, _ := numberBlock(finite)
	p.n = 0
	p.add(rest)
	return p
}

// numberBlock looks at a block of at least one number, all of them finite. Four sums
// go on side by side, as none has to wait for the others.
func numberBlock[T number](b []T) (p part, lo, hi T) {
	lo, hi = b[0], b[0]
	var zeros int64
	var s0, s1, s2, s3 float64
	rest := b
	for ; len(rest) >= 4; rest = rest[4:] {
		x0, x1, x2, x3 := rest[0], rest[1], rest[2], rest[3]
		s0 += float64(x0)
		s1 += float64(x1)
		s2 += float64(x2)
		s3 += float64(x3)
		least, most := min(x0, x1, x2, x3), max(x0, x1, x2, x3)
		if least < lo {
			lo = least
		}
		if most > hi {
			hi = most
		}
		if x0 == 0 {
			zeros++
		}
		if x1 == 0 {
			zeros++
		}
		if x2 == 0 {
			zeros++
		}
		if x3 == 0 {
			zeros++
		}
	}
	for _, x := range rest {
		s0 += float64(x)
		lo, hi = min(lo, x), max(hi, x)
		if x == 0 {
			zeros++
		}
	}
	n := int64(len(b))
	p = part{n: n, zeros: zeros, finite: n, min: float64(lo), max: float64(hi)}
	p.sum.sum = (s0 + s1) + (s2 + s3)
	p.squares = squares(b, p.mean())
	return p, lo, hi
}

// squares is the sum of the squares of the distances from the mean, mended by what
// the mean is off.
func squares[T number](b []T, mean float64) float64 {
	var q0, q1, q2, q3, d float64
	rest := b
	for ; len(rest) >= 4; rest = rest[4:] {
		d0, d1 := float64(rest[0])-mean, float64(rest[1])-mean
		d2, d3 := float64(rest[2])-mean, float64(rest[3])-mean
		q0 += d0 * d0
		q1 += d1 * d1
		q2 += d2 * d2
		q3 += d3 * d3
		d += (d0 + d1) + (d2 + d3)
	}
	for _, x := range rest {
		d0 := float64(x) - mean
		q0 += d0 * d0
		d += d0
	}
	return max((q0+q1)+(q2+q3)-d*d/float64(len(b)), 0)
}

// bytes looks at elements of one byte each: it counts how often each of them is there.
func bytes(b []byte, value *[256]float64) part {
	var counts [4][256]int64
	for ; len(b) >= 4; b = b[4:] {
		counts[0][b[0]]++
		counts[1][b[1]]++
		counts[2][b[2]]++
		counts[3][b[3]]++
	}
	for _, x := range b {
		counts[0][x]++
	}
	var all part
	for x := range value {
		n := counts[0][x] + counts[1][x] + counts[2][x] + counts[3][x]
		if n > 0 {
			all.add(same(value[x], n))
		}
	}
	return all
}

// same is what is known of n elements that are all x.
func same(x float64, n int64) part {
	switch {
	case x != x:
		return part{n: n, nans: n}
	case math.IsInf(x, 1):
		return part{n: n, posInfs: n}
	case math.IsInf(x, -1):
		return part{n: n, negInfs: n}
	}
	p := part{n: n, finite: n, min: x, max: x, sum: twoSum{sum: x * float64(n)}}
	if x == 0 {
		p.zeros = n
	}
	return p
}
