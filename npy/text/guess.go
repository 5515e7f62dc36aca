package text

import (
	"fmt"
	"math"

	"ndflow/npy"
)

// kind is what the elements so far can be.
type kind uint8

const (
	isNone    kind = iota
	isSpecial      // "NaN" and its like, as strings: text, or floats
	isInt
	isFloat
	isBool
	isText
)

// guess finds out the dtype: of integers it makes floats when it has to. With count
// it keeps nothing, for who looks at the text twice.
type guess struct {
	kind  kind
	count bool
	ints  []int64 // the bits, of uint64 where big is set
	flts  []float64
	bools bools
	texts texts

	neg, big bool // of the integers: one below 0, one above int64's
}

func (g *guess) dtype() npy.DType {
	switch g.kind {
	case isInt:
		if g.big {
			return npy.Uint64
		}
		return npy.Int64
	case isBool:
		return npy.Bool
	case isText, isSpecial:
		return npy.String
	}
	return npy.Float64 // of nothing too, as in NumPy
}

func (g *guess) number(n *number) error {
	switch g.kind {
	case isBool:
		return g.bools.number(n)
	case isText:
		return g.texts.number(n)
	case isNone:
		g.kind = isInt
	case isSpecial:
		g.kind = isFloat
	}
	if g.kind == isInt {
		if n.integer {
			return g.integer(n)
		}
		g.widen()
	}
	if g.count && n.exp < 200 && len(n.text) < 50 {
		return nil // surely no more than a float64 can be
	}
	f, ok := n.float64()
	if !ok {
		return n.notIn(npy.Float64)
	}
	if !g.count {
		g.flts = append(g.flts, f)
	}
	return nil
}

func (g *guess) integer(n *number) error {
	v, ok := n.integerIn(math.MinInt64, math.MaxUint64)
	if !ok {
		return fmt.Errorf("%w; read it as float64 if it may lose digits", n.notIn("int64 or uint64"))
	}
	if n.neg && v != 0 {
		g.neg = true
	} else if v > math.MaxInt64 {
		g.big = true
	}
	if g.neg && g.big {
		return fmt.Errorf("%.40s %w one integer dtype with the numbers before it; read them as float64", n.text, errFit)
	}
	if !g.count {
		g.ints = append(g.ints, int64(v))
	}
	return nil
}

// widen makes floats of what were integers.
func (g *guess) widen() {
	g.kind = isFloat
	for _, v := range g.ints {
		f := float64(v)
		if g.big {
			f = float64(uint64(v))
		}
		g.flts = append(g.flts, f)
	}
	g.ints = nil
}

func (g *guess) null() error {
	switch g.kind {
	case isBool:
		return g.bools.null()
	case isText:
		return g.texts.null()
	}
	g.widen()
	if !g.count {
		g.flts = append(g.flts, math.NaN())
	}
	return nil
}

func (g *guess) truth(b bool) error {
	switch g.kind {
	case isNone, isBool:
		g.kind = isBool
		if g.count {
			return nil
		}
		return g.bools.truth(b)
	case isText, isSpecial:
		return g.texts.truth(b)
	}
	return fmt.Errorf("have %v, want a number", b)
}

func (g *guess) text(s []byte) error {
	if f, ok := specials[string(s)]; ok && g.kind != isText && g.kind != isBool {
		if g.kind == isNone {
			g.kind = isSpecial
		} else if g.kind == isInt {
			g.widen()
		}
		if !g.count {
			g.flts = append(g.flts, f)
		}
		return nil
	}
	switch g.kind {
	case isNone, isText:
		g.kind = isText
	case isSpecial:
		g.spell()
	case isBool:
		return g.bools.text(s)
	default:
		return fmt.Errorf("have text %.40q, want a number", s)
	}
	if g.count {
		return nil
	}
	return g.texts.text(s)
}

// spell makes text again of what could have been floats.
func (g *guess) spell() {
	g.kind = isText
	for _, f := range g.flts {
		switch {
		case f > 0:
			g.texts.text([]byte("Infinity"))
		case f < 0:
			g.texts.text([]byte("-Infinity"))
		default:
			g.texts.text([]byte("NaN"))
		}
	}
	g.flts = nil
}

func (g *guess) array(shape []int) (*npy.Array, error) {
	if g.kind == isSpecial {
		g.spell()
	}
	switch g.kind {
	case isInt:
		if g.big {
			out := make([]uint64, len(g.ints))
			for i, v := range g.ints {
				out[i] = uint64(v)
			}
			return npy.From(out, shape...)
		}
		return take(&g.ints, shape)
	case isBool:
		return g.bools.array(shape)
	case isText:
		return g.texts.array(shape)
	}
	return take(&g.flts, shape)
}
