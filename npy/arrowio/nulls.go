package arrowio

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"ndflow/npy"
)

// hole is a range of elements that are null, because they or their list are.
type hole struct{ lo, hi int }

// findHoles adds the nulls of this level, a list's or the elements' own, and
// turns all holes into those of the next level, whose rows have so many elements.
func (l *leaves) findHoles(size int) error {
	for i := range l.holes {
		l.holes[i].lo *= size
		l.holes[i].hi *= size
	}
	if l.NullN() == 0 || len(l.Buffers()) == 0 || l.Buffers()[0] == nil || l.n == 0 {
		return nil
	}
	bitmap := l.Buffers()[0].Bytes()
	if l.at > 8*len(bitmap) || l.n > 8*len(bitmap)-l.at {
		return fmt.Errorf("%w: a bitmap of %d bytes for the nulls of %d values", npy.ErrFormat, len(bitmap), l.n)
	}
	if bitutil.CountSetBits(bitmap, l.at, l.n) == l.n {
		return nil
	}
	size = max(size, 1)
	for i := range l.n {
		if bitutil.BitIsNotSet(bitmap, l.at+i) {
			l.holes = append(l.holes, hole{i * size, (i + 1) * size})
		}
	}
	return nil
}

// findNulls adds the nulls among the elements, and refuses what is null and
// cannot be NaN.
func (c *converter) findNulls(l *leaves) error {
	if l.typ.ID() == arrow.NULL {
		return noDType(l.typ)
	}
	if err := l.findHoles(1); err != nil {
		return err
	}
	if len(l.holes) == 0 {
		return nil
	}
	typ := l.typ
	if d, ok := typ.(*arrow.DictionaryType); ok {
		typ = d.ValueType
	}
	switch typ.ID() {
	case arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64:
		if c.nullsAsNaN {
			c.nulls += len(l.holes)
			return nil
		}
		return fmt.Errorf("%w: %d of %v, the first one at element %d; the option NullsAsNaN reads them as NaN", ErrNull, len(l.holes), typ, l.holes[0].lo)
	}
	return fmt.Errorf("%w: %d of %v, the first one at element %d; only floating-point columns can have NaN in their place", ErrNull, len(l.holes), typ, l.holes[0].lo)
}

// punch puts NaN into the holes of an array of floats.
func punch(a *npy.Array, holes []hole) error {
	switch a.DType() {
	case npy.Float16:
		return fill(a, holes, npy.F16(0x7e00))
	case npy.Float32:
		return fill(a, holes, float32(math.NaN()))
	case npy.Float64:
		return fill(a, holes, math.NaN())
	}
	return nil
}

func fill[T npy.Element](a *npy.Array, holes []hole, nan T) error {
	v, err := npy.Values[T](a)
	if err != nil {
		return err
	}
	for _, h := range holes {
		for i := h.lo; i < h.hi; i++ {
			v[i] = nan
		}
	}
	return nil
}
