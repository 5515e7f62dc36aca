package graph

import (
	"fmt"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/internal/scripttest"
	"ndflow/npy"
)

// BenchmarkBasicPitch compares steps of a published model, with 3 outputs of
// 0.3 MB in all for each window of audio: the results placed, copied, or left
// where TensorFlow has put them ("none"), which says what bringing them out
// costs. "python" is Session.run of Python's TensorFlow on the same model, and
// "python-none" the same without fetching the results; only their difference
// says something, since the session's threads are used in another way.
func BenchmarkBasicPitch(b *testing.B) {
	model := scripttest.Run(b, "basic-pitch")
	python := interleave.Python(b, sessionRuns, model)
	for _, batch := range []int{1, 8} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			r := func(place, land bool) *Runner {
				m, err := Load(model, WithExecutor(Inline), WithPlacement(place))
				must(b, err)
				b.Cleanup(m.Close)
				r := runner(b, m, "")
				in := r.Inputs()[0]
				must(b, r.Feed(in.Name, zeros(b, npy.Float32, batch, in.Shape[1], in.Shape[2])))
				must(b, r.Run(bg))
				for _, out := range r.Outputs() {
					if land {
						shape, err := r.Shape(out.Name)
						must(b, err)
						dst := zeros(b, out.DType, shape...)
						fill(dst)
						must(b, r.Into(out.Name, dst))
					}
				}
				for range 4 { // over the rehearsals
					must(b, r.Run(bg))
				}
				return r
			}
			placed := r(true, true)
			interleave.Benchmark(b, run(b, "placed", placed),
				run(b, "copied", r(false, true)),
				run(b, "none", r(false, false)),
				python("python", fmt.Sprint(batch, " fetch")),
				python("python-none", fmt.Sprint(batch, " none")))
			for _, out := range placed.Outputs() {
				if s := stats(b, placed, out.Name); s.Why != "" {
					b.Fatalf("output %q is not placed: %s", out.Name, s.Why)
				}
			}
		})
	}
}

// sessionRuns runs steps of the model, for batches of 1 and 8, with the results
// fetched or not.
const sessionRuns = `
v1 = tf.compat.v1
session = v1.Session(graph=tf.Graph())
with session.graph.as_default():
    signature = v1.saved_model.load(session, ["serve"], sys.argv[1]).signature_def["serving_default"]
(x,), out = signature.inputs.values(), [o.name for o in signature.outputs.values()]
ops = [session.graph.get_tensor_by_name(o).op for o in out]
works = {}
for batch in [1, 8]:
    a = np.zeros([batch] + [d.size for d in x.tensor_shape.dim[1:]], np.float32)
    works["%d fetch" % batch] = lambda a=a: session.run(out, {x.name: a})
    works["%d none" % batch] = lambda a=a: session.run(ops, {x.name: a})
serve(works)
`
