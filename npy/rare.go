package npy

import "math"

// The narrow floats that little but accelerators use. They can be read as
// float32; nothing here makes them.
var (
	e4m3fnuz    = narrow{expBits: 4, manBits: 3, bias: 8, maxFinite: 0x7f}
	e4m3b11fnuz = narrow{expBits: 4, manBits: 3, bias: 11, maxFinite: 0x7f}
	e5m2fnuz    = narrow{expBits: 5, manBits: 2, bias: 16, maxFinite: 0x7f}
	e2m1fn      = narrow{expBits: 2, manBits: 1, bias: 1, maxFinite: 7}
)

// Float32 returns the value, exactly.
func (x F8E4M3FNUZ) Float32() float32 { return e4m3fnuz.widenFNUZ(uint8(x)) }

// Float32 returns the value, exactly.
func (x F8E4M3B11FNUZ) Float32() float32 { return e4m3b11fnuz.widenFNUZ(uint8(x)) }

// Float32 returns the value, exactly.
func (x F8E5M2FNUZ) Float32() float32 { return e5m2fnuz.widenFNUZ(uint8(x)) }

// Float32 returns the value, exactly. The upper half of the byte does not count.
func (x F4E2M1FN) Float32() float32 { return e2m1fn.widen(uint16(x & 0xf)) }

// widenFNUZ widens where what would be -0 is the only NaN.
func (f narrow) widenFNUZ(x uint8) float32 {
	if x == 0x80 {
		return math.Float32frombits(0xffc00000)
	}
	return f.widen(uint16(x))
}
