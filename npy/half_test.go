package npy

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// readValues reads a table of NumPy's.
func readValues[T Element](t *testing.T, dir, name string) []T {
	t.Helper()
	a, err := ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Values[T](a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A narrowType is one of the types of few bits, with NumPy's name of it.
type narrowType struct {
	name     string
	bits     int
	nan      uint32 // a quiet NaN's distinguishing bit; the hardware may set it
	toWide   func(bits uint32) float32
	fromWide func(float32) uint32
}

var narrowTypes = []narrowType{
	{"float16", 16, 0x200, func(b uint32) float32 { return F16(b).Float32() }, func(x float32) uint32 { return uint32(F16FromFloat32(x)) }},
	{"bfloat16", 16, 0x40, func(b uint32) float32 { return BF16(b).Float32() }, func(x float32) uint32 { return uint32(BF16FromFloat32(x)) }},
	{"float8_e4m3fn", 8, 0, func(b uint32) float32 { return F8E4M3FN(b).Float32() }, func(x float32) uint32 { return uint32(F8E4M3FNFromFloat32(x)) }},
	{"float8_e5m2", 8, 2, func(b uint32) float32 { return F8E5M2(b).Float32() }, func(x float32) uint32 { return uint32(F8E5M2FromFloat32(x)) }},
}

// rareTypes only widen.
var rareTypes = []narrowType{
	{"float8_e4m3fnuz", 8, 0, func(b uint32) float32 { return F8E4M3FNUZ(b).Float32() }, nil},
	{"float8_e4m3b11fnuz", 8, 0, func(b uint32) float32 { return F8E4M3B11FNUZ(b).Float32() }, nil},
	{"float8_e5m2fnuz", 8, 0, func(b uint32) float32 { return F8E5M2FNUZ(b).Float32() }, nil},
	{"float4_e2m1fn", 4, 0, func(b uint32) float32 { return F4E2M1FN(b).Float32() }, nil},
}

func TestEveryNarrowFloatWidensAsInNumPy(t *testing.T) {
	dir, _ := fixtures(t)
	for _, n := range slices.Concat(narrowTypes, rareTypes) {
		table := readValues[uint32](t, dir, "widen-"+n.name+".npy")
		if len(table) != 1<<n.bits {
			t.Fatalf("%s: have %d values", n.name, len(table))
		}
		bad := 0
		for i, want := range table {
			have := math.Float32bits(n.toWide(uint32(i)))
			if isNaN(want) && have|0x400000 == want|0x400000 {
				continue // a signalling NaN; some CPUs make it a quiet one
			}
			if have != want {
				t.Errorf("%s %#x: have float32 %#x, want %#x", n.name, i, have, want)
				if bad++; bad > 10 {
					break
				}
			}
		}
	}
}

// TestFloat32RoundsAsInNumPy takes all numbers of each narrow type, all points
// halfway between two neighbours, the float32s on both sides of each of these,
// numbers beyond the range, NaNs, and random bits.
func TestFloat32RoundsAsInNumPy(t *testing.T) {
	dir, _ := fixtures(t)
	for _, n := range narrowTypes {
		in := readValues[uint32](t, dir, "narrow-"+n.name+"-in.npy")
		out := make([]uint32, len(in))
		if n.bits == 8 {
			for i, v := range readValues[uint8](t, dir, "narrow-"+n.name+"-out.npy") {
				out[i] = uint32(v)
			}
		} else {
			for i, v := range readValues[uint16](t, dir, "narrow-"+n.name+"-out.npy") {
				out[i] = uint32(v)
			}
		}
		bad := 0
		for i, bits := range in {
			have, want := n.fromWide(math.Float32frombits(bits)), out[i]
			if isNaN(bits) && have|n.nan == want|n.nan {
				continue
			}
			if have != want {
				t.Errorf("float32 %#x (%v): have %s %#x, want %#x", bits, math.Float32frombits(bits), n.name, have, want)
				if bad++; bad > 10 {
					break
				}
			}
		}
	}
}

func isNaN(bits uint32) bool { return bits&0x7fffffff > 0x7f800000 }

// TestFloat32RoundsToTheNearest is independent of NumPy: no other number of
// the type is nearer, and of two equally near the even one is taken. With
// NDFLOW_SOAK set it takes every float32.
func TestFloat32RoundsToTheNearest(t *testing.T) {
	step := uint64(9973)
	if os.Getenv("NDFLOW_SOAK") != "" {
		step = 1
	}
	for _, n := range narrowTypes {
		// The finite numbers that are not negative, in order, then what would
		// come next: half of the way to it begins the overflow.
		var values []float64
		for b := uint32(0); ; b++ {
			v := float64(n.toWide(b))
			if math.IsInf(v, 0) || v != v {
				break
			}
			values = append(values, v)
		}
		last := len(values) - 1
		values = append(values, 2*values[last]-values[last-1])
		overflow := uint32(len(values) - 1)
		i := 0
		for bits := uint64(0); bits < 0x7f800000; bits += step {
			x := math.Float32frombits(uint32(bits))
			for i+1 < len(values) && values[i+1] <= float64(x) {
				i++
			}
			want := uint32(i)
			if i+1 < len(values) {
				below, above := float64(x)-values[i], values[i+1]-float64(x)
				if above < below || above == below && i&1 == 1 {
					want++
				}
			}
			want = min(want, overflow)
			sign := uint32(1) << (n.bits - 1)
			if have := n.fromWide(x); have != want {
				t.Fatalf("float32 %v: have %s %#x, want %#x", x, n.name, have, want)
			}
			if have := n.fromWide(-x); have != want|sign {
				t.Fatalf("float32 %v: have %s %#x, want %#x", -x, n.name, have, want|sign)
			}
		}
	}
}

func TestAsFloat32AndNarrowAreInverse(t *testing.T) {
	for _, dtype := range []DType{Float16, BFloat16, Float8E4M3FN, Float8E5M2} {
		wide := must(From([]float32{0, 1, -2.5, 448, float32(math.Inf(1)), float32(math.NaN())}, 2, 3))
		narrow, err := wide.Narrow(dtype)
		if err != nil {
			t.Fatal(err)
		}
		back, err := narrow.AsFloat32()
		if err != nil {
			t.Fatal(err)
		}
		again, err := back.Narrow(dtype)
		if err != nil || !equal(narrow, again) || again.DType() != dtype {
			t.Errorf("%v: have %v, want %v (%v)", dtype, again, narrow, err)
		}
	}
	same := must(From([]float32{1}))
	if a, err := same.AsFloat32(); err != nil || a != same {
		t.Errorf("float32 as float32: have %v, %v, want the array itself", a, err)
	}
	if _, err := must(From([]int32{1})).AsFloat32(); !errors.Is(err, ErrDType) {
		t.Errorf("int32 as float32: have %v, want ErrDType", err)
	}
	if _, err := same.Narrow(Int8); !errors.Is(err, ErrDType) {
		t.Errorf("narrow to int8: have %v, want ErrDType", err)
	}
}
