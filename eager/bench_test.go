package eager

import (
	"fmt"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/npy"
)

// BenchmarkOp compares a prepared op with a C loop that does the same over
// TFE_Execute: its inputs are added, it is executed, its result is copied to an
// array of the caller's.
func BenchmarkOp(b *testing.B) {
	c := newContext(b)
	for _, n := range []int{1, 1 << 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, y := tensor(b, c, make([]float32, n)), tensor(b, c, make([]float32, n))
			dst, other := zeros(b, npy.Float32, n), zeros(b, npy.Float32, n)
			z, err := c.Empty()
			must(b, err)
			defer z.Close()
			floor, into, to := c.Op("AddV2").Input(x, y), c.Op("AddV2").Input(x, y), c.Op("AddV2").Input(x, y)
			must(b, floor.RunInto(other))
			// must itself costs a tenth of a small op.
			interleave.Benchmark(b,
				interleave.Peer{Name: "C", Run: func(n int) { must(b, floor.op.Floor(n)) }},
				interleave.Peer{Name: "RunInto", Run: func(n int) {
					for range n {
						if err := into.RunInto(dst); err != nil {
							b.Fatal(err)
						}
					}
				}},
				interleave.Peer{Name: "RunTo", Run: func(n int) {
					for range n {
						if err := to.RunTo(z); err != nil {
							b.Fatal(err)
						}
					}
				}},
				interleave.Peer{Name: "Output", Run: func(n int) {
					for range n {
						z, err := c.Op("AddV2").Input(x, y).Output()
						if err != nil {
							b.Fatal(err)
						}
						z.Close()
					}
				}})
			floor.Close()
			into.Close()
			to.Close()
		})
	}
}

// BenchmarkValue shows that a view costs the same whatever the tensor's size.
func BenchmarkValue(b *testing.B) {
	c := newContext(b)
	small, large := tensor(b, c, make([]float32, 1)), tensor(b, c, make([]float32, 64<<20))
	view := func(name string, x *Tensor) interleave.Peer {
		return interleave.Peer{Name: name, Run: func(n int) {
			for range n {
				v, err := x.Value()
				if err != nil {
					b.Fatal(err)
				}
				v.Release()
			}
		}}
	}
	interleave.Benchmark(b, view("4B", small), view("256MB", large))
}
