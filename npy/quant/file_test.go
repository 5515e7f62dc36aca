package quant_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"ndflow/internal/scripttest"
	"ndflow/npy"
	"ndflow/npy/quant"
)

// What is written is read again, here and by NumPy, by the line that the package
// comment gives.
func TestFile(t *testing.T) {
	r := random(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "w.npz")
	w := get(quant.Create(path))(t)
	defer w.Abort()
	arrays := map[string]*quant.Array{}
	for name, c := range map[string]quant.Config{
		"whole": {}, "affine": {Scheme: quant.Affine}, "unsigned": {Scheme: quant.Affine, DType: npy.Uint8},
		"layer/first": {PerChannel: true}, "layer/last": {PerChannel: true, Axis: -1, Scheme: quant.Affine},
		"layer/middle": {PerChannel: true, Axis: 1, DType: npy.Uint8, Scheme: quant.Affine},
	} {
		x := from(t, floats(r, 3*5*7), 3, 5, 7)
		arrays[name] = get(quant.Quantize(x, c))(t)
		if err := w.Write(name, arrays[name]); err != nil {
			t.Fatal(err)
		}
	}
	steps := from(t, []int64{3})
	if err := w.Keep("steps.scale", steps); err != nil { // whose scale? nobody's
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := get(quant.Open(path))(t)
	defer f.Close()
	want := []string{"affine", "layer/first", "layer/last", "layer/middle", "steps.scale", "unsigned", "whole"}
	if have := slices.Sorted(slices.Values(f.Names())); !slices.Equal(have, want) {
		t.Errorf("have names %q, want %q", have, want)
	}
	if have := get(f.Read("steps.scale"))(t); f.Quantized("steps.scale") || !bytes.Equal(have.Bytes(), steps.Bytes()) {
		t.Errorf("what is kept is %v", have)
	}
	for name, q := range arrays {
		if !f.Quantized(name) {
			t.Errorf("%s is not quantized", name)
		}
		again := get(f.Array(name))(t)
		if !slices.Equal(again.Scale(), q.Scale()) || !slices.Equal(again.ZeroPoint(), q.ZeroPoint()) || !bytes.Equal(again.Values.Bytes(), q.Values.Bytes()) {
			t.Errorf("%s: have %v, want %v", name, again.Values, q.Values)
		}
		floats := get(q.Dequantize())(t)
		sameBits(t, get(f.Read(name))(t), floats)
		if err := npy.WriteFile(filepath.Join(dir, filepath.Base(name)+".npy"), floats); err != nil {
			t.Fatal(err)
		}
	}
	const check = `
import sys, os, numpy as np
folder = sys.argv[1]
z = np.load(os.path.join(folder, "w.npz"))
for NAME in sys.argv[2:]:
    x = (z[NAME].astype("f4") - z[NAME + ".zero_point"]) * z[NAME + ".scale"]
    want = np.load(os.path.join(folder, os.path.basename(NAME) + ".npy"))
    assert x.dtype == np.float32 and np.array_equal(x, want), NAME
`
	args := []string{"-c", check, dir}
	for name := range arrays {
		args = append(args, name)
	}
	scripttest.NumPy.Run(t, args...)
	_, err := f.Read("nobody")
	wantError(t, err, fs.ErrNotExist, `no array "nobody"`, `"layer/first"`)
	_, err = f.Read("whole.scale")
	wantError(t, err, fs.ErrNotExist, `no array "whole.scale"`)
	_, err = f.Array("steps.scale")
	wantError(t, err, npy.ErrDType, `"steps.scale"`, "not quantized")
	_, err = quant.Open(filepath.Join(dir, "nobody.npz"))
	wantError(t, err, fs.ErrNotExist)
}

// Scales and zero points that cannot be an array's are found when it is read.
func TestBadFile(t *testing.T) {
	ints := from(t, make([]int8, 6), 2, 3)
	one, zero := npy.Scalar(float32(1)), npy.Scalar(int8(0))
	for name, c := range map[string]struct{ values, scale, zero *npy.Array }{
		"floats":                {from(t, []float32{1}), one, zero},
		"scale of another type": {ints, npy.Scalar(1.0), zero},
		"zero of another type":  {ints, one, npy.Scalar(int32(0))},
		"scale of another rank": {ints, from(t, []float32{1, 1, 1}), from(t, []int8{0, 0, 0})},
		"too many scales":       {ints, from(t, make([]float32, 6), 2, 3), from(t, make([]int8, 6), 2, 3)},
		"wrong axis":            {ints, from(t, []float32{1, 1}, 1, 2), from(t, []int8{0, 0}, 1, 2)},
		"shapes differ":         {ints, one, from(t, []int8{0})},
		"no scale":              {ints, npy.Scalar(float32(0)), zero},
		"negative scale":        {ints, npy.Scalar(float32(-1)), zero},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "w.npz")
			w := get(npy.CreateNPZ(path))(t)
			for suffix, a := range map[string]*npy.Array{"": c.values, ".scale": c.scale, ".zero_point": c.zero} {
				if err := w.Write("w"+suffix, a); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			f := get(quant.Open(path))(t)
			defer f.Close()
			_, err := f.Read("w")
			wantError(t, err, npy.ErrFormat, path, `array "w"`)
		})
	}
}

func TestFileIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.npz")
	w := get(quant.Create(path))(t)
	q := get(quant.Quantize(from(t, []float32{1, 2}), quant.Config{}))(t)
	if err := w.Write("w", q); err != nil {
		t.Fatal(err)
	}
	wantError(t, w.Write("w", q), fs.ErrExist, `"w"`)
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	if _, err := os.Stat("/dev/full"); err == nil { // Linux has it
		full := get(quant.Create("/dev/full"))(t)
		big := get(quant.Quantize(get(npy.New(npy.Float32, 100_000))(t), quant.Config{}))(t)
		err := full.Write("w", big)
		if err = errors.Join(err, full.Close()); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("a full disk: %v", err)
		}
	}
}
