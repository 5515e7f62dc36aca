package plot

import "math"

// window is how many cells of one scale are counted in at most, a power of two.
const window = 1 << 13

// scale cuts the line of numbers into cells whose width is a power of two. Whoever
// counts in them need not know the range before: where a number does not fit the
// window, two neighbours become one, as often as it takes, and no count is lost. Which
// cells there are in the end depends on the least and the greatest number alone, so
// counts of several cores can be put together.
type scale struct {
	most    float64 // cells that there may be
	least   int     // the least exponent
	exp     int     // of the width
	inverse float64 // 1 / width
	lo, hi  float64 // the first and the last cell in use, whole numbers
	used    bool
}

// newScale returns a scale of cells whose width is at least 1 for whole numbers.
func newScale(whole bool, most int) scale {
	s := scale{most: float64(most), least: -1000}
	if whole {
		s.least = 0
	}
	return s
}

// cell is where v falls, if holds says so.
func (s *scale) cell(v float64) float64 { return math.Floor(v * s.inverse) }

func (s *scale) holds(cell float64) bool { return cell >= s.lo && cell <= s.hi }

func (s *scale) width() float64 { return math.Ldexp(1, s.exp) }

// edges are where the first cell begins and the last one ends; those of whole numbers
// are half-way between two.
func (s *scale) edges() (lo, hi float64) {
	half := 0.0
	if s.least == 0 {
		half = 0.5
	}
	return s.lo*s.width() - half, (s.hi+1)*s.width() - half
}

// reach makes the scale hold v, and says how often neighbours had to be joined.
func (s *scale) reach(v float64) (joins int) {
	if !s.used {
		// A float has 53 bits: no two are nearer to each other than this.
		_, exp := math.Frexp(v)
		s.set(max(s.least, exp-53))
		if v == 0 {
			s.set(s.least)
		}
		s.lo = s.cell(v)
		s.hi, s.used = s.lo, true
		return 0
	}
	for {
		at := s.cell(v)
		lo, hi := min(s.lo, at), max(s.hi, at)
		if hi-lo < s.most {
			s.lo, s.hi = lo, hi
			return joins
		}
		s.join()
		joins++
	}
}

func (s *scale) set(exp int) { s.exp, s.inverse = exp, math.Ldexp(1, -exp) }

// join makes two neighbours one.
func (s *scale) join() {
	s.set(s.exp + 1)
	s.lo, s.hi = math.Floor(s.lo/2), math.Floor(s.hi/2)
}

// meet makes both scales the same, and says how often each had to join.
func (s *scale) meet(t *scale) (joins, others int) {
	if !s.used || !t.used {
		if t.used {
			*s = *t
		} else {
			*t = *s
		}
		return 0, 0
	}
	for s.exp < t.exp {
		s.join()
		joins++
	}
	for t.exp < s.exp {
		t.join()
		others++
	}
	for max(s.hi, t.hi)-min(s.lo, t.lo) >= s.most {
		s.join()
		t.join()
		joins++
		others++
	}
	s.lo, s.hi = min(s.lo, t.lo), max(s.hi, t.hi)
	t.lo, t.hi = s.lo, s.hi
	return joins, others
}

// cells counts how many numbers fall into each cell of a scale. A cell has its place
// in counts by the last bits of its number, which are its own as long as the window
// holds all cells.
type cells struct {
	scale
	counts []int64
}

func newCells(whole bool) *cells {
	return &cells{scale: newScale(whole, window), counts: make([]int64, window)}
}

func place(cell float64) int { return int(int64(cell) & (window - 1)) }

// addAll counts those that are finite.
func (c *cells) addAll(values []float64) {
	lo, hi, inverse := c.lo, c.hi, c.inverse
	counts := (*[window]int64)(c.counts)
	for _, v := range values {
		if at := math.Floor(v * inverse); at >= lo && at <= hi && c.used {
			counts[int64(at)&(window-1)]++
		} else if v-v == 0 {
			c.add(v)
			lo, hi, inverse = c.lo, c.hi, c.inverse
			counts = (*[window]int64)(c.counts)
		}
	}
}

// add counts a finite number.
func (c *cells) add(v float64) {
	at := c.cell(v)
	if !c.used || !c.holds(at) {
		lo, hi := c.lo, c.hi
		c.fold(lo, hi, c.reach(v))
		at = c.cell(v)
	}
	c.counts[place(at)]++
}

// fold puts the counts of cells lo to hi where they belong after joins.
func (c *cells) fold(lo, hi float64, joins int) {
	if joins == 0 {
		return
	}
	folded := make([]int64, window)
	by := math.Ldexp(1, -joins)
	for at := lo; at <= hi; at++ {
		folded[place(math.Floor(at*by))] += c.counts[place(at)]
	}
	c.counts = folded
}

// meet brings both to the same cells.
func (c *cells) meet(d *cells) {
	before, other := c.scale, d.scale
	joins, others := c.scale.meet(&d.scale)
	if before.used {
		c.fold(before.lo, before.hi, joins)
	}
	if other.used {
		d.fold(other.lo, other.hi, others)
	}
}

// count is that of a cell.
func (c *cells) count(cell float64) int64 {
	if !c.used || !c.holds(cell) {
		return 0
	}
	return c.counts[place(cell)]
}
