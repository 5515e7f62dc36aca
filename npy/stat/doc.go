// Package stat says what is in an array's elements, in one pass over its memory: how
// many, how many zeros, NaNs and infinities, the least and the greatest, the mean and
// the standard deviation.
//
//	s, err := stat.Of(a)
//	fmt.Println(s.Mean, s.Std)
//
// Every dtype of numbers that have an order is read as it lies, halves and the narrow
// floats too; large arrays are read by all cores. What comes out does not depend on
// how many there are.
//
// # How sums are kept from losing
//
// A sum of 10^9 float32 near 10^8 loses every digit behind the point, and the sum of
// their squares more than that. So the array is cut into blocks that fit a core's
// first cache: a block is gone through twice there, for its mean and for the squares of
// the distances from that, and the blocks are put together by their means (Chan, Golub
// and LeVeque), whose sums carry what float64 would drop.
package stat
