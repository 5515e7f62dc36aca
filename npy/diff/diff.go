package diff

import (
	"context"
	"fmt"
	"math"
	"slices"

	"ndflow/internal/numbers"
	"ndflow/npy"
)

// Arrays compares a with b. Shapes that differ are an [npy.ErrShape], strings beside
// numbers an [npy.ErrDType], a tolerance that is negative or NaN an error.
func Arrays(ctx context.Context, a, b *npy.Array, o Options) (*Result, error) {
	if a == nil || b == nil {
		return nil, fmt.Errorf("diff: nil array: %w", npy.ErrReleased)
	}
	return Blocks(ctx, a.Blocks(), b.Blocks(), o)
}

// Blocks is [Arrays] for arrays that are read in blocks.
func Blocks(ctx context.Context, a, b *npy.Blocks, o Options) (*Result, error) {
	if a == nil || b == nil {
		return nil, fmt.Errorf("diff: nil array: %w", npy.ErrReleased)
	}
	if !(o.Abs >= 0) || !(o.Rel >= 0) {
		return nil, fmt.Errorf("diff: tolerance %g, relative %g: want 0 or more", o.Abs, o.Rel)
	}
	shape := a.Shape()
	if !slices.Equal(shape, b.Shape()) {
		return nil, fmt.Errorf("diff: %w: have %v %v and %v %v, want the same shape", npy.ErrShape, a.DType(), shape, b.DType(), b.Shape())
	}
	strings := a.DType() == npy.String || b.DType() == npy.String
	if strings && a.DType() != b.DType() {
		return nil, fmt.Errorf("diff: %w: have %v and %v, want numbers on both sides, or strings", npy.ErrDType, a.DType(), b.DType())
	}
	none, err := noPairs(a.DType(), b.DType())
	if err != nil {
		return nil, fmt.Errorf("diff: %w", err)
	}
	all := newCount(o, !strings && ulpsOf(none.a, none.b) != nil)
	err = numbers.Walk(ctx, 0, a.Len(), 1, func(at int, parts []*npy.Array) error {
		p := &pairs{shape, at, parts[0], parts[1]}
		count := p.countNumbers
		if strings {
			count = p.countStrings
		}
		if err := count(ctx, all); err != nil {
			return err
		}
		all.show(p)
		return nil
	}, a, b)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("diff: %w", err)
	}
	return all.result(a, b), nil
}

// pairs is the elements of a block of both arrays.
type pairs struct {
	shape []int // of the arrays
	from  int   // the number of the first pair
	a, b  *npy.Array
}

// noPairs is pairs of the dtypes of which there are none; the error says that the dtypes
// cannot be compared.
func noPairs(a, b npy.DType) (*pairs, error) {
	x, err := npy.New(a, 0)
	if err != nil {
		return nil, err
	}
	y, err := npy.New(b, 0)
	if err == nil && a != npy.String {
		_, err = distancesOf(x, y)
	}
	return &pairs{a: x, b: y}, err
}

