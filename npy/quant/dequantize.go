package quant

import (
	"fmt"
	"runtime"

	"ndflow/npy"
)

// Dequantize returns the floats that the integers stand for, as float32.
func (q *Array) Dequantize() (*npy.Array, error) {
	dst, err := npy.New(npy.Float32, q.Values.Shape()...)
	if err != nil {
		return nil, err
	}
	if err := q.Into(dst); err != nil {
		return nil, err
	}
	return dst, nil
}

// Into is [Array.Dequantize] into an array that is there already, of the same shape:
// float32, or float64, float16 or bfloat16, to which the float32 is rounded.
func (q *Array) Into(dst *npy.Array) error {
	if err := q.into(dst); err != nil {
		return fmt.Errorf("quant: %w", err)
	}
	return nil
}

func (q *Array) into(dst *npy.Array) error {
	if err := fits(dst, q.Values.Shape()); err != nil {
		return err
	}
	switch dst.DType() {
	case npy.Float32:
		return spread(q, dst, func(x float32) float32 { return x })
	case npy.Float64:
		return spread(q, dst, func(x float32) float64 { return float64(x) })
	case npy.Float16:
		return spread(q, dst, npy.F16FromFloat32)
	case npy.BFloat16:
		return spread(q, dst, npy.BF16FromFloat32)
	}
	return fmt.Errorf("%w: have %v to fill, want float32, float64, float16 or bfloat16", npy.ErrDType, dst.DType())
}

// spread puts the floats into dst.
func spread[T npy.Element](q *Array, dst *npy.Array, as func(float32) T) error {
	out, err := npy.Values[T](dst)
	if err != nil {
		return err
	}
	f, err := q.floats()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(dst)
	defer runtime.KeepAlive(q.Values)
	parallel(f.l.n, func(lo, hi int) {
		if f32, ok := any(out).([]float32); ok {
			f.read(f32[lo:hi], lo)
			return
		}
		buffer := make([]float32, chunk)
		chunks(lo, hi, chunk, func(lo, hi int) {
			f.read(buffer[:hi-lo], lo)
			for i, x := range buffer[:hi-lo] {
				out[lo+i] = as(x)
			}
		})
	})
	return nil
}

// floats reads the floats that integers stand for. There are but 256 of a channel:
// they are looked up, unless channels are stripes.
type floats struct {
	l      layout
	in     []byte
	lookup [][256]float32 // of each channel
	scale  []float32      // of stripes
	zero   []float32
	flip   byte
}

func (q *Array) floats() (*floats, error) {
	shape := q.Values.Shape()
	l, err := q.layout(shape)
	if err != nil {
		return nil, err
	}
	f := &floats{l: l, in: q.Values.Bytes()}
	if len(f.in) != l.n {
		return nil, npy.ErrReleased
	}
	signed := q.config.DType == npy.Int8
	if l.striped {
		f.scale, f.zero = make([]float32, l.run), make([]float32, l.run)
		shift := int32(0)
		if !signed { // the loop reads int8
			f.flip, shift = 0x80, 128
		}
		for i := range f.scale {
			c := l.channel(i)
			f.scale[i], f.zero[i] = q.scale[c], float32(q.zero[c]-shift)
		}
		return f, nil
	}
	f.lookup = make([][256]float32, l.channels)
	for c := range f.lookup {
		for i := range 256 {
			v := int32(i)
			if signed {
				v = int32(int8(i))
			}
			f.lookup[c][i] = float32(v-q.zero[c]) * q.scale[c]
		}
	}
	return f, nil
}

// read puts the floats from element lo on into dst.
func (f *floats) read(dst []float32, lo int) {
	f.l.walk(lo, lo+len(dst), func(from, to, entry int) {
		in, out := f.in[from:to], dst[from-lo:to-lo]
		if !f.l.striped {
			floats := &f.lookup[entry/lanes]
			for i, v := range in {
				out[i] = floats[v]
			}
			return
		}
		n := len(in)
		out, scale, zero := out[:n], f.scale[entry:][:n], f.zero[entry:][:n]
		for i, v := range in {
			out[i] = (float32(int8(v^f.flip)) - zero[i]) * scale[i]
		}
	})
}
