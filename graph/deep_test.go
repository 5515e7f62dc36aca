package graph

import (
	"testing"

	"ndflow/internal/canceltest"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/dataflow"
)

// A chain of asynchronous ops needs no more stack the longer it is: TensorFlow goes on
// with an inline step from within the end of each, and 3,000 of them overflowed it.
func TestManyAsynchronousOps(t *testing.T) {
	canceltest.NeedsPlugin(t)
	const n = 5000
	g, err := New()
	must(t, err)
	defer g.Close()
	s := ops.NewScope(g)
	floats := []ops.DataType{npy.Float32}
	q := dataflow.FIFOQueueV2(s, floats, dataflow.FIFOQueueV2Shapes([]int{}))
	elements, err := g.Placeholder("elements", npy.Float32, []int{n})
	must(t, err)
	enqueue := dataflow.QueueEnqueueManyV2(s, q, []Output{elements})
	first := dataflow.QueueDequeueV2(s, q, floats)[0]
	last := first
	for range n - 1 {
		last = dataflow.QueueDequeueV2(s.WithControl(last), q, floats)[0]
	}
	must(t, s.Err())
	session, err := NewSession(g)
	must(t, err)
	defer session.Close()
	a := zeros(t, npy.Float32, n)
	for i := range n {
		values[float32](t, a)[i] = float32(i)
	}
	for _, e := range []Executor{Inline, Pool} {
		_, err = session.Run(bg, Feeds{"elements": a}, nil, []string{enqueue.Operation()})
		must(t, err)
		r, err := session.Runner(nil, []string{first.String(), last.String()}, nil)
		must(t, err)
		must(t, r.SetExecutor(e))
		must(t, r.Run(bg))
		for tensor, want := range map[string]float32{first.String(): 0, last.String(): n - 1} {
			v, err := r.Value(tensor)
			must(t, err)
			if got := values[float32](t, v)[0]; got != want {
				t.Errorf("%v: %s is %v, want %v", e, tensor, got, want)
			}
			v.Release()
		}
		r.Close()
	}
}
