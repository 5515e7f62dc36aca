package quant

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"ndflow/npy"
)

// What is beside the integers of an array in a file.
const (
	scaleSuffix = ".scale"
	zeroSuffix  = ".zero_point"
)

// Writer writes a .npz file of quantized arrays, and others, one after the other in
// constant memory. It is for one goroutine at a time.
type Writer struct {
	npz *npy.NPZWriter
}

// Create begins a file. As with [npy.CreateNPZ], whose options it takes, it gets its
// name when [Writer.Close] has completed it, and is removed by [Writer.Abort].
func Create(path string, opts ...npy.Option) (*Writer, error) {
	npz, err := npy.CreateNPZ(path, opts...)
	if err != nil {
		return nil, err
	}
	return &Writer{npz}, nil
}

// Write adds a quantized array: its integers as NAME; as NAME.scale its scales,
// float32; and as NAME.zero_point its zero points, of the integers' dtype. The
// latter two have no dimensions, or, for channels, as many as the array, all of
// size 1 but the channels' axis.
func (w *Writer) Write(name string, q *Array) error {
	shape := q.Values.Shape()
	l, err := q.layout(shape)
	if err != nil {
		return fmt.Errorf("quant: %s: %w", name, err)
	}
	beside := []int{}
	if q.config.PerChannel {
		axis, _ := q.config.axis(shape)
		beside = slices.Repeat([]int{1}, len(shape))
		beside[axis] = l.channels
	}
	scale, err := npy.From(q.scale, beside...)
	if err != nil {
		return err
	}
	zero, err := npy.New(q.config.DType, beside...)
	if err != nil {
		return err
	}
	for i, z := range q.zero {
		zero.Bytes()[i] = byte(z)
	}
	for _, part := range []struct {
		suffix string
		array  *npy.Array
	}{{"", q.Values}, {scaleSuffix, scale}, {zeroSuffix, zero}} {
		if err := w.npz.Write(name+part.suffix, part.array); err != nil {
			return err
		}
	}
	return nil
}

// Keep adds an array as it is.
func (w *Writer) Keep(name string, a *npy.Array) error { return w.npz.Write(name, a) }

// Close completes the file and puts it in place of what path names; see
// [npy.NPZWriter.Close].
func (w *Writer) Close() error { return w.npz.Close() }

// Abort removes the unfinished file. After Close it does nothing, so that it can be
// deferred.
func (w *Writer) Abort() error { return w.npz.Abort() }

// File reads a .npz file of quantized arrays, and others. Its methods may be called
// from several goroutines at once.
type File struct {
	path  string
	npz   *npy.NPZ
	names []string
	all   map[string]bool
}

// Open opens a file that a [Writer] has written, or any .npz file. The caller closes
// it.
func Open(path string) (*File, error) {
	npz, err := npy.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path, npz: npz, all: map[string]bool{}}
	for _, name := range npz.Names() {
		f.all[name] = true
	}
	for _, name := range npz.Names() {
		stem := strings.TrimSuffix(strings.TrimSuffix(name, scaleSuffix), zeroSuffix)
		if stem == name || !f.Quantized(stem) {
			f.names = append(f.names, name)
		}
	}
	return f, nil
}

// Names returns the names of the arrays, in the file's order.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Quantized reports whether there is a quantized array of that name.
func (f *File) Quantized(name string) bool {
	return f.all[name] && f.all[name+scaleSuffix] && f.all[name+zeroSuffix]
}

// Read returns the array of that name, float32 where it is quantized, and as it is
// where it is not.
func (f *File) Read(name string) (*npy.Array, error) {
	if !f.Quantized(name) {
		if !slices.Contains(f.names, name) {
			return nil, f.unknown(name)
		}
		return f.npz.Read(name)
	}
	q, err := f.Array(name)
	if err != nil {
		return nil, err
	}
	return q.Dequantize()
}

func (f *File) unknown(name string) error {
	return fmt.Errorf("quant: %s: no array %q, there are %q: %w", f.path, name, f.names, fs.ErrNotExist)
}

// Array returns the quantized array of that name. An array that is not quantized is
// an [npy.ErrDType]; scales and zero points that cannot be the array's are an
// [npy.ErrFormat].
func (f *File) Array(name string) (*Array, error) {
	if !f.Quantized(name) {
		if !slices.Contains(f.names, name) {
			return nil, f.unknown(name)
		}
		return nil, fmt.Errorf("quant: %s: array %q: %w: it is not quantized", f.path, name, npy.ErrDType)
	}
	var parts [3]*npy.Array
	for i, suffix := range []string{"", scaleSuffix, zeroSuffix} {
		var err error
		if parts[i], err = f.npz.Read(name + suffix); err != nil {
			return nil, err
		}
	}
	q, err := assemble(parts[0], parts[1], parts[2])
	if err != nil {
		return nil, fmt.Errorf("quant: %s: array %q: %w: %w", f.path, name, npy.ErrFormat, err)
	}
	return q, nil
}

// assemble makes an array of what a file has of it.
func assemble(values, scale, zero *npy.Array) (*Array, error) {
	c := Config{DType: values.DType()}
	if c.DType != npy.Int8 && c.DType != npy.Uint8 {
		return nil, fmt.Errorf("have %v, want int8 or uint8", c.DType)
	}
	shape, beside := values.Shape(), scale.Shape()
	if scale.DType() != npy.Float32 || zero.DType() != c.DType || !slices.Equal(beside, zero.Shape()) {
		return nil, fmt.Errorf("have a scale of %v %v and a zero point of %v %v, want float32 and %v of one shape",
			scale.DType(), beside, zero.DType(), zero.Shape(), c.DType)
	}
	if len(beside) > 0 && len(beside) != len(shape) {
		return nil, fmt.Errorf("have a scale of shape %v for shape %v", beside, shape)
	}
	for axis, d := range beside {
		if d == 1 {
			continue
		}
		if d != shape[axis] || c.PerChannel {
			return nil, fmt.Errorf("have a scale of shape %v for shape %v", beside, shape)
		}
		c.PerChannel, c.Axis = true, axis
	}
	scales, err := npy.Values[float32](scale)
	if err != nil {
		return nil, err
	}
	zeros := make([]int32, len(scales))
	for i, b := range zero.Bytes() {
		if zeros[i] = int32(b); c.DType == npy.Int8 {
			zeros[i] = int32(int8(b))
		}
		if zeros[i] != 0 {
			c.Scheme = Affine
		}
	}
	p, err := newParams(c, scales, zeros)
	if err != nil {
		return nil, err
	}
	return &Array{p, values}, nil
}

// Close closes the file. What was read stays as it is.
func (f *File) Close() error { return f.npz.Close() }
