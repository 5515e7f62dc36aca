package quant

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"ndflow/npy"
)

// Array is an array of integers that stand for floats.
type Array struct {
	*Params
	Values *npy.Array // Int8 or Uint8
}

// Quantize quantizes an array with a range of its own, see [Config.Method].
func Quantize(a *npy.Array, c Config) (*Array, error) {
	o, err := NewObserver(c)
	if err != nil {
		return nil, err
	}
	if err := o.Observe(a); err != nil {
		return nil, err
	}
	p, err := o.Params()
	if err != nil {
		return nil, err
	}
	return p.Quantize(a)
}

// Quantize quantizes an array: float32, float64, float16 or bfloat16 (an
// [npy.ErrDType] otherwise), with as many channels as p has (an [npy.ErrShape]). A
// NaN in it is an [ErrNotFinite].
func (p *Params) Quantize(a *npy.Array) (*Array, error) {
	if a == nil {
		return nil, fmt.Errorf("quant: %w: a nil array", npy.ErrDType)
	}
	dst, err := npy.New(p.config.DType, a.Shape()...)
	if err != nil {
		return nil, err
	}
	if err := p.QuantizeInto(dst, a); err != nil {
		return nil, err
	}
	return &Array{p, dst}, nil
}

// QuantizeInto is [Params.Quantize] into an array that is there already, of the
// config's dtype and a's shape. After an error its elements are of no use.
func (p *Params) QuantizeInto(dst, a *npy.Array) error {
	if err := p.quantize(dst, a); err != nil {
		return fmt.Errorf("quant: %w", err)
	}
	return nil
}

func (p *Params) quantize(dst, a *npy.Array) error {
	src, err := newSource(a)
	if err != nil {
		return err
	}
	shape := a.Shape()
	if err := fits(dst, shape); err != nil {
		return err
	}
	if dst.DType() != p.config.DType {
		return fmt.Errorf("%w: have %v to fill, want %v", npy.ErrDType, dst.DType(), p.config.DType)
	}
	l, err := p.layout(shape)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(a)
	defer runtime.KeepAlive(dst)
	var nan atomic.Bool
	out, t, away := dst.Bytes(), p.table(l), p.config.Rounding == HalfAwayFromZero
	parallel(l.n, func(lo, hi int) {
		buffer := src.buffer()
		chunks(lo, hi, src.size(), func(lo, hi int) {
			x := src.at(lo, hi, buffer)
			l.walk(lo, hi, func(from, to, entry int) {
				if quantizeLoop(out[from:to], x[from-lo:to-lo], t.from(entry), l.striped, away) {
					nan.Store(true)
				}
			})
		})
	})
	if nan.Load() {
		return src.notFinite(l, func(x float32) bool { return x != x })
	}
	return nil
}

// notFinite says which elements are not what they should be.
func (s source) notFinite(l layout, bad func(float32) bool) error {
	count, first, what := 0, -1, float32(0)
	buffer := s.buffer()
	chunks(0, l.n, s.size(), func(lo, hi int) {
		for i, x := range s.at(lo, hi, buffer) {
			if !bad(x) {
				continue
			}
			if count == 0 {
				first, what = lo+i, x
			}
			count++
		}
	})
	if count == 1 {
		return fmt.Errorf("%w: element %d of %d is %v", ErrNotFinite, first, l.n, what)
	}
	return fmt.Errorf("%w: %d of %d elements, the first is element %d, %v", ErrNotFinite, count, l.n, first, what)
}