func (p *pairs) countNumbers(ctx context.Context, all *count) error {
	distances, err := distancesOf(p.a, p.b)
	if err != nil {
		return err
	}
	ulps := ulpsOf(p.a, p.b)
	counts := make([]*count, numbers.Workers())
	each := max(p.a.DType().Size(), p.b.DType().Size())
	err = numbers.Each(ctx, p.a.Len(), 1, each, func(worker, lo, hi int) error {
		if counts[worker] == nil {
			counts[worker] = newCount(all.Options, ulps != nil)
		}
		c := counts[worker]
		var d, ref [numbers.Piece]float64
		var u [numbers.Piece]uint64
		for at := lo; at < hi; at += numbers.Piece {
			n := min(numbers.Piece, hi-at)
			distances(d[:n], ref[:n], at)
			c.add(d[:n], ref[:n], p.from+at)
			if ulps != nil {
				ulps(u[:n], at)
				c.addULPs(u[:n], d[:n], p.from+at)
			}
		}
		for _, x := range []*npy.Array{p.a, p.b} {
			if err := numbers.Done(x, lo, hi); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range counts {
		if c != nil {
			all.join(c)
		}
	}
	return err
}

// bothNaN is the distance of two NaNs; that of one NaN and a number is NaN.
const bothNaN = -1

// far is one extreme and where it is.
type far struct {
	value float64
	at    int // -1: nowhere
}

func (f *far) reach(value float64, at int) {
	if value > f.value || f.at < 0 || value == f.value && at < f.at {
		f.value, f.at = value, at
	}
}

// count is what is known of some of the pairs.
type count struct {
	Options
	equal, different, beyond, oneNaN, both, infinite int64
	firstBeyond, firstNaN                            int
	max, rel                                         far
	sum, relSum                                      float64
	finite, relFinite                                int64
	decades                                          [324 + 309]int64
	ulps                                             *ULPs
	ulpMost                                          uint64
	ulpAt                                            int
	places                                           [5]Place // as shown by show
}

// spots are the numbers of the pairs that the result shows: -1 where there is none.
func (c *count) spots() [5]int {
	return [5]int{c.firstBeyond, c.firstNaN, c.max.at, c.rel.at, c.ulpAt}
}

// show keeps what the pairs are that were found among these.
func (c *count) show(p *pairs) {
	for i, at := range c.spots() {
		if at >= p.from && at < p.from+p.a.Len() {
			c.places[i] = p.place(at)
		}
	}
}

func newCount(o Options, ulps bool) *count {
	c := &count{Options: o, firstBeyond: -1, firstNaN: -1, max: far{at: -1}, rel: far{at: -1}, ulpAt: -1}
	if ulps {
		c.ulps = &ULPs{}
	}
	return c
}

// add counts pairs by their distances, and by the sizes of the second numbers.
func (c *count) add(d, ref []float64, at int) {
	for i, d := range d {
		if d == 0 {
			c.equal++
			continue
		}
		if d != d {
			c.oneNaN++
			c.different++
			c.past(at + i)
			c.firstNaN = first(c.firstNaN, at+i)
			continue
		}
		if d == bothNaN {
			c.both++
			if c.NaNDiffers {
				c.different++
				c.past(at + i)
			}
			continue
		}
		c.different++
		if d > c.max.value || c.max.at < 0 {
			c.max.reach(d, at+i)
		}
		if d > math.MaxFloat64 {
			c.infinite++
			c.past(at + i)
			continue
		}
		if !(d <= c.Abs+c.Rel*ref[i]) {
			c.past(at + i)
		}
		c.sum += d
		c.decades[decade(d)+324]++
		if ref[i] > 0 {
			if r := d / ref[i]; r <= math.MaxFloat64 {
				c.relSum += r
				if r > c.rel.value || c.rel.at < 0 {
					c.rel.reach(r, at+i)
				}
			}
		}
	}
	for i, r := range ref {
		if d := d[i]; d >= 0 && d <= math.MaxFloat64 {
			c.finite++
			if r > 0 {
				c.relFinite++
			}
		}
	}
}

func (c *count) past(at int) {
	c.beyond++
	c.firstBeyond = first(c.firstBeyond, at)
}

// first is the lower of two places, of which -1 is none.
func first(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

func (c *count) addULPs(u []uint64, d []float64, at int) {
	for i, u := range u {
		if d := d[i]; !(d >= 0 && d <= math.MaxFloat64) {
			continue // NaN or infinite
		}
		c.ulps.Counts[bucket(u)]++
		if u > c.ulpMost {
			c.ulpMost, c.ulpAt = u, at+i
		}
	}
}

func (c *count) join(p *count) {
	c.different, c.beyond, c.oneNaN, c.both = c.different+p.different, c.beyond+p.beyond, c.oneNaN+p.oneNaN, c.both+p.both
	c.equal, c.infinite = c.equal+p.equal, c.infinite+p.infinite
	c.firstBeyond, c.firstNaN = first(c.firstBeyond, p.firstBeyond), first(c.firstNaN, p.firstNaN)
	if p.max.at >= 0 {
		c.max.reach(p.max.value, p.max.at)
	}
	if p.rel.at >= 0 {
		c.rel.reach(p.rel.value, p.rel.at)
	}
	c.sum, c.relSum = c.sum+p.sum, c.relSum+p.relSum
	c.finite, c.relFinite = c.finite+p.finite, c.relFinite+p.relFinite
	for i, n := range p.decades {
		c.decades[i] += n
	}
	if c.ulps == nil {
		return
	}
	for i, n := range p.ulps.Counts {
		c.ulps.Counts[i] += n
	}
	if p.ulpMost > c.ulpMost || p.ulpMost == c.ulpMost && p.ulpMost > 0 && p.ulpAt < c.ulpAt {
		c.ulpMost, c.ulpAt = p.ulpMost, p.ulpAt
	}
}

func (c *count) result(a, b *npy.Blocks) *Result {
	r := &Result{
		DTypes: [2]npy.DType{a.DType(), b.DType()}, Shape: a.Shape(), Elements: int64(a.Len()),
		Equal: c.equal, Different: c.different, Beyond: c.beyond, First: c.places[0],
		OneNaN: c.oneNaN, FirstNaN: c.places[1], BothNaN: c.both,
		Max: c.max.value, MaxAt: c.places[2], Relative: c.rel.value, RelAt: c.places[3],
		Infinite: c.infinite, ULPs: c.ulps, Decades: map[int]int64{},
	}
	if c.finite > 0 {
		r.Mean = c.sum / float64(c.finite)
	}
	if c.relFinite > 0 {
		r.MeanRel = c.relSum / float64(c.relFinite)
	}
	for i, n := range c.decades {
		if n > 0 {
			r.Decades[i-324] = n
		}
	}
	if c.ulps != nil {
		c.ulps.Max, c.ulps.MaxAt = c.ulpMost, c.places[4]
	}
	return r
}

// place names a pair by its number.
func (p *pairs) place(at int) Place {
	index := make([]int, len(p.shape))
	rest := at
	for i := len(p.shape) - 1; i >= 0; i-- {
		index[i] = rest % p.shape[i]
		rest /= p.shape[i]
	}
	return Place{index, element(p.a, at-p.from), element(p.b, at-p.from)}
}

// element shows one element with all its digits.
func element(a *npy.Array, at int) string {
	switch a.DType() {
	case npy.Float64:
		return shown[float64](a, at)
	case npy.Int64:
		return shown[int64](a, at)
	case npy.Uint64:
		return shown[uint64](a, at)
	case npy.Complex64:
		return shown[complex64](a, at)
	case npy.Complex128:
		return shown[complex128](a, at)
	case npy.String:
		v, err := npy.Values[string](a)
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%.60q", v[at])
	}
	r, err := numbers.Of(a)
	if err != nil {
		return ""
	}
	var v [1]float64
	r.Read(v[:], at)
	if numbers.Whole(a.DType()) {
		return fmt.Sprint(int64(v[0]))
	}
	return fmt.Sprint(float32(v[0])) // which holds all that is left
}

func shown[T npy.Element](a *npy.Array, at int) string {
	v, err := npy.Values[T](a)
	if err != nil {
		return ""
	}
	return fmt.Sprint(v[at])
}

func (p *pairs) countStrings(_ context.Context, all *count) error {
	x, err := npy.Values[string](p.a)
	if err != nil {
		return err
	}
	y, err := npy.Values[string](p.b)
	if err != nil {
		return err
	}
	for i := range x {
		if x[i] == y[i] {
			all.equal++
			continue
		}
		all.different++
		all.past(p.from + i)
	}
	return nil
}
