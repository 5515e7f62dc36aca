package eager

import (
	"testing"

	"ndflow/graph"
	"ndflow/internal/interleave"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/math"
)

// BenchmarkJIT compares what XLA has compiled with what it has not: a chain of
// elementwise ops on a million elements, and a small network on 1 and 256 rows, as
// functions and in sessions.
func BenchmarkJIT(b *testing.B) {
	b.Run("chain", func(b *testing.B) {
		g, err := graph.New()
		must(b, err)
		defer g.Close()
		s := ops.NewScope(g)
		x, err := g.Placeholder("x", npy.Float32, []int{-1})
		must(b, err)
		y := x
		for range 4 { // 12 ops that each read and write all elements
			y = math.AddV2(s, math.Mul(s, y, x), x)
			y = math.Maximum(s, y, math.Neg(s, x))
		}
		math.Tanh(s.Named("y"), y)
		must(b, s.Err())
		const n = 1 << 20
		a := zeros(b, npy.Float32, n)
		for i := range values[float32](b, a) {
			values[float32](b, a)[i] = float32(i) / n
		}
		c := newContext(b)
		function := func(opts ...FunctionOption) func() error {
			f, err := c.Function(g, []string{"x"}, []string{"y"}, opts...)
			must(b, err)
			b.Cleanup(f.Close)
			t, err := c.Tensor(a)
			must(b, err)
			b.Cleanup(t.Close)
			o := f.Op(t)
			b.Cleanup(o.Close)
			dst := zeros(b, npy.Float32, n)
			return func() error { return o.RunInto(dst) }
		}
		session := func(opts ...graph.Option) func() error {
			s, err := graph.NewSession(g, opts...)
			must(b, err)
			b.Cleanup(s.Close)
			r, err := s.Runner([]string{"x"}, []string{"y"}, nil)
			must(b, err)
			b.Cleanup(r.Close)
			must(b, r.Feed("x", a))
			must(b, r.Into("y", zeros(b, npy.Float32, n)))
			return func() error { return r.Run(bg) }
		}
		interleave.Benchmark(b,
			work(b, "function", function()), work(b, "function-jit", function(JIT())),
			work(b, "session", session()), work(b, "session-jit", session(graph.JIT())))
	})
	for name, rows := range map[string]int{"mlp-1": 1, "mlp-256": 256} {
		b.Run(name, func(b *testing.B) {
			m := loadModel(b, fixture("mlp"))
			sig, err := m.Signature("")
			must(b, err)
			in, out := sig.Inputs[0], sig.Outputs[0]
			x := zeros(b, npy.Float32, rows, in.Shape[1])
			call := func(opts ...FunctionOption) func() error {
				c, err := m.Caller("", opts...)
				must(b, err)
				b.Cleanup(c.Close)
				must(b, c.Feed(in.Name, x))
				must(b, c.Into(out.Name, zeros(b, npy.Float32, rows, out.Shape[1])))
				return func() error { return c.RunInto(bg) }
			}
			step := func(opts ...graph.Option) func() error {
				m, err := graph.Load(fixture("mlp"), opts...)
				must(b, err)
				b.Cleanup(m.Close)
				r, err := m.Runner("")
				must(b, err)
				b.Cleanup(r.Close)
				must(b, r.Feed(in.Name, x))
				must(b, r.Into(out.Name, zeros(b, npy.Float32, rows, out.Shape[1])))
				return func() error { return r.Run(bg) }
			}
			interleave.Benchmark(b,
				work(b, "function", call()), work(b, "function-jit", call(JIT())),
				work(b, "session", step()), work(b, "session-jit", step(graph.JIT())))
		})
	}
}
