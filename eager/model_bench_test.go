package eager

import (
	"fmt"
	"testing"

	"ndflow/graph"
	"ndflow/internal/interleave"
	"ndflow/internal/scripttest"
)

// BenchmarkModel compares calls of a signature whose results land in arrays: by a
// session's Runner, which runs small steps on the calling thread, by a Caller, and
// by one whose function runs its ops one after the other.
func BenchmarkModel(b *testing.B) {
	for name, model := range map[string]string{"mlp": fixture("mlp"), "basic-pitch": scripttest.Run(b, "basic-pitch")} {
		b.Run(name, func(b *testing.B) {
			session, err := graph.Load(model)
			must(b, err)
			defer session.Close()
			r, err := session.Runner("")
			must(b, err)
			defer r.Close()
			in := r.Inputs()[0]
			x := zeros(b, in.DType, append([]int{1}, in.Shape[1:]...)...)
			must(b, r.Feed(in.Name, x))
			for _, out := range r.Outputs() {
				must(b, r.Into(out.Name, zeros(b, out.DType, 1<<20)))
			}
			peers := []interleave.Peer{{Name: "runner", Run: func(n int) {
				for range n {
					must(b, r.Run(bg))
				}
			}}}
			m := loadModel(b, model)
			for how, opts := range map[string][]FunctionOption{"eager": nil, "eager-single": {SingleThread()}, "eager-jit": {JITIfPossible()}} {
				c, err := m.Caller("", opts...)
				must(b, err)
				defer c.Close()
				must(b, c.Feed(in.Name, x))
				for _, out := range c.Outputs() {
					must(b, c.Into(out.Name, zeros(b, out.DType, 1<<20)))
				}
				peers = append(peers, interleave.Peer{Name: how, Run: func(n int) {
					for range n {
						must(b, c.RunInto(bg))
					}
				}})
			}
			interleave.Benchmark(b, peers...)
		})
	}
}

// BenchmarkLoad compares loading a model as functions, in a context that exists
// and in one of its own, with loading it in a session; the first call included,
// which is when TensorFlow optimizes what it runs.
func BenchmarkLoad(b *testing.B) {
	c := newContext(b)
	for name, model := range map[string]string{"mlp": fixture("mlp"), "basic-pitch": scripttest.Run(b, "basic-pitch")} {
		for _, first := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/call=%v", name, first), func(b *testing.B) {
				feeds := func(sig graph.Signature) graph.Feeds {
					in := sig.Inputs[0]
					return graph.Feeds{in.Name: zeros(b, in.DType, append([]int{1}, in.Shape[1:]...)...)}
				}
				load := func(opts ...Option) func(int) {
					return func(n int) {
						for range n {
							m, err := Load(model, opts...)
							must(b, err)
							if first {
								_, err = m.Run(bg, feeds(m.Signatures()[0]))
								must(b, err)
							}
							m.Close()
						}
					}
				}
				session := func(n int) {
					for range n {
						m, err := graph.Load(model)
						must(b, err)
						if first {
							_, err = m.Run(bg, feeds(m.Signatures()[0]))
							must(b, err)
						}
						m.Close()
					}
				}
				interleave.Benchmark(b, interleave.Peer{Name: "session", Run: session},
					interleave.Peer{Name: "eager", Run: load()}, interleave.Peer{Name: "eager-shared", Run: load(In(c))})
			})
		}
	}
}
