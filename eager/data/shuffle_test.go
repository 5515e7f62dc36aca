package data

import (
	"slices"
	"testing"

	"ndflow/eager"
)

// numbers are the elements of a dataset of one int64 each.
func numbers(t testing.TB, d Dataset) []int64 {
	t.Helper()
	var list []int64
	for x, err := range d.All(bg) {
		must(t, err)
		n, err := eager.Item[int64](x[0])
		must(t, err)
		list = append(list, n)
	}
	return list
}

func TestShuffle(t *testing.T) {
	c := newContext(t)
	const n = 100
	inOrder := numbers(t, Range(c, 0, n, 1))
	orders := func(seed int64) (list [][]int64) {
		d := Range(c, 0, n, 1).Shuffle(n, seed)
		for range 3 {
			list = append(list, numbers(t, d))
		}
		return list
	}
	seen := [][]int64{inOrder}
	for _, seed := range []int64{0, 1, -1} {
		first, second := orders(seed), orders(seed)
		for i := range first {
			if !slices.Equal(first[i], second[i]) {
				t.Errorf("seed %d, loop %d: one order is %v, another %v", seed, i, first[i], second[i])
			}
			if !slices.Equal(slices.Sorted(slices.Values(first[i])), inOrder) {
				t.Errorf("seed %d, loop %d: these are not all elements: %v", seed, i, first[i])
			}
			if slices.ContainsFunc(seen, func(o []int64) bool { return slices.Equal(o, first[i]) }) {
				t.Errorf("seed %d, loop %d: the order is not a new one: %v", seed, i, first[i])
			}
			seen = append(seen, first[i])
		}
	}
	// Within one loop, too, each time through is in another order.
	twice := numbers(t, Range(c, 0, n, 1).Shuffle(n, 3).Repeat(2))
	if slices.Equal(twice[:n], twice[n:]) {
		t.Error("Repeat gives one order twice")
	}
	// A small buffer leaves what was far apart far apart.
	for at, x := range numbers(t, Range(c, 0, n, 1).Shuffle(10, 3)) {
		if x > int64(at)+10 {
			t.Errorf("element %d is at %d, though the buffer holds 10", x, at)
		}
	}
}

// One dataset that is used twice in a chain is shuffled once for each use.
func TestShuffleOfTwoBranches(t *testing.T) {
	c := newContext(t)
	d := Range(c, 0, 50, 1).Shuffle(50, 1)
	different := false
	for x, err := range Zip(d, d).All(bg) {
		must(t, err)
		a, err := eager.Item[int64](x[0])
		must(t, err)
		b, err := eager.Item[int64](x[1])
		must(t, err)
		different = different || a != b
	}
	if !different {
		t.Error("two branches have one order")
	}
}
