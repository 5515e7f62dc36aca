package arraytest

import (
	"math"
	"testing"

	"ndflow/npy"
)

func of[T npy.Element](v ...T) *npy.Array {
	a, err := npy.From(v, len(v))
	if err != nil {
		panic(err) // the table is wrong
	}
	return a
}

func TestNear(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	ulp := func(x float32, n int) float32 { return math.Float32frombits(uint32(int(math.Float32bits(x)) + n)) }
	half := func(x float32) npy.F16 { return npy.F16FromFloat32(x) }
	square, err := of[float32](1, 2, 3, 4).Reshape(2, 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		have, want *npy.Array
		near       bool
	}{
		"equal":                            {of[float32](1, 2), of[float32](1, 2), true},
		"the last bit":                     {of(float32(0.68835420)), of(float32(0.68835425)), true},
		"8 units":                          {of(ulp(1, 8)), of[float32](1), true},
		"9 units":                          {of(ulp(1, 9)), of[float32](1), false},
		"below by 9 units":                 {of(1 - 9*float32(0x1p-23)), of[float32](1), false},
		"what has cancelled out":           {of[float32](1, 1e-7), of[float32](1, -1e-7), true},
		"a small element beside none":      {of[float32](1e-7), of[float32](-1e-7), false},
		"a small element that is too far":  {of[float32](1, 1.5e-6), of[float32](1, 0), false},
		"signs":                            {of[float32](-1), of[float32](1), false},
		"zeros of both signs":              {of(float32(math.Copysign(0, -1))), of[float32](0), true},
		"zero, where nothing else is":      {of(float32(math.SmallestNonzeroFloat32)), of[float32](0), false},
		"the least subnormal and zero":     {of[float32](0), of(float32(math.SmallestNonzeroFloat32)), false},
		"NaN":                              {of(nan, 1), of(-nan, 1), true},
		"NaN for a number":                 {of(nan, 1), of[float32](1, 1), false},
		"a number for NaN":                 {of[float32](1, 1), of(nan, 1), false},
		"infinity":                         {of(inf, -inf), of(inf, -inf), true},
		"infinity of the other sign":       {of(inf), of(-inf), false},
		"infinity for a number":            {of(inf, 1), of[float32](math.MaxFloat32, 1), false},
		"a number for infinity":            {of[float32](math.MaxFloat32, 1), of(inf, 1), false},
		"infinity widens nothing":          {of(inf, 1.1), of(inf, 1), false},
		"NaN widens nothing":               {of(nan, 1.1), of(nan, 1), false},
		"elements exchanged":               {of[float32](1, 2), of[float32](2, 1), false},
		"another shape":                    {of[float32](1, 2, 3, 4), square, false},
		"fewer":                            {of[float32](1), of[float32](1, 2), false},
		"none":                             {of[float32](), of[float32](), true},
		"nothing at all":                   {nil, of[float32](), false},
		"another dtype":                    {of[float64](1), of[float32](1), false},
		"float64, the last bits":           {of(1 + 8*0x1p-52), of(1.0), true},
		"float64, too far":                 {of(1 + 9*0x1p-52), of(1.0), false},
		"float64 that was float32":         {of(float64(float32(0.1))), of(0.1), false},
		"float16, two units":               {of(half(1 + 2*0x1p-10)), of(half(1)), true},
		"float16, three units":             {of(half(1 + 3*0x1p-10)), of(half(1)), false},
		"float16, NaN":                     {of(half(nan)), of(half(nan)), true},
		"bfloat16, two units":              {of(npy.BF16(0x3f82)), of(npy.BF16(0x3f80)), true},
		"bfloat16, three units":            {of(npy.BF16(0x3f83)), of(npy.BF16(0x3f80)), false},
		"complex64, either part":           {of(complex(ulp(1, 3), ulp(2, -3))), of[complex64](1 + 2i), true},
		"complex64, the imaginary part":    {of[complex64](1 + 2.1i), of[complex64](1 + 2i), false},
		"complex64, parts exchanged":       {of[complex64](2 + 1i), of[complex64](1 + 2i), false},
		"complex128, the last bits":        {of(complex(1, 1+0x1p-52)), of(complex(1, 1)), true},
		"complex128 that was complex64":    {of(complex128(complex(float32(0.1), 1))), of(complex(0.1, 1)), false},
		"float8 has no rounding":           {of(npy.F8E4M3FN(0x39)), of(npy.F8E4M3FN(0x38)), false},
		"float8":                           {of(npy.F8E4M3FN(0x39)), of(npy.F8E4M3FN(0x39)), true},
		"integers beyond float64":          {of[int64](1<<60 + 1), of[int64](1 << 60), false},
		"unsigned integers beyond float64": {of[uint64](1<<63 + 1), of[uint64](1 << 63), false},
		"integers":                         {of[int32](7, -8), of[int32](7, -8), true},
		"bools":                            {of(true), of(false), false},
		"strings":                          {of("0.1"), of("0.10"), false},
	} {
		if err := Near(c.have, c.want); (err == nil) != c.near {
			t.Errorf("%s: near is %v, want %v: %v", name, err == nil, c.near, err)
		}
	}
}

// What was only passed through has to be the same.
func TestExpected(t *testing.T) {
	in := map[string]*npy.Array{"x": of[float32](1, 2), "y": of[float32](3, 4)}
	off := of(1+float32(0x1p-23), 2)
	if err := Expected(off, of[float32](1, 2), in); err == nil {
		t.Error("an input that has changed in its last bit is what was expected")
	}
	if err := Expected(nil, of[float32](1, 2), in); err == nil {
		t.Error("nothing is what was expected")
	}
	for name, want := range map[string]*npy.Array{"an input": of[float32](3, 4), "a result": of[float32](1, 3)} {
		if err := Expected(want, want, in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Expected(off, of(1-float32(0x1p-24), 2), in); err != nil {
		t.Errorf("a result that is off in its last bit: %v", err)
	}
}

// Every dtype that rounds has parts to compare.
func TestUnits(t *testing.T) {
	for d := range units {
		a, err := npy.New(d, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := Near(a, a); err != nil {
			t.Errorf("%v: %v", d, err)
		}
	}
}
