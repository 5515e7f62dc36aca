package eager

import (
	"testing"
	"time"

	"ndflow/internal/interleave"
)

// BenchmarkAsync compares a chain of ops in an async context with one in a context
// that waits for each: tiny ops, and products of large matrices, for which it also
// tells the part of the time after which the caller can go on ("begun/all").
func BenchmarkAsync(b *testing.B) {
	chain := func(c *Context, op string, x *Tensor, n int) (*Tensor, error) {
		y, err := c.Empty()
		if err != nil {
			return nil, err
		}
		if err := c.Op(op).Input(x, x).RunTo(y); err != nil {
			return nil, err
		}
		o := c.Op(op).Input(x, y)
		defer o.Close()
		for range n - 1 {
			if err := o.RunTo(y); err != nil {
				return nil, err
			}
		}
		return y, nil
	}
	wait, async := newContext(b), newContext(b, Async())
	for name, w := range map[string]struct {
		op   string
		size int
	}{"tiny": {"AddV2", 1}, "large": {"MatMul", 768}} {
		b.Run(name, func(b *testing.B) {
			const ops = 10
			var begun, all time.Duration
			run := func(c *Context) func() error {
				x := tensor(b, c, make([]float32, w.size*w.size), w.size, w.size)
				return func() error {
					start := time.Now()
					y, err := chain(c, w.op, x, ops)
					if err != nil {
						return err
					}
					defer y.Close()
					if c == async {
						begun += time.Since(start)
					}
					v, err := y.Value()
					if err != nil {
						return err
					}
					v.Release()
					if c == async {
						all += time.Since(start)
					}
					return nil
				}
			}
			interleave.Benchmark(b, work(b, "wait", run(wait)), work(b, "async", run(async)))
			b.ReportMetric(float64(begun)/float64(all), "begun/all")
		})
	}
}
