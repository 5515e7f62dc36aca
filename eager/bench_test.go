package eager

import (
	"fmt"
	"path/filepath"
	"testing"

	"ndflow/graph"
	"ndflow/internal/interleave"
	"ndflow/npy"
	"ndflow/tfc"
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
				interleave.Peer{Name: "C", Run: func(n int) { must(b, tfc.FloorOps(n, floor.op)) }},
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

// BenchmarkPython compares what a Python program does with what a Go one does: a
// sum of two tensors that is read, and a call of a signature with an array, whose
// result becomes one.
func BenchmarkPython(b *testing.B) {
	model := filepath.Join("..", "testdata", "models", "mlp")
	python := interleave.Python(b, eagerWorks, model)
	c := newContext(b)
	for _, n := range []int{1, 1 << 20} {
		b.Run(fmt.Sprint("add/", n), func(b *testing.B) {
			x, y := tensor(b, c, make([]float32, n)), tensor(b, c, make([]float32, n))
			dst := zeros(b, npy.Float32, n)
			o := c.Op("AddV2").Input(x, y)
			defer o.Close()
			interleave.Benchmark(b,
				work(b, "RunInto", func() error { return o.RunInto(dst) }),
				work(b, "ValueOfOp", func() error {
					z, err := c.Op("AddV2").Input(x, y).Output()
					if err != nil {
						return err
					}
					defer z.Close()
					v, err := z.Value()
					if err != nil {
						return err
					}
					v.Release()
					return nil
				}),
				python("tf.add-numpy", fmt.Sprint("add ", n)))
		})
	}
	for _, batch := range []int{1, 256} {
		b.Run(fmt.Sprint("signature/", batch), func(b *testing.B) {
			m, err := Load(model)
			must(b, err)
			defer m.Close()
			sig, err := m.Signature("")
			must(b, err)
			in, out := sig.Inputs[0], sig.Outputs[0]
			x := zeros(b, npy.Float32, batch, in.Shape[1])
			caller := func(opts ...FunctionOption) *Caller {
				caller, err := m.Caller("", opts...)
				must(b, err)
				b.Cleanup(caller.Close)
				must(b, caller.Feed(in.Name, x))
				must(b, caller.Into(out.Name, zeros(b, npy.Float32, batch, out.Shape[1])))
				return caller
			}
			plain, single := caller(), caller(SingleThread())
			interleave.Benchmark(b,
				work(b, "RunInto", func() error { return plain.RunInto(bg) }),
				work(b, "single", func() error { return single.RunInto(bg) }),
				work(b, "Run", func() error {
					_, err := m.Run(bg, graph.Feeds{in.Name: x})
					return err
				}),
				python("python", fmt.Sprint("signature ", batch)))
		})
	}
}

const eagerWorks = `
works = {}
for n in [1, 1 << 20]:
    x, y = tf.zeros([n]), tf.zeros([n])
    works["add %d" % n] = lambda x=x, y=y: tf.add(x, y).numpy()
f = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
(name, spec), = f.structured_input_signature[1].items()
for batch in [1, 256]:
    a = np.zeros([batch, spec.shape[1]], np.float32)
    works["signature %d" % batch] = lambda a=a: [v.numpy() for v in f(**{name: tf.constant(a)}).values()]
serve(works)
`

// work is a peer that does f.
func work(b *testing.B, name string, f func() error) interleave.Peer {
	return interleave.Peer{Name: name, Run: func(n int) {
		for range n {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
	}}
}
