package plot

import (
	"image"
	"image/color"

	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
)

// Colours of what is not data: dark on white, to be read and printed.
var (
	ink   = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	quiet = color.NRGBA{0x66, 0x66, 0x66, 0xff}
	faint = color.NRGBA{0x7a, 0x7a, 0x7a, 0x38}
)

// ramp is the colours that stand for numbers from the least to the greatest. Those of
// both kinds get lighter all the way, in equal steps to the eye: printed in grey, and
// by eyes that see no red, they are read the same.
type ramp [256]color.NRGBA

var (
	// sequential goes from dark blue by green to light yellow.
	sequential = newRamp(must(moreland.NewLuminance([]color.Color{
		color.NRGBA{0x0b, 0x0b, 0x33, 0xff}, color.NRGBA{0x24, 0x3f, 0x85, 0xff},
		color.NRGBA{0x1f, 0x7d, 0x8c, 0xff}, color.NRGBA{0x6c, 0xbd, 0x6a, 0xff},
		color.NRGBA{0xf9, 0xf3, 0xb0, 0xff},
	})), 0, 1)
	// diverging goes from dark blue by grey, which is 0, to light orange.
	diverging = newRamp(must(moreland.NewLuminance([]color.Color{
		color.NRGBA{0x00, 0x11, 0x3a, 0xff}, color.NRGBA{0x00, 0x42, 0x9e, 0xff},
		color.NRGBA{0x7b, 0x7b, 0x7b, 0xff},
		color.NRGBA{0xf0, 0xa0, 0x30, 0xff}, color.NRGBA{0xff, 0xee, 0xcc, 0xff},
	})), 0, 1)
	greys = func() *ramp {
		var r ramp
		for i := range r {
			r[i] = color.NRGBA{uint8(i), uint8(i), uint8(i), 0xff}
		}
		return &r
	}()
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // of constants
	}
	return v
}

// newRamp takes the part from lo to hi of a map.
func newRamp(m palette.ColorMap, lo, hi float64) *ramp {
	m.SetMin(0)
	m.SetMax(1)
	var r ramp
	for i := range r {
		c := must(m.At(lo + (hi-lo)*float64(i)/float64(len(r)-1)))
		r[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
	}
	return &r
}

// at is the colour of a part of the whole, 0 to 1.
func (r *ramp) at(part float64) color.NRGBA {
	if part != part { // of numbers too near to each other
		part = 0.5
	}
	return r[int(max(0, min(part, 1))*float64(len(r)-1)+0.5)]
}

// shades says which colour stands for which number.
type shades struct {
	*ramp
	lo, hi float64
	log    bool
}

// shadesFor chooses colours for numbers from lo to hi.
func shadesFor(lo, hi float64, log bool) shades {
	if log {
		return shades{sequential, lo, hi, true}
	}
	if lo < 0 && hi > 0 {
		most := max(-lo, hi)
		return shades{diverging, -most, most, false}
	}
	return shades{sequential, lo, hi, false}
}

// of is the colour of v; shown is false where there is none: for NaN, and on a
// logarithmic scale for 0 and what is below.
func (s shades) of(v float64) (c color.NRGBA, shown bool) {
	if v != v || s.log && v <= 0 {
		return color.NRGBA{}, false
	}
	if s.hi <= s.lo {
		return s.at(0.5), true
	}
	if s.log {
		return s.at(logPart(v, s.lo, s.hi)), true
	}
	return s.at(part(v, s.lo, s.hi)), true
}

// picture is a matrix of colours, of which some are missing.
type picture struct {
	*image.NRGBA
	missing bool // some are
}

// noColor marks a cell that has no number, until stripes are drawn there.
var noColor = color.NRGBA{}

func newPicture(width, height int) *picture {
	return &picture{NRGBA: image.NewNRGBA(image.Rect(0, 0, width, height))}
}

// set gives cell (x, y) the colour of v.
func (p *picture) set(x, y int, v float64, s shades) {
	c, shown := s.of(v)
	if !shown {
		p.missing = true
	}
	p.SetNRGBA(x, y, c)
}

// enlarge makes each cell a square of so many pixels, and stripes of what is missing.
func (p *picture) enlarge(by int) *image.NRGBA {
	b := p.Bounds()
	large := image.NewNRGBA(image.Rect(0, 0, b.Dx()*by, b.Dy()*by))
	for y := range b.Dy() * by {
		for x := range b.Dx() * by {
			c := p.NRGBAAt(x/by, y/by)
			if c == noColor && p.missing {
				c = stripe(x, y)
			}
			large.SetNRGBA(x, y, c)
		}
	}
	return large
}

// stripe is the colour of a pixel where there is no number.
func stripe(x, y int) color.NRGBA {
	if (x+y)/3%2 == 0 {
		return color.NRGBA{0xff, 0xff, 0xff, 0xff}
	}
	return color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
}
